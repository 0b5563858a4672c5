"""Printing Kubernetes objects: plain values by PyYAML, under the comment that names their source."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ...compiler.plan.nodes import Plan
from ..printing import header
from .settings import Object

# A block literal cannot hold these (YAML forbids them in a file, or a reader would change them); such a text is quoted.
_NOT_PLAIN = re.compile(r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as block literals, lists indented under their key, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value and not _NOT_PLAIN.search(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def yaml_file(plan: Plan, value: Object, note: str = "") -> str:
    """A YAML document, keys in the order given, under the header and one more comment line."""
    out: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return header(plan) + (f"# {note}\n" if note else "") + out
