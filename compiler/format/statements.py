"""Each statement as cells of pieces, in the words of the language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..syntax import tree
from .expressions import RANGE, SUM, Item, Piece, Sequence, arguments, literal, pieces

_OF_ROWS = re.compile(r"#[^\n]*|(of[ \t]+rows\b)")


@dataclass(frozen=True, slots=True)
class Part:
    """A cell before it is text; see `rows.Cell`."""

    column: int
    pieces: tuple[Piece, ...]
    gap: int = 1
    adjacent: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A statement without a body. Lines of one kind align."""

    kind: str
    parts: tuple[Part, ...]


def line(node: tree.Statement | tree.Item) -> Line:
    """A statement, or a declaration without a body."""
    if isinstance(node, tree.Attribute):
        return Line("set", (Part(0, (node.name.text,)), Part(1, ("= ", *pieces(node.value, soft=True)))))
    if isinstance(node, tree.Per):
        value = (*pieces(node.count), " per ", *pieces(node.period, SUM))
        return Line("set", (Part(0, (node.name.text,)), Part(1, ("= ", *value))))
    if isinstance(node, tree.Field):
        return _field(node)
    if isinstance(node, tree.Foreach):
        return Line("foreach", (Part(0, (f"foreach {node.variable.text} in ", *pieces(node.values))),))
    if isinstance(node, tree.RuleLine):
        return _rule(node)
    if isinstance(node, tree.Expected):
        return _expected(node)
    if isinstance(node, tree.Relaxed):
        return Line("relaxed", (Part(0, (relaxation(node),)),))
    if isinstance(node, tree.On):
        return _on(node)
    if isinstance(node, tree.Given):
        given = (Part(2, ("= ", *pieces(node.value))),) if node.value is not None else ()
        at = node.subject
        subject = (_schedule(at),) if isinstance(at, tree.Schedule) else pieces(at)
        return Line("case", (Part(0, ("given",)), Part(1, subject), *given))
    if isinstance(node, tree.Expect):
        return Line("case", (Part(0, ("expect",)), Part(1, (node.subject.text,)), Part(3, (node.verdict.text,))))
    return _item(node)


def _item(node: tree.Statement | tree.Item) -> Line:
    if isinstance(node, tree.Edition):
        return Line("edition", (Part(0, (f"mlops {literal(node.number.span)}",)),))
    if isinstance(node, tree.Import):
        return Line("import", (Part(0, (f"import {literal(node.path.span)}",)),))
    if isinstance(node, tree.ParamDecl):
        head, *rest = formal(node)
        return Line("param", (Part(0, ("param ", *head.pieces)), *rest))
    if isinstance(node, tree.RelaxDecl):
        return Line("relax", (Part(0, (f"relaxed {node.name.text} {_until(node)}",)),))
    assert isinstance(node, tree.ApplyDecl), node
    called: tuple[Piece, ...] = ()
    if node.args or node.named:
        called = (arguments(node.args, node.named, node.template.span.end, node.subject.span.start),)
    return Line(
        "apply", (Part(0, (f"apply {node.template.text}", *called, f" on {node.subject.text}")), *_relaxed(node))
    )


def formal(node: tree.ParamDecl) -> tuple[Part, ...]:
    """`name: type = default in domain`"""
    parts = [Part(0, (f"{node.name.text}: {type_text(node.type)}",))]
    if node.default is not None:
        parts.append(Part(1, ("= ", *pieces(node.default, RANGE))))
    if node.domain is not None:
        parts.append(Part(2, ("in ", *pieces(node.domain, RANGE)), gap=2))
    return tuple(parts)


def formals(nodes: tuple[tree.ParamDecl, ...], start: int, end: int) -> Sequence:
    """The parameters of a guard template."""
    return Sequence("(", tuple(Item(n.span.start, n.span.end, joined(formal(n))) for n in nodes), ")", start, end)


def type_text(node: tree.TypeRef) -> str:
    argument = f"<{type_text(node.argument)}>" if node.argument is not None else ""
    return f"{node.name.text}{argument}{'?' if node.nullable else ''}"


def joined(parts: tuple[Part, ...]) -> tuple[Piece, ...]:
    """The parts of a line behind each other."""
    out: list[Piece] = []
    for part in parts:
        out += [*([" "] if out else []), *part.pieces]
    return tuple(out)


def _field(node: tree.Field) -> Line:
    parts = [Part(0, (f"{node.name.text}:",)), Part(1, (type_text(node.type),))]
    if node.value is not None:
        parts.append(Part(2, ("= ", *pieces(node.value, RANGE))))
    limits: list[Piece] = []
    for constraint in node.constraints:
        value: tuple[Piece, ...] = ()
        if constraint.value is not None:
            value = (" ", *pieces(constraint.value, RANGE))
        limits += [*([" "] if limits else []), constraint.kind, *value]
    if limits:
        parts.append(Part(3, tuple(limits)))
    return Line("field", tuple(parts))


def _rule(node: tree.RuleLine) -> Line:
    parts = _compared("", node.expression)
    rest: list[Piece] = []
    if node.first_action is not None:
        rest.append(f" {node.first_action.text}")
        for band in node.bands:
            rest += [f", {band.op} ", *pieces(band.limit, SUM), f" {band.action.text}"]
    if node.where is not None:
        rest += [" where ", *pieces(node.where)]
    if node.share is not None:
        rest += [" ", *_share(node, node.share)]
    parts[-1] = Part(parts[-1].column, (*parts[-1].pieces, *rest), adjacent=parts[-1].adjacent)
    return Line("rule", (*parts, *_otherwise(node.otherwise), *_relaxed(node)))


def _compared(before: str, node: tree.Expr) -> list[Part]:
    """A comparison of a plain name with something, so that the operators of neighbours align."""
    simple = isinstance(node, tree.Binary) and isinstance(node.left, tree.Path)
    if simple and isinstance(node, tree.Binary) and node.op[0] in "<>=!":
        assert isinstance(node.left, tree.Path)
        right = (f"{node.op} ", *pieces(node.right, RANGE))
        return [Part(0, (f"{before}{node.left.text}",)), Part(1, right, adjacent=True)]
    return [Part(0, (*([before] if before else []), *pieces(node, soft=True)))]


def _share(node: tree.RuleLine | tree.Expected, share: tree.Expr) -> tuple[Piece, ...]:
    """`for 98%`, with `of rows` where its author wrote it."""
    behind_it = node.otherwise or node.relaxed
    end = behind_it.span.start if behind_it is not None else node.span.end
    behind = node.span.source.text[share.span.end : end]
    of_rows = any(match.group(1) for match in _OF_ROWS.finditer(behind))
    return ("for ", *pieces(share, SUM), *([" of rows"] if of_rows else []))


def _otherwise(node: tree.Otherwise | None) -> tuple[Part, ...]:
    if node is None:
        return ()
    words = [node.action.text] if node.action is not None else []
    if node.message is not None:
        words.append(literal(node.message.span))
    return (Part(2, (" ".join(["else", *words]),), gap=2),)


def relaxation(node: tree.Relaxed) -> str:
    """`relaxed "reason" until 2027-01-15`"""
    return f"relaxed {_until(node)}"


def _until(node: tree.Relaxed | tree.RelaxDecl) -> str:
    return f"{literal(node.reason.span)} until {node.until.value}"


def _relaxed(node: tree.RuleLine | tree.Expected | tree.ApplyDecl) -> tuple[Part, ...]:
    return (Part(3, (relaxation(node.relaxed),), gap=2),) if node.relaxed is not None else ()


def _expected(node: tree.Expected) -> Line:
    rest: list[Piece] = [f"expected {literal(node.file.span)}"]
    if node.key:
        names = ", ".join(n.text for n in node.key)
        rest.append(f" key {names}" if len(node.key) == 1 else f" key ({names})")
    if node.within is not None:
        rest += [" within ", *pieces(node.within, SUM)]
    if node.share is not None:
        rest += [" ", *_share(node, node.share)]
    return Line("rule", (Part(0, tuple(rest)), *_otherwise(node.otherwise), *_relaxed(node)))


def _on(node: tree.On) -> Line:
    if isinstance(node.event, tree.Schedule):
        parts = [Part(0, (f"{node.keyword} {_schedule(node.event)}",))]
    else:
        parts = _compared(f"{node.keyword} ", node.event)
    if node.checks is not None:
        word = "check" if node.checks.value == 1 else "checks"
        parts[-1] = Part(
            parts[-1].column,
            (*parts[-1].pieces, f" for {literal(node.checks.span)} {word}"),
            adjacent=parts[-1].adjacent,
        )
    return Line("on", tuple(parts))


def _schedule(node: tree.Schedule) -> str:
    zone = f" in {literal(node.zone.span)}" if node.zone is not None else ""
    return f"schedule {literal(node.cron.span)}{zone}"
