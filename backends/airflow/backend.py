"""The Airflow target: a DAG of BashOperators, one task a node, and beside it the runtime and the project's files.

    dags/<pipeline>.py                the DAG
    dags/<pipeline>/plan.json         what the runtime reads
    dags/<pipeline>/guards/*.sql      what each guard asks of its table
    dags/<pipeline>/mlops.pyz         the runtime
    dags/<pipeline>/project/…         the files that the stages run
    dags/<pipeline>/.airflowignore    keeps Airflow from looking for DAGs among them
    requirements.txt                  for Airflow
    requirements-stages.txt           for the Python that runs the stages, where the runtime needs more than itself

Airflow orders, retries, schedules and gates; a task calls the runtime for its node. The state of a run is that of
its last task, which fails when a stage failed or a guard blocked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ...compiler.features import Feature
from ...compiler.plan.document import plan_json
from ...compiler.plan.needs import (
    MLFLOW,
    PSYCOPG,
    needs_duckdb,
    needs_mlflow,
    needs_psycopg,
    source_packages,
    store_packages,
)
from ...compiler.plan.nodes import Guard, Notebook, Plan, Stage
from ..base import OutputFile, Support
from ..guard_sql import guard_files
from ..printing import WIDTH, header, one_line, print_template, py_literal
from .capabilities import CAPABILITIES
from .params import airflow_param
from .schedule import Schedules, schedule_problems, schedules
from .tasks import Names, Task, edge_lines, plan_tasks, report_line, secret_names, secrets_of_report

_FOLDER = Path(__file__).parent
_LONGEST_TAG = 100
_LONGEST_ID = 250

# Two DAGs may share a store, and their runs may have one id. A run's name is a folder's, and many programs trip over a
# ':' in a path; no id of Airflow holds an '@', so no two ids fall together.
_RUN = "{{ dag.dag_id }}--{{ run_id | replace(':', '@') | replace('~', '@@') }}"

_IGNORE = """\
# Nothing in this folder is a DAG. The pattern matches every name, read as a glob and as a regular expression alike.
[!~]*
"""


class Airflow:
    """Emits for Airflow 3, and for 2.11 by the option `version`."""

    name: ClassVar[str] = "airflow"
    summary: ClassVar[str] = "an Airflow DAG, with the runtime and the project's files beside it"
    capabilities: ClassVar[Mapping[Feature, Support]] = CAPABILITIES
    options: ClassVar[Mapping[str, Any]] = json.loads((_FOLDER / "options.schema.json").read_text("utf-8"))

    def problems(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[str]:
        """What of the plan Airflow cannot honour, although it has schedules, params and tags."""
        yield from schedule_problems(plan)
        if plan.version.require_clean and "project" not in options:
            yield "only a checkout can tell whether code is a clean commit: name one by the option 'project'"
        for tag in (tag for tag in plan.tags if len(tag) > _LONGEST_TAG):
            yield f"the tag '{tag}' is longer than the {_LONGEST_TAG} characters that Airflow keeps"
        ids = [node.id if "[" not in node.id else f"{node.id.partition('[')[0]}.{node.id}" for node in plan.nodes]
        for name in (name for name in (options.get("dag_id", plan.name), *ids) if len(name) > _LONGEST_ID):
            yield f"'{name[:20]}…' has {len(name)} characters, and Airflow takes {_LONGEST_ID} in an id"

    def emit(self, plan: Plan, options: Mapping[str, Any]) -> Iterable[OutputFile]:
        from ..archive import runtime_archive

        folder = f"dags/{plan.name}"
        values = _values(plan, options)
        yield OutputFile.of_text(f"{folder}.py", _print("dag.py.j2", values))
        yield OutputFile.of_text(f"{folder}/plan.json", plan_json(plan))
        yield OutputFile(f"{folder}/mlops.pyz", runtime_archive())
        yield from guard_files(plan, f"{folder}/")
        yield OutputFile.of_text(f"{folder}/.airflowignore", _IGNORE)
        if "project" not in options:
            for file in plan.project:
                yield OutputFile.of_text(f"{folder}/project/{file.path}", file.text)
        yield _requirements(plan, "requirements.txt", values["needs_airflow"])
        if values["needs_stages"]:
            yield _requirements(plan, "requirements-stages.txt", values["needs_stages"])
        yield OutputFile.of_text("README.md", _print("README.md.j2", values))


def _values(plan: Plan, options: Mapping[str, Any]) -> dict[str, Any]:
    """All that the templates print."""
    airflow3 = options.get("version", "3") == "3"
    dag_id = options.get("dag_id", plan.name)
    names = Names()
    secrets = options.get("secrets", "variable")
    tasks = plan_tasks(plan, names, secrets)
    table = schedules(plan, several_in_one=airflow3)
    report = _free("report", {task.node.partition("[")[0] for task in tasks})
    report_variable = names.variable(report)
    return {
        "header": header(plan).rstrip("\n"),
        "spec": one_line(plan.spec),
        "pipeline": plan.name,
        "airflow3": airflow3,
        "imports": _imports(plan, tasks, table, airflow3=airflow3),
        "dag_id": dag_id,
        "description": one_line(plan.doc) or f"The pipeline {plan.name}.",
        # Airflow takes a text that ends in .md for the path of a file; this one ends in a full stop.
        "doc_md": "\n\n".join([*([plan.doc] if plan.doc else []), _made_from(plan)]),
        "schedule": table.own,
        "start_date": not airflow3,
        "tags": list(dict.fromkeys((*plan.tags, *options.get("tags", ())))),
        "params": [airflow_param(param) for param in plan.params],
        "default_args": _default_args(plan, options),
        "max_active_tasks": options.get("max_active_tasks"),
        "python": options.get("python"),
        "project": options.get("project"),
        "store": options.get("store"),
        "store_in_plan": plan.version.store,
        "run_template": _RUN,
        "tasks": tasks,
        "report": {"task_id": report, "variable": report_variable, "secrets": secrets_of_report(plan, secrets)},
        "edges": [*edge_lines(plan, tasks), *([report_line(plan, tasks, report_variable)] if tasks else [])],
        "more_schedules": [
            {"dag_id": f"{dag_id}__schedule_{i}", "schedule": source} for i, source in enumerate(table.others, 2)
        ],
        "guards": any(guard.asks_table for guard in plan.of(Guard)),
        "pool": options.get("pool"),
        "slots": max((task.pool_slots for task in tasks), default=1),
        "secrets": secrets,
        "secret_names": secret_names(plan),
        "needs_airflow": [
            "apache-airflow>=3.0,<4" if airflow3 else "apache-airflow>=2.11,<3",
            "apache-airflow-providers-standard>=1.0",
        ],
        "needs_stages": list(_needs_of_stages(plan)),
        "own_requirements": _own_requirements(plan, options.get("project")),
        "python_wanted": plan.python,
    }


def _default_args(plan: Plan, options: Mapping[str, Any]) -> dict[str, Any]:
    given = {"owner": plan.owner, "pool": options.get("pool"), "queue": options.get("queue")}
    return {key: value for key, value in given.items() if value is not None}


def _made_from(plan: Plan) -> str:
    profile = f", profile {one_line(plan.profile)}" if plan.profile else ""
    digest = plan.digest.removeprefix("sha256:")[:12]
    return f"Made by mlopsc from {one_line(plan.spec)}{profile}; the spec's sha256 is {digest}."


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _imports(plan: Plan, tasks: tuple[Task, ...], table: Schedules, *, airflow3: bool) -> dict[str, Any]:
    groups = any(task.group for task in tasks)
    operators = ["from airflow.providers.standard.operators.bash import BashOperator"]
    if table.others:
        operators.append("from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator")
    if airflow3:
        names = ["DAG", *table.timetables, *(["Param"] if plan.params else []), *(["TaskGroup"] if groups else [])]
        lines = [*operators, f"from airflow.sdk import {', '.join(names)}"]
    else:
        lines = ["from airflow import DAG"]
        lines += ["from airflow.models.param import Param"] if plan.params else []
        lines += operators
        if table.timetables:
            lines.append(f"from airflow.timetables.trigger import {', '.join(table.timetables)}")
        lines += ["from airflow.utils.task_group import TaskGroup"] if groups else []
    # Airflow 2 wants a start date of every DAG.
    dates = [] if airflow3 else ["datetime"]
    if any(task.retries or task.timeout is not None for task in tasks):
        dates.append("timedelta")
    return {"airflow": lines, "datetime": ", ".join([*dates, *([] if airflow3 else ["timezone"])])}


def _needs_of_stages(plan: Plan) -> Iterable[str]:
    """What the runtime imports to carry out this plan's nodes."""
    programs = [stage.program for stage in plan.of(Stage)]
    if any(needs_duckdb(node) for node in plan.nodes):
        yield "duckdb>=1.2,<2"
    if any(needs_psycopg(plan, node) for node in plan.nodes):
        yield PSYCOPG
    yield from sorted({*store_packages(plan), *(line for node in plan.nodes for line in source_packages(node))})
    if any(needs_mlflow(plan, node) for node in plan.nodes):
        yield from MLFLOW
    if any(isinstance(program, Notebook) for program in programs):
        yield from ("papermill>=2.5,<3", "ipykernel>=6,<8")


def _own_requirements(plan: Plan, project: str | None) -> str | None:
    """Where the user's requirements file is once it is deployed; it may pin hashes, so it is installed by itself."""
    if plan.requirements is None or all(file.path != plan.requirements for file in plan.project):
        return None
    return f"{project or f'dags/{plan.name}/project'}/{plan.requirements}"


def _requirements(plan: Plan, path: str, lines: Iterable[str]) -> OutputFile:
    return OutputFile.of_text(path, header(plan) + "".join(f"{line}\n" for line in lines))


def _text_literal(text: str, indent: int) -> str:
    """A text that does not fit on a line as one string for each of its lines, in parentheses."""
    flat, lines = py_literal(text), text.splitlines(keepends=True)
    if len(lines) < 2 or len(flat) + indent <= WIDTH - len("doc_md="):
        return flat
    pad = " " * indent
    return "(\n" + "".join(f"{pad}    {py_literal(line)}\n" for line in lines) + f"{pad})"


def _print(template: str, values: Mapping[str, Any]) -> str:
    return print_template(_FOLDER, template, values, {"py_text": _text_literal})
