"""W516"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree

VERSION_BY_TIME = declare(
    "W516", "version-by-time", Severity.NOTE, "A source whose version is the time at which it was written."
)


def versions_are_of_what_is_there(model: Model, diagnostics: Diagnostics) -> None:
    """A version comes from the data: the time of a file is another on every machine, and can be set."""
    for source in model.of("source"):
        value = source.value("version")
        if isinstance(value, tree.Path) and value.text == "mtime":
            message = f"a copy of source '{source.name.text}' is another version, and an edit may be none"
            hint = "write version = content; digests of files that have not changed are remembered"
            diagnostics.report(VERSION_BY_TIME, value.span, message, hint=hint)
