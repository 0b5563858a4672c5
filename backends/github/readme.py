"""The README beside a plan: what the files are, and what is left to do by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.plan import nodes as n
from ...compiler.plan.needs import secrets_of
from ..printing import one_line
from .inputs import dispatch_inputs
from .jobs import report_id
from .memory import needs_state
from .settings import Settings
from .steps import brings_duckdb
from .transfer import results_name


def readme_text(plan: n.Plan, settings: Settings) -> str:
    import jinja2

    loader = jinja2.PackageLoader(__package__, ".")
    env = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    first = next(iter(dispatch_inputs(plan.params)), None)
    return env.get_template("readme.md.j2").render(
        name=plan.name,
        spec=one_line(plan.spec),
        folder=settings.folder,
        asks_tables=any(guard.asks_table for guard in plan.of(n.Guard)),
        guards=settings.duckdb if brings_duckdb(plan, settings) else None,
        branch=settings.branch if needs_state(plan) else None,
        keeps_models=settings.keeps_models,
        secrets=_secrets(plan),
        example=f" -f {first}=…" if first else "",
        schedules=[
            {"cron": e.cron, "zone": e.zone or "UTC"}
            for t in plan.of(n.Trigger)
            for e in t.events
            if e.kind == "schedule"
        ],
        report=report_id(plan),
        parting=[{"id": g.id, "artifact": results_name(g)} for g in plan.of(n.Guard) if g.sets_aside],
        days=settings.retention_days,
    )


def _secrets(plan: n.Plan) -> list[dict[str, Any]]:
    """Each secret once, with the stages that get it."""
    used: dict[str, list[str]] = {}
    for node in plan.nodes:
        name = node.name if isinstance(node, n.Stage) else node.id
        for secret in secrets_of(plan, node):
            if name not in used.setdefault(secret, []):
                used[secret].append(name)
    return [{"name": name, "used": "for " + ", ".join(stages)} for name, stages in used.items()]
