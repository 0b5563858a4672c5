"""A plan as the runtime reads it: the plain values of plan.json, looked up by id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

FORMAT = 1
RUNS = ("source", "stage", "guard", "deploy")  # the kinds of node that a run carries out


class NotAPlanError(Exception):
    """The file is no plan that this runtime can read."""


class Pipeline:
    """The nodes of a plan in topological order, and what waits for what. Never changed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        if document.get("format") != FORMAT:
            raise NotAPlanError(f"plan format {document.get('format')!r} is not {FORMAT}; build the pipeline again")
        self.document = document
        self.name: str = document["name"]
        self.triggers: dict[str, Mapping[str, Any]] = {n["id"]: n for n in document["nodes"] if n["is"] == "trigger"}
        self.nodes: dict[str, Mapping[str, Any]] = {n["id"]: n for n in document["nodes"] if n["is"] in RUNS}
        self.version: Mapping[str, Any] = document.get("version") or {}

    @classmethod
    def read(cls, path: Path) -> Pipeline:
        """Raises NotAPlanError with a sentence for people."""
        try:
            return cls(json.loads(path.read_text("utf-8")))
        except OSError as e:
            raise NotAPlanError(f"cannot read {path}: {e.strerror}") from e
        except (ValueError, KeyError, TypeError) as e:
            raise NotAPlanError(f"{path} is not a plan: {e}") from e

    @cached_property
    def _before(self) -> dict[str, list[str]]:
        before: dict[str, list[str]] = {n: [] for n in self.nodes}
        for edge in self.document["edges"]:
            if edge["to"] in before and edge["from"] in self.nodes:
                before[edge["to"]].append(edge["from"])
        order = {n: i for i, n in enumerate(self.nodes)}
        return {n: sorted(set(found), key=order.__getitem__) for n, found in before.items()}

    def waits_for(self, node: str) -> list[str]:
        """The nodes that must be done before this one: producers of its inputs and the guards between."""
        return self._before[node]

    def all_before(self, node: str) -> set[str]:
        found: set[str] = set()
        left = [node]
        while left:
            new = set(self._before[left.pop()]) - found
            found |= new
            left += new
        return found

    def all_after(self, node: str) -> set[str]:
        found = {node}
        for other in self.nodes:  # topological order: one pass is enough
            if found & set(self._before[other]):
                found.add(other)
        return found - {node}

    @cached_property
    def _parting(self) -> dict[str, list[str]]:
        """The guards that may set rows aside, by subject, in plan order."""
        found: dict[str, list[str]] = {}
        for guard in self.of("guard"):
            if sets_aside(guard):
                found.setdefault(guard["subject"], []).append(guard["id"])
        return found

    def parted_by(self, artifact: str, reader: str | None = None) -> list[str]:
        """The guards that may have taken rows out of an artifact before this reader gets it, in plan order."""
        guards = self._parting.get(artifact, [])
        if not guards or reader is None:
            return guards
        order = list(self.nodes)
        return [g for g in guards if order.index(g) < order.index(reader)]

    @cached_property
    def extracts(self) -> dict[str, str]:
        """The nodes that write the rows of a database source to a file, by the source's id."""
        return {s["extracts"]: s["id"] for s in self.of("source") if s.get("extracts")}

    def maker(self, artifact: str, reader: str | None = None) -> str:
        """The node whose record has the artifact: its producer, but for the rows of a database, which are in no file
        before the guards that ask them there have let them pass."""
        there = reader is not None and self.nodes[reader].get("dialect") and self.nodes[reader]["subject"] == artifact
        return producer(artifact) if there else self.extracts.get(artifact, producer(artifact))

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [n for n in self.nodes.values() if n["is"] == kind]


def sets_aside(guard: Mapping[str, Any]) -> bool:
    """Whether a guard may take rows out of its subject."""
    return any(limit["action"] == "quarantine" for rule in guard["rules"] for limit in rule["limits"])


def producer(artifact: str) -> str:
    """The node that makes an artifact: `train.model` comes from `train`, `flights` is a source itself."""
    return artifact.partition(".")[0]
