"""Puts a profile's overrides into the declarations, tree to tree, before anything is resolved."""

from __future__ import annotations

from dataclasses import replace

from ..diagnostics import Diagnostics, did_you_mean
from ..source import Span
from ..syntax import tree
from . import rules


def find_profile(
    files: tuple[tree.File, ...], name: str, at: Span, diagnostics: Diagnostics
) -> tree.Declaration | None:
    """The declaration of a profile; reports at `at` that there is none."""
    found = {
        i.name.text: i
        for f in files
        for i in f.items
        if isinstance(i, tree.Declaration) and i.keyword.text == "profile" and i.name
    }
    if name not in found:
        hint = did_you_mean(name, list(found)) or "the spec declares no profile"
        diagnostics.report(rules.UNKNOWN_PROFILE, at, f"no profile '{name}'", hint=hint)
    return found.get(name)


def apply_profile(files: tuple[tree.File, ...], profile: tree.Declaration) -> tuple[tree.File, ...]:
    """The files with the profile's values in place of those written. What it names in vain is found by a check."""
    unused = {id(s): s for s in profile.body if isinstance(s, tree.Block)}
    out = []
    for file in files:
        items = tuple(_override(item, profile, unused) for item in file.items)
        out.append(replace(file, items=items))
    added: list[tree.Item] = []
    for block in list(unused.values()):
        if block.keyword.text in ("version", "target"):
            added.append(_declare(block))
            unused.pop(id(block))
    out[0] = replace(out[0], items=(*out[0].items, *added))
    return tuple(out)


def _declare(block: tree.Block) -> tree.Declaration:
    return tree.Declaration(block.keyword, block.label, None, (), None, None, block.body, (), block.span)


def _override(item: tree.Item, profile: tree.Declaration, unused: dict[int, tree.Block]) -> tree.Item:
    blocks = [s for s in profile.body if isinstance(s, tree.Block)]
    if isinstance(item, tree.ParamDecl):
        for block in blocks:
            if block.keyword.text == "params":
                for s in block.body:
                    if isinstance(s, tree.Attribute) and s.name.text == item.name.text:
                        item = replace(item, default=s.value)
        return item
    if not isinstance(item, tree.Declaration):
        return item
    for block in blocks:
        same_label = block.label is None or (item.name is not None and item.name.text == block.label.text)
        if block.keyword.text == item.keyword.text and same_label:
            unused.pop(id(block), None)
            item = replace(item, body=merge(item.body, block.body))
    return item


def merge(body: tuple[tree.Statement, ...], over: tuple[tree.Statement, ...]) -> tuple[tree.Statement, ...]:
    """One body laid over another: attributes and fields replaced by name, nested blocks merged, the rest added."""
    out = list(body)
    for statement in over:
        at = next((i for i, s in enumerate(out) if _slot(s) is not None and _slot(s) == _slot(statement)), None)
        if at is None:
            out.append(statement)
            continue
        old = out[at]
        if isinstance(old, tree.Block) and isinstance(statement, tree.Block):
            out[at] = replace(old, body=merge(old.body, statement.body))
        else:
            out[at] = statement
    return tuple(out)


def _slot(statement: tree.Statement) -> tuple[str, str] | None:
    if isinstance(statement, tree.Attribute | tree.Field | tree.Per):
        return "name", statement.name.text
    if isinstance(statement, tree.Block):
        return statement.keyword.text, statement.label.text if statement.label else ""
    return None
