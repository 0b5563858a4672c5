"""A plan's nodes as Airflow tasks: ids, variables, edges, and what each task is told."""

from __future__ import annotations

import json
import keyword
import math
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...compiler.plan import nodes as n
from ...compiler.plan.needs import secrets_of, secrets_of_run
from ..printing import one_line

TASKS = (n.Source, n.Stage, n.Guard, n.Deploy)

# The runtime ends a program at its timeout and writes a record of it. Airflow's own limit is for when that fails,
# so it comes later: ended by Airflow first, the task would leave no record.
GRACE = 60

# Names of the generated module that a task's variable must not take.
_TAKEN = frozenset(
    {
        *("sys", "datetime", "timedelta", "timezone", "Path"),
        *("HERE", "ENV", "RUN", "NODE", "FINISH"),
        *("DAG", "Param", "TaskGroup", "BashOperator", "TriggerDagRunOperator"),
        *("CronTriggerTimetable", "MultipleCronTriggerTimetable"),
    }
)


@dataclass(frozen=True, slots=True)
class Group:
    """The copies of a `foreach`."""

    name: str
    variable: str


@dataclass(frozen=True, slots=True)
class Task:
    """What the template prints for one node. Times are seconds."""

    node: str
    task_id: str  # within its group
    variable: str
    display: str | None
    group: Group | None
    opens_group: bool
    place: str
    argument: str  # the node's id as a word of a shell
    retries: int
    retry_delay: float
    timeout: float | None
    pool_slots: int
    secrets: tuple[tuple[str, str], ...]
    doc_md: str


class Names:
    """Python variables for ids, none of them taken by anything else in the module."""

    def __init__(self) -> None:
        self._taken = set(_TAKEN)

    def variable(self, name: str) -> str:
        found = re.sub(r"\W", "_", name)
        while found in self._taken or keyword.iskeyword(found):
            found += "_"
        self._taken.add(found)
        return found


def plan_tasks(plan: n.Plan, names: Names, secrets: str) -> tuple[Task, ...]:
    """One task for each node that runs, in plan order. `secrets` is the target's option."""
    groups: dict[str, Group] = {}
    tasks = []
    for node in plan.nodes:
        if not isinstance(node, TASKS):
            continue
        name, _, index = node.id.partition("[")
        copy = f"{name}_{index.rstrip(']')}" if index else name
        opens_group = bool(index) and name not in groups
        if opens_group:
            groups[name] = Group(name, names.variable(name))
        tasks.append(
            Task(
                node=node.id,
                task_id=copy,
                variable=names.variable(copy),
                display=_display(node) if index else None,
                group=groups[name] if index else None,
                opens_group=opens_group,
                place=_place(node.place),
                argument=shlex.quote(node.id),
                doc_md=_task_doc(node),
                **_limits(node),
                secrets=_secrets(plan, node, secrets),
            )
        )
    return tuple(tasks)


def _display(node: n.Node) -> str:
    if isinstance(node, n.Stage) and node.item is not None:
        return f"{node.name}[{node.item.value}]"
    return node.id


def _place(place: n.Place) -> str:
    return one_line(f"{place.file}:{place.line}")


def _limits(node: n.Node) -> Mapping[str, Any]:
    retries, timeout, cpu = n.Retries(0, 0), None, None
    if isinstance(node, n.Stage):
        retries, timeout, cpu = node.retries, node.timeout, node.resources.cpu
    elif isinstance(node, n.Deploy):
        timeout = node.timeout
    return {
        "retries": retries.count,
        "retry_delay": _whole(retries.delay),
        "timeout": None if timeout is None else _whole(timeout + GRACE),
        "pool_slots": math.ceil(cpu) if cpu else 1,
    }


def _whole(seconds: float) -> float | int:
    return int(seconds) if float(seconds).is_integer() else seconds


# -------------------------------------------------------------------- secrets


def secret_names(plan: n.Plan) -> list[str]:
    """The secrets that nodes are given."""
    return sorted({name for node in plan.nodes for name in secrets_of(plan, node)})


def _secrets(plan: n.Plan, node: n.Node, kind: str) -> tuple[tuple[str, str], ...]:
    return _templates(secrets_of(plan, node), kind)


def secrets_of_report(plan: n.Plan, kind: str) -> tuple[tuple[str, str], ...]:
    """What the last task is given, with the templates that fetch it."""
    return _templates(secrets_of_run(plan), kind)


def _templates(names: tuple[str, ...], kind: str) -> tuple[tuple[str, str], ...]:
    # The worker's own environment reaches a task as it is.
    if kind == "environment":
        return ()
    return tuple((name, _secret_template(name, kind)) for name in sorted(names))


def _secret_template(name: str, kind: str) -> str:
    simple = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
    if kind == "connection":
        return f"{{{{ conn.{name}.password }}}}" if simple else f"{{{{ conn.get({_jinja_text(name)}).password }}}}"
    return f"{{{{ var.value.{name} }}}}" if simple else f"{{{{ var.value.get({_jinja_text(name)}) }}}}"


def _jinja_text(text: str) -> str:
    # JSON's escapes mean the same in a Jinja string; braces are escaped so that none of them can end the expression.
    return json.dumps(text).replace("{", "\\u007b").replace("}", "\\u007d").replace("%", "\\u0025")


# ------------------------------------------------------------------ documents


def _about_source(source: n.Source) -> str:
    where = _code(source.uri or source.table or source.id)
    if source.extracts is not None:
        return f"Writes the rows of {where} to a file, once its guards have let them pass."
    if source.dialect is not None:
        return f"Looks whether {where} can be read; its rows stay in the database."
    return f"Takes the digest of {where}."


def _task_doc(node: n.Node) -> str:
    lines = [node.doc] if node.doc else []
    if isinstance(node, n.Stage) and isinstance(node.program, n.Command):
        lines.append(f"Runs {_code(node.program.text)}.")
    elif isinstance(node, n.Stage) and isinstance(node.program, n.PythonCall):
        lines.append(f"Calls {_code(node.program.function)} of {_code(node.program.file)}.")
    elif isinstance(node, n.Stage) and isinstance(node.program, n.Notebook | n.SqlFile):
        lines.append(f"Runs {_code(node.program.file)}.")
    elif isinstance(node, n.Source):
        lines.append(_about_source(node))
    elif isinstance(node, n.Guard):
        kind = "Checks the schema of" if node.implicit else "Guards"
        lines.append(f"{kind} {_code(node.subject)}; nothing that uses it runs where a rule blocks.")
        lines.append("\n".join(f"- {_code(rule.text)}" for rule in node.rules))
    elif isinstance(node, n.Deploy):
        alias = f" and moves {_code(node.alias)} to it" if node.alias else ""
        lines.append(f"Registers {_code(node.model)}{alias}.")
        if node.command:
            lines.append(f"Then runs {_code(node.command.text)}.")
        if node.rollback:
            lines.append(f"Takes back by {_code(node.rollback.text)}.")
    if isinstance(node, n.Stage) and node.resources.memory:
        lines.append(f"Needs {node.resources.memory / 2**30:.3g} GiB of memory.")
    return "\n\n".join(line for line in lines if line)


def _code(text: str) -> str:
    """The text as Markdown code, whatever backticks it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, pad = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{pad}{one_line(text)}{pad}{fence}"


# ---------------------------------------------------------------------- edges


def edge_lines(plan: n.Plan, tasks: tuple[Task, ...]) -> tuple[str, ...]:
    """The plan's edges as Airflow writes them, a line for each task that waits for something."""
    variables = {task.node: task.variable for task in tasks}
    before = _before(plan, tasks)
    return tuple(
        f"{_together(variables[node] for node in before[task.node])} >> {task.variable}"
        for task in tasks
        if before[task.node]
    )


def report_line(plan: n.Plan, tasks: tuple[Task, ...], report: str) -> str:
    """The report starts after every other task has ended.

    To wait for the last tasks is not enough: one is `upstream_failed` as soon as one of those before it failed, while
    others before it still run. A task may be left out only where another waits for it alone.
    """
    alone = {found[0] for found in _before(plan, tasks).values() if len(found) == 1}
    return f"{_together(task.variable for task in tasks if task.node not in alone)} >> {report}"


def _before(plan: n.Plan, tasks: tuple[Task, ...]) -> dict[str, list[str]]:
    """The tasks that each task waits for, in plan order."""
    order = {task.node: i for i, task in enumerate(tasks)}
    return {
        node: sorted((b for b in plan.graph.predecessors(node) if b in order), key=order.__getitem__) for node in order
    }


def _together(variables: Iterable[str]) -> str:
    found = list(variables)
    return found[0] if len(found) == 1 else "[" + ", ".join(found) + "]"
