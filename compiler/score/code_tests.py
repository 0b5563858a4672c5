"""Whether code is tested by the repository's own tests, and those run by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ..plan.nodes import Command, Stage
from ..plan.place import Place
from .facts import Facts, Repository
from .findings import Evidence, Finding, lacking, met

TESTERS = ("pytest", "tox", "nox", "unittest")


def tested_by_itself(facts: Facts, stages: Iterable[Stage], what: str) -> Finding:
    """Whether a test names the main file of each stage, and a workflow runs the tests at every change."""
    stages = tuple(stages)
    tests = facts.repository.tests if facts.repository else {}
    evidence: list[Evidence] = []
    missing: list[str] = []
    for path, place in {path: s.place for s in stages for path in own_files(s)}.items():
        test = next((t for t, text in tests.items() if _names(text, path, facts.repository, t)), None)
        if test is None:
            missing.append(path)
        else:
            evidence.append(Evidence(f"{test} tests {path}", place))
    without = sorted({s.name for s in stages if not own_files(s)})
    if without:
        return lacking(f"the program of {', '.join(without)} is not a file of the project: no test can be found", "")
    if missing:
        name = f"tests/test_{PurePosixPath(missing[0]).stem}.py"
        return lacking(
            f"no test names {', '.join(missing)}",
            f"{name}, which calls the code of {missing[0]} on a few rows",
            *evidence,
        )
    run = tests_run(facts)
    if run is None:
        return lacking(
            f"the tests of {what} are there, and no workflow runs them at every change", "- run: pytest", *evidence
        )
    return met(*evidence, run)  # fmt: skip


def own_files(stage: Stage) -> tuple[str, ...]:
    """The files of the project that a stage's `run` names."""
    if not isinstance(stage.program, Command):
        return (stage.program.file,)
    words = {part for word in stage.program.words for part in word.parts if isinstance(part, str)}
    return tuple(path for path in stage.code if path in words)


def tests_run(facts: Facts) -> Evidence | None:
    """Where a workflow that starts at every change runs the repository's tests."""
    for workflow in facts.workflows:
        for order in workflow.orders:
            if workflow.on_change and order.program in TESTERS:
                return Evidence(f"runs {order.program} at every change", Place(workflow.path, order.line, 1))
    return None


def _names(test: str, path: str, repository: Repository | None, name: str) -> bool:
    """Whether a test has a file's path in its text, or lies in the spec's folder and imports the module."""
    folder = repository.folder if repository else ""
    file = PurePosixPath(folder, path)
    if file.as_posix() in test:
        return True
    if not PurePosixPath(name).is_relative_to(folder):
        return False  # a test of something else may well name a file `train.py`
    if path in test:
        return True
    if file.suffix != ".py":
        return False
    module = re.escape(file.stem)
    imports = rf"from\s+[\w.]*\b{module}\b|import\s+[\w., ]*\b{module}\b|from\s+[\w.]+\s+import\s+.*\b{module}\b"
    return re.search(rf"^\s*({imports})", test, re.MULTILINE) is not None
