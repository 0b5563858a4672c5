"""The local target: one readable script that runs the pipeline on this machine, with the runtime beside it.

<pipeline>.py      the pipeline's steps, in order, and the call of the runtime
plan.json          what the runtime reads
mlops.pyz          the runtime
guards/*.sql       what each guard asks of its table
README.md          how to run it, and how to have it run on a schedule
…                  the project's files that stages use
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ...compiler.features import Feature
from ...compiler.plan.document import plan_json
from ...compiler.plan.needs import (
    needs_duckdb,
    needs_mlflow,
    needs_psycopg,
    secrets_of,
    source_packages,
    store_packages,
)
from ...compiler.plan.nodes import Deploy, Guard, Notebook, Param, Plan, Stage, Trigger
from ..archive import runtime_archive
from ..base import OutputFile, Support
from ..guard_sql import guard_files
from ..printing import header, one_line, print_template, py_literal
from .capabilities import CAPABILITIES
from .steps import plan_steps

_FOLDER = Path(__file__).parent


class LocalPython:
    """Emits a folder that needs Python and what the stages need, and nothing of ours installed."""

    name: ClassVar[str] = "local"
    summary: ClassVar[str] = "a Python script that runs the pipeline on this machine"
    capabilities: ClassVar[Mapping[Feature, Support]] = CAPABILITIES
    options: ClassVar[Mapping[str, Any]] = json.loads((_FOLDER / "options.schema.json").read_text("utf-8"))

    def emit(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[OutputFile]:
        project = {file.path for file in plan.project}
        script = _free_name(plan.name, project)
        values = _values(plan, options, script)
        yield OutputFile.of_text(script, _print("pipeline.py.j2", values), executable=True)
        yield OutputFile.of_text("plan.json", plan_json(plan))
        yield OutputFile("mlops.pyz", runtime_archive())
        yield from guard_files(plan, "", project)
        if "README.md" not in project:
            yield OutputFile.of_text("README.md", _print("README.md.j2", values))
        for file in plan.project:
            yield OutputFile.of_text(file.path, file.text)


def _free_name(pipeline: str, taken: set[str]) -> str:
    """The script's file name; a project may have a script that is called like the pipeline."""
    name = f"{pipeline}.py"
    return f"{pipeline}_pipeline.py" if name in taken else name


def _values(plan: Plan, options: Mapping[str, Any], script: str) -> dict[str, Any]:
    """All that the templates print."""
    arguments = [part for key, flag in (("jobs", "--jobs"),) if key in options for part in (flag, str(options[key]))]
    if options.get("keep_going"):
        arguments.append("--keep-going")
    return {
        "header": header(plan).rstrip("\n"),
        "pipeline": plan.name,
        "doc": plan.doc.strip(),
        "docstring": _docstring(plan, script),
        "spec": one_line(plan.spec),
        "script": script,
        "steps": plan_steps(plan),
        "arguments": arguments,
        "store": plan.version.store,
        "params": [{"name": p.name, "type": p.type, "value": _default(p), "doc": one_line(p.doc)} for p in plan.params],
        "python": plan.python,
        "requirements": plan.requirements,
        "packages": _packages(plan),
        "secrets": _secrets(plan),
        "crontab": _crontab(plan, script),
        "deploys": bool(plan.of(Deploy)),
        "guards": any(guard.asks_table for guard in plan.of(Guard)),
    }


def _default(param: Param) -> str:
    """The value as `--set` takes it."""
    unit = {"duration": "s", "size": "B"}.get(param.type, "") if param.value is not None else ""
    return json.dumps(param.value, ensure_ascii=False) + unit


def _docstring(plan: Plan, script: str) -> str:
    """The script's docstring as source. A spec may hold any text, also what would end a docstring."""
    text = plan.doc.strip() or f"The pipeline {plan.name}."
    usage = f"\n\n    python {script} [--steps | --dry-run | --help]\n"
    if '"""' in text or "\\" in text or not text.replace("\n", "").isprintable():
        return py_literal(text + usage)
    return f'"""{text}{usage}"""'


def _packages(plan: Plan) -> list[str]:
    """What the runtime itself imports for this plan, beside the standard library."""
    programs = [stage.program for stage in plan.of(Stage)]
    duckdb = any(needs_duckdb(node) for node in plan.nodes)
    psycopg = any(needs_psycopg(plan, node) for node in plan.nodes)
    notebooks = any(isinstance(p, Notebook) for p in programs)
    mlflow = any(needs_mlflow(plan, node) for node in plan.nodes)
    drivers = [*(["duckdb"] if duckdb else []), *(["'psycopg[binary]'"] if psycopg else [])]
    drivers += ["mlflow-skinny", "sqlalchemy", "alembic"] if mlflow else []
    lines = {*store_packages(plan), *(line for node in plan.nodes for line in source_packages(node))}
    stores = {line.partition(">")[0] for line in lines}
    return [*drivers, *sorted(stores), *(["papermill", "ipykernel"] if notebooks else [])]


def _secrets(plan: Plan) -> list[str]:
    return sorted({name for node in plan.nodes for name in secrets_of(plan, node)})


def _crontab(plan: Plan, script: str) -> list[str]:
    """Lines for `crontab -e`; HERE and PROJECT are for the reader to replace."""
    lines: list[str] = []
    zone = ""  # that of the lines above: it holds until another is named, and without one cron takes the machine's
    for trigger in plan.of(Trigger):
        for event in trigger.events:
            if event.kind == "schedule":
                if zone != (event.zone or "UTC"):
                    zone = event.zone or "UTC"
                    lines.append(f"CRON_TZ={zone}")
                lines.append(f"{event.cron} cd PROJECT && python HERE/{script} --root . --trigger {trigger.id}")
    return lines


def _print(template: str, values: Mapping[str, Any]) -> str:
    return print_template(_FOLDER, template, values, {"one_line": one_line})


__all__ = ["LocalPython"]
