"""A guard's table of predictions compared with that of the champion, or of the last good run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .baselines import Baseline, table_of
from .bootstrap import Compared, compare
from .call import table_expression
from .context import Context
from .store import safe_id
from .tables import Table


def compare_with(context: Context, guard: Mapping[str, Any], check: Mapping[str, Any], baseline: Baseline) -> Compared:
    """The comparison that a rule asks for. Raises UnknownValueError where the baseline's table is not to be had."""
    subject = guard["subject"]
    theirs, digest = table_of(context, baseline, subject)
    own = context.artifact(subject, reader=guard["id"])["digest"]
    with context.store.workspace(safe_id(guard["id"])) as aside:
        others = {"baseline": table_expression([str(theirs)], guard.get("format"))}
        table = Table(context, context.paths(subject, reader=guard["id"]), guard.get("format"), aside, others)
        try:
            return compare(table.rows, check, f"{own} {digest} {check['text']}")
        finally:
            table.close()
