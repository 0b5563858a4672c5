"""The end of a run: what is missing is accounted for, then `run.json` and `report.html` are written."""

from __future__ import annotations

from typing import Any

from .context import Context
from .digests import value_digest
from .nodes import skipped, stopped_before, write_record
from .page import render_page
from .registry import now
from .surroundings import code_state, machine, origins, packages


def finish(context: Context, *, interrupted: bool = False) -> dict[str, Any]:
    """Writes down the whole run and returns it. Nodes without a record become `skipped`. Can be done again."""
    context.folder.mkdir(parents=True, exist_ok=True)
    nodes: dict[str, dict[str, Any]] = {}
    for node in context.pipeline.nodes:
        record = context.store.record(context.run, node)
        if record is None:
            record = write_record(context, node, skipped("interrupted") if interrupted else _why(context, node, nodes))
        nodes[node] = record
    here = {"machine": machine(), "packages": packages()}
    summary = {
        "format": 1,
        "run": context.run,
        "pipeline": context.pipeline.name,
        "spec": context.pipeline.document["spec"],
        "digest": context.pipeline.document["digest"],
        "plan": _keep_plan(context),
        "profile": context.pipeline.document.get("profile"),
        "state": "failed" if interrupted else _state(nodes),
        "interrupted": interrupted,
        "started": min((r["started"] for r in nodes.values() if "started" in r), default=now()),
        "finished": max((r["finished"] for r in nodes.values() if "finished" in r), default=now()),
        "params": dict(context.params),
        "origins": origins(context),
        "code": code_state(context),
        **here,
        "lock": _lock(context),
        "engine": dict(context.engine),
        "trigger": context.trigger,
        "nodes": {n: _without_what_is_said(record, here) for n, record in nodes.items()},
    }
    context.store.fingerprints.save()
    context.store.write_json(context.folder / "run.json", summary)
    context.store.write_text(context.folder / "report.html", render_page(summary, context.pipeline))
    if context.lineage is not None:  # last: it may take seconds, in which everything may end
        summary["lineage"] = context.lineage.run_finished(summary)
        context.store.write_json(context.folder / "run.json", summary)
    return summary


def _without_what_is_said(record: dict[str, Any], here: dict[str, Any]) -> dict[str, Any]:
    """A record as it stands in `run.json`: surroundings that are the whole run's are said once."""
    return {k: v for k, v in record.items() if k not in here or here[k] != v}


def _lock(context: Context) -> dict[str, Any] | None:
    """The lock file of the environment and its digest, which is in every stage's key."""
    name = context.pipeline.version.get("env_lock")
    if not name or not (context.root / name).is_file():
        return None
    return {"file": name, "digest": context.store.fingerprints.file(context.root / name)}


def _keep_plan(context: Context) -> str:
    """Keeps what the run was told to do, and returns the file's path in the store."""
    document = context.pipeline.document
    path = f"plans/{value_digest(document).partition(':')[2]}.json"
    if not (context.store.folder / path).exists():
        context.store.create_json(context.store.folder / path, document)
    return path


def _why(context: Context, node: str, nodes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Engines that order their tasks themselves never start those that a blocked guard stopped.

    An engine runs all nodes, so one that nothing kept from running and that left no record was killed, or was refused
    before it began. A run that was started here may leave nodes out.
    """
    stopped = stopped_before(context, node)
    if stopped is None and context.engine:
        verdict = {"verdict": "error"} if context.pipeline.nodes[node]["is"] == "guard" else {}
        return {"state": "failed", "reason": _LOST, "seconds": 0.0, **verdict}
    if stopped is None or nodes[stopped["because"]]["reason"] == NO_PART:
        return skipped(NO_PART)
    return stopped


NO_PART = "not part of this run"
_LOST = "its task ended without a record; the engine's log of the task says why"


def _state(nodes: dict[str, dict[str, Any]]) -> str:
    states = {r["state"] for r in nodes.values()}
    return "failed" if "failed" in states else "blocked" if "blocked" in states else "succeeded"
