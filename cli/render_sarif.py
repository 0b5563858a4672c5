"""Diagnostics as SARIF 2.1.0, which code scanning services read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from .. import __version__
from ..compiler.diagnostics import Diagnostic, Fix, Rule, Severity
from ..compiler.source import Span
from .pages import page_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BASE = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    found = list(diagnostics)
    rules = sorted({d.rule for d in found}, key=lambda r: r.code)
    order = {rule.code: i for i, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    driver = {
        "name": "mlopsc",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(r) for r in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder in which mlopsc ran."}}},
        "results": [_result(d, order[d.code], seen) for d in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    page = page_of(rule.code)
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},  # GitHub asks for it, and shows it.
        "help": {"text": page or rule.summary, "markdown": page or rule.summary},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(d: Diagnostic, index: int, seen: Counter[str]) -> dict[str, Any]:
    text = d.message + (f"\n{d.hint}" if d.hint else "")
    result: dict[str, Any] = {
        "ruleId": d.code,
        "ruleIndex": index,
        "level": _LEVELS[d.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(d.span)}],
        "partialFingerprints": {"mlopsc/v1": _fingerprint(d, seen)},
    }
    related = [
        {"id": i, "physicalLocation": _location(note.span), "message": {"text": note.message}}
        for i, note in enumerate((n for n in d.notes if n.span), start=1)
        if note.span
    ]
    if related:
        result["relatedLocations"] = related
    if d.fix:
        result["fixes"] = [_fix(d.fix)]
    return result


def _fingerprint(d: Diagnostic, seen: Counter[str]) -> str:
    """The same for the same mistake when lines move: the text it is about counts, the line number does not."""
    line = d.span.source.line(d.span.line).strip()
    said = "\0".join((d.code, d.span.source.path, d.span.text, line))
    seen[said] += 1
    return sha256(f"{said}\0{seen[said]}".encode("utf-8", "replace")).hexdigest()[:32]


def _fix(fix: Fix) -> dict[str, Any]:
    by_file: dict[str, list[dict[str, Any]]] = {}
    for edit in sorted(fix.edits, key=lambda e: (e.span.source.path, e.span.start)):
        replacement = {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
        by_file.setdefault(edit.span.source.path, []).append(replacement)
    changes = [{"artifactLocation": _artifact(path), "replacements": r} for path, r in by_file.items()]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _location(span: Span) -> dict[str, Any]:
    return {"artifactLocation": _artifact(span.source.path), "region": _region(span)}


def _artifact(path: str) -> dict[str, str]:
    posix = path.replace("\\", "/")
    if posix.startswith("/"):
        return {"uri": "file://" + quote(posix)}
    return {"uri": quote(posix), "uriBaseId": _BASE}


def _region(span: Span) -> dict[str, int]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
