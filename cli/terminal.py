"""What the streams can show: colour or not, and how wide a character is.

Diagnostics are painted with a few escape codes of our own, because importing rich takes longer than most lint runs.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable
from typing import TextIO

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "good": "1;32",
    "strong": "1",
    "frame": "34",
    "dim": "2",
    "added": "32",
    "removed": "31",
    "place": "36",
}

Paint = Callable[[str, str], str]
"""Puts a text into the colours of a role: `paint("E202", "error")`."""


def plain(text: str, role: str) -> str:
    return text


def ansi(text: str, role: str) -> str:
    return f"\x1b[{_CODES[role]}m{text}\x1b[0m" if text else text


def is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # The stream is closed.
        return False


def has_colour(stream: TextIO) -> bool:
    """NO_COLOR wins over FORCE_COLOR (https://no-color.org, https://force-color.org); else a terminal has colour."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream)


def paint_for(stream: TextIO) -> Paint:
    return ansi if has_colour(stream) else plain


def never_fail_to_print() -> None:
    """Lets a stream that cannot encode a character (a Latin-1 locale) print a replacement instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
        if encoding != "utf8" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def cells(character: str) -> int:
    """How many columns of a terminal a character takes: 2 for wide ones, 0 for combining ones."""
    if character < "\u0300":
        return 1
    if unicodedata.combining(character) or character in "\u200b\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str) -> int:
    return sum(map(cells, text))


def visible(character: str, column: int) -> str:
    """What stands for a character in a shown source line that already takes `column` columns.

    Tabs become spaces up to the next multiple of four; control characters and those that turn the direction of
    writing become pictures, so that a file cannot play with the terminal that shows it.
    """
    if character == "\t":
        return " " * (4 - column % 4)
    if character < " ":
        return chr(0x2400 + ord(character))
    if character == "\x7f":
        return "\u2421"
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\u200d\u200b":
        return "\ufffd"
    return character
