"""The facts that a score is derived from, gathered: the plan, the store's records, the repository, `score.toml`."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from .compiling import lowered_of
from .git import top_of, tracked_files
from .stored import opened, reproductions_of

if TYPE_CHECKING:
    from ..compiler.features import Feature
    from ..compiler.plan.nodes import Plan
    from ..compiler.score.facts import Facts, ModelRecord, Order, Repository, Workflow
    from ..compiler.score.statements import Statement
    from ..runtime.pipeline import Pipeline
    from ..runtime.store import Store

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

_TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.(py|sh)$")
_MADE_FROM = re.compile(r"# Made by mlopsc from ([^;\n]+\.mlops);.*\n# spec (sha256: ?[0-9a-f]{64})")
_ENVIRONMENT = re.compile(r"[A-Za-z_]\w*=")
_RUNNERS = {"uv": ("run",), "poetry": ("run",), "pdm": ("run",), "hatch": ("run",), "pipenv": ("run",), "uvx": ()}


def gather(path: Path, *, profile: str | None, settings: Mapping[str, str], today: date) -> Facts:
    """Everything that is known of a spec, its runs and its repository. Mistakes in `score.toml` end it."""
    from ..compiler.plan.document import plan_document
    from ..compiler.score.facts import Facts
    from ..runtime.pipeline import Pipeline

    plan = lowered_of(path, profile=profile, settings=settings).plan
    folder, pipeline = path.resolve().parent, Pipeline(plan_document(plan))
    store = opened(pipeline, folder)
    return Facts(
        plan=plan,
        today=today,
        **carried(plan),
        runs=tuple(r for r in store.finished_runs() if r["pipeline"] == plan.name),
        reproductions=tuple(r for r in reproductions_of(store) if r["pipeline"] == plan.name),
        models=tuple(_models(pipeline, store, folder)),
        repository=repository_of(folder),
        statements=_statements(folder, plan, today),
    )


def carried(plan: Plan) -> dict[str, frozenset[Feature]]:
    """What at least one target of the spec carries, what all do, and what one does by itself; without targets, what
    `mlopsc run` does."""
    from ..backends.base import Level
    from ..backends.table import BACKENDS

    tables = [BACKENDS[name].capabilities for name in plan.targets or ("local",) if name in BACKENDS]
    able = [{f for f, s in table.items() if s.level is not Level.UNSUPPORTED} for table in tables]
    some = {f for found in able for f in found}
    return {
        "carried": frozenset(some),
        "everywhere": frozenset(f for f in some if all(f in found for found in able)),
        "natively": frozenset(f for table in tables for f, s in table.items() if s.level is Level.NATIVE),
    }


def _models(pipeline: Pipeline, store: Store, folder: Path) -> Iterator[ModelRecord]:
    from ..compiler.score.facts import ModelRecord
    from ..runtime.provenance import provenance_of
    from ..runtime.registries import all_registries

    for registry in all_registries(pipeline, store, folder):
        if registry.model.startswith(f"{pipeline.name}."):
            versions = registry.versions()
            stated = frozenset(v["version"] for v in versions if provenance_of(registry, v["version"]))
            yield ModelRecord(registry.model, tuple(versions), tuple(registry.moves()), stated)


def _statements(folder: Path, plan: Plan, today: date) -> tuple[Statement, ...]:
    from ..compiler.project import Project
    from ..compiler.score import STATABLE
    from ..compiler.score.statements import FILE, read_statements

    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.UsageError(f"{path}: {error}") from None
    found, problems = read_statements(
        document, pipeline=plan.name, tests=STATABLE, project=Project(folder), today=today
    )
    if problems:
        raise click.UsageError("\n".join(f"{path}: {problem}" for problem in problems))
    return found


# ------------------------------------------------------------- the repository


def repository_of(folder: Path) -> Repository | None:
    """What git holds around a folder; nothing where there is no repository."""
    from ..compiler.score.facts import Repository

    tracked = tracked_files(folder)
    top = top_of(folder)
    if tracked is None or top is None:
        return None
    prefix = folder.relative_to(top).as_posix()
    prefix = "" if prefix == "." else prefix
    everything = tracked_files(top) or frozenset()
    tests = {name: text for name in sorted(everything) if _TEST_FILE.search(name) and (text := _text(top / name))}
    flows = [name for name in sorted(everything) if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", name)]
    read = (workflow_of(_text(top / name), os.path.relpath(top / name, folder)) for name in flows)
    return Repository(prefix, tracked, tests, tuple(w for w in read if w is not None))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def workflow_of(text: str, path: str) -> Workflow | None:
    """A workflow of GitHub Actions: what starts it, and the commands that its jobs run; nothing where it is none."""
    import yaml

    from ..compiler.score.facts import Workflow

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("jobs"), dict):
        return None
    on = document.get("on", document.get(True))  # YAML 1.1 reads a bare `on` as true
    events = [on] if isinstance(on, str) else list(on) if isinstance(on, list | dict) else []
    made = _MADE_FROM.search(text)
    return Workflow(
        path=PurePosixPath(path).as_posix(),
        events=frozenset(str(e) for e in events),
        orders=tuple(_orders(document, text)),
        made_from=made[2].replace(" ", "") if made else None,
        spec=made[1] if made else None,
    )


def _orders(document: Mapping[str, Any], text: str) -> Iterator[Order]:
    for job in document["jobs"].values():
        if not isinstance(job, dict) or job.get("if") is False or job.get("continue-on-error") is True:
            continue
        for step in job.get("steps") or ():
            if not isinstance(step, dict) or not isinstance(step.get("run"), str):
                continue
            if step.get("if") is False or step.get("continue-on-error") is True:
                continue  # what fails there fails nothing
            folder = step.get("working-directory") or _default(job) or _default(document) or ""
            yield from _commands(step["run"], str(folder), text)


def _default(holder: Mapping[str, Any]) -> str | None:
    defaults = holder.get("defaults")
    run = defaults.get("run") if isinstance(defaults, dict) else None
    folder = run.get("working-directory") if isinstance(run, dict) else None
    return folder if isinstance(folder, str) else None


def _commands(script: str, folder: str, text: str) -> Iterator[Order]:
    """The commands of a script, one by one, where they can be told apart; `|| true` lets failures pass: left out."""
    from ..compiler.score.facts import Order

    lines = text.splitlines()
    for line in script.replace("\\\n", " ").splitlines():
        if "||" in line:
            continue
        number = next((n for n, one in enumerate(lines, 1) if line.strip() and line.strip()[:40] in one), 1)
        for part in re.split(r"&&|;", line):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                continue
            program, rest = _program(words)
            if program == "cd" and rest:
                folder = PurePosixPath(folder, rest[0]).as_posix()
            elif program:
                yield Order(program, tuple(rest), folder, number)


def _program(words: list[str]) -> tuple[str, list[str]]:
    """The program that is meant, and its arguments: `uv run pytest -q`, `python -m pytest -q` are pytest."""
    while words and _ENVIRONMENT.match(words[0]):
        words = words[1:]
    if not words:
        return "", []
    name, rest = PurePosixPath(words[0]).name, words[1:]
    if name in _RUNNERS:
        skip = len(_RUNNERS[name])
        return _program(rest[skip:]) if tuple(rest[:skip]) == _RUNNERS[name] else (name, rest)
    if re.fullmatch(r"python[\d.]*", name) and rest[:1] == ["-m"] and len(rest) > 1:
        return rest[1], rest[2:]
    return name, rest
