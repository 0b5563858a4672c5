"""`else quarantine`: the rows that break a rule go to a side file, and the others stand in place of the subject.

The guard's record carries an artifact of the subject's name, which every consumer then reads (`Context.artifact`).
Guards on the same subject that come later in the plan wait for this one and judge what it let through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .context import Context
from .databases import DatabaseTable, set_aside_in_database
from .digests import value_digest
from .store import safe_id
from .tables import Table

_NOTHING_LEFT = "every row breaks a rule with 'else quarantine': nothing would go on"


class NothingLeftError(Exception):
    """All rows would be set aside, and an empty table go on."""


def set_aside(
    context: Context, guard: Mapping[str, Any], table: Table | DatabaseTable, conditions: Sequence[str]
) -> dict[str, Any]:
    """Parts the subject's rows; returns what the record says of it. Raises NothingLeftError."""
    if isinstance(table, DatabaseTable):
        found_there = set_aside_in_database(context, guard, table, conditions)
        if found_there is None:
            raise NothingLeftError(_NOTHING_LEFT)
        return found_there
    subject = context.artifact(guard["subject"], reader=guard["id"])
    paths = context.paths(guard["subject"], reader=guard["id"])
    condition = " OR ".join(f"({c})" for c in conditions)
    with context.store.workspace(safe_id(guard["id"])) as workspace:
        side = workspace / f"quarantined{table.suffix}"
        rest = workspace / "kept" / _file_name(paths, table.suffix)
        rest.parent.mkdir()
        rows, kept = table.part(condition, side, rest)
        if kept == 0:
            raise NothingLeftError(_NOTHING_LEFT)
        # A folder stays a folder for the program that reads it.
        whole = rest.parent if len(paths) == 1 and paths[0].is_dir() else rest
        found = {"aside": context.store.put(side), "kept": context.store.put(whole)}
    base = f"runs/{context.run}/{safe_id(guard['id'])}"
    place = f"{base}/kept" if whole is rest.parent else f"{base}/kept/{rest.name}"
    context.store.place(found["kept"].digest, context.store.folder / place)
    context.store.place(found["aside"].digest, context.store.folder / base / side.name)
    # Equal rows and equal rules are equal results: the bytes of a written table may differ by DuckDB's version.
    version = value_digest({"of": subject.get("version", subject["digest"]), "without": list(conditions)})
    artifact = {**found["kept"].plain(), "version": version, "kind": subject["kind"], "file": place, "files": 1}
    return {
        "quarantined": {
            "rows": rows,
            "kept": kept,
            "file": f"{base}/{side.name}",
            "digest": found["aside"].digest,
        },
        "artifacts": {guard["subject"]: artifact},
    }  # fmt: skip


def _file_name(paths: Sequence[Path], suffix: str) -> str:
    return paths[0].name if len(paths) == 1 and not paths[0].is_dir() else f"rows{suffix}"
