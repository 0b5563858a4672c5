"""Conditions of a plan, evaluated on numbers known at run time.

What cannot be known is not guessed: a missing number or a NaN makes the condition unknown, and an unknown condition
is an error, never a pass. Both sides of `and` and `or` are always evaluated, so that this holds for every part.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class UnknownValueError(Exception):
    """A value that the condition needs is not there; the message says which."""


class NoBaselineError(UnknownValueError):
    """There is nothing to compare with. `outcome` names the case: `no champion` and `no previous run` on a first run,
    `same model` where what is compared with is the model under test. The message says why."""

    def __init__(self, outcome: str, why: str = "") -> None:
        super().__init__(why or outcome)
        self.outcome = outcome


Lookup = Callable[[str, str], Any]  # scope, name -> value; raises UnknownValueError

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def _part(share: float, rows: int) -> int:
    """The whole rows in a share of rows, counted in decimals: 0.29 of 100 is 29, and not 28.999…"""
    from decimal import Decimal

    return int(Decimal(repr(share)) * rows)


_FUNCTIONS: dict[str, Callable[..., Any]] = {"max": max, "min": min, "abs": abs, "part": _part}
_ORDERED = ("<", "<=", ">", ">=")


def not_finite(value: Any) -> str | None:
    """What a measure is that no limit can judge, in words."""
    if isinstance(value, float) and not math.isfinite(value):
        return "not a number (NaN)" if math.isnan(value) else "infinite"
    return None


def holds(condition: Mapping[str, Any], lookup: Lookup) -> bool:
    """Whether the condition is true. Raises UnknownValueError where that cannot be said."""
    result = evaluate(condition, lookup)
    if not isinstance(result, bool):
        raise UnknownValueError(f"{_shown(result)} is neither true nor false")
    return result


def evaluate(condition: Mapping[str, Any], lookup: Lookup) -> Any:
    kind = condition["is"]
    if kind == "literal":
        return condition.get("value")
    if kind == "ref":
        return _known(lookup(condition["scope"], condition["name"]), f"{condition['scope']} {condition['name']}")
    if condition["op"] == "and":
        return _all_hold(condition["args"], lookup)
    return _apply(condition["op"], [evaluate(a, lookup) for a in condition["args"]])


def _all_hold(parts: Sequence[Mapping[str, Any]], lookup: Lookup) -> bool:
    """Of the parts of an `and`, what does not ask for a baseline must hold where there is none, too."""
    known, missing = [], None
    for part in parts:
        try:
            known.append(_truth(evaluate(part, lookup)))
        except NoBaselineError as e:
            missing = e
    if missing is not None and all(known):
        raise missing
    return all(known)


def _apply(op: str, args: list[Any]) -> Any:
    try:
        if op in _COMPARE:
            return _compare(op, *args)
        if op in _ARITHMETIC:
            return _known(_ARITHMETIC[op](*args), f"{_shown(args[0])} {op} {_shown(args[1])}")
        if op == "or":
            return any([_truth(a) for a in args])  # noqa: C419 - all are looked at: one may be unknown
        if op == "not":
            return not _truth(args[0])
        if op == "neg":
            return -args[0]
        if op == "between":
            return _compare(">=", args[0], args[1]) and _compare("<=", args[0], args[2])
        if op == "in":
            choices = args[1] if len(args) == 2 and isinstance(args[1], list | tuple) else args[1:]
            return any(_compare("==", args[0], c) for c in choices)
        if op == "matches":
            return re.search(args[1], str(args[0])) is not None
        return _FUNCTIONS[op](*args)
    except ZeroDivisionError as e:
        raise UnknownValueError("a division by zero") from e
    except (TypeError, OverflowError) as e:
        raise UnknownValueError(f"'{op}' does not apply to {' and '.join(_shown(a) for a in args)}") from e


def _compare(op: str, a: Any, b: Any) -> bool:
    if isinstance(a, str) != isinstance(b, str) or (isinstance(a, bool) != isinstance(b, bool) and op in _ORDERED):
        raise TypeError
    return bool(_COMPARE[op](a, b))


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnknownValueError(f"{_shown(value)} is neither true nor false")
    return value


def _known(value: Any, what: str) -> Any:
    if value is None:
        raise UnknownValueError(f"{what} has no value")
    if isinstance(value, float) and math.isnan(value):
        raise UnknownValueError(f"{what} is not a number (NaN)")
    return value


def limit_text(condition: Mapping[str, Any], lookup: Lookup, unit: str | None = None) -> str:
    """The condition's limit with its numbers filled in: `>= 0.84` of `auc >= champion.auc - 0.01`."""
    if condition["is"] == "op" and condition["op"] in _COMPARE:
        return f"{condition['op']} {_value_text(condition['args'][1], lookup, unit)}"
    if condition["is"] == "op" and condition["op"] == "between":
        low, high = (_value_text(a, lookup, unit) for a in condition["args"][1:])
        return f"between {low} and {high}"
    return text_of(condition)


def unit_beside(ref: Mapping[str, Any], limits: Sequence[Mapping[str, Any]], unit: str | None) -> str | None:
    """How a value is shown: as a share where a limit compares it with one, as `accuracy >= 80%` does."""
    if unit not in (None, "number"):
        return unit
    for condition in (limit["condition"] for limit in limits):
        args = condition.get("args", ())
        compared = condition.get("op") in (*_COMPARE, "between") and ref in args
        if compared and any(a["is"] == "literal" and a.get("unit") == "percent" for a in args):
            return "percent"
    return unit


def _value_text(condition: Mapping[str, Any], lookup: Lookup, unit: str | None) -> str:
    if condition["is"] == "literal":
        unit = condition.get("unit") or unit
    try:
        return number_text(evaluate(condition, lookup), unit)
    except UnknownValueError:
        return text_of(condition)


def text_of(condition: Mapping[str, Any]) -> str:
    """The condition as the language writes it, without values."""
    kind = condition["is"]
    if kind == "literal":
        return number_text(condition.get("value"), condition.get("unit"))
    if kind == "ref":
        scope, name = condition["scope"], condition["name"]
        return name if scope in ("measure", "metric", "column", "file") else f"{scope}.{name}"
    op, args = condition["op"], [text_of(a) for a in condition["args"]]
    if op == "between":
        return f"{args[0]} between {args[1]} and {args[2]}"
    if op in ("max", "min", "abs"):
        return f"{op}({', '.join(args)})"
    if op in ("not", "neg"):
        return f"{'not ' if op == 'not' else '-'}{args[0]}"
    return " of ".join(args) if op == "part" else f" {op} ".join(args)


def number_text(value: Any, unit: str | None = None) -> str:
    """A value for people, in its unit: `5%`, `2d`, `4GiB`, `0.8312`."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return _shown(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(number_text(v, unit) for v in value) + "]"
    if unit == "percent":
        return f"{_digits(value * 100)}%"
    if unit == "duration":
        return _in_units(value, (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)), "s")
    if unit == "size":
        return _in_units(value, (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)), "B")
    return _digits(value)


def _in_units(value: float, units: tuple[tuple[str, int], ...], smallest: str) -> str:
    for name, size in units:
        if abs(value) >= size:
            return f"{_digits(value / size)}{name}"
    return f"{_digits(value)}{smallest}"


def _digits(value: float) -> str:
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}".replace(",", "_")
    return f"{value:.6g}"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    return f'"{value}"' if isinstance(value, str) else f"{value}"
