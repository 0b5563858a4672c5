"""How deep a tree may be: every later pass walks it by recursion, and so does a reader."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any

from ..source import Span

MAX_NESTING = 120
FLATTER = "write several rules or statements instead of one"

_NESTS = re.compile(r"[-+*/<({\[]|\b(?:and|or|not)\b")


def too_deep(text: str, item: Any) -> bool:
    """Whether a tree is deeper than `MAX_NESTING`. Few texts have enough marks to be worth the walk."""
    if len(_NESTS.findall(text)) < MAX_NESTING:
        return False
    level = [item]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: Any) -> list[Any]:
    if isinstance(node, tuple):
        return list(node)
    if not is_dataclass(node) or isinstance(node, Span):
        return []
    return [getattr(node, f.name) for f in fields(node) if f.name not in ("span", "op_span")]
