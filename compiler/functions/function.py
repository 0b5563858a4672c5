"""What one function of guard rules is: its signature and units, its SQL, and the plain Python that it must equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..features import Feature

if TYPE_CHECKING:
    from sqlglot import exp

# Units of values in rules. `any` is what nothing is known of: a column without a schema.
# A `metric` is a number of a file: it compares with anything that is a number. A `fraction` is a number that people
# write as a share, too, such as an accuracy: it compares with both.
NUMBER, PERCENT, DURATION, SIZE, STRING, BOOL, TIME, METRIC, FRACTION, ANY = (
    *("number", "percent", "duration", "size"),
    *("string", "bool", "time", "metric", "fraction", "any"),
)

# Subjects.
TABLE = frozenset({"table"})
FILE = frozenset({"model", "file", "table", "dir", "plot", "report"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name in the documentation, and its type.

    The types are column, number column, label column (true and false, or 1 and 0), category column (anything but
    fractions and times), time column, ordered column (numbers or times), columns (one or more, to the end), share
    (from 0 to 1), value, text, and table (another source or output); by name also tolerance (a number from 0) and
    direction (rising or falling).
    """

    name: str
    type: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a function, as SQL needs it: its columns by name, its share, and the rule's `where`.

    `table` is the other table, for which SQL says `{table}`. `named` has columns by name, words and numbers.
    """

    columns: tuple[str, ...] = ()
    where: exp.Expr | None = None
    share: float | None = None
    table: str | None = None
    named: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sliced:
    """A function in each slice as aggregates of a SELECT that is grouped by it, which those by one column share.

    `rows` is how many rows of the slice count; `where` leaves rows out before they are grouped.
    """

    rows: str
    value: str
    where: str | None = None


class Sql(Protocol):
    """How a function is measured. `{subject}` stands for the table, and its alias is `subject`."""

    def value(self, asked: Asked) -> str:
        """The number as an expression of the guard's one SELECT over the table."""

    def slices(self, asked: Asked, by: str) -> Sliced | str:
        """The same in each slice; as a SELECT of slice, rows (how many count) and value, where it is no aggregate.

        `by` is the slice's column in SQL.
        """


@dataclass(frozen=True, slots=True)
class Function:
    """One function, whole.

    `low` and `high` bound the result, which tells a rule that cannot fail from one that can. `empty` is why there may
    be no value, in words that follow a colon. `counts` says what is counted where the result is true or false: none of
    it is true. `offending` is the condition of the rows to show when the rule is broken; it is told whether the rule
    asks for much (`>= 90%`), so that what lacks is to blame.

    `cases` says that it is measured by cases, and slices make no sense of it; `shows` is then a SELECT of what to show
    in place of rows.

    `example` is a rule for the documentation, and `nothing` says what nulls and a table without rows do.

    `reference` is what the function means, in plain Python: it takes the columns as lists, in which None is a null,
    then the share, if there is one; None is no value. Tests hold the SQL to it, and nothing else calls it.
    """

    name: str
    arguments: tuple[Argument, ...]
    result: str
    subjects: frozenset[str]
    doc: str
    feature: Feature | None = None
    low: float | None = None
    high: float | None = None
    more: bool = False  # takes named arguments or further ones, checked when its feature is built
    sql: Sql | None = None
    beside: bool = False  # measured by something else than SQL over the table: a program, or the limits themselves
    reference: Callable[..., Any] | None = None
    empty: str | None = None
    counts: str | None = None
    offending: Callable[[Asked, bool], str] | None = None
    named: tuple[Argument, ...] = ()
    cases: bool = False
    shows: Callable[[Asked], str] | None = None
    example: str = ""
    nothing: str = ""

    @property
    def signature(self) -> str:
        """The call as the documentation shows it: `quantile(c, share)`."""
        names = [f"{a.name}…" if a.type == "columns" else a.name for a in self.arguments]
        names += [f"{a.name}: …" for a in self.named]
        return f"{self.name}({', '.join(names)})" if names else self.name

    @property
    def is_fraction(self) -> bool:
        """Whether it is a metric of predictions from 0 to 1, which may be compared with a share."""
        return self.feature is Feature.PREDICTIONS and (self.low, self.high) == (0, 1)

    @property
    def asks_table(self) -> bool:
        """Whether its first argument is another table."""
        return bool(self.arguments) and self.arguments[0].type == "table"

    @property
    def built(self) -> bool:
        """Whether it can be measured at all. What cannot is refused by every target."""
        return self.sql is not None or self.beside

    @property
    def unit(self) -> str:
        """The unit of what is measured, which for true and false is a count."""
        return self.result if self.result in (PERCENT, DURATION, SIZE) else NUMBER
