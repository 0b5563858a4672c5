"""A tree without a text behind it, written down plainly: the formatter lays it out once it has been parsed."""

from __future__ import annotations

from ..syntax import tree
from .expressions import flat, pieces
from .statements import formals, joined, line


def plain_item(node: tree.Item) -> str:
    """One item and its documentation, each statement on a line of its own. Only literals need their spans."""
    doc = "".join(f"## {text}\n" for text in getattr(node, "doc", ()))
    if not isinstance(node, tree.Declaration):
        return f"\n{doc}{flat(joined(line(node).parts))}\n"
    header = [node.keyword.text]
    if node.name is not None:
        header.append(node.name.text)
    if node.title is not None:
        header.append(node.title.span.text)
    if node.formals:
        header[-1] += flat((formals(node.formals, 0, 0),))
    if node.subject is not None:
        header.append(f"on {node.subject.text}")
    if node.every is not None:
        header.append(f"every {flat(pieces(node.every))}")
    return f"\n{doc}{' '.join(header)} {_body(node.body)}\n"


def _body(body: tuple[tree.Statement, ...]) -> str:
    return "".join(["{\n", *(f"{_statement(statement)}\n" for statement in body), "}"])


def _statement(node: tree.Statement) -> str:
    if not isinstance(node, tree.Block):
        return flat(joined(line(node).parts))
    label = f" {node.label.text}" if node.label is not None else ""
    return f"{node.keyword.text}{label} {_body(node.body)}"
