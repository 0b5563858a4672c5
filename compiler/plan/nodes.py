"""The plan: what is meant. Names resolved, defaults filled in, `foreach` expanded, the order fixed.

A plan cannot be built from a wrong spec. It is a `networkx.DiGraph` whose nodes are frozen dataclasses, keyed by id:
those below, and guards (`guards.py`) with their conditions (`conditions.py`), which other folders import from here. An
edge says that its head waits for its tail and lists the artifacts that pass. `plan.json` (`document.py`, described by
`grammar/plan.schema.json`) is the plan's lossless form and all that the runtime reads.

Artifacts are named `SOURCE` or `STAGE.OUTPUT`. Ids of an expanded `foreach` are `train[0]`, `train[1]`, …
Durations are seconds, sizes bytes, percentages fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

from .conditions import Condition as Condition
from .conditions import Literal as Literal
from .conditions import Op as Op
from .conditions import Ref as Ref
from .conditions import Scalar as Scalar
from .guards import Comparison as Comparison
from .guards import Drift as Drift
from .guards import Guard as Guard
from .guards import Limit as Limit
from .guards import Measure as Measure
from .guards import OtherTable as OtherTable
from .guards import PythonCheck as PythonCheck
from .guards import Rule as Rule
from .place import Place as Place

if TYPE_CHECKING:
    import networkx as nx


# --------------------------------------------------------------------- stages


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder of a command: scope `inputs`, `outputs`, `params`, `run`, `item`, or `model`/`previous` alone."""

    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class Word:
    """One argument of a command: texts and slots, joined without separators when their values are known.

    A word that is one slot of a fanned-in input becomes as many arguments as there are files.
    """

    parts: tuple[str | Slot, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments. No shell reads it."""

    words: tuple[Word, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Argument:
    """One keyword argument of a Python function: `scope` is inputs, outputs, params or item."""

    name: str
    scope: str
    many: bool  # a fanned-in input: a list of paths


@dataclass(frozen=True, slots=True)
class PythonCall:
    """`python("file.py:function")`"""

    file: str
    function: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Notebook:
    """`notebook("nb.ipynb")`"""

    file: str


@dataclass(frozen=True, slots=True)
class SqlFile:
    """`sql("file.sql")`: one SELECT over the inputs as tables; its result is the stage's only output."""

    file: str


Program = Union[Command, PythonCall, Notebook, SqlFile]


@dataclass(frozen=True, slots=True)
class Secret:
    """`secret("NAME")`: only the name is known to us."""

    name: str


@dataclass(frozen=True, slots=True)
class Input:
    """What a stage reads under a name. More than one artifact: the copies of a `foreach`, in order."""

    name: str
    artifacts: tuple[str, ...]
    many: bool


@dataclass(frozen=True, slots=True)
class Output:
    """A file or folder that a stage writes. `path` is relative to the folder of the stage's results."""

    name: str
    kind: str  # table, model, metrics, file, dir, plot, report
    path: str
    format: str | None  # csv, parquet or jsonl for a table


@dataclass(frozen=True, slots=True)
class Resources:
    cpu: float | None
    memory: int | None
    gpu: int | None


@dataclass(frozen=True, slots=True)
class Retries:
    """`count` further tries, `delay` seconds apart."""

    count: int
    delay: float


@dataclass(frozen=True, slots=True)
class Item:
    """The element of a `foreach` that this copy of the stage stands for."""

    variable: str
    value: Scalar
    index: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A program with inputs and outputs; runs when all it waits for is done and every guard between has let it."""

    id: str
    name: str
    doc: str
    program: Program
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    params: tuple[str, ...]
    resources: Resources
    timeout: float | None
    retries: Retries
    image: str | None
    env: tuple[tuple[str, str | Secret], ...]
    cache: bool
    when: Condition | None
    item: Item | None
    code: tuple[str, ...]  # files whose content is part of the key: the script and what it imports, found
    place: Place


# --------------------------------------------------------------------- sources


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a schema; `type` is one of bool int float decimal string date timestamp json list<…>."""

    name: str
    type: str
    nullable: bool
    unique: bool
    domain: Condition | None  # over Ref("column", name)
    pattern: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where data comes from. Local uris are relative to the root spec's folder.

    A database has a `dialect` (postgres), a connection and a table or a query; `timeout` ends one statement. Its guards
    run in it. Where stages read it, a second node with `extracts`, the source's id, comes behind the guards: it writes
    the rows to a file of `format`, once in a run, and that file is what the source's readers get.
    """

    id: str
    doc: str
    uri: str | None
    connection: str | Secret | None
    table: str | None
    query: str | None
    format: str | None
    version: str  # content, etag, mtime, pinned:sha256:…, column:NAME
    columns: tuple[Column, ...]
    place: Place
    dialect: str | None = None
    timeout: float | None = None
    extracts: str | None = None


# --------------------------------------------------- deploys, monitors, triggers


@dataclass(frozen=True, slots=True)
class Deploy:
    """Registers `model` and moves `alias` to the new version, then runs `command`; all or nothing."""

    id: str
    doc: str
    model: str  # an artifact
    metrics: tuple[str, ...]  # metrics artifacts of the stage that made the model, kept with the version
    alias: str | None
    command: Command | None
    rollback: Command | None
    timeout: float | None
    place: Place


@dataclass(frozen=True, slots=True)
class Monitor:
    """Named numbers on live data, every `every` seconds. Numbers are kept as written until monitors run."""

    id: str
    doc: str
    every: float
    current: str
    reference: str | None
    numbers: tuple[tuple[str, str], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Event:
    """One `on` line. kind: schedule, change, monitor, age, finished, manual, all (with `parts`)."""

    kind: str
    cron: str | None = None
    zone: str | None = None
    subject: str | None = None
    condition: Condition | None = None
    checks: int = 1
    parts: tuple[Event, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """When the pipeline runs again."""

    id: str
    doc: str
    events: tuple[Event, ...]
    cooldown: float | None
    limit: tuple[int, float] | None  # runs, per seconds
    debounce: float | None
    delivery: str | None  # each, coalesce, latest
    place: Place


@dataclass(frozen=True, slots=True)
class Notify:
    id: str
    doc: str
    events: tuple[str, ...]
    webhook: str | Secret
    place: Place


Node = Union[Source, Stage, Guard, Deploy, Monitor, Trigger, Notify]

# -------------------------------------------------------------------- the plan


@dataclass(frozen=True, slots=True)
class Param:
    """A value given from outside. `value` is the default after profile and `--set`; None: must be given at run time.

    `origin` says what gave it: `profile NAME` (then `place` is there) or `--set`; nothing where the declaration did.
    """

    name: str
    type: str
    value: Scalar | tuple[Scalar, ...]
    low: float | int | None
    high: float | int | None
    choices: tuple[Scalar, ...]
    doc: str
    place: Place
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Who is told of every run in OpenLineage's words: an endpoint, or a file in the store. One of both is there."""

    file: str | None
    url: str | Secret | None  # of the server; the path of the endpoint is the standard's
    key: Secret | None  # sent as a bearer token
    namespace: str | None  # of the jobs; the standard's default where nothing is said


@dataclass(frozen=True, slots=True)
class Versioning:
    """The policy of the `version` block, defaults filled in."""

    code: str = "git"  # git or off
    require_clean: bool = False
    data: str = "content"
    params: str = "all"
    env_lock: str | None = None
    metadata: str = "all"
    registry: str = "local"
    registry_uri: str | Secret | None = None
    store: str = ".mlops"
    lineage: Lineage | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a policy test gives. What `subject`, `name` and `values` are depends on `kind`:

    `number`: one of an artifact's numbers, by the text of its measure or its name in the metrics; subject
    `champion.metrics` and `previous.metrics` too. `series`: numbers of a monitor, the newest last. `age`: seconds, of
    the model or an artifact. `event`: subject change, finished, schedule or manual, about `name`, so many seconds ago
    where that is said. `last_run`: seconds since the trigger last started a run; `runs`: how many it started in the
    time of its limit. `failed`: a stage or deploy whose program fails.
    """

    kind: str
    subject: str
    name: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """`test "…" { given … expect … }`: whole metrics files by subject, single facts, expected verdicts by node."""

    title: str
    given: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    expect: tuple[tuple[str, str], ...]
    place: Place
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A text file of the project that stages run (scripts, local modules, the requirements file)."""

    path: str
    text: str


@dataclass(frozen=True)
class Plan:
    """A checked pipeline: every name resolves, the graph has no cycle, every default is filled in."""

    name: str
    doc: str
    owner: str | None
    tags: tuple[str, ...]
    python: str | None
    requirements: str | None
    image: str | None
    spec: str  # the root spec's file name
    digest: str  # sha256 of every spec file's text, with the profile and the params set
    profile: str | None
    params: tuple[Param, ...]
    version: Versioning
    targets: Mapping[str, Mapping[str, Any]]
    tests: tuple[PolicyTest, ...]
    project: tuple[ProjectFile, ...]
    graph: nx.DiGraph[str] = field(repr=False)  # insertion order is the topological order; node data under "node"

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes in topological order; ties keep source order."""
        return tuple(data["node"] for _, data in self.graph.nodes(data=True))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The place of each node in the topological order."""
        return {name: place for place, name in enumerate(self.graph)}

    def node(self, id: str) -> Node:  # noqa: A002 - the field's own word
        found: Node = self.graph.nodes[id]["node"]
        return found

    def of(self, kind: type[Any]) -> tuple[Any, ...]:
        """The nodes of one class, in order."""
        return tuple(n for n in self.nodes if isinstance(n, kind))

    def waits_for(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """Ids of the nodes that must be done before this one, in plan order: producers and the guards between."""
        # Lowering and reading both add edges in plan order, and networkx keeps the order of insertion.
        return tuple(self.graph.predecessors(id))
