"""The plan: what is meant. Names resolved, defaults filled in, `foreach` expanded, the order fixed.

A plan cannot be built from a wrong spec. It is a `networkx.DiGraph` whose nodes are the frozen dataclasses below,
keyed by id; an edge says that its head waits for its tail and lists the artifacts that pass. `plan.json`
(`document.py`, described by `grammar/plan.schema.json`) is its lossless form and all that the runtime reads.

Artifacts are named `SOURCE` or `STAGE.OUTPUT`. Ids of an expanded `foreach` are `train[0]`, `train[1]`, …
Durations are seconds, sizes bytes, percentages fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    import networkx as nx

Scalar = Union[str, int, float, bool, None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the spec something was written: path relative to the root spec's folder, line and column from 1."""

    file: str
    line: int
    column: int


# ------------------------------------------------------------------ conditions


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. `unit` is one of number, percent, duration, size, string, bool, list; it decides how it is shown."""

    value: Scalar | tuple[Scalar, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A value known at run time.

    scope `measure`: a number of the guard's one query; `check`: the answer of one of its checks; `metric`: the
    subject's metrics file; `champion`: the metrics of the model version now in the alias; `previous`: those of the last
    good run; `file`: `size`, the subject's bytes; `param`; `monitor`: NAME.NUMBER.
    """

    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """`+ - * / == != < <= > >= and or not neg in between matches max min abs`, applied to its arguments in order.

    `part` is a share of a number of rows, in whole rows: 29% of 100 is 29, the product of floats less.
    """

    op: str
    args: tuple[Condition, ...]


Condition = Union[Literal, Ref, Op]

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


# ---------------------------------------------------------------------- guards


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that the guard's one query computes; `sql` is an aggregate in DuckDB's dialect, or a scalar subquery.

    `empty` says why it may have no value though there are rows. With `by` it is the list of the slices by that column,
    each an object of `slice`, `rows` and `value`; slices of fewer than `min_support` rows are not judged. With `cases`
    it is an object: `value`, how many `cases` counted, how many of them `failed`, how many were `left_out`, and some of
    those `named`.
    """

    id: str
    text: str
    sql: str
    unit: str  # number, percent, duration, string
    empty: str | None = None
    by: str | None = None
    min_support: int | None = None
    cases: bool = False


@dataclass(frozen=True, slots=True)
class PythonCheck:
    """`python("file.py:function", limit: 3)` in a rule: a function of the project's own, in a process of its own.

    It is given the subject's path as `path`, and `arguments` by name. Its answer is `Ref("check", id)`; `wants` is
    truth, or number where the rule compares it. A process that runs for more than `timeout` seconds is ended.
    """

    id: str
    text: str
    file: str
    function: str
    arguments: tuple[tuple[str, Scalar | tuple[Scalar, ...]], ...]
    wants: str
    timeout: float
    code: tuple[str, ...]  # the file and what it imports, found


@dataclass(frozen=True, slots=True)
class Drift:
    """`psi(c, against: previous)` in a rule: how far a column has moved. The number is `Ref("drift", id)`.

    `sql` is the column in SQL, `where` the condition of the rows that count. `against` is `champion`, `previous`, or
    the name of one of the guard's tables. `profile` names what is kept of the column for later runs.
    """

    id: str
    text: str
    function: str
    against: str
    profile: str
    sql: str
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`accuracy(late, predicted, key: id) better than champion with 95%`: two models on the same rows.

    The subject's rows are paired, by the columns of `key`, with those of the same artifact in the run that `against`
    (champion or previous) stands for. `Ref("check", id)` is the share of resamples in which the subject is better.
    Columns and `where` are in SQL.
    """

    id: str
    text: str
    metric: str
    truth: str
    predicted: str
    key: tuple[str, ...]
    key_names: tuple[str, ...]
    where: str | None
    against: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A condition that must hold, and what happens otherwise: block, warn or quarantine."""

    condition: Condition
    action: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a guard. The strongest action among its failed limits is the rule's outcome.

    `measured` names what a report shows as the measured value. `offending` is a SQL condition that picks the rows to
    show when the rule fails (and to set aside under quarantine), nothing where no rows can be named. `sample` is a
    whole SELECT of what to show instead. `relaxed` says until when the rule may be looser than it was,
    and why: `until 2027-01-15: holiday traffic`.
    """

    text: str
    limits: tuple[Limit, ...]
    measured: tuple[Ref, ...]
    message: str | None
    offending: str | None
    place: Place
    sample: str | None = None
    relaxed: str | None = None


@dataclass(frozen=True, slots=True)
class OtherTable:
    """A table that a guard reads besides its subject; its SQL says `{NAME}` where that one is to be read from.

    It is an artifact (all the copies of one behind a `foreach`), or a CSV file of the project, every column a text.
    """

    name: str
    artifacts: tuple[str, ...]
    format: str | None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Stands between its subject and every consumer of it.

    `query` is the whole SELECT of the measures over `{subject}` and `tables`; empty where nothing is measured by SQL.
    """

    id: str
    doc: str
    subject: str  # an artifact
    subject_kind: str  # table, metrics, model, file
    format: str | None
    champion: str | None  # alias whose metrics `champion.x` means
    measures: tuple[Measure, ...]
    query: str
    rules: tuple[Rule, ...]
    implicit: bool  # made from a source's schema
    place: Place
    checks: tuple[PythonCheck | Comparison, ...] = ()  # what is found outside of the query
    tables: tuple[OtherTable, ...] = ()
    drifts: tuple[Drift, ...] = ()
    dialect: str | None = None  # of the database that runs the SQL; none: DuckDB reads the subject's files

    @property
    def asks_table(self) -> bool:
        """Whether it is decided by asking its subject's rows."""
        return bool(self.query or self.drifts) or any(isinstance(check, Comparison) for check in self.checks)

    @property
    def sets_aside(self) -> bool:
        """Whether consumers of the subject may get fewer rows than it has: a rule has `else quarantine`."""
        return any(limit.action == "quarantine" for rule in self.rules for limit in rule.limits)


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
