"""Expressions as pieces: plain text, and bracketed sequences that may be broken over lines.

The tree has no parentheses. They are put where precedence asks for them, and around an `and` inside an `or` and a
comparison under a `not`, where a reader asks for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Union

from ..source import Span
from ..syntax import tree

OR, AND, NOT, COMPARISON, RANGE, SUM, PRODUCT, FACTOR, ATOM = range(1, 10)
# The level of each operator, and of what stands to its left and right.
_BINARY = {
    "or": (OR, OR, AND),
    "and": (AND, AND, NOT),
    "+": (SUM, SUM, PRODUCT),
    "-": (SUM, SUM, PRODUCT),
    "*": (PRODUCT, PRODUCT, FACTOR),
    "/": (PRODUCT, PRODUCT, FACTOR),
}
_TOKEN = re.compile(r'#[^\n]*|"(?:\\.|[^"\\\n])*"|[()\s]|-|[^()\s"#-]+(?:(?<=[eE])[-][0-9]+)?')


@dataclass(frozen=True, slots=True)
class Item:
    """An element of a sequence: where it stands, and how it is written."""

    start: int
    end: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """`[a, b]`, `{ a: 1 }` or the arguments of a call; owns the comments between `start` and `end`."""

    opening: str
    items: tuple[Item, ...]
    closing: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Soft:
    """A space where a statement that is too long may be continued on the next line."""


Piece = Union[str, Sequence, Soft]


def flat(pieces: tuple[Piece, ...]) -> str:
    """The pieces on one line, comments left out."""
    return "".join(p if isinstance(p, str) else " " if isinstance(p, Soft) else _flat_sequence(p) for p in pieces)


def _flat_sequence(sequence: Sequence) -> str:
    inner = ", ".join(flat(item.pieces) for item in sequence.items)
    space = " " if sequence.opening == "{" and inner else ""
    return f"{sequence.opening}{space}{inner}{space}{sequence.closing}"


def pieces(node: tree.Expr, level: int = OR, *, soft: bool = False) -> tuple[Piece, ...]:
    """How an expression is written where one of at least `level` may stand. `soft`: `and` and `or` may begin lines."""
    own = _level(node)
    if own < level:
        return ("(", *_pieces(node, own, soft=False), ")")
    return _pieces(node, own, soft=soft)


def _level(node: tree.Expr) -> int:
    if isinstance(node, tree.Binary):
        return _BINARY.get(node.op, (COMPARISON,))[0]
    if isinstance(node, tree.Unary):
        if node.op == "-":
            return FACTOR
        return COMPARISON if isinstance(node.operand, tree.In) else NOT
    if isinstance(node, (tree.Between, tree.In, tree.Better, tree.Every)):
        return COMPARISON
    if isinstance(node, tree.Range):
        return RANGE
    return FACTOR if isinstance(node, tree.Number) and literal(node.span).startswith("-") else ATOM


def _pieces(node: tree.Expr, own: int, *, soft: bool) -> tuple[Piece, ...]:
    if isinstance(node, tree.Binary):
        return _binary(node, soft=soft)
    if isinstance(node, tree.Unary):
        return _unary(node)
    if isinstance(node, tree.Between):
        return (
            *(*pieces(node.subject, RANGE), " between "),
            *(*pieces(node.low, SUM), " and ", *pieces(node.high, SUM)),
        )
    if isinstance(node, tree.In):
        return (*pieces(node.subject, RANGE), " in ", *pieces(node.domain, RANGE))
    if isinstance(node, tree.Better):
        share: tuple[Piece, ...] = (" with ", *pieces(node.confidence, SUM)) if node.confidence is not None else ()
        return (*pieces(node.metric, RANGE), f" better than {node.baseline.text}", *share)
    if isinstance(node, tree.Every):
        return (*pieces(node.count, RANGE), " every ", *pieces(node.pause, SUM))
    if isinstance(node, tree.Range):
        return (*pieces(node.low, SUM), "..", *pieces(node.high, SUM))
    if isinstance(node, tree.ListOf):
        items = tuple(Item(i.span.start, i.span.end, pieces(i)) for i in node.items)
        return (Sequence("[", items, "]", node.span.start, node.span.end),)
    if isinstance(node, tree.MapOf):
        return (Sequence("{", tuple(map(entry, node.entries)), "}", node.span.start, node.span.end),)
    if isinstance(node, tree.Call):
        by: tuple[Piece, ...] = (f" by {node.by.text}",) if node.by is not None else ()
        end = node.by.span.start if node.by is not None else node.span.end
        return (node.function.text, arguments(node.args, node.named, node.function.span.end, end), *by)
    if isinstance(node, tree.Path):
        return (node.text,)
    return (literal(node.span),)


def arguments(args: tuple[tree.Expr, ...], named: tuple[tree.Entry, ...], start: int, end: int) -> Sequence:
    """The arguments of a call, in the order in which they were written."""
    items = [Item(a.span.start, a.span.end, pieces(a)) for a in args] + [entry(e) for e in named]
    return Sequence("(", tuple(sorted(items, key=lambda i: i.start)), ")", start, end)


def entry(node: tree.Entry) -> Item:
    return Item(node.span.start, node.span.end, (f"{node.key.span.text}: ", *pieces(node.value)))


def _binary(node: tree.Binary, *, soft: bool) -> tuple[Piece, ...]:
    _, left, right = _BINARY.get(node.op, (COMPARISON, RANGE, RANGE))
    space: Piece = Soft() if soft and node.op in ("and", "or") else " "
    if node.op == "or":
        # An `and` beside an `or` gets parentheses: few readers know which binds tighter.
        left = NOT if _is(node.left, "and") else left
        right = NOT if _is(node.right, "and") else right
    return (
        *(*pieces(node.left, left, soft=soft), space, f"{node.op} "),
        *pieces(node.right, right),
    )


def _is(node: tree.Expr, op: str) -> bool:
    return isinstance(node, tree.Binary) and node.op == op


def _unary(node: tree.Unary) -> tuple[Piece, ...]:
    if node.op == "-":
        return ("-", *pieces(node.operand, FACTOR))
    if isinstance(node.operand, tree.In):
        return (*pieces(node.operand.subject, RANGE), " not in ", *pieces(node.operand.domain, RANGE))
    level = ATOM if _level(node.operand) == COMPARISON else NOT
    return ("not ", *pieces(node.operand, level))


def literal(span: Span) -> str:
    """A literal as it was written, without what surrounds it in its span: parentheses, spaces, comments."""
    if span.text.isalnum():
        return span.text
    tokens = [t for t in _TOKEN.findall(span.text) if not t.startswith("#") and t not in "()" and not t.isspace()]
    minus = "-" if tokens.count("-") % 2 else ""
    return minus + "".join(t for t in tokens if t != "-")
