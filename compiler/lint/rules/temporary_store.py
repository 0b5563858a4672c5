"""W563"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree

TEMPORARY_STORE = declare("W563", "temporary-store", Severity.WARNING, "A store in a folder that is emptied.")
_EMPTIED = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 - named, not used


def stores_last(model: Model, diagnostics: Diagnostics) -> None:
    """Models, records and results lie where nobody clears up."""
    value = model.version.value("store") if model.version else None
    if not isinstance(value, tree.Text):
        return
    path = value.value.removeprefix("file://").rstrip("/")
    folder = next((f for f in _EMPTIED if path == f or path.startswith(f"{f}/")), None)
    if folder is not None:
        message = f"'{folder}' is emptied by the system, and models, records and aliases with it"
        hint = 'write store = ".mlops", a folder that is kept, or an address such as "s3://bucket/prefix"'
        diagnostics.report(TEMPORARY_STORE, value.span, message, hint=hint)
