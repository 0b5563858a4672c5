"""Rules about cases: the share of them that hold, how many were judged, and which had too little to compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def unpacked(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """What a measure says besides its number, which takes its place among the values."""
    found = dict(values.get(name) or {})
    values[name] = found.pop("value", None)
    return found


def of_cases(rule: Mapping[str, Any], cases: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of a rule's record that is about cases; nothing where it has none."""
    for ref in rule["measured"]:
        if ref["scope"] == "measure" and ref["name"] in cases:
            found = cases[ref["name"]]
            counts = {"judged": found["cases"], "failed": found["failed"], "left_out": found["left_out"]}
            return {"cases": {**counts, "named": found["named"] or []}}
    return {}
