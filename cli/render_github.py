"""Diagnostics as workflow commands, which GitHub shows as annotations on the lines of a pull request."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..compiler.diagnostics import Diagnostic, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_github(diagnostics: Iterable[Diagnostic], workspace: Path | None = None) -> str:
    """One command a line. Paths are relative to the checkout (`GITHUB_WORKSPACE`), which is how GitHub finds them."""
    if workspace is None and (named := os.environ.get("GITHUB_WORKSPACE")):
        workspace = Path(named)
    return "".join(_command(d, workspace) + "\n" for d in diagnostics)


def _command(d: Diagnostic, workspace: Path | None) -> str:
    line, column = d.span.source.position(d.span.start)
    end_line, end_column = d.span.source.position(max(d.span.start, d.span.end - 1))
    properties = {"file": _path(d.span.source.path, workspace), "line": line, "endLine": end_line}
    if line == end_line:  # GitHub refuses columns of an annotation over several lines.
        properties |= {"col": column, "endColumn": end_column}
    properties["title"] = f"{d.code} {d.rule.slug}"
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[d.severity]} {said}::{_message(d)}"


def _message(d: Diagnostic) -> str:
    lines = [d.message]
    for note in d.notes:
        where = f" ({note.span.source.path}:{note.span.line})" if note.span else ""
        lines.append(f"note: {note.message}{where}")
    if d.hint:
        lines.append(f"hint: {d.hint}")
    return _data("\n".join(lines))


def _path(path: str, workspace: Path | None) -> str:
    if workspace is None:
        return path
    try:
        return Path(path).resolve().relative_to(workspace.resolve()).as_posix()
    except ValueError:
        return path


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
