"""The editors' grammar knows the words of the language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mlopsc.compiler.syntax.literals import DURATIONS, SIZES
from mlopsc.grammar import grammar_text

from .specs import ROOT

FOLDER = ROOT / "editors" / "vscode"
GRAMMAR = json.loads((FOLDER / "syntaxes" / "mlops.tmLanguage.json").read_text(encoding="utf-8"))
PATTERN_KEYS = ("match", "begin", "end")


def patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (node[key] for key in PATTERN_KEYS if key in node)
        for part in node.values():
            yield from patterns(part)
    elif isinstance(node, list):
        for part in node:
            yield from patterns(part)


def words() -> set[str]:
    """The words among the grammar's terminals."""
    terminals = re.findall(r"^[A-Z_]+(?:\.-?\d+)?: /(.*)/$", grammar_text(), re.MULTILINE)
    plain = {word for regex in terminals for word in re.findall(r"^\(?([a-z|]+)", regex.replace("?", ""))}
    return {part for word in plain for part in word.split("|") if part} - {"check"}


def test_every_pattern_compiles() -> None:
    assert len(list(patterns(GRAMMAR))) > 15
    for pattern in patterns(GRAMMAR):
        re.compile(pattern)


def test_every_word_of_the_language_is_coloured() -> None:
    known = set(re.findall(r"\w+", " ".join(patterns(GRAMMAR)).replace("\\s", " ").replace("\\b", " ")))
    assert len(words()) > 30
    assert sorted((words() | set(DURATIONS) | set(SIZES)) - known) == []


def test_the_extension_names_its_files() -> None:
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    language = package["contributes"]["languages"][0]
    grammar = package["contributes"]["grammars"][0]
    assert language["extensions"] == [".mlops"]
    assert (FOLDER / language["configuration"]).is_file()
    assert (FOLDER / grammar["path"]).is_file()
    assert grammar["scopeName"] == GRAMMAR["scopeName"]
