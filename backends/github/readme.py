"""The README beside a plan: what the files are, and what is left to do by hand."""

from __future__ import annotations

from typing import Any

from ...compiler.plan import nodes as n
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
    for stage in plan.of(n.Stage):
        for _, value in stage.env:
            if isinstance(value, n.Secret) and stage.name not in used.setdefault(value.name, []):
                used[value.name].append(stage.name)
    return [{"name": name, "used": "for " + ", ".join(stages)} for name, stages in used.items()]
