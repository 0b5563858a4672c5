"""The one way to lay out a spec. Formatting never changes what is meant, and loses no comment."""

from __future__ import annotations

from ..diagnostics import Diagnostics
from ..source import Source
from ..syntax import tree
from ..syntax.parser import parse
from .writer import Writer


def format_text(source: Source) -> str:
    """The text laid out: two spaces, aligned columns, at most one blank line in a row, a newline at the end.

    Items that cannot be read stay as they are. Line ends follow the file's first one.
    """
    first = source.text.find("\n")
    windows = first > 0 and source.text[first - 1] == "\r"
    unified = Source(source.path, source.text.removeprefix("\ufeff").replace("\r\n", "\n"))
    text = format_tree(parse(unified, Diagnostics()))
    return text.replace("\n", "\r\n") if windows else text


def format_tree(file: tree.File) -> str:
    """A parsed file laid out; its source has plain newlines."""
    lines = Writer(file).lines()
    return "\n".join(lines) + "\n" if lines else ""
