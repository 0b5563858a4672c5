"""From the tree and its comments to lines: bodies, sequences, and the file itself."""

from __future__ import annotations

import re

from ..source import Span
from ..syntax import tree
from .comments import Arrangement, Comments, written
from .expressions import Piece, Sequence, Soft, flat, pieces
from .rows import WIDTH, Cell, Row, comment_row, render
from .statements import formals, joined, line

_TO_BRACE = re.compile(r"(?:#[^\n]*|[^{#])*")
_STEP = 2


class Writer:
    """Writes one file."""

    def __init__(self, file: tree.File) -> None:
        self.file = file
        self.text = file.source.text
        self.comments = Comments(self.text, file.comments)

    # The file ------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The lines of the whole file. What could not be read stays as it is."""
        elements: list[tree.Item | Span] = sorted([*self.file.items, *self.file.broken], key=lambda e: _bounds(e)[0])
        around = self.comments.arrange([_bounds(e) for e in elements], 0, len(self.text))
        rows: list[Row] = []
        before: Row | None = None
        for element, place in zip(elements, around.places, strict=True):
            hoisted: tuple[str, ...] = ()
            if isinstance(element, Span):
                start = self.text.rfind("\n", 0, element.start) + 1
                row = Row("broken", lines=tuple(self.text[start : element.end].split("\n")))
            else:
                row, hoisted = self._item(element)
                row.trailing = place.trailing
            leads = [comment_row(lead.text, blank=lead.blank) for lead in place.leads]
            row.blank = place.blank
            # Comments taken out of an item must not become, nor part it from, its documentation.
            taken = [comment_row(text, blank=n == 0) for n, text in enumerate(hoisted)]
            group = [*leads, row]
            if taken:
                group[0].blank = True
                group = [*taken, *group]
            if before is not None and _apart(before, row):
                group[0].blank = True
            rows += group
            before = row
        rows += [comment_row(lead.text, blank=lead.blank) for lead in around.rest]
        return render(rows, 0)

    def _item(self, node: tree.Item) -> tuple[Row, tuple[str, ...]]:
        if not isinstance(node, tree.Declaration):
            return self._line(node, 0)
        header: list[Piece] = [node.keyword.text]
        at = node.keyword.span.end
        if node.name is not None:
            header.append(f" {node.name.text}")
            at = node.name.span.end
        if node.title is not None:
            header.append(f" {node.title.span.text}")
            at = node.title.span.end
        if node.formals:
            end = node.subject.span.start if node.subject is not None else self._brace(node.formals[-1].span.end)
            header.append(formals(node.formals, at, end))
            at = node.formals[-1].span.end
        if node.subject is not None:
            header.append(f" on {node.subject.text}")
            at = node.subject.span.end
        if node.every is not None:
            header += [" every ", *pieces(node.every)]
            at = node.every.span.end
        return self._block(node, node.keyword.text, tuple(header), node.body, self._brace(at), 0)

    # Statements ----------------------------------------------------------------

    def _statement(self, node: tree.Statement, indent: int) -> tuple[Row, tuple[str, ...]]:
        if not isinstance(node, tree.Block):
            return self._line(node, indent)
        at = node.label.span.end if node.label is not None else node.keyword.span.end
        return self._block(node, "set", (_block_header(node),), node.body, self._brace(at), indent)

    def _line(self, node: tree.Statement | tree.Item, indent: int) -> tuple[Row, tuple[str, ...]]:
        """A statement without a body, and the comments in it that have no place inside."""
        written_line = line(node)
        whole = joined(written_line.parts)
        loose = self._loose(whole, node.span.start, node.span.end)
        lines = self._laid_out(whole, indent, indent)
        if len(lines) == 1:
            cells = tuple(Cell(p.column, flat(p.pieces), p.gap, p.adjacent) for p in written_line.parts)
            return Row(written_line.kind, cells), loose
        return Row(written_line.kind, lines=tuple(lines)), loose

    def _block(
        self,
        node: tree.Declaration | tree.Block,
        kind: str,
        header: tuple[Piece, ...],
        body: tuple[tree.Statement, ...],
        brace: int,
        indent: int,
    ) -> tuple[Row, tuple[str, ...]]:
        end = node.span.end - 1
        hoisted = self._loose(header, node.span.start, brace)
        opening = self._laid_out((*header, " {"), indent, indent)
        if not self.comments.within(brace, end) and (not body or "\n" not in self.text[brace:end]):
            inner = _flat_body(body)
            if len(opening) == 1 and indent + len(flat(header)) + 1 + len(inner) <= WIDTH:
                return Row(kind, (Cell(0, flat(header)), Cell(1, inner))), hoisted
        around = self.comments.arrange([_bounds(s) for s in body], brace + 1, end)
        if around.head is not None:
            opening[-1] += f"  {around.head}"
        lines = [*opening, *self._body(body, around, indent + _STEP), " " * indent + "}"]
        return Row(kind, lines=tuple(lines)), hoisted

    def _body(self, body: tuple[tree.Statement, ...], around: Arrangement, indent: int) -> list[str]:
        rows: list[Row] = []
        for statement, place in zip(body, around.places, strict=True):
            rows += [comment_row(lead.text, blank=lead.blank) for lead in place.leads]
            row, hoisted = self._statement(statement, indent)
            row.trailing, row.blank = place.trailing, place.blank
            if hoisted:
                rows += [comment_row(text, blank=n == 0 and place.blank) for n, text in enumerate(hoisted)]
                row.blank = False
            rows.append(row)
        rows += [comment_row(lead.text, blank=lead.blank) for lead in around.rest]
        return render(rows, indent)

    def _brace(self, at: int) -> int:
        """Where the brace of a body stands whose header ends at `at`."""
        match = _TO_BRACE.match(self.text, at)
        assert match is not None
        return match.end()

    # Pieces --------------------------------------------------------------------

    def _laid_out(self, pieces: tuple[Piece, ...], indent: int, used: int) -> list[str]:
        """Pieces over as many lines as they need; the first line continues one of `used` columns."""
        wide = used + len(flat(pieces)) > WIDTH
        broken = {id(p) for p in pieces if isinstance(p, Sequence) and self._commented(p)}
        softs = wide and not broken and any(isinstance(p, Soft) for p in pieces)
        if wide and not broken and not softs:
            longest = max(
                (p for p in pieces if isinstance(p, Sequence) and p.items), key=lambda p: len(flat((p,))), default=None
            )
            broken = {id(longest)} if longest is not None else set()
        lines = [""]
        for piece in pieces:
            if isinstance(piece, str):
                lines[-1] += piece
            elif isinstance(piece, Soft):
                if softs:
                    lines.append(" " * (indent + 2 * _STEP))
                else:
                    lines[-1] += " "
            elif id(piece) in broken:
                first, *rest = self._broken(piece, indent)
                lines[-1] += first
                lines += rest
            else:
                lines[-1] += flat((piece,))
        return lines

    def _broken(self, sequence: Sequence, indent: int) -> list[str]:
        """A bracketed sequence with one element a line."""
        pad = " " * (indent + _STEP)
        comma = "" if sequence.opening == "{" else ","
        around = self.comments.arrange([(i.start, i.end) for i in sequence.items], sequence.start, sequence.end)
        lines = [sequence.opening]
        if around.head is not None:
            lines.append(pad + around.head)
        for item, place in zip(sequence.items, around.places, strict=True):
            lines += [pad + lead.text for lead in place.leads]
            lines += [pad + text for text in self._loose(item.pieces, item.start, item.end)]
            first, *rest = self._laid_out(item.pieces, indent + _STEP, indent + _STEP + len(comma))
            lines += [pad + first, *rest]
            lines[-1] += comma + (f"  {place.trailing}" if place.trailing is not None else "")
        lines += [pad + lead.text for lead in around.rest]
        return [*lines, " " * indent + sequence.closing]

    def _commented(self, sequence: Sequence) -> bool:
        return bool(self.comments.within(sequence.start, sequence.end))

    def _loose(self, pieces: tuple[Piece, ...], start: int, end: int) -> tuple[str, ...]:
        """The comments of a stretch that no sequence among the pieces owns."""
        owned = [(p.start, p.end) for p in pieces if isinstance(p, Sequence)]
        return tuple(
            written(c)
            for c in self.comments.within(start, end)
            if not any(first <= c.span.start < after for first, after in owned)
        )


def _flat_body(body: tuple[tree.Statement, ...]) -> str:
    inner = ", ".join(_flat_statement(s) for s in body)
    return f"{{ {inner} }}" if inner else "{}"


def _flat_statement(node: tree.Statement) -> str:
    if isinstance(node, tree.Block):
        return f"{_block_header(node)} {_flat_body(node.body)}"
    return flat(joined(line(node).parts))


def _block_header(node: tree.Block) -> str:
    return f"{node.keyword.text} {node.label.text}" if node.label is not None else node.keyword.text


def _apart(before: Row, row: Row) -> bool:
    """Whether a blank line stands between two declarations: where one of them takes several lines."""
    return "broken" not in (before.kind, row.kind) and bool(before.lines or row.lines)


def _bounds(node: tree.Item | tree.Statement | Span) -> tuple[int, int]:
    span = node if isinstance(node, Span) else node.span
    return span.start, span.end
