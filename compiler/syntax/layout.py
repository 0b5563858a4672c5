"""Newlines between the lexer and the parser: what ends a statement, and what does not.

Inside braces (and outside all brackets) a newline or a comma is a SEP; inside ( and [ newlines are free and a comma
is COMMA. SEPs next to a brace vanish, several in a row are one. A line that begins with `else`, `and` or `or`
continues the one before, and so does a comma before a comparison (the bands of a guard rule).

What follows is read from the text and not from the next token: the lexer chooses keywords by the parser's state, so
a SEP must have reached the parser before the next token is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from lark import Token

_BLANK = re.compile(r"(?:[ \t\r\f\n,]|#[^\n]*)*")
_CONTINUES = re.compile(r"(?:else|and|or)\b")
_OPENS = {"LBRACE": "{", "LPAR": "(", "LBRACKET": "["}
_CLOSES = frozenset({"RBRACE", "RPAR", "RBRACKET"})


class Layout:
    """A post-lexer for lark. `text` is set to what is being parsed, before each parse."""

    always_accept: ClassVar = ("NEWLINE", "COMMA", "SEP")

    def __init__(self) -> None:
        self.text = ""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth: list[str] = []
        last = "SEP"
        for token in stream:
            kind = token.type
            if kind in ("NEWLINE", "COMMA") and (not depth or depth[-1] == "{"):
                separator = self._separator(token, last)
                if separator is None:
                    continue
                kind = separator
                token = Token.new_borrow_pos(kind, str(token), token)
            elif kind == "NEWLINE":
                continue
            elif kind in _OPENS:
                depth.append(_OPENS[kind])
            elif kind in _CLOSES and depth:
                depth.pop()
            last = "SEP" if kind == "LBRACE" else kind
            yield token

    def _separator(self, token: Token, last: str) -> str | None:
        """What a newline or comma between statements is: SEP, COMMA before a band, or nothing."""
        if last in ("SEP", "COMMA"):
            return None
        blank = _BLANK.match(self.text, token.start_pos or 0)
        assert blank is not None
        after = blank.end()
        if self.text[after : after + 1] in ("", "}"):
            return None
        if "," in re.sub(r"#[^\n]*", "", blank.group()):
            return "COMMA" if self.text[after] in "<>=!" else "SEP"
        return None if _CONTINUES.match(self.text, after) else "SEP"
