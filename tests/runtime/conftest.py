"""A project in a temporary folder, and its plans run by the real runner with real child processes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.context import Context
from mlopsc.runtime.events import Event, RunOptions, RunResult
from mlopsc.runtime.executor import run
from mlopsc.runtime.pipeline import Pipeline
from mlopsc.runtime.store import Store
from mlopsc.runtime.tables import Table

from . import plans


class Project:
    """A folder with a project's files; `run` carries out a plan in it, with few waits."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[Event] = []

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), "utf-8")
        return file

    def run(self, plan: n.Plan, **options: Any) -> RunResult:
        self.events = []
        asked = RunOptions(**{"jobs": 2, "grace": 1.0, **options})
        return run(plan_document(plan), root=self.root, options=asked, listener=self.events.append)

    def states(self, plan: n.Plan, **options: Any) -> dict[str, str]:
        """How each node ended: a guard's verdict, else the state."""
        result = self.run(plan, **options)
        assert not result.problems, result.problems
        return {r.id: r.verdict or r.state for r in result.nodes}

    def output(self, result: RunResult, path: str) -> str:
        assert result.folder is not None
        return (result.folder / path).read_text("utf-8")


@contextmanager
def table_of(project: Project, path: Path) -> Iterator[Table]:
    """A file as a guard asks it."""
    pipeline = Pipeline(plan_document(plans.plan()))
    context = Context(pipeline, project.root, Store(project.root / ".mlops"), "r1")
    with context.store.workspace("table") as aside:
        table = Table(context, [path], None, aside, {})
        try:
            yield table
        finally:
            table.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
