"""Printing a workflow: plain values by PyYAML, and the comments that PyYAML cannot carry around them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

import yaml

from .actions import ACTIONS

_PIN = re.compile(r"^(\s*(?:- )?uses: )(\S+@[0-9a-f]{40})$", re.MULTILINE)
_WRITE = re.compile(r"^(\s+contents: write)$", re.MULTILINE)
_VERSIONS = {a.uses: a.version for a in ACTIONS}
# Everything that YAML allows in a file, but for tabs, which read badly in a comment.
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class _Dumper(yaml.SafeDumper):
    """Long texts as block literals, lists indented under their key, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value and not _NOT_PRINTABLE.search(value.replace("\n", "")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(value: Mapping[str, Any]) -> str:
    """YAML of plain values, keys in the order given, nothing folded."""
    out: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
    out = _WRITE.sub(r"\1 # to push to the branch that remembers runs", out)
    return _PIN.sub(lambda m: f"{m[1]}{m[2]} # {_VERSIONS[m[2]]}", out)


def dump_workflow(head: Mapping[str, Any], jobs: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """A workflow: `head` first, then each job under its comment, a blank line between."""
    written = []
    for name, job in jobs.items():
        written.append(textwrap.indent(comment(comments[name]) + dump({name: job}), "  "))
    parts = [*(dump({key: value}) for key, value in head.items()), "jobs:\n" + "\n".join(written)]
    return "\n".join(parts)


def comment(text: str) -> str:
    """The text as comment lines. What YAML forbids in a file is shown as `?`."""
    return "".join(f"# {_NOT_PRINTABLE.sub('?', line)}".rstrip() + "\n" for line in text.splitlines())


def inert(text: str) -> str:
    """The text as one line, for a place where GitHub would evaluate an expression.

    There is no way to write `${{` in a description: expressions are refused there, and no escape is known. A blank
    after the dollar keeps it readable and stops it from being one.
    """
    line = " ".join(text.split())
    return _NOT_PRINTABLE.sub("?", line).replace("${{", "$ {{")
