"""Diagnostics as JSON, for programs. The shape is stable; what changes it raises `format`.

    {
      "format": 1,
      "tool": {"name": "mlopsc", "version": "0.1.0"},
      "files": 1,
      "counts": {"error": 1, "warning": 0, "note": 0},
      "diagnostics": [{
        "code": "E204", "slug": "unknown-name", "severity": "error", "message": "…", "summary": "…",
        "file": "delay.mlops",
        "range": {"start": {"line": 14, "column": 13, "offset": 301}, "end": {…}},
        "notes": [{"message": "…", "file": "…", "range": {…}}],      # file and range may be missing
        "hint": "did you mean 'flights'?",                           # or null
        "fix": {"title": "…", "safe": true, "edits": [{"file": "…", "range": {…}, "text": "…"}]}   # or null
      }]
    }

Lines and columns count from 1, offsets from 0, all in code points; the end of a range is exclusive.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .. import __version__
from ..compiler.diagnostics import Diagnostic, Fix, Note, Severity
from ..compiler.source import Span

FORMAT = 1


def render_json(diagnostics: Iterable[Diagnostic], files: int) -> str:
    found = list(diagnostics)
    document = {
        "format": FORMAT,
        "tool": {"name": "mlopsc", "version": __version__},
        "files": files,
        "counts": {s.value: sum(d.severity is s for d in found) for s in Severity},
        "diagnostics": [_diagnostic(d) for d in found],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(d: Diagnostic) -> dict[str, Any]:
    return {
        "code": d.code,
        "slug": d.rule.slug,
        "severity": d.severity.value,
        "message": d.message,
        "summary": d.rule.summary,
        **_place(d.span),
        "notes": [_note(n) for n in d.notes],
        "hint": d.hint,
        "fix": _fix(d.fix) if d.fix else None,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"message": note.message, **(_place(note.span) if note.span else {})}


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{**_place(e.span), "text": e.text} for e in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}


def _place(span: Span) -> dict[str, Any]:
    return {"file": span.source.path, "range": {"start": _point(span, span.start), "end": _point(span, span.end)}}


def _point(span: Span, offset: int) -> dict[str, int]:
    line, column = span.source.position(offset)
    return {"line": line, "column": column, "offset": offset}
