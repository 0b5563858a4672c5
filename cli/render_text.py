"""Diagnostics for people: the line, carets under the smallest text to change, the other places, what to write.

error[E204]: no source or stage named 'flihgts'
  --> delay.mlops:14:13
   |
14 |   inputs = [flihgts]
   |             ^^^^^^^
   |
   = hint: did you mean 'flights'?
"""

from __future__ import annotations

from collections.abc import Iterable

from ..compiler.diagnostics import Diagnostic, Severity
from ..compiler.source import Span
from ..runtime.amounts import counted
from .terminal import Paint, cells, plain, visible, width

_LONGEST = 140  # columns of a shown source line; longer ones are cut around the span
_BEFORE = 50  # columns kept before the span in a line that is cut
_MOST_LINES = 4  # of a span over several lines


def render_diagnostic(diagnostic: Diagnostic, paint: Paint = plain) -> str:
    """Several lines without a newline at the end."""
    role = diagnostic.severity.value
    gutter = _gutter(diagnostic)
    head = paint(f"{role}[{diagnostic.code}]", role) + paint(f": {_one_line(diagnostic.message)}", "strong")
    lines = [head, *_snippet(diagnostic.span, "^", role, gutter, paint)]
    closing = []
    for note in diagnostic.notes:
        if note.span is None:
            closing.append(_remark("note", note.message, gutter, paint))
        else:
            lines.append(paint("note", "note") + f": {_one_line(note.message)}")
            lines += _snippet(note.span, "-", "note", gutter, paint)
    if diagnostic.hint:
        closing.append(_remark("hint", diagnostic.hint, gutter, paint))
    if diagnostic.fix:
        how = "`mlopsc lint --fix` does it" if diagnostic.fix.safe else "not applied by --fix: check it first"
        closing.append(_remark("fix", f"{diagnostic.fix.title} ({how})", gutter, paint))
    return "\n".join(lines + closing)


def render_line(diagnostic: Diagnostic, paint: Paint = plain) -> str:
    """One line: where, what, and the hint."""
    role = diagnostic.severity.value
    line, column = diagnostic.span.source.position(diagnostic.span.start)
    hint = f" ({_one_line(diagnostic.hint)})" if diagnostic.hint else ""
    where = f"{diagnostic.span.source.path}:{line}:{column}"
    return f"{where}: {paint(f'{role}[{diagnostic.code}]', role)}: {_one_line(diagnostic.message)}{hint}"


def render_all(diagnostics: Iterable[Diagnostic], paint: Paint = plain) -> str:
    """All diagnostics with an empty line behind each; empty when there are none."""
    return "".join(render_diagnostic(d, paint) + "\n\n" for d in diagnostics)


def summary(diagnostics: Iterable[Diagnostic], files: int, paint: Paint = plain) -> str:
    """`2 errors and 1 warning in 3 files (1 fixable with --fix)`, or that all is well."""
    found = list(diagnostics)
    checked = counted(files, "file")
    if not found:
        return paint("all good", "good") + f": {checked} checked"
    counts = [
        paint(counted(n, severity.value), severity.value)
        for severity in Severity
        if (n := sum(d.severity is severity for d in found))
    ]
    said = " and ".join([", ".join(counts[:-1]), counts[-1]] if len(counts) > 1 else counts)
    fixable = sum(d.fix is not None and d.fix.safe for d in found)
    return f"{said} in {checked}" + (f" ({fixable} fixable with --fix)" if fixable else "")


def _one_line(message: str) -> str:
    return "".join(visible(c, 0) if c not in "\t" else " " for c in message.replace("\n", " "))


def _remark(word: str, text: str, gutter: int, paint: Paint) -> str:
    first, *rest = text.splitlines() or [""]
    behind = " " * (gutter + 5 + len(word))
    lines = [" " * gutter + paint(" = ", "frame") + paint(word, "strong") + f": {first}"]
    return "\n".join(lines + [f"{behind}{line}" for line in rest])


def _gutter(diagnostic: Diagnostic) -> int:
    spans = [diagnostic.span, *(n.span for n in diagnostic.notes if n.span)]
    return max(len(str(span.source.position(span.end)[0])) for span in spans)


def _snippet(span: Span, mark: str, role: str, gutter: int, paint: Paint) -> list[str]:
    line, column = span.source.position(span.start)
    blank = " " * gutter
    bar = paint("|", "frame")
    lines = [f"{blank}{paint('-->', 'frame')} {span.source.path}:{line}:{column}", f"{blank} {bar}"]
    last = span.source.position(max(span.start, span.end - 1))[0]
    for number in _shown(line, last):
        if number is None:
            lines.append(paint("." * max(gutter, 3), "frame"))
            continue
        text, under = _marked(span, number, mark)
        lines.append(f"{paint(str(number).rjust(gutter), 'frame')} {bar} {text}".rstrip())
        if under:
            lines.append(f"{blank} {bar} {' ' * (len(under) - len(under.lstrip()))}{paint(under.lstrip(), role)}")
    return [*lines, f"{blank} {bar}"]


def _shown(first: int, last: int) -> list[int | None]:
    if last - first < _MOST_LINES:
        return list(range(first, last + 1))
    return [first, first + 1, None, last]


def _marked(span: Span, number: int, mark: str) -> tuple[str, str]:
    """A line as shown, and the marks under the part of the span on it."""
    text = span.source.line(number).rstrip("\r")
    begin = span.source.line_starts[number - 1]
    start, end = max(span.start - begin, 0), min(span.end - begin, len(text))
    if span.start < begin:  # A later line of a long span: its indentation is not part of it.
        start = len(text) - len(text.lstrip())
    before = _spread(text[:start], 0)
    marked = _spread(text[start:end], width(before))
    after = _spread(text[end:], width(before) + width(marked))
    if width(before) + width(marked) + width(after) > _LONGEST:
        before, marked, after = _cut(before, marked, after)
    marks = max(width(marked), 1 if number == span.source.position(span.start)[0] else 0)
    return before + marked + after, " " * width(before) + mark * marks if marks else ""


def _cut(before: str, marked: str, after: str) -> tuple[str, str, str]:
    if width(before) > _BEFORE:
        before = "…" + _last(before, _BEFORE - 1)
    room = _LONGEST - width(before)
    if width(marked) > room:
        return before, _first(marked, room - 1) + "…", ""
    room -= width(marked)
    return before, marked, after if width(after) <= room else _first(after, max(room - 1, 0)) + "…"


def _spread(text: str, column: int) -> str:
    out = []
    for character in text:
        shown = visible(character, column)
        out.append(shown)
        column += sum(map(cells, shown))
    return "".join(out)


def _first(text: str, columns: int) -> str:
    taken = 0
    for i, character in enumerate(text):
        taken += cells(character)
        if taken > columns:
            return text[:i]
    return text


def _last(text: str, columns: int) -> str:
    taken = 0
    for i in range(len(text) - 1, -1, -1):
        taken += cells(text[i])
        if taken > columns:
            return text[i + 1 :]
    return text
