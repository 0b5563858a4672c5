"""Runs that did nothing: their record names the run that they are the same as, and is told in full from it.

Such a `run.json` has `same_as` in place of `nodes`. What it says of itself (when, with which params, commit and
packages) is its own; its nodes are those of the other run, every stage restored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_A_PROGRAM = ("log", "engine", "detail")
_OF_A_RESULT = (
    "format",
    "node",
    "kind",
    "doc",
    "place",
    "reason",
    "key",
    "key_parts",
    "params",
    "artifacts",
    "metrics",
)


def same_as(run: Mapping[str, Any]) -> str | None:
    """The run that this one is the same as, whose folder has its results, report and patch."""
    named = run.get("same_as")
    return named if isinstance(named, str) else None


def in_full(run: Mapping[str, Any], other: Mapping[str, Any] | None) -> dict[str, Any]:
    """The record of a run that did nothing, with the nodes of the other, as far as that one is still there."""
    nodes = (other or {}).get("nodes", {})
    return {**run, "nodes": {name: node_again(run, record) for name, record in nodes.items()}}


def node_again(run: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a node in a run that did nothing, from that of the run that it is the same as."""
    now = {"run": run["run"], "started": run["started"], "finished": run["finished"], "seconds": 0.0}
    if record["kind"] == "stage" and record["state"] == "succeeded":
        found = {k: v for k, v in record.items() if k in _OF_A_RESULT}
        return {**found, **now, "state": "restored", "from_run": record["run"]}
    return {**{k: v for k, v in record.items() if k not in _OF_A_PROGRAM}, **now}
