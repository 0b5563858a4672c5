"""The syntax tree: what was written, frozen, each node with its span. Nothing here is resolved or checked.

A file is a list of declarations. A declaration is a keyword, a name, a few header parts that depend on the keyword,
and a body of statements. Values are expressions; one grammar of expressions serves attributes, guard rules,
trigger conditions and `when`. Comments are kept beside the tree (`File.comments`), for the formatter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ..source import Source, Span

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Name:
    """One identifier as written."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """`10_000`, `0.5`, `1e-3`. Whole numbers are int."""

    value: int | float
    span: Span


@dataclass(frozen=True, slots=True)
class Percent:
    """`5%`; the value is the fraction, 0.05."""

    value: float
    span: Span


@dataclass(frozen=True, slots=True)
class Duration:
    """`30s 5m 2h 1d 2w`; the value is in seconds."""

    value: float
    span: Span


@dataclass(frozen=True, slots=True)
class Size:
    """`512MiB 4GiB 2GB`; the value is in bytes."""

    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal; the value has its escapes resolved, interpolation is still `{inputs.x}` in it."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name: `flights`, `train.metrics`, `champion.auc`. A keyword value such as `off` or `content` too."""

    parts: tuple[Name, ...]
    span: Span

    @property
    def text(self) -> str:
        return ".".join(p.text for p in self.parts)


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`"""

    items: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """`key: value` in a map, or a named argument of a call."""

    key: Name
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{ a: 1, b: 2 }`"""

    entries: tuple[Entry, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Range:
    """`1..12`, both ends included."""

    low: Expr
    high: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`python("f.py:fn")`, `registry("mlflow", uri: …)`, `nulls(x)`, and with slices `accuracy(y, p) by origin`."""

    function: Path
    args: tuple[Expr, ...]
    named: tuple[Entry, ...]
    by: Path | None
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`."""

    op: str
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`+ - * /`, `== != < <= > >=`, `and`, `or`, `matches`, `references`."""

    op: str
    left: Expr
    right: Expr
    op_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Between:
    """`x between a and b`, both ends included."""

    subject: Expr
    low: Expr
    high: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class In:
    """`x in [..]`, `x in 1..6`"""

    subject: Expr
    domain: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Better:
    """`accuracy(late, predicted, key: id) better than champion with 95%`"""

    metric: Expr
    baseline: Name
    confidence: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Every:
    """`2 every 30s`: a count and the pause between."""

    count: Expr
    pause: Expr
    span: Span


Expr = Union[
    Union[Number, Percent, Duration, Size, Text, Truth, Path, ListOf, MapOf, Range],
    Union[Call, Unary, Binary, Between, In, Better, Every],
]

# ------------------------------------------------------------------ statements


@dataclass(frozen=True, slots=True)
class TypeRef:
    """`int`, `float?`, `list<string>`."""

    name: Name
    argument: TypeRef | None
    nullable: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = value`"""

    name: Name
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Field:
    """`name: type`, with `= value` (an output's path) and constraints (`unique`, `in …`, `matches "…"`)."""

    name: Name
    type: TypeRef
    value: Expr | None
    constraints: tuple[Constraint, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Constraint:
    """`unique`, `in DOMAIN` or `matches "re"` behind a field's type."""

    kind: str
    value: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """A nested block: `schema { … }`, `resources { … }`, in a profile also `stage train { … }`."""

    keyword: Name
    label: Name | None
    body: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Foreach:
    """`foreach NAME in [..]` in a stage."""

    variable: Name
    values: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Otherwise:
    """`else block|warn|quarantine "message"`"""

    action: Name | None
    message: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Band:
    """A further limit with its own action: the `<= 5% block` of `nulls(x) <= 1% warn, <= 5% block`."""

    op: str
    limit: Expr
    action: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Day:
    """`2027-01-15`; the value is as written, and need not be a day of the calendar."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Relaxed:
    """`relaxed "reason" until DAY`: behind a rule it allows a looser limit, in a guard the loss of rules."""

    reason: Text
    until: Day
    span: Span


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line of a guard: an expression that must hold, for which rows, for what share, and what happens otherwise.

    `first_action` and `bands` are set only in the banded form.
    """

    expression: Expr
    where: Expr | None
    share: Expr | None
    otherwise: Otherwise | None
    first_action: Name | None
    bands: tuple[Band, ...]
    span: Span
    relaxed: Relaxed | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """`expected "golden.csv" key id within 0.05 for 98%` in a guard on predictions."""

    file: Text
    key: tuple[Name, ...]
    within: Expr | None
    share: Expr | None
    otherwise: Otherwise | None
    span: Span
    relaxed: Relaxed | None = None


@dataclass(frozen=True, slots=True)
class On:
    """`on EVENT` or `when EVENT and EVENT` in a trigger (`keyword` says which).

    An event is `schedule "…" in "zone"`, a call such as `change(flights)`, or a comparison. `checks` is the N of
    `for N checks`.
    """

    keyword: str
    event: Expr | Schedule
    checks: Number | None
    span: Span


@dataclass(frozen=True, slots=True)
class Schedule:
    """`schedule "0 5 * * 1" in "America/New_York"`"""

    cron: Text
    zone: Text | None
    span: Span


@dataclass(frozen=True, slots=True)
class Per:
    """`limit = 4 per 30d`"""

    name: Name
    count: Expr
    period: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Given:
    """`given train.metrics = { … }`, `given flights.nulls(delay) = 7%` or `given change(flights)` in a test."""

    subject: Path | Call | Schedule
    value: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class Expect:
    """`expect good_enough blocks` in a test."""

    subject: Path
    verdict: Name
    span: Span


Statement = Union[Attribute, Field, Block, Foreach, RuleLine, Expected, Relaxed, On, Per, Given, Expect]

# ---------------------------------------------------------------- declarations


@dataclass(frozen=True, slots=True)
class Comment:
    """A `#` comment, text without the mark. `##` ones are doc comments and belong to declarations."""

    text: str
    span: Span
    doc: bool
    own_line: bool  # false where it stands behind code


@dataclass(frozen=True, slots=True)
class ParamDecl:
    """`param NAME: type = default in domain`; also a formal parameter of a guard template."""

    name: Name
    type: TypeRef
    default: Expr | None
    domain: Expr | None
    doc: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ApplyDecl:
    """`apply NAME(args) on SUBJECT`"""

    template: Name
    args: tuple[Expr, ...]
    named: tuple[Entry, ...]
    subject: Path
    doc: tuple[str, ...]
    span: Span
    relaxed: Relaxed | None = None


@dataclass(frozen=True, slots=True)
class RelaxDecl:
    """`relaxed NAME "reason" until DAY`: allows that a guard is gone, or that a source, deploy or trigger is looser."""

    name: Name
    reason: Text
    until: Day
    doc: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Declaration:
    """Any declaration with a body. `name` is missing for `version`; a test's name is its sentence (`title`).

    Header parts by keyword: guard: `formals` (a template) and `subject`; monitor: `every`.
    """

    keyword: Name
    name: Name | None
    title: Text | None
    formals: tuple[ParamDecl, ...]
    subject: Path | None
    every: Expr | None
    body: tuple[Statement, ...]
    doc: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Import:
    """`import "path"`"""

    path: Text
    span: Span


@dataclass(frozen=True, slots=True)
class Edition:
    """`mlops 1`"""

    number: Number
    span: Span


Item = Union[Edition, Import, ParamDecl, ApplyDecl, RelaxDecl, Declaration]


@dataclass(frozen=True, slots=True)
class File:
    """A parsed file. Items that could not be read are left out; `broken` holds the spans they covered."""

    source: Source
    items: tuple[Item, ...]
    comments: tuple[Comment, ...]
    broken: tuple[Span, ...]
