"""One node of a run: whether it may go, what it does, and the record of it, which is written last."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .changes import note_let_pass
from .context import LETS_PASS, Context, FailedNodeError, version_of
from .deploys import run_deploy
from .events import BLOCKED, DONE, FAILED, NOT_RUN, system_reason
from .extracts import extract
from .guards import check_guard, decide
from .registry import now
from .sources import read_source, require_as_read
from .stages import run_stage

RECORD = 1  # the version of the records' format


def run_node(context: Context, node: str, *, retry: bool = True) -> dict[str, Any]:
    """Runs a node whose predecessors have their records, and returns its own."""
    started, begun = now(), time.monotonic()
    described = context.pipeline.nodes[node]
    context.folder.mkdir(parents=True, exist_ok=True)
    # An engine may run a node again. Killed now, it must not leave what it said before as if that still held.
    context.store.drop_record(context.run, node)
    try:
        found = stopped_before(context, node) or _left_out(context, described) or _run(context, described, retry)
    except (FailedNodeError, OSError) as e:
        found = {"state": "failed", "reason": system_reason(e) if isinstance(e, OSError) else str(e)}
        if isinstance(e, FailedNodeError) and e.detail:
            found["detail"] = e.detail
        if described["is"] == "guard":
            found.update(verdict="error", subject=described["subject"])
    timing = {"started": started, "finished": now(), "seconds": round(time.monotonic() - begun, 3)}
    return write_record(context, node, {**timing, **found})


def write_record(context: Context, node: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Completes a record, writes it and tells the listener."""
    described = context.pipeline.nodes[node]
    record = {
        "format": RECORD,
        "node": node,
        "kind": described["is"],
        "run": context.run,
        "state": "succeeded",
        "reason": None,
        **found,
        "doc": described.get("doc", ""),
        "place": described.get("place"),
    }
    if described["is"] == "guard":
        record.setdefault("verdict", "not_run")
        record["implicit"] = described.get("implicit", False)
    if context.log_path(node).is_file():
        record["log"] = context.log_path(node).name
    if context.engine:
        record["engine"] = dict(context.engine)
    if context.engine:  # a process of its own; a run here keeps them at its end
        context.store.fingerprints.save()
    context.store.share(_named(record))
    context.store.write_json(context.store.record_path(context.run, node), record)
    if context.lineage is not None:
        context.lineage.node_finished(record)
    context.tell("node_finished", node=node, state=record["state"], reason=record["reason"], record=record)
    return record


def _named(record: Mapping[str, Any]) -> list[str]:
    """The objects that a record names: others who read it may ask for them."""
    kept = [a["digest"] for a in (record.get("artifacts") or {}).values() if "file" in a]
    aside = (record.get("quarantined") or {}).get("digest")
    return [*kept, aside] if aside else kept


def skipped(reason: str, because: str | None = None) -> dict[str, Any]:
    """The record of a node that was not reached. `because` names the node that stopped it."""
    return {"state": "skipped", "reason": reason, "because": because, "seconds": 0.0}


def stopped_before(context: Context, node: str) -> dict[str, Any] | None:
    """What the record of a node says that something before it keeps from running; nothing where all let it pass."""
    for before in context.pipeline.waits_for(node):
        record = context.store.record(context.run, before)
        if record is None:
            return skipped(f"{before} has not run", before)
        if record["state"] not in LETS_PASS:
            return skipped(f"{before} {_PAST[record['state']]}", record.get("because") or before)
        if record["kind"] == "guard" and _judged_another(context, before, record):
            return skipped(f"{before} has judged another {record['subject']} than there is now: run it again", before)
    return None


def _judged_another(context: Context, guard: str, record: Mapping[str, Any]) -> bool:
    """Whether what a guard let pass was made anew since, as when an engine is told to run a single node again."""
    try:
        now_there = context.artifact(record["subject"], reader=guard)
    except FailedNodeError:
        return False  # it is not here, so nothing here reads it
    return "judged" in record and record["judged"] != version_of(now_there)


def _left_out(context: Context, node: Mapping[str, Any]) -> dict[str, Any] | None:
    if node["is"] == "stage" and node.get("when") and not decide(node["when"], context):
        return skipped("when", node["id"])
    return None


_PAST = {"failed": "failed", "blocked": "blocked", "skipped": "was skipped"}


def _run(context: Context, node: Mapping[str, Any], retry: bool) -> dict[str, Any]:
    kind = node["is"]
    if context.lineage is not None:
        context.lineage.node_started(node)
    if kind == "stage":
        return run_stage(context, node, retry=retry)
    context.tell("node_started", node=node["id"], attempt=1)
    if kind == "source" and node.get("extracts"):
        return extract(context, node)
    if kind == "source":
        return {"artifacts": {node["id"]: read_source(context, node)}}
    if kind == "guard":
        found = check_guard(context, node)
        if found.get("verdict") != "error":  # a verdict must belong to the data that the run has read
            others = (a for table in node.get("tables", ()) for a in table["artifacts"])
            require_as_read(context, {node["subject"], *others}, node["id"])
        return note_let_pass(context, node, found)
    return run_deploy(context, node)


def exit_code(record: Mapping[str, Any]) -> int:
    """The exit code of `node`, by its record."""
    return {"blocked": BLOCKED, "failed": FAILED, "skipped": NOT_RUN}.get(record["state"], DONE)
