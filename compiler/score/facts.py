"""All that a score is derived from, as values: the plan, the records, the repository, and what people state."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from ..features import Feature
from ..plan.nodes import Plan
from .statements import Statement

FRESH = timedelta(days=90)
"""How long a record shows something. What was done longer ago says little of what is there today."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command in a workflow: the words after the program's name, and the folder that it runs in, from the top."""

    program: str
    words: tuple[str, ...]
    folder: str
    line: int


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow of the repository: what starts it, and the commands in it. `made_from` is the digest of the spec
    that mlopsc built it from, where it did; `pipeline` that spec's file name."""

    path: str  # from the spec's folder, for whoever looks
    events: frozenset[str]
    orders: tuple[Order, ...]
    made_from: str | None = None
    spec: str | None = None

    @property
    def on_change(self) -> bool:
        """Whether a change of the code starts it."""
        return bool(self.events & {"push", "pull_request", "pull_request_target", "merge_group"})

    @property
    def by_itself(self) -> bool:
        """Whether it starts without anybody asking."""
        return self.on_change or "schedule" in self.events


@dataclass(frozen=True, slots=True)
class Repository:
    """What git holds. Paths are relative to the spec's folder; `folder` is that one, from the top of the repository."""

    folder: str
    tracked: frozenset[str]
    tests: Mapping[str, str]  # test files and their text
    workflows: tuple[Workflow, ...]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model of the registry: versions and moves, the oldest first; `provenance` has the versions with a statement."""

    name: str
    versions: tuple[Mapping[str, Any], ...]
    moves: tuple[Mapping[str, Any], ...]
    provenance: frozenset[int]


@dataclass(frozen=True)
class Facts:
    """`carried`: what at least one target of the spec carries, and so counts; `everywhere`: what all of them carry,
    and so can be advised; `natively`: what the engine of one does itself. Runs and reproductions have the
    latest first."""

    plan: Plan
    today: date
    carried: frozenset[Feature] = frozenset()
    everywhere: frozenset[Feature] = frozenset()
    natively: frozenset[Feature] = frozenset()
    runs: tuple[Mapping[str, Any], ...] = ()
    reproductions: tuple[Mapping[str, Any], ...] = ()
    models: tuple[ModelRecord, ...] = ()
    repository: Repository | None = None
    statements: tuple[Statement, ...] = field(default=())

    # ------------------------------------------------------------ the records

    def is_fresh(self, moment: str) -> bool:
        """Whether a record's time (ISO 8601) is recent enough to count."""
        return self.today - date.fromisoformat(moment[:10]) <= FRESH

    @cached_property
    def last_run(self) -> Mapping[str, Any] | None:
        """The latest run that succeeded, if it is fresh."""
        done = next((r for r in self.runs if r["state"] == "succeeded"), None)
        return done if done is not None and self.is_fresh(done["finished"]) else None

    @cached_property
    def why_no_run(self) -> str:
        """What to say where `last_run` is missing."""
        done = next((r for r in self.runs if r["state"] == "succeeded"), None)
        if done is None:
            return "no run that succeeded is in the store"
        days = (self.today - date.fromisoformat(done["finished"][:10])).days
        return f"the last run that succeeded is {days} days old, and a record counts for {FRESH.days}"

    # --------------------------------------------------------- the repository

    @property
    def workflows(self) -> tuple[Workflow, ...]:
        return self.repository.workflows if self.repository else ()

    def ordered(self, *commands: str) -> Iterator[tuple[Workflow, Order]]:
        """Where a workflow runs one of these commands of mlopsc on this spec."""
        for workflow in self.workflows:
            for order in workflow.orders:
                if (
                    order.program == "mlopsc"
                    and order.words[:1]
                    and order.words[0] in commands
                    and self._reaches(order)
                ):
                    yield workflow, order

    def _reaches(self, order: Order) -> bool:
        """Whether a command is about this spec: it names it or a folder around it, or runs where it lies."""
        assert self.repository is not None
        spec = path_of(self.repository.folder, self.plan.spec)
        about = (spec, *spec.parents)
        words = [w for w in order.words[1:] if not w.startswith("-")]
        named = [path for w in words if (path := path_of(order.folder, w)) in about or w.endswith((".mlops", "/"))]
        if named:
            return any(path in about for path in named)
        here = path_of(order.folder)
        return here == spec.parent or (order.words[0] == "lint" and here in spec.parents)


def path_of(*parts: str) -> PurePosixPath:
    """A path from the top of the repository, without `..` and `.`."""
    return PurePosixPath(posixpath.normpath(posixpath.join("", *parts)))
