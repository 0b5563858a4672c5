"""Findings that a comment allows: `# mlopsc: allow no-seed until 2026-12-31: the data is shuffled upstream`.

The comment stands behind the line of the finding, or on a line of its own above it. It names codes or slugs, the day on
which it ends, and a reason. Past that day it hides nothing and is itself reported; so is one that hides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ..diagnostics import RULES, Diagnostic, Diagnostics, Edit, Fix, Severity, declare, did_you_mean
from ..source import Span
from ..syntax import tree
from .config import lint_rules

EXPIRED = declare(
    "W590", "expired-suppression", Severity.WARNING, "A comment allows a finding, and its last day is over."
)
UNUSED = declare("W591", "unused-suppression", Severity.WARNING, "A comment allows a finding that is not there.")
BAD = declare(
    "W592", "bad-suppression", Severity.WARNING, "A comment begins with `mlopsc:` and does not say what it must."
)
_ALLOW = re.compile(
    r"#+\s*mlopsc:\s*allow\s+(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)\s+until\s+(?P<day>[\d-]+)\s*:\s*(?P<reason>\S.*)"
)
_BEGINS = re.compile(r"#+\s*mlopsc\s*:")
_FORM = "write: # mlopsc: allow W551 until 2026-12-31: the reason"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment: the codes it allows on one line, until a day."""

    codes: frozenset[str]
    line: int
    until: date
    day: Span
    comment: tree.Comment


def suppress(found: Diagnostics, files: tuple[tree.File, ...], today: date, off: frozenset[str]) -> Diagnostics:
    """What is left of the findings of lint, with what is wrong about the comments. `off`: codes that are not asked."""
    result = Diagnostics()
    comments = [s for file in files for s in _read(file, result)]
    valid = [s for s in comments if s.until >= today]
    used: set[int] = set()
    for diagnostic in found:
        hiding = [s for s in valid if _hides(s, diagnostic)]
        used.update(id(s) for s in hiding)
        if not hiding:
            result.add(diagnostic)
    for suppression in comments:
        if suppression.until < today:
            message = f"this was allowed until {suppression.until.isoformat()}"
            result.report(EXPIRED, suppression.day, message, hint="mend what it allows, or give it a new day")
        elif id(suppression) not in used and not suppression.codes <= off:
            names = ", ".join(sorted(suppression.codes))
            fix = Fix("take the comment out", (Edit(_whole(suppression.comment), ""),))
            message = f"there is no {names} here to allow"
            result.report(UNUSED, suppression.comment.span, message, hint="take the comment out", fix=fix)
    return result


def _hides(suppression: Suppression, diagnostic: Diagnostic) -> bool:
    return (
        diagnostic.code in suppression.codes
        and diagnostic.span.source is suppression.comment.span.source
        and diagnostic.span.line == suppression.line
    )


def _whole(comment: tree.Comment) -> Span:
    """The comment with the blanks before it, and its line where it has one of its own."""
    text = comment.span.source.text
    start = len(text[: comment.span.start].rstrip(" \t"))
    end = comment.span.end
    return Span(comment.span.source, start, end + 1 if comment.own_line and end < len(text) else end)


def _read(file: tree.File, result: Diagnostics) -> Iterator[Suppression]:
    by_slug = {r.slug: r.code for r in lint_rules()}
    own_lines = {c.span.line for c in file.comments if c.own_line}
    for comment in file.comments:
        text = comment.span.text
        if not _BEGINS.match(text):
            continue
        match = _ALLOW.match(text)
        if match is None:
            result.report(BAD, comment.span, _lacking(text), hint=_FORM)
            continue
        day = Span(comment.span.source, comment.span.start + match.start("day"), comment.span.start + match.end("day"))
        until = _date(match["day"])
        if until is None:
            result.report(BAD, day, f"'{match['day']}' is no day", hint=_FORM)
            continue
        codes = set()
        for name in re.finditer(r"[\w-]+", match["names"]):
            code = by_slug.get(name.group(), name.group())
            if RULES.get(code) is None or not code.startswith("W5"):
                at = comment.span.start + match.start("names") + name.start()
                span = Span(comment.span.source, at, at + len(name.group()))
                _unknown(name.group(), span, by_slug, result)
            else:
                codes.add(code)
        if codes:
            line = comment.span.line
            while comment.own_line and line in own_lines:
                line += 1
            yield Suppression(frozenset(codes), line, until, day, comment)


def _unknown(name: str, span: Span, by_slug: dict[str, str], result: Diagnostics) -> None:
    if name in RULES or any(r.slug == name for r in RULES.values()):
        result.report(BAD, span, f"'{name}' is an error, and errors cannot be allowed", hint="mend it")
        return
    hint = did_you_mean(name, [*by_slug, *by_slug.values()])
    result.report(BAD, span, f"'{name}' is no lint rule", hint=hint)


def _lacking(text: str) -> str:
    if not re.search(r"\ballow\b", text):
        return "the only thing a comment can tell mlopsc is what to allow"
    if not re.search(r"\buntil\b", text):
        return "what is allowed is allowed until a day"
    if not re.search(r"until\s+[\d-]+\s*:\s*\S", text):
        return "what is allowed is allowed for a reason"
    return "this says not what is allowed"


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
