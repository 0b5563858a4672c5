"""Whether code is tested by the repository's own tests, and those run by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from ..plan.nodes import Command, Stage
from ..plan.place import Place
from .facts import Facts, Order, Repository, path_of
from .findings import Evidence, Finding, lacking, met

_TAKE_A_VALUE = ("-k", "-m", "-n", "-p", "-c", "-o", "-e", "-s")
TESTERS = ("pytest", "tox", "nox", "unittest")


def tested_by_itself(facts: Facts, stages: Iterable[Stage], what: str) -> Finding:
    """Whether a test names the main file of each stage, and a workflow runs the tests at every change."""
    stages = tuple(stages)
    tests = facts.repository.tests if facts.repository else {}
    evidence: list[Evidence] = []
    missing: list[str] = []
    found: list[str] = []
    for path, place in {path: s.place for s in stages for path in own_files(s)}.items():
        test = next((t for t, text in tests.items() if _names(text, path, facts.repository, t)), None)
        if test is None:
            missing.append(path)
        else:
            evidence.append(Evidence(f"{test} tests {path}", place))
            found.append(test)
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
    run = tests_run(facts, found)
    if run is None:
        return lacking(
            f"the tests of {what} are there, and no workflow runs them at every change", "- run: pytest", *evidence
        )
    return met(*evidence, run)


def own_files(stage: Stage) -> tuple[str, ...]:
    """The files of the project that a stage's `run` names."""
    if not isinstance(stage.program, Command):
        return (stage.program.file,)
    words = {part for word in stage.program.words for part in word.parts if isinstance(part, str)}
    return tuple(path for path in stage.code if path in words)


def tests_run(facts: Facts, tests: Iterable[str]) -> Evidence | None:
    """Where a workflow that starts at every change runs these test files."""
    tests = tuple(tests)
    for workflow in facts.workflows:
        for order in workflow.orders if workflow.on_change else ():
            if tests and order.program in TESTERS and all(_covers(order, test) for test in tests):
                return Evidence(f"runs {order.program} at every change", Place(workflow.path, order.line, 1))
    return None


def _covers(order: Order, test: str) -> bool:
    """Whether a test file is among those that a command runs: in the folders that it names, or where it runs."""
    after = (None, *order.words)
    named = [w for w, last in zip(order.words, after, strict=False) if w[:1] != "-" and last not in _TAKE_A_VALUE]
    file = path_of(test)
    roots = [path_of(order.folder, name.partition("::")[0]) for name in named] or [path_of(order.folder)]
    return any(root == file or root in file.parents for root in roots)


def _names(test: str, path: str, repository: Repository | None, name: str) -> bool:
    """Whether a test has a file's path in its text, or lies in the spec's folder and imports the module."""
    folder = repository.folder if repository else ""
    test = re.sub(r"^\s*#.*$", "", test, flags=re.MULTILINE)
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
