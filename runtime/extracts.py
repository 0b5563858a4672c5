"""The rows of a database source in a file, once in a run and behind every guard on the source.

Guards and the extract have connections of their own, minutes apart and often on other machines, and a database changes
meanwhile. So the extract looks whether its snapshot is the one that a guard judged, and where it is not lets the guard
judge again, in this snapshot: what leaves the database has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context, FailedNodeError
from .databases import DatabaseTable
from .digests import value_digest
from .guards import check_guard
from .pipeline import sets_aside
from .registry import now
from .store import safe_id


def extract(context: Context, source: Mapping[str, Any]) -> dict[str, Any]:
    """The record of the node: the artifact under the name of the source, or that a guard blocks it now."""
    name = source["extracts"]
    table = DatabaseTable(context, source)
    table.judged_again = True
    try:
        blocked = _judged_again(context, name, table)
        if blocked is not None:
            return {"state": "blocked", "reason": blocked}
        return {"artifacts": {name: _artifact(context, source, name, table)}}
    finally:
        table.close()


def _judged_again(context: Context, name: str, table: DatabaseTable) -> str | None:
    """Why the rows may not leave; nothing where every guard lets them. Rows set aside are left out of the table."""
    for guard in context.pipeline.of("guard"):
        if guard["subject"] != name or not guard.get("dialect"):
            continue
        record = context.store.record(context.run, guard["id"]) or {}
        if record.get("snapshot") != table.snapshot:
            record = check_guard(context, guard, table)
            if record["state"] != "succeeded":
                return f"{name} has changed since {guard['id']} let it pass: {record['reason']}"
        table.leave_out(record.get("without") or ())
    return None


def _artifact(context: Context, source: Mapping[str, Any], name: str, table: DatabaseTable) -> dict[str, Any]:
    version: str = source["version"]
    file = f"{safe_id(name)}{table.suffix}"
    place = f"runs/{context.run}/{safe_id(source['id'])}/{file}"
    mark = mark_of(source, table) if version.startswith("column:") else None
    kept = _kept_before(context, mark)
    if kept is None:
        with context.store.workspace(safe_id(source["id"])) as workspace:
            path = workspace / file
            table.write(path)
            kept = context.store.put(path).plain()
        if mark is not None:
            entry = {"key": mark, "node": source["id"], "run": context.run, "at": now(), "outputs": {"rows": kept}}
            context.store.remember(mark, {**entry, "metrics": {}})
    pinned = version.removeprefix("pinned:")
    if pinned != version and pinned != kept["digest"]:
        raise FailedNodeError(f"is pinned to {pinned}, and is now {kept['digest']}")
    context.store.place(kept["digest"], context.store.folder / place)
    found = {**kept, "kind": "table", "file": place, "files": 1}
    return {**found, "version": mark} if mark is not None else found


def foreseen(context: Context, source: Mapping[str, Any]) -> str | None:
    """What would stand for the rows in keys if they were read now. Nothing where only the rows tell, where guards set
    some aside, or where the database cannot be asked."""
    guards = (g for g in context.pipeline.of("guard") if g["subject"] == source["extracts"])
    if not source["version"].startswith("column:") or any(sets_aside(guard) for guard in guards):
        return None
    try:
        table = DatabaseTable(context, source)
    except FailedNodeError:
        return None
    try:
        return mark_of(source, table)
    except FailedNodeError:
        return None
    finally:
        table.close()


def mark_of(source: Mapping[str, Any], table: DatabaseTable) -> str:
    """What stands for the rows in keys: equal marks are equal rows."""
    column = source["version"].removeprefix("column:")
    about = {k: source.get(k) for k in ("connection", "table", "query", "format", "version")}
    types = [[c.name, c.type] for c in table.database.columns]
    return value_digest({**about, "columns": types, "mark": table.mark(column), "rows": table.relation})


def _kept_before(context: Context, mark: str | None) -> dict[str, Any] | None:
    entry = context.store.cached(mark) if mark is not None else None
    return entry["outputs"].get("rows") if entry else None
