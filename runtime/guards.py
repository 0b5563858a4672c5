"""Guards: every rule measured and decided, with what was found written down.

The verdict is total: `passed`, `warned`, `blocked`, or `error` when a rule could not be decided (`not_run` is for
guards that were not reached). All measures of a table come from one query; a rule that fails asks for a few of the
rows that broke it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, nullcontext
from typing import Any

from .baselines import Baseline, champion, previous
from .bootstrap import Compared
from .cases import of_cases, unpacked
from .checks import Answer, run_check
from .comparisons import compare_with
from .conditions import (
    NoBaselineError,
    UnknownValueError,
    evaluate,
    holds,
    limit_text,
    not_finite,
    number_text,
    text_of,
    unit_beside,
)
from .context import Context, FailedNodeError, version_of
from .databases import DatabaseTable, table_of_guard
from .drift_rules import Drifts
from .quarantine import NothingLeftError, set_aside
from .slices import check_slices, sliced
from .tables import Table, open_table

_NOTHING_TO_COMPARE = ("no champion", "no previous run", "same model")
_STRENGTH = {"passed": 0, **dict.fromkeys(_NOTHING_TO_COMPARE, 0), "warned": 1, "blocked": 2, "error": 3}


def check_guard(context: Context, guard: Mapping[str, Any], table: DatabaseTable | None = None) -> dict[str, Any]:
    """The verdict, and for each rule the outcome, measured values, limits, message and sample.

    `table`: a database's rows that are open already, in whose snapshot the guard is to judge.
    """
    if table is not None:
        return _in_database(context, guard, table)
    if guard.get("dialect"):
        with closing(table_of_guard(context, guard)) as own:
            return _in_database(context, guard, own)
    with open_table(context, guard) if guard["query"] or guard.get("drifts") else nullcontext() as found:
        return _checked(context, guard, _Facts(context, guard, found))


def _in_database(context: Context, guard: Mapping[str, Any], table: DatabaseTable) -> dict[str, Any]:
    return {**_checked(context, guard, _Facts(context, guard, table)), "snapshot": table.snapshot}


def _checked(context: Context, guard: Mapping[str, Any], facts: _Facts) -> dict[str, Any]:
    rules = [_check_rule(rule, facts) for rule in guard["rules"]]
    strongest = max((r["outcome"] for r in rules), key=_STRENGTH.__getitem__, default="error")
    verdict = strongest if _STRENGTH[strongest] else "passed"
    record = {
        "verdict": verdict,
        "state": {"blocked": "blocked", "error": "failed"}.get(verdict, "succeeded"),
        "reason": _reason(rules, verdict),
        "subject": guard["subject"],
        "judged": facts.judged,
        "baseline": facts.baseline,
        "rules": rules,
    }
    aside = [rule["offending"] for rule, found in zip(guard["rules"], rules, strict=True) if found.get("quarantine")]
    if aside and facts.table is not None and verdict == "warned":
        try:
            record.update(set_aside(context, guard, facts.table, aside))
        except NothingLeftError as e:
            for found in rules:
                if found.get("quarantine"):
                    found.update(outcome="blocked", message=str(e))
            record.update(verdict="blocked", state="blocked", reason=str(e))
    return record


def _reason(rules: list[dict[str, Any]], verdict: str) -> str | None:
    if verdict == "passed":
        return None
    worst = [r for r in rules if r["outcome"] == verdict]
    first = worst[0]["message"] or worst[0]["text"]
    return first if len(worst) == 1 else f"{first} (and {len(worst) - 1} more)"


def _check_rule(rule: Mapping[str, Any], facts: _Facts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "text": rule["text"],
        "outcome": "passed",
        "measured": {},
        "limits": [],
        "message": None,
        "sample": [],
        "line": rule["place"]["line"],
        "file": rule["place"]["file"],
        **({"relaxed": rule["relaxed"]} if rule.get("relaxed") else {}),
    }
    try:
        if sliced(rule, facts.measures):
            found.update(check_slices(rule, facts.measures, facts.slices, facts.lookup))
        else:
            for ref in rule["measured"]:
                try:
                    name, value, unit = facts.measured(ref)
                except NoBaselineError:
                    continue  # its limit says so, unless another part of it fails
                shown = number_text(value, unit_beside(ref, rule["limits"], unit))
                found["measured"][name] = {"value": value, "text": shown}
                if compared := facts.compared(ref):
                    found["measured"][name]["text"] += f" ({compared.text})"
                    found.setdefault("comparisons", []).append(compared.plain())
            for limit in rule["limits"]:
                found["limits"].append(_check_limit(limit, facts, _unit(rule, facts)))
            found.update(facts.drift(rule))
            found.update(of_cases(rule, facts.cases))
    except NoBaselineError as e:
        found.update(outcome=e.outcome, message=f"nothing to compare with: {e}; counted as passed")
        return found
    except UnknownValueError as e:
        found.update(outcome="error", message=str(e))
        return found
    failed = [limit for limit in found["limits"] if not limit["holds"]]
    if failed:
        asks = {limit["action"] for limit in failed}
        if "quarantine" in asks and facts.table is not None and rule.get("offending"):
            found["quarantine"] = True
            asks.discard("quarantine")
        # An action that this runtime does not know stops what comes after.
        found["outcome"] = "warned" if asks <= {"warn"} else "blocked"
        found["message"] = rule.get("message")
        found["sample"] = found["sample"] or facts.sample(rule)
    return found


def _check_limit(limit: Mapping[str, Any], facts: _Facts, unit: str | None) -> dict[str, Any]:
    return {
        "holds": holds(limit["condition"], facts.lookup),
        "action": limit["action"],
        "text": limit_text(limit["condition"], facts.lookup, unit),
    }


def _unit(rule: Mapping[str, Any], facts: _Facts) -> str | None:
    return facts.unit(rule["measured"][0]) if rule["measured"] else None


class _Facts:
    """The numbers that a guard's conditions may ask for, each found once and when asked."""

    def __init__(self, context: Context, guard: Mapping[str, Any], table: Table | DatabaseTable | None) -> None:
        self.context, self.guard, self.table = context, guard, table
        self.measures: dict[str, Mapping[str, Any]] = {m["id"]: m for m in guard["measures"]}
        self.units = {m["id"]: m["unit"] for m in guard["measures"]}
        self.texts = {m["id"]: m["text"] for m in guard["measures"]}
        self.judged = version_of(context.artifact(guard["subject"], reader=guard["id"]))
        self.baseline: dict[str, Any] = {}
        self._metrics: dict[str, Mapping[str, Any]] = {}
        self._checks = {c["id"]: c for c in guard.get("checks", ())}
        self._answers: dict[str, Answer] = {}
        self._baselines: dict[str, Baseline] = {}
        self._comparisons: dict[str, Compared] = {}
        self._values = table.measure(guard["query"]) if table and guard["query"] else {}
        self._drifts = Drifts(context, guard, table) if isinstance(table, Table) and guard.get("drifts") else None
        if self._drifts:
            self.baseline = self._drifts.baseline
        self.cases = {name: unpacked(name, self._values) for name, m in self.measures.items() if m.get("cases")}

    def measured(self, ref: Mapping[str, Any]) -> tuple[str, Any, str | None]:
        value = self.lookup(ref["scope"], ref["name"])
        if ref["scope"] == "check":
            return self._checks[ref["name"]]["text"], value, self.unit(ref)
        if ref["scope"] == "drift" and self._drifts:
            return self._drifts.text(ref["name"]), value, None
        if ref["scope"] == "measure":
            return self.texts.get(ref["name"], ref["name"]), value, self.units.get(ref["name"])
        return text_of(ref), value, self.unit(ref)

    def unit(self, ref: Mapping[str, Any]) -> str | None:
        if ref["scope"] == "check":
            return "percent" if self._checks[ref["name"]]["is"] == "comparison" else None
        return "size" if ref["scope"] == "file" else self.units.get(ref["name"])

    def slices(self, name: str) -> list[dict[str, Any]]:
        """What the query found in each slice; none where the table has no rows."""
        return self._values.get(name) or []

    def lookup(self, scope: str, name: str) -> Any:
        if scope == "measure":
            if name not in self._values:
                raise UnknownValueError(f"the query has no column '{name}'")
            value = self._values[name]
            if value is None:
                why = self.cases.get(name, {}).get("why") or self.measures.get(name, {}).get("empty")
                why = why or "there are no rows to measure"
                raise UnknownValueError(f"{self.texts.get(name, name)} has no value: {why}")
            odd = not_finite(value)
            if odd:
                raise UnknownValueError(f"{self.texts.get(name, name)} is {odd}")
            return value
        if scope == "check" and self._checks[name]["is"] == "comparison":
            return self._comparison(name).share
        if scope == "check":
            return self._answer(name).value
        if scope == "drift" and self._drifts:
            return self._drifts.measured(name).value
        if scope == "param":
            return self.context.params.get(name)
        if scope == "file" and name == "size":
            return self.context.artifact(self.guard["subject"], reader=self.guard["id"])["size"]
        if scope not in ("metric", "champion", "previous"):
            raise UnknownValueError(f"'{scope}.{name}' is not known to this runtime")
        if scope not in self._metrics:
            self._metrics[scope] = self._own_metrics() if scope == "metric" else self._baseline(scope).metrics
        whose = {"metric": self.guard["subject"], "champion": "the champion", "previous": "the previous run"}[scope]
        if name not in self._metrics[scope]:
            raise UnknownValueError(f"{whose} has no metric '{name}'")
        value = self._metrics[scope][name]
        if value in ("nan", "inf", "-inf"):  # as the registry keeps what JSON has no word for
            value = float(value)
        if odd := not_finite(value):
            raise UnknownValueError(f"{name} of {whose} is {odd}")
        return value

    def _baseline(self, scope: str) -> Baseline:
        """What the subject is compared with, told in the record whatever comes of it."""
        if scope not in self._baselines:
            find = {"champion": champion, "previous": previous}[scope]
            self._baselines[scope] = find(self.context, self.guard)
            self.baseline[scope] = self._baselines[scope].told
        self._baselines[scope].is_another_model()
        return self._baselines[scope]

    def _own_metrics(self) -> dict[str, Any]:
        return dict(self.context.metrics(self.guard["subject"]))

    def _answer(self, name: str) -> Answer:
        if name not in self._answers:
            self._answers[name] = run_check(self.context, self.guard, self._checks[name])
        return self._answers[name]

    def _comparison(self, name: str) -> Compared:
        if name not in self._comparisons:
            check = self._checks[name]
            self._comparisons[name] = compare_with(self.context, self.guard, check, self._baseline(check["against"]))
        return self._comparisons[name]

    def compared(self, ref: Mapping[str, Any]) -> Compared | None:
        """The comparison behind a value; nothing where the value is no share of resamples."""
        return self._comparisons.get(ref["name"]) if ref["scope"] == "check" else None

    def sample(self, rule: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows to show for a rule that failed."""
        if rule.get("sample") and isinstance(self.table, Table):
            return self.table.sample(rule["sample"])
        if rule.get("offending") and self.table:
            return self.table.rows_where(rule["offending"])
        asked = [r["name"] for r in rule["measured"] if r["scope"] == "check" and r["name"] in self._answers]
        if self._drifts and (drifted := _drifted(rule)):
            return self._drifts.measured(drifted[0]).moved
        return [row for name in asked for row in self._answer(name).sample]

    def drift(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        """What columns were compared with, where the rule is about drift."""
        if not self._drifts:
            return {}
        found = {self._drifts.text(name): self._drifts.told(name) for name in _drifted(rule)}
        return {"drift": found} if found else {}


def _drifted(rule: Mapping[str, Any]) -> list[str]:
    return [ref["name"] for ref in rule["measured"] if ref["scope"] == "drift"]


def decide(condition: Mapping[str, Any], context: Context) -> bool:
    """A stage's `when`: over params and over metrics by `STAGE.OUTPUT.NAME`."""

    def lookup(scope: str, name: str) -> Any:
        if scope == "param":
            return context.params.get(name)
        artifact, _, number = name.rpartition(".")
        if scope == "metric" and artifact:
            return context.metrics(artifact).get(number)
        raise UnknownValueError(f"'{scope}.{name}' is not known here")

    try:
        return bool(evaluate(condition, lookup) is True)
    except UnknownValueError as e:
        raise FailedNodeError(f"its 'when' cannot be decided: {e}") from e
