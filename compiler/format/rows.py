"""Lines that stand under each other: cells padded into columns, comments behind them.

A row is one statement. Rows of one kind without a blank line or a longer statement between them align; every rule of
alignment looks at the rows alone, so that formatting twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

WIDTH = 100
# A cell that ends further right than this does not push its neighbours after it.
_FAR = 64


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a row. `column` says what it aligns with; `gap` is the least space before it where rows align.

    Cells of an `adjacent` column align only with those of the rows directly above and below.
    """

    column: int
    text: str
    gap: int = 1
    adjacent: bool = False


@dataclass(slots=True)
class Row:
    """A statement as cells, or as finished lines where it takes several; a comment line has no kind."""

    kind: str
    cells: tuple[Cell, ...] = ()
    lines: tuple[str, ...] = ()
    blank: bool = False
    trailing: str | None = None

    @property
    def is_comment(self) -> bool:
        return not self.kind


def comment_row(text: str, *, blank: bool) -> Row:
    return Row("", lines=(text,), blank=blank)


def render(rows: Iterable[Row], indent: int) -> list[str]:
    """The rows as lines. A blank line before the first row is left out."""
    out: list[str] = []
    for section in _sections(rows):
        texts = _aligned(section, indent)
        _behind(section, texts)
        if out and section[0].blank:
            out.append("")
        for row in section:
            out += texts[id(row)]
    return out


def _sections(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Runs of single lines; a row of several lines is a section of its own."""
    section: list[Row] = []
    for row in rows:
        long = not row.is_comment and bool(row.lines)
        if section and (row.blank or long or (section[-1].lines and not section[-1].is_comment)):
            yield section
            section = []
        section.append(row)
    if section:
        yield section


def _aligned(section: list[Row], indent: int) -> dict[int, list[str]]:
    pad = " " * indent
    texts = {id(row): [pad + row.lines[0], *row.lines[1:]] for row in section if row.lines}
    celled = [row for row in section if row.cells]
    for _, group in groupby(celled, key=lambda row: row.kind):
        run = list(group)
        done = dict.fromkeys(map(id, run), pad)
        for column in sorted({cell.column for row in run for cell in row.cells}):
            for rows in _neighbours(run, column):
                _place(rows, done)
        texts.update({key: [text] for key, text in done.items()})
    return texts


def _neighbours(run: list[Row], column: int) -> Iterator[list[tuple[Row, Cell]]]:
    """The rows that align in a column, with their cells."""
    found = [(row, next((c for c in row.cells if c.column == column), None)) for row in run]
    present = [(row, cell) for row, cell in found if cell is not None]
    if not any(cell.adjacent for _, cell in present):
        yield present
        return
    for filled, group in groupby(found, key=lambda pair: pair[1] is not None):
        if filled:
            yield [(row, cell) for row, cell in group if cell is not None]


def _place(rows: list[tuple[Row, Cell]], done: dict[int, str]) -> None:
    near = [row for row, _ in rows if len(done[id(row)]) <= _FAR]
    start = max((len(done[id(row)]) for row in near), default=0)
    for row, cell in rows:
        text = done[id(row)]
        if not text.strip():
            done[id(row)] = text + cell.text
        elif len(text) <= _FAR and len(near) > 1:
            done[id(row)] = text.ljust(start + cell.gap) + cell.text
        else:
            done[id(row)] = f"{text} {cell.text}"


def _behind(section: list[Row], texts: dict[int, list[str]]) -> None:
    """Puts comments behind their rows, in one column unless a line is long."""
    commented = [row for row in section if row.trailing is not None]
    near = [len(texts[id(row)][-1]) for row in commented if len(texts[id(row)][-1]) <= _FAR]
    column = max(near, default=0)
    for row in commented:
        lines = texts[id(row)]
        lines[-1] = f"{lines[-1].ljust(column)}  {row.trailing}"
