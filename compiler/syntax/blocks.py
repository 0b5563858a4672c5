"""Cuts a file into its items without a grammar, so that a mistake in one leaves the others whole.

One pass over the text knows only comments, texts and brackets. An item ends at a newline outside all brackets. Where
brackets do not balance, a second pass also begins an item at every line that starts, unindented, with the keyword
of a declaration: specs are written that way, and a lost brace then costs one item and not the rest of the file. What
such an item leaves behind (its last brace, its last statements) is a stray: the mistake has been told already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..diagnostics import Diagnostics, Note, Rule
from ..source import Source, Span
from . import rules
from .tree import Comment

KEYWORDS = (
    *("mlops", "import", "pipeline", "param", "source", "version", "stage", "guard", "apply", "deploy", "monitor"),
    *("trigger", "notify", "profile", "target", "test", "relaxed"),
)
WITHOUT_BODY = ("mlops", "import", "param", "apply", "relaxed")
MAX_DEPTH = 64
NOTHING_OPEN = "take it out, or open it before"
_LONGEST_HEADER = 4000
# Some editors begin a file with it; it means nothing.
_BYTE_ORDER_MARK = "\ufeff"

_PIECE = re.compile(
    r'(?P<text>"(?:\\.|[^"\\\n])*"?)|(?P<comment>#[^\n]*)|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<line>\n)'
)
_HEAD = re.compile(rf"(?:{'|'.join(KEYWORDS)})\b[ \t]*(?![=:.(])")
_WITH_BODY = re.compile(rf"(?:{'|'.join(k for k in KEYWORDS if k not in WITHOUT_BODY)})\b[ \t]*(?![=:.])")
_BODY_FOLLOWS = re.compile(r"\s*\{|[ \t]+(?!\s|#)")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one item, still unread. A broken one has been reported already.

    A stray is what no declaration begins: if the item before it is broken too, both are one mistake.
    """

    span: Span
    broken: bool
    stray: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A file in pieces."""

    chunks: tuple[Chunk, ...]
    comments: tuple[Comment, ...]


def cut(source: Source, diagnostics: Diagnostics) -> Cut:
    """The items of a file and its comments. Reports brackets and texts that are not closed."""
    scan = _Scan(source, Diagnostics(), by_heads=False)
    scan.run()
    if scan.unbalanced or len(scan.diagnostics):
        scan = _Scan(source, diagnostics, by_heads=True)
        scan.run()
    return Cut(tuple(scan.chunks), tuple(scan.comments))


class _Scan:
    def __init__(self, source: Source, diagnostics: Diagnostics, *, by_heads: bool) -> None:
        self.source, self.diagnostics, self.by_heads = source, diagnostics, by_heads
        self.chunks: list[Chunk] = []
        self.comments: list[Comment] = []
        self.stack: list[int] = []
        self.start: int | None = None
        self.broken = self.stray = self.unbalanced = False

    def run(self) -> None:
        text = self.source.text
        position = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
        for piece in _PIECE.finditer(text):
            self._between(position, piece.start())
            position = piece.end()
            self._piece(piece)
        self._between(position, len(text))
        self._end(len(text))

    def _between(self, start: int, end: int) -> None:
        """Plain text: it begins an item where none is open."""
        if self.start is None and not self.source.text[start:end].isspace() and start < end:
            blank = self.source.text[start:end]
            self.start = start + len(blank) - len(blank.lstrip())
            line = self.source.text.rfind("\n", 0, self.start) + 1
            indented = line < self.start
            self.stray = self.by_heads and indented and not _HEAD.match(self.source.text, self.start)

    def _piece(self, piece: re.Match[str]) -> None:
        kind, start = piece.lastgroup, piece.start()
        if kind == "comment":
            self._comment(piece)
            return
        if kind == "line":
            at_head = self.by_heads and _HEAD.match(self.source.text, piece.end())
            # Below a header without its brace stands its body: one mistake, told there.
            body = _BODY_FOLLOWS.match(self.source.text, piece.end()) and self._lacks_brace(start)
            if at_head or not (self.stack or body):
                self._end(start)
            return
        if self.start is None:
            self.start = start
        if kind == "text":
            if len(piece.group()) < 2 or not piece.group().endswith('"') or _odd_backslash(piece.group()):
                self._unclosed_text(piece)
        elif kind == "open":
            self.stack.append(start)
            if len(self.stack) == MAX_DEPTH:
                self._report(rules.TOO_DEEP, start, f"brackets are nested {MAX_DEPTH} deep", "")
        else:
            self._close(piece)

    def _lacks_brace(self, end: int) -> bool:
        """Whether the item, up to `end`, is the header of a body whose brace is missing."""
        if self.start is None or end - self.start > _LONGEST_HEADER:
            return False
        header = self.source.text[self.start : end]
        return bool(_WITH_BODY.match(header)) and "{" not in _PIECE.sub(_without_words, header)

    def _close(self, piece: re.Match[str]) -> None:
        mark = piece.group()
        matches = any(_CLOSERS[self.source.text[opened]] == mark for opened in self.stack)
        mistyped = self.stack and mark in ")]" and self.source.text[self.stack[-1]] in "(["
        if not matches and not mistyped:
            self._closes_nothing(piece.start())
            return
        opened = self.stack[-1]
        wanted = _CLOSERS[self.source.text[opened]]
        if wanted == mark:
            self.stack.pop()
            return
        text = self.source.text
        left = text[opened]
        if "\n" in text[opened : piece.start()]:
            self._report(rules.UNCLOSED, opened, f"'{left}' is never closed", f"write '{wanted}' where it ends")
        else:
            message = f"'{mark}' stands where '{wanted}' is wanted"
            opening = Note("it was opened here", Span(self.source, opened, opened + 1))
            self._report(rules.UNCLOSED, piece.start(), message, f"close '{left}' with '{wanted}' first", opening)
        # The rest of the item cannot be matched: what was open inside is forgotten.
        while _CLOSERS[text[self.stack.pop()]] != mark and matches:
            pass

    def _closes_nothing(self, at: int) -> None:
        text = self.source.text
        if self.start == at or self.stray:
            self.stray = self.unbalanced = True
        elif text[at] == "}" and "\n" in text[self.start : at] and self._lacks_brace(at):
            line = text[self.start : text.index("\n", self.start)].split("#")[0].rstrip()
            last = (self.start or 0) + len(line) - 1
            self._report(rules.UNCLOSED, last, "the line ends where '{' is wanted", "write '{' at the end of this line")
        else:
            self._report(rules.UNCLOSED, at, f"'{text[at]}' closes nothing", NOTHING_OPEN)

    def _unclosed_text(self, piece: re.Match[str]) -> None:
        self._report(
            rules.UNCLOSED_TEXT, piece.start(), "a text without a closing quote", "end it with '\"' on the same line"
        )

    def _report(self, rule: Rule, at: int, message: str, hint: str, *notes: Note) -> None:
        if not self.broken:
            self.diagnostics.report(rule, Span(self.source, at, at + 1), message, notes=notes, hint=hint or None)
        self.broken = True

    def _comment(self, piece: re.Match[str]) -> None:
        text = piece.group()
        doc = text.startswith("##")
        line_start = self.source.text.rfind("\n", 0, piece.start()) + 1
        own_line = not self.source.text[line_start : piece.start()].strip().strip(_BYTE_ORDER_MARK)
        span = Span(self.source, piece.start(), piece.end())
        self.comments.append(Comment(text[2 if doc else 1 :].strip(), span, doc, own_line))

    def _end(self, end: int) -> None:
        if self.start is not None:
            if self.stack:
                opened = self.stack[0]
                mark = self.source.text[opened]
                self._report(
                    rules.UNCLOSED, opened, f"'{mark}' is never closed", f"write '{_CLOSERS[mark]}' where it ends"
                )
            text = self.source.text[self.start : end]
            span = Span(self.source, self.start, self.start + len(text.rstrip()))
            self.chunks.append(Chunk(span, self.broken, self.stray))
        self.start, self.broken, self.stray = None, False, False
        self.stack.clear()


def _without_words(piece: re.Match[str]) -> str:
    """A bracket as it is, a text or a comment as nothing."""
    return "" if piece.lastgroup in ("text", "comment") else piece.group()


def _odd_backslash(text: str) -> bool:
    """Whether the closing quote of a text is itself escaped."""
    body = text[:-1]
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1
