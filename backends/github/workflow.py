"""The whole workflow of a plan: when it runs, what it may, and its jobs."""

from __future__ import annotations

from typing import Any

from ...compiler.plan import nodes as n
from ..printing import header
from .inputs import dispatch_inputs
from .jobs import node_jobs, report_id, report_job
from .parts import RAN, job_id
from .schedule import github_cron
from .settings import Settings
from .text import comment, dump_workflow


def workflow_text(plan: n.Plan, settings: Settings) -> str:
    head: dict[str, Any] = {"name": plan.name, "on": _events(plan), "permissions": {"contents": "read"}}
    # Two runs of one pipeline would race for what they deploy.
    head["concurrency"] = {"group": f"mlops-{plan.name}", "cancel-in-progress": False}
    jobs = node_jobs(plan, settings)
    comments = {job_id(node.id): _about(node) for node in plan.nodes if isinstance(node, RAN)}
    report = report_id(plan)
    comments[report] = "What became of the run, whatever happened: a summary, and a page to download."
    jobs[report] = report_job(plan, jobs, settings)
    return header(plan) + comment(plan.doc) + dump_workflow(head, jobs, comments)


def _about(node: n.Source | n.Stage | n.Guard | n.Deploy) -> str:
    made = "schema of " if isinstance(node, n.Guard) and node.implicit else ""
    kind = type(node).__name__.lower()
    about = node.subject if made and isinstance(node, n.Guard) else node.id
    return f"{made}{kind if not made else 'source'} {about}, {node.place.file}:{node.place.line}\n{node.doc}"


def _events(plan: n.Plan) -> dict[str, Any]:
    """By hand always; by the clock where a trigger says so."""
    inputs = dispatch_inputs(plan.params)
    events: dict[str, Any] = {"workflow_dispatch": {"inputs": inputs} if inputs else {}}
    schedules = [_schedule(e) for t in plan.of(n.Trigger) for e in t.events if e.kind == "schedule"]
    if schedules:
        events["schedule"] = schedules
    return events


def _schedule(event: n.Event) -> dict[str, str]:
    found = {"cron": github_cron(event.cron or "")}
    if event.zone and event.zone != "UTC":
        found["timezone"] = event.zone
    return found
