"""Policy tests: given numbers and events, which guards block, what then still runs, which triggers fire.

No data, no programs, no store. Rules and triggers are decided by the evaluators that production uses (`conditions`,
`triggers`), and gates by the plan's own edges. What a test says nothing of is taken as fine: a test is about the
decision that it names. But a rule of which a test gives some numbers and not all is an error, as is a metric that is
missing from a whole file of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from .conditions import Lookup, NoBaselineError, UnknownValueError, holds, limit_text, number_text
from .triggers import Facts, decide_trigger

_MEETS = {
    "passes": ("passed",),
    "warns": ("warned",),
    "blocks": ("blocked",),
    "errors": ("error",),
    "skipped": ("skipped",),
    "runs": ("runs",),
    "deploys": ("runs",),
    "fails": ("failed", "rolled back"),
    "rolls_back": ("rolled back",),
    "fires": ("fires",),
    "waits": ("waits",),
}
_STOPS = ("blocked", "error", "failed", "rolled back", "skipped")
_WORST_FIRST = ("error", "failed", "rolled back", "blocked", "skipped", "warned", "passed", "runs")
_BASELINES = {"champion": "champion.metrics", "previous": "previous.metrics"}
_STRENGTH = ("passed", "warned", "blocked", "error")
_COPY = re.compile(r"\[\d+\]")

_Decided = tuple[str, tuple[str, ...]]  # what became of a node, and why


@dataclass(frozen=True)
class Expectation:
    """One `expect` line: what was expected of a node, what the plan does, and the rules that made it so."""

    node: str
    expected: str
    found: str
    reasons: tuple[str, ...]

    @property
    def met(self) -> bool:
        return self.found in _MEETS[self.expected]


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
    before: dict[str, list[str]] = {node["id"]: [] for node in plan["nodes"]}
    for edge in plan["edges"]:
        before[edge["to"]].append(edge["from"])
    params = {p["name"]: p.get("value") for p in plan["params"]}
    return tuple(_run(test, plan["nodes"], before, params) for test in plan["tests"])


@dataclass
class _Given:
    """What a test gives, by what asks for it."""

    params: Mapping[str, Any]
    whole: dict[str, dict[str, Any]] = field(default_factory=dict)  # metrics files, by artifact
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)  # single numbers, by artifact
    failed: set[str] = field(default_factory=set)
    facts: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)  # the others, by kind

    @staticmethod
    def of(test: Mapping[str, Any], params: Mapping[str, Any]) -> _Given:
        given = _Given(params, {subject: dict(numbers) for subject, numbers in test["given"]})
        for fact in test.get("facts", ()):
            if fact["kind"] == "number":
                given.numbers.setdefault(fact["subject"], {})[fact["name"]] = fact["values"][0]
            elif fact["kind"] == "failed":
                given.failed.add(fact["subject"])
            else:
                given.facts.setdefault(fact["kind"], []).append(fact)
        return given

    def of_trigger(self, trigger: Mapping[str, Any]) -> Facts:
        """The facts that a trigger is decided by."""

        def by_subject(kind: str) -> dict[str, Any]:
            return {f["subject"]: f["values"] for f in self.facts.get(kind, ())}

        ages = [v[0] for name, v in by_subject("last_run").items() if name == trigger["id"]]
        count = by_subject("runs").get(trigger["id"], (0,))[0]
        if count > len(ages) and trigger.get("limit"):
            # They began within the time of the limit, and, but for the last one, before any cooldown.
            ages += [trigger["limit"][1] * (1 - 1e-9)] * (count - len(ages))
        return Facts(
            numbers=by_subject("series"),
            ages={name: values[0] for name, values in by_subject("age").items()},
            # Of an event without a time nothing more is said than that it came: it has been quiet since.
            events={(f["subject"], f["name"]): (*f["values"], inf)[0] for f in self.facts.get("event", ())},
            runs=ages,
        )


def _run(
    test: Mapping[str, Any], nodes: list[Mapping[str, Any]], before: Mapping[str, list[str]], params: Mapping[str, Any]
) -> PolicyResult:
    given = _Given.of(test, params)
    decided: dict[str, _Decided] = {}
    for node in nodes:
        stopped = [n for n in before[node["id"]] if decided[n][0] in _STOPS]
        if stopped:
            decided[node["id"]] = ("skipped", tuple(f"{n} is {decided[n][0]}" for n in stopped))
        else:
            decided[node["id"]] = _decide(node, given)
    expectations = (Expectation(node, wanted, *_of(node, decided)) for node, wanted in test["expect"])
    return PolicyResult(test["title"], test["place"]["file"], test["place"]["line"], tuple(expectations))


def _of(name: str, decided: Mapping[str, _Decided]) -> _Decided:
    """What became of a node; of the copies of a `foreach`, the worst."""
    if name in decided:
        return decided[name]
    copies = [d for node, d in decided.items() if node.startswith(f"{name}[")]
    return min(copies, key=lambda d: _WORST_FIRST.index(d[0])) if copies else ("unknown", ())


def _decide(node: Mapping[str, Any], given: _Given) -> _Decided:
    if node["is"] == "guard":
        return _verdict(node, given)
    if node["is"] == "trigger":
        decision = decide_trigger(node, given.of_trigger(node))
        return ("fires" if decision.fires else "waits"), decision.because
    if node["is"] == "stage" and node.get("when") and _left_out(node["when"], given):
        return "skipped", ("its 'when' is false",)
    if _COPY.sub("", node["id"]) in given.failed:
        # Whatever a deploy changed is put back when its program fails.
        back = node["is"] == "deploy" and (node.get("alias") or node.get("rollback"))
        return ("rolled back" if back else "failed"), ("the test says that it fails",)
    return "runs", ()


def _left_out(when: Mapping[str, Any], given: _Given) -> bool:
    """Whether a stage's condition is false; one that the test does not say enough about lets it run."""

    def lookup(scope: str, name: str) -> Any:
        if scope == "param":
            return given.params.get(name)
        artifact, _, number = name.rpartition(".")
        return {**given.whole.get(artifact, {}), **given.numbers.get(artifact, {})}.get(number)

    try:
        return not holds(when, lookup)
    except UnknownValueError:
        return False


def _verdict(guard: Mapping[str, Any], given: _Given) -> _Decided:
    subject = _COPY.sub("", guard["subject"])
    if subject not in given.whole and subject not in given.numbers:
        return "passed", (f"the test gives no numbers of {subject}",)
    asked = _Asked(guard, subject, given)
    worst, reasons = "passed", []
    for rule in guard["rules"]:
        if not asked.is_about(rule):
            continue
        outcome, reason = _rule(rule, asked)
        if outcome != "passed":
            reasons.append(reason)
        worst = max(worst, outcome, key=_STRENGTH.index)
    return worst, tuple(reasons)


class _Asked:
    """The numbers of a guard's rules, as the test gives them."""

    def __init__(self, guard: Mapping[str, Any], subject: str, given: _Given) -> None:
        self.subject, self.given = subject, given
        measured = (*guard["measures"], *guard.get("checks", ()), *guard.get("drifts", ()))
        self.texts = {m["id"]: m["text"] for m in measured}
        self.units = {m["id"]: m["unit"] for m in guard["measures"]}
        self.own = {**given.whole.get(subject, {}), **given.numbers.get(subject, {})}

    def is_about(self, rule: Mapping[str, Any]) -> bool:
        """Whether the test says anything of a rule: of a whole file it says everything."""
        own = [r for r in rule["measured"] if r["scope"] not in _BASELINES]
        return self.subject in self.given.whole or any(self.name(r["scope"], r["name"]) in self.own for r in own)

    def name(self, scope: str, name: str) -> str:
        """Under which name a test gives it."""
        return str(self.texts.get(name, name)) if scope in ("measure", "check", "drift") else name

    def lookup(self, scope: str, name: str) -> Any:
        numbers, whose = self.own, self.subject
        if scope in _BASELINES:
            whose = _BASELINES[scope]
            if whose not in self.given.whole and whose not in self.given.numbers:
                raise NoBaselineError("no champion" if scope == "champion" else "no previous run")
            numbers = {**self.given.whole.get(whose, {}), **self.given.numbers.get(whose, {})}
        shown = self.name(scope, name)
        if shown not in numbers:
            raise UnknownValueError(f"the test gives no '{shown}' to {whose}")
        return numbers[shown]

    def shown(self, rule: Mapping[str, Any]) -> str:
        said = []
        for ref in rule["measured"]:
            value = self.lookup(ref["scope"], ref["name"])
            unit = self.units.get(ref["name"])
            text = number_text(value, unit) if unit in ("percent", "duration") else f"{value}"
            said.append(f"{self.name(ref['scope'], ref['name'])} is {text}")
        return ", ".join(said)


def _rule(rule: Mapping[str, Any], asked: _Asked) -> tuple[str, str]:
    lookup: Lookup = asked.lookup
    try:
        failed = [limit for limit in rule["limits"] if not holds(limit["condition"], lookup)]
        if not failed:
            return "passed", ""
        asks = {limit["action"] for limit in failed}
        if rule.get("offending"):
            asks.discard("quarantine")  # the rows that break it are set aside, and the others go on
        outcome = "warned" if asks <= {"warn"} else "blocked"
        return outcome, f"{rule['text']}: {asked.shown(rule)}, wanted {limit_text(failed[0]['condition'], lookup)}"
    except NoBaselineError:
        return "passed", ""  # a first run has nothing to compare with, as in production
    except UnknownValueError as error:
        return "error", f"{rule['text']}: {error}"
