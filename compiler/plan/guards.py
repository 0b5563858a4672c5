"""A guard of the plan: what it measures, in which tables, and the rules that its numbers must keep."""

from __future__ import annotations

from dataclasses import dataclass

from .conditions import Condition, Ref, Scalar
from .place import Place


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
