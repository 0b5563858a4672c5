"""How predictions behave in cases that someone thought of: groups of rows that belong together.

The two tests are those of Ribeiro, Wu, Guestrin and Singh, "Beyond Accuracy: Behavioral Testing of NLP Models with
CheckList" (ACL 2020): invariance, where a change must not move the prediction, and directional expectation, where it
must move it one way. Their third, minimum functionality, is `expected`.

A case is all rows of one name. Rows without a name are left out; nulls are no predictions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..features import Feature
from .function import PERCENT, TABLE, Argument, Asked, Function

# SQL -----------------------------------------------------------------------------------------------------------------

# 0.35 - 0.34 is a little more than 0.01 in binary, and nobody who writes `within: 0.01` means to tell the two apart.
SLACK = "1.000000001"
_NAN = "'one of the predictions is not a number (NaN)'"
SHOWN = 5  # names of cases that were left out


@dataclass(frozen=True, slots=True)
class Cases:
    """A share of cases. Its value is an object: the share, how many cases counted, and those that could not.

    `judged` makes a SELECT of `name`; of `held`, which is null where a case has too little to compare; and of `odd`,
    which says why the cases cannot be judged at all, and is null otherwise.
    """

    judged: Callable[[Asked], str]

    def value(self, asked: Asked) -> str:
        return share_of_cases(self.judged(asked))

    def slices(self, asked: Asked, by: str) -> str:
        raise AssertionError("a case is a slice already, and `by` was refused")


def share_of_cases(judged: str) -> str:
    """What a measure of cases is, out of a SELECT of `name`, `held` and `odd`."""
    return (
        "(SELECT {'value': CASE WHEN count(odd) = 0 THEN avg(CAST(held AS INTEGER)) END, 'why': min(odd), "
        "'cases': count(held), 'failed': count(*) FILTER (WHERE NOT held), "
        "'left_out': count(*) FILTER (WHERE held IS NULL), "
        f"'named': (list(name ORDER BY name) FILTER (WHERE held IS NULL))[:{SHOWN}]}} FROM ({judged}))"
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The call in SQL."""

    value: str
    over: str
    case: str
    within: str
    falling: bool
    rows: str  # those that count

    @classmethod
    def of(cls, asked: Asked) -> _Asked:
        from ..lower import sql

        case = sql.text_of(sql.column(str(asked.named["case"])))
        columns = [sql.text_of(sql.column(c)) for c in asked.columns]
        rows = f"{case} IS NOT NULL"
        if asked.where is not None:
            rows = f"{rows} AND ({sql.text_of(asked.where)})"
        within = asked.named.get("within", 0)
        slack = f"{within!r} * {SLACK}" if within else ""
        return cls(columns[0], columns[-1], case, slack, asked.named.get("direction") == "falling", rows)


def _invariant(asked: Asked) -> str:
    a = _Asked.of(asked)
    held = f"CASE WHEN count({a.value}) > 1 THEN {_alike(a)} END AS held"
    odd = f"CASE WHEN {_any_nan((a.value,))} THEN {_NAN} END AS odd"
    return f"SELECT CAST({a.case} AS VARCHAR) AS name, {held}, {odd} {_of_cases(a)}"


def _alike(a: _Asked) -> str:
    return f"max({a.value}) - min({a.value}) <= {a.within}" if a.within else f"count(DISTINCT {a.value}) = 1"


def _of_cases(a: _Asked) -> str:
    return f"FROM {{subject}} AS subject WHERE {a.rows} GROUP BY {a.case}"


def _cases_that_vary(asked: Asked) -> str:
    a = _Asked.of(asked)
    return (
        f'SELECT {a.case} AS "case", count(*) AS "rows", min({a.value}) AS "lowest", max({a.value}) AS "highest" '
        f"{_of_cases(a)} HAVING count({a.value}) > 1 AND NOT ({_alike(a)}) ORDER BY 1"
    )


def _monotonic(asked: Asked) -> str:
    a = _Asked.of(asked)
    # Two rows of a case with different values of the column over which the prediction must not turn.
    compared = "count(*) FILTER (WHERE x IS NOT NULL AND low IS NOT NULL) > 1"
    held = f"CASE WHEN {compared} THEN bool_and({_keeps(a)}) END AS held"
    odd = f"CASE WHEN bool_or(odd) THEN {_NAN} END AS odd"
    return f"SELECT CAST(name AS VARCHAR) AS name, {held}, {odd} FROM ({_steps(a)}) GROUP BY name"


def _steps(a: _Asked) -> str:
    """Each case in order, with the highest prediction before (the lowest, where it must fall)."""
    points = (
        f"SELECT {a.case} AS name, {a.over} AS x, min({a.value}) AS low, max({a.value}) AS high, "
        f"{_any_nan((a.value, a.over))} AS odd FROM {{subject}} AS subject WHERE {a.rows} GROUP BY 1, 2"
    )
    extreme = "min(low)" if a.falling else "max(high)"
    earlier = "PARTITION BY name ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    return f"SELECT *, CASE WHEN x IS NOT NULL THEN {extreme} OVER ({earlier}) END AS before FROM ({points})"


def _keeps(a: _Asked) -> str:
    slack = f" {'+' if a.falling else '-'} {a.within}" if a.within else ""
    return f"coalesce(high <= before{slack}, true)" if a.falling else f"coalesce(low >= before{slack}, true)"


def _cases_that_turn(asked: Asked) -> str:
    from ..lower import sql

    a = _Asked.of(asked)
    value, over = (sql.text_of(sql.column(c)) for c in asked.columns)
    at = "high" if a.falling else "low"
    gap = f"{at} - before" if a.falling else f"before - {at}"
    return (
        f'SELECT name AS "case", x AS {over}, {at} AS {value}, before AS "before" FROM ({_steps(a)}) '
        f"WHERE NOT ({_keeps(a)}) QUALIFY row_number() OVER (PARTITION BY name ORDER BY {gap} DESC, x) = 1 ORDER BY 1"
    )


def _any_nan(columns: Sequence[str]) -> str:
    # By its text, for the column may hold words, which no isnan() takes.
    return "bool_or(" + " OR ".join(f"coalesce(CAST({c} AS VARCHAR) = 'nan', false)" for c in columns) + ")"


# What they mean ------------------------------------------------------------------------------------------------------

Values = Sequence[Any]


def _by_case(cases: Values, *columns: Values) -> dict[Any, list[tuple[Any, ...]]]:
    found: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for case, *values in zip(cases, *columns, strict=True):
        if case is not None and None not in values:
            found[case].append(tuple(values))
    return found


def _share(held: list[bool]) -> float | None:
    return sum(held) / len(held) if held else None


def invariant(values: Values, cases: Values, within: float = 0) -> float | None:
    """The share of the cases with two values or more in which no two are farther apart than `within`."""
    judged = [[v for (v,) in rows] for rows in _by_case(cases, values).values() if len(rows) > 1]
    return _share([all(abs(a - b) <= within * float(SLACK) for a in vs for b in vs) for vs in judged])


def monotonic(
    values: Values, over: Values, cases: Values, direction: str = "rising", within: float = 0
) -> float | None:
    """The share of cases in which no row with more of the second has less of the first, by more than `within`.

    Cases count that have two different values of the second. Rows that agree in it are not compared.
    """
    sign = -1 if direction == "falling" else 1
    judged = [rows for rows in _by_case(cases, values, over).values() if len({x for _, x in rows}) > 1]
    return _share([
        all(sign * (b - a) >= -within * float(SLACK) for a, x in rows for b, y in rows if x < y) for rows in judged
    ])  # fmt: skip


# The functions -------------------------------------------------------------------------------------------------------

_CASE = Argument("case", "column")
_WITHIN = Argument("within", "tolerance", needed=False)

FUNCTIONS = (
    Function(
        "invariant",
        (Argument("predicted", "column"),),
        PERCENT,
        TABLE,
        "The share of cases in which the predictions are equal, or within a tolerance of each other.",
        Feature.CASES,
        low=0,
        high=1,
        named=(_CASE, _WITHIN),
        sql=Cases(_invariant),
        cases=True,
        reference=invariant,
        empty="no case has two rows to compare",
        shows=_cases_that_vary,
        example="invariant(p_late, case: case_id, within: 0.01) >= 98%",
        nothing="Rows without a case or a prediction are left out; cases of one row do not count and are named. "
        "Error where no case is left.",
    ),
    Function(
        "monotonic",
        (Argument("predicted", "number column"), Argument("over", "ordered column")),
        PERCENT,
        TABLE,
        "The share of cases in which the first column never falls as the second rises (never rises: `falling`).",
        Feature.CASES,
        low=0,
        high=1,
        named=(_CASE, Argument("direction", "direction", needed=False), _WITHIN),
        sql=Cases(_monotonic),
        cases=True,
        reference=monotonic,
        empty="no case has two rows to compare",
        shows=_cases_that_turn,
        example="monotonic(p_late, dep_delay, case: case_id) >= 95%",
        nothing="Rows with a null in one of the three are left out; cases in which the second column has one value do "
        "not count and are named. Error where no case is left.",
    ),
)
