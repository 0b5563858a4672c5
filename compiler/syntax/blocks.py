"""Cuts a file into its items without a grammar, so that a mistake in one leaves the others whole.

One pass over the text knows only comments, texts and brackets. An item ends at a newline outside all brackets. Where
brackets do not balance, a second pass also begins an item at every line that starts, unindented, with the keyword
of a declaration: specs are written that way, and a lost brace then costs one item and not the rest of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..diagnostics import Diagnostics, Rule
from ..source import Source, Span
from . import rules
from .tree import Comment

KEYWORDS = (
    *("mlops", "import", "pipeline", "param", "source", "version", "stage", "guard", "apply", "deploy", "monitor"),
    *("trigger", "notify", "profile", "target", "test"),
)
MAX_DEPTH = 64
# Some editors begin a file with it; it means nothing.
_BYTE_ORDER_MARK = "\ufeff"

_PIECE = re.compile(
    r'(?P<text>"(?:\\.|[^"\\\n])*"?)|(?P<comment>#[^\n]*)|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<line>\n)'
)
_HEAD = re.compile(rf"(?:{'|'.join(KEYWORDS)})\b[ \t]*(?![=:.(])")
_LONE_BRACE = re.compile(r"\s*\{")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one item, still unread. A broken one has been reported already."""

    span: Span
    broken: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """A file in pieces."""

    chunks: tuple[Chunk, ...]
    comments: tuple[Comment, ...]


def cut(source: Source, diagnostics: Diagnostics) -> Cut:
    """The items of a file and its comments. Reports brackets and texts that are not closed."""
    scan = _Scan(source, Diagnostics(), by_heads=False)
    scan.run()
    if len(scan.diagnostics):
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
        self.broken = False

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

    def _piece(self, piece: re.Match[str]) -> None:
        kind, start = piece.lastgroup, piece.start()
        if kind == "comment":
            self._comment(piece)
            return
        if kind == "line":
            at_head = self.by_heads and _HEAD.match(self.source.text, piece.end())
            # A brace on a line of its own belongs to the header before it: that is one mistake, told there.
            if at_head or not (self.stack or _LONE_BRACE.match(self.source.text, piece.end())):
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

    def _close(self, piece: re.Match[str]) -> None:
        mark = piece.group()
        if not self.stack:
            self._report(rules.UNCLOSED, piece.start(), f"'{mark}' closes nothing", "take it out, or open it before")
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
            self._report(rules.UNCLOSED, piece.start(), message, f"close '{left}' with '{wanted}' first")
        # The rest of the item cannot be matched: forget what was open if the mark closes something further out.
        while self.stack and _CLOSERS[self.source.text[self.stack[-1]]] != mark:
            self.stack.pop()
        if self.stack:
            self.stack.pop()

    def _unclosed_text(self, piece: re.Match[str]) -> None:
        self._report(
            rules.UNCLOSED_TEXT, piece.start(), "a text without a closing quote", "end it with '\"' on the same line"
        )

    def _report(self, rule: Rule, at: int, message: str, hint: str) -> None:
        if not self.broken:
            self.diagnostics.report(rule, Span(self.source, at, at + 1), message, hint=hint or None)
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
            self.chunks.append(Chunk(Span(self.source, self.start, self.start + len(text.rstrip())), self.broken))
        self.start, self.broken = None, False
        self.stack.clear()


def _odd_backslash(text: str) -> bool:
    """Whether the closing quote of a text is itself escaped."""
    body = text[:-1]
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1
