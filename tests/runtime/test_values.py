"""Params are read strictly, and conditions never guess."""

from __future__ import annotations

from typing import Any

import pytest
from mlopsc.compiler.plan.document import _plain
from mlopsc.compiler.plan.nodes import Ref
from mlopsc.runtime.conditions import UnknownValueError, holds, limit_text, number_text
from mlopsc.runtime.params import WrongValueError, check_params, coerce

from . import plans as p


def param(type_: str, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(p.param("x", type_, **more))
    return plain


@pytest.mark.parametrize(
    ("type_", "given", "value"),
    [
        ("int", "12", 12),
        ("int", 3.0, 3),
        ("float", "0.5", 0.5),
        ("float", 1, 1.0),
        ("bool", "true", True),
        ("duration", "30m", 1800.0),
        ("duration", 90, 90.0),
        ("duration", "250ms", 0.25),
        ("size", "4GiB", 2**32),
        ("date", "2026-01-31", "2026-01-31"),
        ("string", "1", "1"),
        ("list<int>", "[1, 2]", [1, 2]),
        ("list<string>", ("a",), ["a"]),
    ],
)
def test_values_arrive_in_their_type(type_: str, given: Any, value: Any) -> None:
    found = coerce(given, param(type_))
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        *(("int", v) for v in ("1.5", "", "١", "1e3", True, None, 0.5, [1])),
        *(("float", v) for v in ("nan", "inf", "x", True, None)),
        *(("bool", v) for v in (1, "yes", None)),
        *(("string", v) for v in (1, None, True)),
        *(("date", v) for v in ("2026-13-01", "today", 20260101)),
        *(("duration", v) for v in ("5 parsecs", -1, "5")[:2]),
        *(("size", v) for v in ("4 G", "4XB", -1)),
        *(("list<int>", v) for v in ("1, 2", [1, "x"], 3)),
    ],
)
def test_what_does_not_fit_is_refused(type_: str, given: Any) -> None:
    with pytest.raises(WrongValueError):
        coerce(given, param(type_))


def test_ranges_and_choices_hold_for_each_element() -> None:
    with pytest.raises(WrongValueError, match=r"must be in 1\.\.12, not 13"):
        coerce([1, 13], param("list<int>", low=1, high=12))
    with pytest.raises(WrongValueError, match='must be one of "log", "hinge", not "lag"'):
        coerce("lag", param("string", choices=("log", "hinge")))


def test_all_wrong_params_are_told_at_once() -> None:
    declared = [_plain(p.param("month", "int", 1)), _plain(p.param("name", "string"))]
    _, problems = check_params(declared, {"mnth": 2, "month": "x"})
    assert [str(x) for x in problems] == [
        "no param named 'mnth' (did you mean 'month'?)",
        "pipeline.mlops:1: param 'month' must be a whole number, not \"x\"",
        "pipeline.mlops:1: param 'name' has no value; give it with --set name=…",
    ]


# --------------------------------------------------------------- conditions

NUMBERS = {"a": 1.0, "nan": float("nan"), "none": None, "text": "x", "word": "ox", "yes": True}


def lookup(scope: str, name: str) -> Any:
    return NUMBERS[name]


def true(condition: Any) -> bool:
    return holds(_plain(condition), lookup)


def test_conditions_mean_what_they_say() -> None:
    a = p.metric("a")
    assert true(p.op("between", a, 0, 1)) and not true(p.op("between", a, 2, 3))
    assert true(p.op("in", p.metric("text"), p.literal(("x", "y"), "list")))
    assert true(p.op("matches", p.metric("text"), p.literal("^x$", "string")))
    assert not true(p.op("matches", p.metric("word"), p.literal("^x$", "string")))
    assert true(p.op("matches", p.metric("word"), p.literal("x", "string")))  # anywhere in the text
    assert true(p.op("==", p.op("neg", p.op("min", a, 3)), p.op("-", 0, p.op("abs", p.op("*", -1, a)))))
    assert true(p.op("and", p.metric("yes"), p.op("not", p.op(">", a, 1))))


@pytest.mark.parametrize(
    "condition",
    [
        p.op(">=", p.metric("nan"), 0),
        p.op("not", p.op(">=", p.metric("nan"), 0)),
        p.op("!=", p.metric("nan"), 0),
        p.op("or", p.metric("yes"), p.op(">", p.metric("none"), 0)),
        p.op("<", p.op("/", p.metric("a"), 0), 1),
        p.op("<", p.metric("text"), 1),
        p.op("==", p.metric("text"), 1),
        p.metric("a"),
        p.op("and", p.metric("a"), p.metric("yes")),
    ],
)
def test_what_cannot_be_known_is_never_a_pass(condition: Any) -> None:
    with pytest.raises(UnknownValueError):
        true(condition)


def test_limits_are_shown_with_their_numbers() -> None:
    condition = p.op(">=", p.metric("a"), p.op("-", Ref("champion", "a"), 0.01))
    assert limit_text(_plain(condition), lookup) == ">= 0.99"
    assert limit_text(_plain(p.op("<=", p.metric("a"), p.literal(0.05, "percent"))), lookup) == "<= 5%"
    assert [number_text(172800, "duration"), number_text(2**32, "size"), number_text(10000), number_text(0.5)] == [
        "2d", "4GiB", "10_000", "0.5",
    ]  # fmt: skip
