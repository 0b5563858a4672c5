"""A declaration whose body has been read against its shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..diagnostics import Diagnostics, Note, did_you_mean, nearest
from ..source import Span
from ..syntax import tree
from . import rules
from .kinds import check_kind
from .shapes import EXAMPLES, Shape
from .synonyms import instead, meant


@dataclass(frozen=True)
class Entity:
    """What a declaration or a nested block sets: only statements that fit its shape are in here.

    `unread` names what is there and was not understood; that was reported, and what follows from it need not be.
    """

    keyword: str
    name: tree.Name
    span: Span
    doc: tuple[str, ...]
    attributes: dict[str, tree.Attribute]
    blocks: dict[str, Entity]
    fields: dict[str, tree.Field]
    others: tuple[tree.Statement, ...]  # foreach, on, per, rules: statements with a grammar of their own
    declaration: tree.Declaration | None
    unread: frozenset[str] = frozenset()

    def value(self, name: str) -> tree.Expr | None:
        attribute = self.attributes.get(name)
        return attribute.value if attribute else None

    def text(self, name: str) -> str | None:
        value = self.value(name)
        return value.value if isinstance(value, tree.Text) else None

    def seconds(self, name: str) -> float | None:
        value = self.value(name)
        return value.value if isinstance(value, tree.Duration) else None

    def statements(self, kind: type) -> Iterator[tree.Statement]:
        return (s for s in self.others if isinstance(s, kind))


def read_declaration(declaration: tree.Declaration, shape: Shape, diagnostics: Diagnostics) -> Entity:
    """Reads a declaration's body; reports what does not belong there."""
    keyword = declaration.keyword.text
    name = declaration.name or tree.Name(keyword, declaration.keyword.span)
    owner = f"{keyword} '{name.text}'" if declaration.name else keyword
    entity = _read(owner, keyword, name, declaration.span, declaration.body, shape, diagnostics, declaration)
    for missing in sorted(shape.required - entity.attributes.keys() - entity.unread):
        diagnostics.report(
            rules.MISSING_ATTRIBUTE,
            name.span,
            f"{owner} has no '{missing}'",
            hint=f"add {missing} = {EXAMPLES[missing]}",
        )
    return entity


def _read(
    owner: str,
    keyword: str,
    name: tree.Name,
    span: Span,
    body: tuple[tree.Statement, ...],
    shape: Shape,
    diagnostics: Diagnostics,
    declaration: tree.Declaration | None,
) -> Entity:
    attributes: dict[str, tree.Attribute] = {}
    blocks: dict[str, Entity] = {}
    fields: dict[str, tree.Field] = {}
    others: list[tree.Statement] = []
    seen: dict[str, Span] = {}
    unread: set[str] = set()
    for statement in body:
        if isinstance(statement, tree.Attribute | tree.Block | tree.Field):
            key = _key(statement)
            if key in seen:
                diagnostics.report(
                    rules.REPEATED_ATTRIBUTE,
                    _head(statement).span,
                    f"'{_head(statement).text}' is set twice",
                    notes=(Note("it is set here first", seen[key]),),
                    hint="keep one of the two",
                )
                continue
            seen[key] = _head(statement).span
        if isinstance(statement, tree.Attribute):
            if _attribute(owner, keyword, statement, shape, diagnostics):
                attributes[statement.name.text] = statement
            else:
                unread.add(_meant(keyword, statement.name.text, shape))
        elif isinstance(statement, tree.Block):
            inner = _block(owner, keyword, statement, shape, diagnostics)
            if inner is not None:
                blocks[_key(statement)] = inner
            else:
                unread.add(_meant(keyword, statement.keyword.text, shape))
        elif isinstance(statement, tree.Field):
            if shape.fields:
                fields[statement.name.text] = statement
            else:
                _misplaced_field(owner, statement, shape, diagnostics)
                unread.update((_meant(keyword, statement.name.text, shape), "outputs", "schema"))
        else:
            others.append(statement)
    doc = declaration.doc if declaration else ()
    return Entity(keyword, name, span, doc, attributes, blocks, fields, tuple(others), declaration, frozenset(unread))


def _meant(within: str, word: str, shape: Shape) -> str:
    """The attribute or block that a word was most likely meant to be."""
    known = {*shape.attributes, *shape.blocks}
    return word if word in known else meant(within, word) or nearest(word, known) or word


def _key(statement: tree.Attribute | tree.Block | tree.Field) -> str:
    if isinstance(statement, tree.Block):
        return statement.keyword.text + (f" {statement.label.text}" if statement.label else "")
    return statement.name.text


def _head(statement: tree.Attribute | tree.Block | tree.Field) -> tree.Name:
    if isinstance(statement, tree.Block):
        return statement.label or statement.keyword
    return statement.name


def _attribute(owner: str, within: str, statement: tree.Attribute, shape: Shape, diagnostics: Diagnostics) -> bool:
    name = statement.name.text
    kind = shape.attributes.get(name) or shape.open
    if kind is not None:
        right = check_kind(f"'{name}'", statement.value, kind, diagnostics)
        block = shape.blocks.get(name)
        if right and block is not None and isinstance(statement.value, tree.MapOf):
            return _entries(name, statement.value, block, diagnostics)
        return right
    if name in shape.blocks:
        hint = f"write {name} {{ … }} without '='"
    elif shape.fields:
        hint = f"write {name}: file = {statement.value.span.text}" if within == "outputs" else f"write {name}: TYPE"
    else:
        hint = _hint(within, name, shape) or ""
    diagnostics.report(
        rules.UNKNOWN_ATTRIBUTE, statement.name.span, f"{owner} has no attribute '{name}'", hint=hint or None
    )
    return False


def _entries(owner: str, value: tree.MapOf, shape: Shape, diagnostics: Diagnostics) -> bool:
    """A block written as a map, `resources = { cpu: 2 }`: its entries are what the block's attributes would be."""
    right = True
    for entry in value.entries:
        kind = shape.attributes.get(entry.key.text) or shape.open
        if kind is not None:
            right = check_kind(f"'{entry.key.text}'", entry.value, kind, diagnostics) and right
            continue
        message = f"'{owner}' has no attribute '{entry.key.text}'"
        hint = _hint(owner, entry.key.text, shape)
        diagnostics.report(rules.UNKNOWN_ATTRIBUTE, entry.key.span, message, hint=hint)
        right = False
    return right


def _hint(within: str, word: str, shape: Shape) -> str | None:
    """What a word that is no attribute may have meant, in this language or in another's."""
    known = {*shape.attributes, *shape.blocks}
    other = meant(within, word)
    if other in known:
        return (
            f"write {other} {{ … }}"
            if other in shape.blocks and other not in shape.attributes
            else f"write {other} = …"
        )
    inside = next((b for b, inner in shape.blocks.items() if word in inner.attributes), None)
    if inside is not None and within != "profile":
        return f"write {inside} {{ {word} = … }}"
    return instead(within, word) or did_you_mean(word, known)


def _block(owner: str, within: str, statement: tree.Block, shape: Shape, diagnostics: Diagnostics) -> Entity | None:
    keyword = statement.keyword.text
    inner = shape.blocks.get(keyword)
    if inner is None:
        hint = _hint(within, keyword, shape)
        if keyword in shape.attributes:
            hint = f"write {keyword} = …"
        diagnostics.report(
            rules.UNKNOWN_ATTRIBUTE, statement.keyword.span, f"{owner} has no block '{keyword}'", hint=hint
        )
        return None
    name = statement.label or statement.keyword
    return _read(f"'{keyword}'", keyword, name, statement.span, statement.body, inner, diagnostics, None)


def _misplaced_field(owner: str, statement: tree.Field, shape: Shape, diagnostics: Diagnostics) -> None:
    name = statement.name.text
    if name in shape.attributes:
        hint = f"to set it, write {name} = …"
    elif shape.blocks.get("outputs"):
        hint = "outputs stand in a block: outputs { … }"
    elif shape.blocks.get("schema"):
        hint = "columns stand in a block: schema { … }"
    else:
        hint = "write NAME = VALUE"
    diagnostics.report(rules.MISPLACED, statement.name.span, f"{owner} takes no 'name: type'", hint=hint)
