"""The backend: a plan in, a workflow and what its jobs run on out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, ClassVar

from ...compiler.features import Feature
from ...compiler.plan.document import plan_json
from ...compiler.plan.needs import MLFLOW, PSYCOPG
from ...compiler.plan.nodes import Plan, Stage
from ..base import OutputFile, Support
from ..guard_sql import guard_files
from ..printing import header
from .capabilities import CAPABILITIES
from .settings import DUCKDB, Settings


def _own_file(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()


_OPTIONS: Mapping[str, Any] = json.loads(_own_file("options.schema.json"))


class GitHubActions:
    """A workflow with a job for each node. Jobs hand records and results on as artifacts of the workflow's run."""

    name: ClassVar[str] = "github"
    summary: ClassVar[str] = "a GitHub Actions workflow, one job a node"
    capabilities: ClassVar[Mapping[Feature, Support]] = CAPABILITIES
    options: ClassVar[Mapping[str, Any]] = _OPTIONS

    def problems(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[str]:
        """What of the plan GitHub cannot honour, although it has schedules; runners of stages that are not there."""
        from .schedule import problems

        stages = sorted({stage.name for stage in plan.of(Stage)})
        for name in options.get("runners", {}):
            if name not in stages:
                yield f"runners names no stage '{name}' (known here: {', '.join(stages)})"
        yield from problems(plan)

    def emit(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[OutputFile]:
        from ..archive import runtime_archive
        from .memory import needs_state
        from .readme import readme_text
        from .steps import brings_duckdb, brings_mlflow, brings_psycopg
        from .workflow import workflow_text

        settings = Settings.of(plan, options)
        yield OutputFile.of_text(f".github/workflows/{plan.name}.yml", workflow_text(plan, settings))
        yield OutputFile.of_text(f"{settings.folder}/plan.json", plan_json(plan))
        yield OutputFile(f"{settings.folder}/mlops.pyz", runtime_archive())
        yield from guard_files(plan, f"{settings.folder}/")
        yield OutputFile(f"{settings.folder}/summary.py", _own_file("summary.py"))
        if needs_state(plan):
            yield OutputFile(f"{settings.folder}/state.sh", _own_file("state.sh"), executable=True)
        if brings_duckdb(plan, settings):
            yield OutputFile.of_text(settings.duckdb, f"{header(plan)}{DUCKDB}\n")
        if brings_psycopg(plan, settings):
            yield OutputFile.of_text(settings.psycopg, f"{header(plan)}{PSYCOPG}\n")
        if brings_mlflow(plan, settings):
            yield OutputFile.of_text(settings.mlflow, header(plan) + "".join(f"{p}\n" for p in MLFLOW))
        yield OutputFile.of_text(f"{settings.folder}/README.md", readme_text(plan, settings))
