"""Rules with `by`: each slice of a table is held to the rule by itself, and all of them must hold.

A slice with too few rows says nothing and is left out, by name. That no slice is left to judge is an error, and so is a
slice without a value: neither is a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .conditions import Lookup, UnknownValueError, evaluate, holds, limit_text, not_finite, number_text, unit_beside

Measures = Mapping[str, Mapping[str, Any]]  # a guard's measures by id
Json = dict[str, Any]
_STRENGTH = {"warn": 1}


def sliced(rule: Mapping[str, Any], measures: Measures) -> list[str]:
    """The measures of a rule that are numbers of slices."""
    found = [name for limit in rule["limits"] for name in _measures_in(limit["condition"])]
    return [n for n in dict.fromkeys(found) if measures.get(n, {}).get("by")]


def _measures_in(condition: Mapping[str, Any]) -> list[str]:
    if condition["is"] == "ref":
        return [condition["name"]] if condition["scope"] == "measure" else []
    return [name for a in condition.get("args", ()) for name in _measures_in(a)]


def check_slices(
    rule: Mapping[str, Any],
    measures: Measures,
    rows_of: Callable[[str], Sequence[Mapping[str, Any]]],
    lookup: Lookup,
) -> Json:
    """What a rule's record says of its slices, limits, measured values and sample. Raises UnknownValueError."""
    names = sliced(rule, measures)
    by, least = measures[names[0]]["by"], max(measures[n].get("min_support") or 0 for n in names)
    found = {name: {s["slice"]: s for s in rows_of(name)} for name in names}
    support = {s: min(_rows(found[n].get(s)) for n in names) for s in _in_order(found)}
    left_out = [{"slice": s, "rows": rows} for s, rows in support.items() if rows < least]
    judged = [s for s, rows in support.items() if rows >= least]
    if not judged:
        most = f"the largest has {max(support.values())}" if support else "there are no rows"
        raise UnknownValueError(f"no slice by {by} has {least} rows or more: {most}")
    seen = [_Slice(s, support[s], by, rule, {n: found[n][s]["value"] for n in names}, measures, lookup) for s in judged]
    failed = [s for s in seen if s.strength]
    worst = min(seen, key=_how_bad)
    return {
        "slices": {
            "by": by,
            "min_support": least,
            "judged": len(seen),
            "failed": [s.shown() for s in failed],
            "left_out": left_out,
        },
        "measured": worst.measured(),
        "limits": [
            {**limit, "holds": all(s.holding[i] for s in seen)} for i, limit in enumerate(worst.limits())
        ],
        "sample": [s.row() for s in sorted(failed, key=_how_bad)],
    }  # fmt: skip


def _how_bad(one: _Slice) -> tuple[Any, ...]:
    """What sorts slices, the worst first."""
    return -one.strength, one.margin


def _rows(found: Mapping[str, Any] | None) -> int:
    return int(found["rows"]) if found else 0


def _in_order(found: Mapping[str, Mapping[Any, Any]]) -> list[Any]:
    return sorted({s for each in found.values() for s in each}, key=lambda s: (s is None, str(s)))


class _Slice:
    """One slice, judged."""

    def __init__(
        self,
        name: Any,
        rows: int,
        by: str,
        rule: Mapping[str, Any],
        values: Mapping[str, Any],
        measures: Measures,
        lookup: Lookup,
    ) -> None:
        self.name, self.rows, self.by, self.rule, self.values, self.measures = name, rows, by, rule, values, measures
        self._outside = lookup
        try:
            self.holding = [holds(limit["condition"], self.lookup) for limit in rule["limits"]]
        except UnknownValueError as e:
            raise UnknownValueError(f"where {by} is {self.word}: {e}") from e
        broken = [limit["action"] for limit, held in zip(rule["limits"], self.holding, strict=True) if not held]
        self.strength = max((_STRENGTH.get(action, 2) for action in broken), default=0)
        self.margin = _margin(rule["limits"][0]["condition"], self.lookup)

    @property
    def word(self) -> str:
        return "nothing" if self.name is None else str(self.name)

    def lookup(self, scope: str, name: str) -> Any:
        if scope != "measure" or name not in self.values:
            return self._outside(scope, name)
        if self.values[name] is None:
            why = self.measures[name].get("empty") or "all its values are nothing"
            raise UnknownValueError(f"{self.measures[name]['text']} has no value: {why}")
        odd = not_finite(self.values[name])
        if odd:
            raise UnknownValueError(f"{self.measures[name]['text']} is {odd}")
        return self.values[name]

    def measured(self) -> Json:
        found = {}
        for ref in self.rule["measured"]:
            value = self.lookup(ref["scope"], ref["name"])
            about = self.measures.get(ref["name"], {})
            text = number_text(value, unit_beside(ref, self.rule["limits"], about.get("unit")))
            if ref["name"] in self.values:
                found[about["text"]] = {"value": value, "text": f"{text} ({self.word})", "slice": self.name}
            else:
                found[about.get("text", ref["name"])] = {"value": value, "text": text}
        return found

    def limits(self) -> list[Json]:
        unit = self.measures.get(self.rule["measured"][0]["name"], {}).get("unit") if self.rule["measured"] else None
        return [
            {"action": limit["action"], "text": limit_text(limit["condition"], self.lookup, unit)}
            for limit in self.rule["limits"]
        ]

    def shown(self) -> Json:
        return {"slice": self.name, "rows": self.rows, "values": {self._text(n): v for n, v in self.values.items()}}

    def row(self) -> Json:
        return {self.by: self.word, "rows": self.rows, **{self._text(n): v for n, v in self.values.items()}}

    def _text(self, name: str) -> str:
        return str(self.measures[name]["text"])


def _margin(condition: Mapping[str, Any], lookup: Lookup) -> float:
    """By how much a condition holds, below zero where it does not: it orders slices from the worst."""
    args = [evaluate(a, lookup) for a in condition.get("args", ())]
    op = condition.get("op")
    try:
        if op in (">", ">="):
            return float(args[0] - args[1])
        if op in ("<", "<="):
            return float(args[1] - args[0])
        if op == "between":
            return float(min(args[0] - args[1], args[2] - args[0]))
    except TypeError:  # texts
        pass
    return 0.0 if holds(condition, lookup) else -1.0
