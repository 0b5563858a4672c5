"""The ratchet agrees with the evaluator of production: a rule is looser where some value passes now and did not."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.driver import Analysis, analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document
from mlopsc.compiler.ratchet import compare
from mlopsc.runtime.conditions import holds

MANY = 5_000 if os.environ.get("MLOPSC_SLOW") else 60
calm = settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
SPEC = """mlops 1

pipeline p {{}}

stage train {{
  run = "true"
  outputs {{ metrics: metrics = "m.json" }}
}}

guard good on train.metrics {{
  {rules}
}}
"""
ENDS = st.integers(0, 5)
LISTS = st.lists(ENDS, min_size=1, max_size=4)
VALUES = [n / 4 for n in range(-8, 30)]  # every end that the rules draw, and between them

simple = st.one_of(
    st.builds("x {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), ENDS),
    st.builds("{} {} x".format, ENDS, st.sampled_from(["<", "<=", ">", ">="])),
    st.builds("x * 2 - 1 {} {}".format, st.sampled_from(["<", ">="]), ENDS),
    st.builds("not x {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "=="]), ENDS),
    st.builds(lambda a, b: f"x between {min(a, b)} and {max(a, b)}", ENDS, ENDS),
    st.builds(lambda a, b: f"x in {min(a, b)}..{max(a, b) + 1}", ENDS, ENDS),
    st.builds(lambda items: f"x in {items}", LISTS),
    st.builds(lambda items: f"x not in {items}", LISTS),
)
rule = st.one_of(simple, st.builds("{} and {}".format, simple, simple))
guards = st.lists(rule, min_size=1, max_size=3)


def read(rules: list[str], folder: str, name: str) -> Analysis:
    spec = Path(folder) / name
    spec.write_text(SPEC.format(rules="\n  ".join(rules)), "utf-8")
    analysis = analyse(spec)
    assert [d.message for d in analysis.diagnostics] == []
    return analysis


def passing(analysis: Analysis) -> Callable[[Mapping[str, float]], bool]:
    """Whether the guard lets numbers through, by the evaluator that runs in production."""
    document: dict[str, Any] = plan_document(compile_plan(analysis).plan)
    guard = next(n for n in document["nodes"] if n["is"] == "guard")
    limits = [limit["condition"] for r in guard["rules"] for limit in r["limits"]]
    return lambda p: all(holds(c, lambda scope, name: p["champion" if scope == "champion" else "x"]) for c in limits)


def found(old: Analysis, new: Analysis) -> list[str]:
    return [d.message for d in compare(old, new, date(2026, 1, 15)).found]


def check(old_rules: list[str], new_rules: list[str], points: list[dict[str, float]]) -> None:
    with TemporaryDirectory() as folder:
        old, new = read(old_rules, folder, "old.mlops"), read(new_rules, folder, "new.mlops")
        passed, passes = passing(old), passing(new)
        looser = [p for p in points if passes(p) and not passed(p)]
        assert bool(found(old, new)) == bool(looser), looser[:3]
        assert found(old, old) == []


@given(guards, guards)
@calm
def test_looser_is_what_lets_a_value_through_that_was_stopped(old: list[str], new: list[str]) -> None:
    check(old, new, [{"x": x} for x in VALUES])


FACTORS = st.sampled_from(["0.5", "0.9", "1", "2"])
compared = st.one_of(
    st.builds("x >= champion.x - {}".format, ENDS),
    st.builds("x >= champion.x * {}".format, FACTORS),
    st.builds("x - champion.x * {} >= {}".format, FACTORS, st.integers(-3, 3)),
    st.builds("champion.x - x < {}".format, ENDS),
)
# Around each line that the rules draw, for champions that are small and large.
PAIRS = [
    {"x": c * factor + step / 2, "champion": c}
    for c, factor, step in itertools.product([0, 0.5, 1, 3, 20, 1000], [0.5, 0.9, 1, 2], range(-14, 15))
]


@given(compared, compared)
@calm
def test_limits_by_the_champion_are_compared_for_positive_numbers(old: str, new: str) -> None:
    check([old], [new], PAIRS)


@given(guards, st.sampled_from(["else warn", "else block"]), st.sampled_from(["else warn", "else block"]))
@calm
def test_an_action_is_weaker_only_where_it_warns_and_blocked(rules: list[str], old: str, new: str) -> None:
    with TemporaryDirectory() as folder:
        before = read([f"{r} {old}" for r in rules], folder, "old.mlops")
        now = read([f"{r} {new}" for r in reversed(rules)], folder, "new.mlops")
        passes = passing(before)
        everything = all(passes({"x": x}) for x in VALUES)
        assert bool(found(before, now)) == ((old, new) == ("else block", "else warn") and not everything)
