"""What jobs of one workflow have in common: the target's options with their defaults, and the paths that follow."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...compiler.plan.nodes import Plan, Stage

# The Python of a pipeline that names none. The runtime needs 3.10.
DEFAULT_PYTHON = "3.12"
# What guards on tables are measured with, where the pipeline's own requirements do not bring it.
DUCKDB = "duckdb>=1.2,<2"

# The same for every attempt of a workflow's run: "re-run failed jobs" goes on from the records there are.
RUN = "${{ github.run_id }}"


@dataclass(frozen=True, slots=True)
class Settings:
    """All paths are relative to the root of the repository, in which every step of a job runs."""

    folder: str  # of plan.json and mlops.pyz
    branch: str  # the pipeline's memory between runs
    root: str  # of the spec
    store: str
    python: str
    requirements: str | None
    duckdb: str  # the requirements file that brings DuckDB
    brings_duckdb: bool  # whether that file is one of ours
    psycopg: str  # the same for the driver of PostgreSQL
    brings_psycopg: bool
    mlflow: str  # the same for MLflow's client
    brings_mlflow: bool
    keeps_models: bool  # whether the pipeline's memory is its registry
    runs_on: str
    runners: Mapping[str, str]
    containers: bool
    environment: str | None
    retention_days: int
    timeout_minutes: int

    @classmethod
    def of(cls, plan: Plan, options: Mapping[str, Any]) -> Settings:
        folder = f".github/mlops/{plan.name}"
        root = posixpath.normpath(options.get("root", "."))
        requirements = _join(root, plan.requirements) if plan.requirements else None
        has_duckdb = requirements is not None and _names("duckdb", plan)
        has_psycopg = requirements is not None and _names("psycopg", plan)
        has_mlflow = requirements is not None and any(_names(name, plan) for name in ("mlflow", "mlflow-skinny"))
        return cls(
            folder=folder,
            branch=f"mlops-state/{plan.name}",
            root=root,
            store=_join(root, plan.version.store),
            python=plan.python or DEFAULT_PYTHON,
            requirements=requirements,
            duckdb=requirements if requirements and has_duckdb else f"{folder}/guards.txt",
            brings_duckdb=not has_duckdb,
            psycopg=requirements if requirements and has_psycopg else f"{folder}/databases.txt",
            brings_psycopg=not has_psycopg,
            mlflow=requirements if requirements and has_mlflow else f"{folder}/registry.txt",
            brings_mlflow=not has_mlflow,
            keeps_models=plan.version.registry != "mlflow",
            runs_on=options.get("runs_on", "ubuntu-latest"),
            runners=options.get("runners", {}),
            containers=options.get("containers", True),
            environment=options.get("environment"),
            retention_days=options.get("retention_days", 30),
            timeout_minutes=options.get("timeout_minutes", 360),
        )

    def runner(self, stage: Stage) -> str:
        return self.runners.get(stage.name, self.runs_on)

    @property
    def run_folder(self) -> str:
        """Where the records and results of this run are."""
        return f"{self.store}/runs/{RUN}"


def _join(root: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(root, path))


def _names(package: str, plan: Plan) -> bool:
    text = next((f.text for f in plan.project if f.path == plan.requirements), "")
    return re.search(rf"^{package}\b(?!-)", text, re.MULTILINE | re.IGNORECASE) is not None
