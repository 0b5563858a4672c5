"""Policy tests: given numbers, which guards block and what then still runs. No data, no programs, no store.

Rules are decided by the evaluator that production uses (`conditions`), and gates by the plan's own edges. A guard
whose subject a test gives no numbers for is taken as passed: a test is about the decision that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .conditions import NoBaselineError, UnknownValueError, holds, limit_text

_VERDICTS = {"passes": "passed", "warns": "warned", "blocks": "blocked", "errors": "error"}
_BASELINES = {"champion": "champion.metrics", "previous": "previous.metrics"}


@dataclass(frozen=True)
class Expectation:
    """One `expect` line: what was expected of a node, what the plan does, and the rules that made it so."""

    node: str
    expected: str
    found: str
    reasons: tuple[str, ...]

    @property
    def met(self) -> bool:
        if self.expected in _VERDICTS:
            return self.found == _VERDICTS[self.expected]
        return self.found == ("skipped" if self.expected == "skipped" else "runs")


@dataclass(frozen=True)
class PolicyResult:
    """One `test` block."""

    title: str
    file: str
    line: int
    expectations: tuple[Expectation, ...]

    @property
    def passed(self) -> bool:
        return all(e.met for e in self.expectations)


def run_policy_tests(plan: Mapping[str, Any]) -> tuple[PolicyResult, ...]:
    """The results of a plan document's tests, in source order."""
    return tuple(_run(test, plan) for test in plan["tests"])


def _run(test: Mapping[str, Any], plan: Mapping[str, Any]) -> PolicyResult:
    given = {subject: dict(numbers) for subject, numbers in test["given"]}
    decided: dict[str, tuple[str, tuple[str, ...]]] = {}
    before: dict[str, list[str]] = {node["id"]: [] for node in plan["nodes"]}
    for edge in plan["edges"]:
        before[edge["to"]].append(edge["from"])
    for node in plan["nodes"]:
        stopped = [n for n in before[node["id"]] if decided[n][0] in ("blocked", "error", "skipped")]
        if stopped:
            decided[node["id"]] = ("skipped", tuple(f"{n} is {decided[n][0]}" for n in stopped))
        elif node["is"] == "guard":
            decided[node["id"]] = _verdict(node, given)
        else:
            decided[node["id"]] = ("runs", ())
    expectations = (Expectation(node, wanted, *_of(node, decided)) for node, wanted in test["expect"])
    return PolicyResult(test["title"], test["place"]["file"], test["place"]["line"], tuple(expectations))


def _of(name: str, decided: Mapping[str, tuple[str, tuple[str, ...]]]) -> tuple[str, tuple[str, ...]]:
    """What became of a node; of the copies of a `foreach`, the worst."""
    copies = [d for node, d in decided.items() if node == name or node.startswith(f"{name}[")]
    order = ("error", "blocked", "skipped", "warned", "passed", "runs")
    return min(copies, key=lambda d: order.index(d[0])) if copies else ("unknown", ())


def _verdict(guard: Mapping[str, Any], given: Mapping[str, dict[str, float]]) -> tuple[str, tuple[str, ...]]:
    subject = guard["subject"]
    if subject not in given or guard["subject_kind"] != "metrics":
        return "passed", (f"the test gives no numbers of {subject}",)

    def lookup(scope: str, name: str) -> Any:
        if scope in _BASELINES and _BASELINES[scope] not in given:
            raise NoBaselineError("no champion" if scope == "champion" else "no previous run")
        numbers = given[_BASELINES.get(scope, subject)]
        if name not in numbers:
            raise UnknownValueError(f"the test gives no '{name}' to {_BASELINES.get(scope, subject)}")
        return numbers[name]

    worst, reasons = "passed", []
    for rule in guard["rules"]:
        outcome, reason = _rule(rule, lookup)
        if outcome != "passed":
            reasons.append(reason)
        worst = max(worst, outcome, key=("passed", "warned", "blocked", "error").index)
    return worst, tuple(reasons)


def _rule(rule: Mapping[str, Any], lookup: Any) -> tuple[str, str]:
    try:
        failed = [limit for limit in rule["limits"] if not holds(limit["condition"], lookup)]
        if not failed:
            return "passed", ""
        outcome = "warned" if all(limit["action"] == "warn" for limit in failed) else "blocked"
        shown = ", ".join(f"{r['name']} is {lookup(r['scope'], r['name'])}" for r in rule["measured"])
        return outcome, f"{rule['text']}: {shown}, wanted {limit_text(failed[0]['condition'], lookup)}"
    except NoBaselineError:
        return "passed", ""  # a first run has nothing to compare with, as in production
    except UnknownValueError as error:
        return "error", f"{rule['text']}: {error}"
