"""W510"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Edit, Fix, Severity, declare
from ...semantics.entity import Entity
from ...semantics.model import Model
from ...semantics.sources import scheme_of
from ...source import Span

MUTABLE_SOURCE = declare(
    "W510", "mutable-source", Severity.WARNING, "Data from elsewhere, and nothing says how its version is known."
)


def remote_sources_have_versions(model: Model, diagnostics: Diagnostics) -> None:
    """A source that others can change says how a change is noticed."""
    for source in model.of("source"):
        if "version" in source.attributes:
            continue
        uri = source.text("uri")
        if uri is not None and scheme_of(uri) is not None:
            message = f"what '{uri}' gives can change, and source '{source.name.text}' has no version"
            hint = 'add version = content (a digest of all bytes), etag, or pinned("sha256:…")'
            span = source.attributes["uri"].value.span
            diagnostics.report(MUTABLE_SOURCE, span, message, hint=hint, fix=_content(source))
        elif "connection" in source.attributes:
            message = f"the rows of a database change, and source '{source.name.text}' has no version"
            hint = "add version = column(updated_at), a column that only grows"
            diagnostics.report(MUTABLE_SOURCE, source.attributes["connection"].value.span, message, hint=hint)


def _content(source: Entity) -> Fix:
    # `content` is the default: to write it changes nothing but what a reader knows.
    uri = source.attributes["uri"].span
    text = uri.source.text
    line_start = text.rfind("\n", 0, uri.start) + 1
    indent = text[line_start : uri.start]
    own_line = not indent.strip() and text[uri.end :].lstrip(" \t").startswith(("\n", "#"))
    added = f"version = content\n{indent}" if own_line else "version = content, "
    return Fix("add version = content", (Edit(Span(uri.source, uri.start, uri.start), added),))
