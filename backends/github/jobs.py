"""The jobs of a workflow: one for each source, stage, guard and deploy, and one that reports."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Union

from ...compiler.plan import nodes as n
from .actions import CHECKOUT, DOWNLOAD, SETUP_PYTHON, UPLOAD
from .inputs import params_expression
from .settings import RUN, Settings

Job = dict[str, Any]
Step = dict[str, Any]
Ran = Union[n.Source, n.Stage, n.Guard, n.Deploy]
RAN = (n.Source, n.Stage, n.Guard, n.Deploy)

# What a job takes besides its program: a runner's set-up, the packages, the transfer of artifacts.
_AROUND_MINUTES = 15
# The part of a machine's memory that its kernel leaves for programs; a "16 GB" runner shows a little less.
_VISIBLE_MEMORY = 0.95

_SKIPPED = 5  # the runtime's exit code for a node that was not to run


def job_id(node: str) -> str:
    """`train[0]` as a job: `train-0`. Names of the language hold no `-`, so no two fall together."""
    return node.replace("[", "-").replace("]", "")


def report_id(plan: n.Plan) -> str:
    return "report" if "report" not in plan.graph else "report-run"


def node_jobs(plan: n.Plan, settings: Settings) -> dict[str, Job]:
    """The job of every node that a run carries out, in plan order."""
    return {job_id(node.id): _node_job(plan, node, settings) for node in plan.nodes if isinstance(node, RAN)}


def _node_job(plan: n.Plan, node: Ran, settings: Settings) -> Job:
    before = [b for b in (plan.node(i) for i in plan.waits_for(node.id)) if isinstance(b, RAN)]
    image = node.image if isinstance(node, n.Stage) else None
    job: Job = {"name": node.id, **_order(plan, node, before)}
    job["runs-on"] = settings.runner(node) if isinstance(node, n.Stage) else settings.runs_on
    if image:
        job["container"] = {"image": image}
    if isinstance(node, n.Deploy):
        job["permissions"] = {"contents": "write"}  # of the branch that remembers what is deployed
        if settings.environment:
            job["environment"] = settings.environment
    job["timeout-minutes"] = _minutes(node, settings)
    if _may_be_left_out(node):
        job["outputs"] = {"left_out": "${{ steps.node.outputs.left_out }}"}
    job["steps"] = [
        *_prepare(_requirements(node, settings), settings, image),
        *_check_runner(node),
        *_remember(node, settings),
        *_fetch(before, plan, node, settings),
        _run(plan, node, settings, "python3" if image else "python"),
        *_record_deploy(node, settings),
        *_hand_on(node, settings),
    ]
    return job


def _order(plan: n.Plan, node: Ran, before: list[Ran]) -> Job:
    """`needs`, and an `if` where all needs having succeeded is not the whole condition."""
    needs = [job_id(b.id) for b in before]
    # A stage that its `when` left out is no failure, yet what consumes it is left out too.
    conditions = [f"needs.{job_id(b.id)}.outputs.left_out != 'true'" for b in before if _may_be_left_out(b)]
    if turn := _waits_its_turn(plan, node, needs):
        conditions = ["!cancelled()", *(f"needs.{b}.result == 'success'" for b in needs), *conditions]
    order: Job = {"needs": [*needs, *turn]} if needs or turn else {}
    if conditions:
        condition = " && ".join(conditions)
        order["if"] = f"${{{{ {condition} }}}}" if condition.startswith("!") else condition
    return order


def _waits_its_turn(plan: n.Plan, node: Ran, needs: list[str]) -> list[str]:
    """Deploys of one model write one history, so each waits for the one before it, however that ended."""
    if not isinstance(node, n.Deploy):
        return []
    same = [job_id(d.id) for d in plan.of(n.Deploy) if d.model == node.model]
    return [b for b in same[: same.index(job_id(node.id))][-1:] if b not in needs]


def _may_be_left_out(node: Ran) -> bool:
    return isinstance(node, n.Stage) and node.when is not None


def _minutes(node: Ran, settings: Settings) -> int:
    if isinstance(node, n.Stage) and node.timeout is not None:
        tries = node.retries.count + 1
        seconds = node.timeout * tries + node.retries.delay * node.retries.count
    elif isinstance(node, n.Deploy) and node.timeout is not None:
        seconds = node.timeout * (2 if node.rollback else 1)
    else:
        return settings.timeout_minutes
    return math.ceil(seconds / 60) + _AROUND_MINUTES


# ------------------------------------------------------------------- steps


def _prepare(requirements: list[str], settings: Settings, image: str | None = None) -> list[Step]:
    """The repository, Python and the packages. A stage's image brings the last two itself."""
    steps: list[Step] = [{"uses": CHECKOUT.uses, "with": {"persist-credentials": False}}]
    if image:
        return steps
    setup: Step = {"uses": SETUP_PYTHON.uses, "with": {"python-version": settings.python}}
    steps.append(setup)
    if requirements:
        setup["with"] |= {"cache": "pip", "cache-dependency-path": "\n".join(requirements)}
        install = " ".join(f"-r {shlex.quote(r)}" for r in requirements)
        steps.append({"name": "Install the requirements", "run": f"python -m pip install {install}"})
    return steps


def _requirements(node: Ran, settings: Settings) -> list[str]:
    """The requirements files of what the node's program imports: the pipeline's own, and DuckDB for who asks tables."""
    found = [settings.requirements] if settings.requirements and isinstance(node, n.Stage | n.Deploy) else []
    return [*found, settings.duckdb] if needs_duckdb(node) and settings.duckdb not in found else found


def needs_duckdb(node: Ran) -> bool:
    if isinstance(node, n.Stage):
        return isinstance(node.program, n.SqlFile)
    if isinstance(node, n.Source):
        return node.version.startswith("column:")
    return isinstance(node, n.Guard) and bool(node.query)


def brings_duckdb(plan: n.Plan, settings: Settings) -> bool:
    """Whether a requirements file of ours is among the output."""
    return settings.brings_duckdb and any(needs_duckdb(node) for node in plan.nodes if isinstance(node, RAN))


def _check_runner(node: Ran) -> list[Step]:
    """A runner's size is its label's. One that is smaller than the stage asks for is refused, not put up with."""
    if not isinstance(node, n.Stage):
        return []
    lines = []
    if node.resources.cpu is not None:
        lines += ["cpus=$(nproc)", f'[ "$cpus" -ge {math.ceil(node.resources.cpu)} ] || small="$cpus CPUs"']
    if node.resources.memory is not None:
        kib = math.floor(node.resources.memory / 1024 * _VISIBLE_MEMORY)
        lines += [
            "memory=$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo)",
            f'[ "$memory" -ge {kib} ] || small="$memory KiB of memory"',
        ]
    if not lines:
        return []
    complaint = f'echo "::error::stage {node.name} asks for a larger runner than this one, which has $small"'
    lines = ["small=", *lines, f'[ -z "$small" ] || {{ {complaint}; exit 1; }}']
    return [{"name": "Check the size of the runner", "run": "\n".join(lines) + "\n"}]


def _fetch(before: Iterable[Ran], plan: n.Plan, node: Ran, settings: Settings) -> list[Step]:
    """What the node's decision needs of those before it: their records, and the results that it reads."""
    names = [
        results_name(b) if _hands_over(b) and plan.graph.edges[b.id, node.id]["artifacts"] else record_name(b)
        for b in before
    ]
    if not names:
        return []
    what = {"name": names[0]} if len(names) == 1 else {"pattern": f"{{{','.join(names)}}}", "merge-multiple": True}
    return [
        {
            "name": "Fetch what it waits for",
            "uses": DOWNLOAD.uses,
            "with": {**what, "path": settings.run_folder},
        }
    ]


def _remember(node: Ran, settings: Settings) -> list[Step]:
    """What earlier runs have left, for who compares with it or adds to it."""
    if not isinstance(node, n.Deploy) and not compares(node):
        return []
    return [_state("Fetch what earlier runs have left", "fetch", "", settings)]


def _record_deploy(node: Ran, settings: Settings) -> list[Step]:
    if not isinstance(node, n.Deploy):
        return []
    words = f' {shlex.quote(f"{node.id}: ")}"$GITHUB_RUN_ID" registry objects'
    return [_state("Record the deployment", "push", words, settings)]


def _state(name: str, action: str, words: str, settings: Settings) -> Step:
    return {
        "name": name,
        "env": {"GITHUB_TOKEN": "${{ github.token }}"},
        "run": f"sh {settings.folder}/state.sh {action} {shlex.quote(settings.store)} {settings.branch}{words}",
    }


def compares(node: Ran) -> set[str]:
    """Which earlier numbers the node looks at: `champion`, `previous`, or none."""
    conditions: list[n.Condition] = []
    if isinstance(node, n.Guard):
        conditions += [limit.condition for rule in node.rules for limit in rule.limits]
    elif isinstance(node, n.Stage) and node.when is not None:
        conditions.append(node.when)
    scopes = set()
    while conditions:
        condition = conditions.pop()
        if isinstance(condition, n.Op):
            conditions += condition.args
        elif isinstance(condition, n.Ref):
            scopes.add(condition.scope)
    return scopes & {"champion", "previous"}


def needs_state(plan: n.Plan) -> bool:
    """Whether the pipeline has a memory between runs at all."""
    return bool(plan.of(n.Deploy)) or any(compares(node) for node in plan.nodes if isinstance(node, RAN))


def _run(plan: n.Plan, node: Ran, settings: Settings, python: str) -> Step:
    step: Step = {"name": _title(node), "id": "node"}
    if not _may_be_left_out(node):
        del step["id"]
    if env := _params(plan) | {name: _secret(name) for name in _secrets(node)}:
        step["env"] = env
    command = runtime_command(python, f"node {shlex.quote(node.id)} --retry", settings)
    if _may_be_left_out(node):
        command = (
            "code=0\n"
            f"{command.rstrip()} || code=$?\n"
            f'if [ "$code" -eq {_SKIPPED} ]; then\n'
            '  echo "left_out=true" >> "$GITHUB_OUTPUT"\n'
            "  exit 0\n"
            "fi\n"
            'exit "$code"\n'
        )
    step["run"] = command
    return step


def runtime_command(python: str, words: str, settings: Settings) -> str:
    """A call of the runtime that travels with the workflow, as a shell reads it."""
    return (
        f"{python} {settings.folder}/mlops.pyz {words} --root {shlex.quote(settings.root)} \\\n"
        f'  --plan {settings.folder}/plan.json --run "$GITHUB_RUN_ID" --engine github --engine-run "$GITHUB_RUN_ID"\n'
    )


def _params(plan: n.Plan) -> dict[str, str]:
    """Values from outside reach the runtime as data, in its environment and never in the text of a script."""
    return {"MLOPS_PARAMS": params_expression(plan.params)} if plan.params else {}


def _title(node: Ran) -> str:
    kind = type(node).__name__.lower()
    return {"source": "Read the source", "guard": "Judge", "deploy": "Deploy", "stage": "Run the stage"}[kind]


def _secrets(node: Ran) -> list[str]:
    if isinstance(node, n.Stage):
        return list(dict.fromkeys(v.name for _, v in node.env if isinstance(v, n.Secret)))
    return []


def _secret(name: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name)
    key = f"secrets.{name}" if plain else f"secrets['{name.replace(chr(39), chr(39) * 2)}']"
    return f"${{{{ {key} }}}}"


def record_name(node: Ran) -> str:
    return f"record-{job_id(node.id)}"


def results_name(node: Ran) -> str:
    return f"results-{job_id(node.id)}"


def _hands_over(node: Ran) -> bool:
    # Local sources come with the repository.
    return bool(node.outputs) if isinstance(node, n.Stage) else isinstance(node, n.Source) and _is_web(node)


def _is_web(source: n.Source) -> bool:
    return (source.uri or "").startswith(("http://", "https://"))


def _hand_on(node: Ran, settings: Settings) -> list[Step]:
    """The record goes to all who wait, whatever it says; the results only when there are any to trust.

    Both artifacts begin at the folder of the run: two paths, since a single one would itself become the beginning.
    """
    where = f"{settings.run_folder}/{job_id(node.id)}"
    record = f"{where}.json\n{where}.log\n"
    steps = [_upload("Keep the record", record_name(node), record, settings, "always()")]
    if _hands_over(node):
        there = "steps.node.outputs.left_out != 'true'" if _may_be_left_out(node) else None
        steps.append(_upload("Keep the results", results_name(node), f"{record}{where}/\n", settings, there))
    return steps


def _upload(name: str, artifact: str, path: str, settings: Settings, when: str | None) -> Step:
    step: Step = {"name": name}
    if when:
        step["if"] = when
    step["uses"] = UPLOAD.uses
    step["with"] = {
        "name": artifact,
        "path": path,
        "include-hidden-files": True,
        "if-no-files-found": "ignore" if when == "always()" else "error",
        "overwrite": True,  # a second attempt replaces what the first one left
        "retention-days": settings.retention_days,
    }
    return step


# ------------------------------------------------------------------- report


def report_job(plan: n.Plan, jobs: Mapping[str, Job], settings: Settings) -> Job:
    """Brings the records together, whatever happened, and ends as the run did."""
    where = f"{settings.store}/runs/$GITHUB_RUN_ID"
    summary = f'python {settings.folder}/summary.py "{where}/run.json" >> "$GITHUB_STEP_SUMMARY"'
    finish = runtime_command("python", "finish", settings).rstrip()
    run = f'code=0\n{finish} || code=$?\n{summary}\nexit "$code"\n'
    remembered = any("previous" in compares(node) for node in plan.nodes if isinstance(node, RAN))
    words = ' "run $GITHUB_RUN_ID" "runs/$GITHUB_RUN_ID/*.json"'
    pages = f"{settings.run_folder}/report.html\n{settings.run_folder}/run.json\n"
    return {
        "name": "report",
        "if": "always()",
        "needs": list(jobs),
        "runs-on": settings.runs_on,
        "timeout-minutes": _AROUND_MINUTES,
        **({"permissions": {"contents": "write"}} if remembered else {}),  # of the branch that remembers good runs
        "steps": [
            *_prepare([], settings),
            {
                "name": "Fetch the records",
                "uses": DOWNLOAD.uses,
                "with": {"pattern": "record-*", "merge-multiple": True, "path": settings.run_folder},
            },
            {"name": "Write the report", **({"env": env} if (env := _params(plan)) else {}), "run": run},
            *([_state("Remember this run", "push", words, settings)] if remembered else []),
            _upload("Keep the report", "report", pages, settings, "always()"),
            {
                # Without its own failure code a job that broke before its node ran would look like one left out.
                "name": "Fail where a job could not say how it ended",
                "if": "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')",
                "run": "echo '::error::a job ended without a record; see its log'; exit 1",
            },
        ],
    }


__all__ = ["RAN", "RUN", "job_id", "node_jobs", "report_id", "report_job"]
