"""The jobs of a workflow: one for each source, stage, guard and deploy, and one that reports."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...compiler.plan import nodes as n
from ...compiler.plan.needs import secrets_of_run
from .actions import DOWNLOAD
from .memory import compares, recall, record_deploy, state_step
from .parts import RAN, Job, Ran, job_id, may_be_left_out
from .settings import Settings
from .steps import check_runner, params_env, prepare, requirements_of, run_node, runtime_command, secret_expression
from .transfer import fetch, hand_on, restore, save, upload

# What a job takes besides its program: a runner's set-up, the packages, the transfer of artifacts.
_AROUND_MINUTES = 15


def report_id(plan: n.Plan) -> str:
    return "report" if "report" not in plan.graph else "report-run"


def node_jobs(plan: n.Plan, settings: Settings) -> dict[str, Job]:
    """The job of every node that a run carries out, in plan order."""
    return {job_id(node.id): _node_job(plan, node, settings) for node in plan.nodes if isinstance(node, RAN)}


def _node_job(plan: n.Plan, node: Ran, settings: Settings) -> Job:
    before = [b for b in (plan.node(i) for i in plan.waits_for(node.id)) if isinstance(b, RAN)]
    image = node.image if isinstance(node, n.Stage) and settings.containers else None
    job: Job = {"name": node.id, **_order(plan, node, before)}
    job["runs-on"] = settings.runner(node) if isinstance(node, n.Stage) else settings.runs_on
    if image:
        job["container"] = {"image": image}
    if isinstance(node, n.Deploy):
        if settings.keeps_models:
            job["permissions"] = {"contents": "write"}  # of the branch that remembers what is deployed
        if settings.environment:
            job["environment"] = settings.environment
    job["timeout-minutes"] = _minutes(node, settings)
    if may_be_left_out(node):
        job["outputs"] = {"left_out": "${{ steps.node.outputs.left_out }}"}
    job["steps"] = [
        *prepare(requirements_of(plan, node, settings), settings, image),
        *check_runner(node),
        *recall(node, settings),
        *fetch(before, plan, node, settings),
        *restore(plan, node, settings),
        run_node(plan, node, settings, "python3" if image else "python"),
        *save(plan, node, settings),
        *record_deploy(node, settings),
        *hand_on(node, settings),
    ]
    return job


def _order(plan: n.Plan, node: Ran, before: list[Ran]) -> Job:
    """`needs`, and an `if` where all needs having succeeded is not the whole condition."""
    needs = [job_id(b.id) for b in before]
    # A stage that its `when` left out is no failure, yet what consumes it is left out too.
    conditions = [f"needs.{job_id(b.id)}.outputs.left_out != 'true'" for b in before if may_be_left_out(b)]
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


def _minutes(node: Ran, settings: Settings) -> int:
    if isinstance(node, n.Stage) and node.timeout is not None:
        tries = node.retries.count + 1
        seconds = node.timeout * tries + node.retries.delay * node.retries.count
    elif isinstance(node, n.Deploy) and node.timeout is not None:
        seconds = node.timeout * (2 if node.rollback else 1)
    else:
        return settings.timeout_minutes
    return math.ceil(seconds / 60) + _AROUND_MINUTES


# ------------------------------------------------------------------- report


def report_job(plan: n.Plan, jobs: Mapping[str, Job], settings: Settings) -> Job:
    """Brings the records together, whatever happened, and ends as the run did."""
    where = f"{settings.store}/runs/$GITHUB_RUN_ID"
    summary = f'python {settings.folder}/summary.py "{where}/run.json" >> "$GITHUB_STEP_SUMMARY"'
    finish = runtime_command("python", "finish", settings).rstrip()
    run = f'code=0\n{finish} || code=$?\n{summary}\nexit "$code"\n'
    remembered = any("previous" in compares(node) for node in plan.nodes if isinstance(node, RAN))
    words = ' "run $GITHUB_RUN_ID" "runs/$GITHUB_RUN_ID/*.json"'
    env = params_env(plan) | {name: secret_expression(name) for name in secrets_of_run(plan)}
    pages = f"{settings.run_folder}/report.html\n{settings.run_folder}/run.json\n"
    return {
        "name": "report",
        "if": "always()",
        "needs": list(jobs),
        "runs-on": settings.runs_on,
        "timeout-minutes": _AROUND_MINUTES,
        **({"permissions": {"contents": "write"}} if remembered else {}),  # of the branch that remembers good runs
        "steps": [
            *prepare([], settings),
            {
                "name": "Fetch the records",
                "uses": DOWNLOAD.uses,
                "with": {"pattern": "record-*", "merge-multiple": True, "path": settings.run_folder},
            },
            {"name": "Write the report", **({"env": env} if env else {}), "run": run},
            *([state_step("Remember this run", "push", words, settings)] if remembered else []),
            upload("Keep the report", "report", pages, settings, "always()"),
            {
                # The records know of nodes; what a job does around its node can break as well.
                "name": "Fail where a job did",
                "if": "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')",
                "run": "echo '::error::a job failed outside of its node; see its log'; exit 1",
            },
        ],
    }
