"""The reference of the language says what is so: its examples parse, and it leaves nothing out."""

from __future__ import annotations

import re

import pytest
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.format import format_text
from mlopsc.compiler.functions import FUNCTIONS
from mlopsc.compiler.semantics.shapes import COLUMN_TYPES, EVENTS, OUTPUT_KINDS, PARAM_TYPES, SHAPES
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax.blocks import KEYWORDS
from mlopsc.compiler.syntax.literals import DURATIONS, SIZES
from mlopsc.compiler.syntax.parser import parse

from .specs import ROOT

PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```mlops\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WORDS = frozenset(re.findall(r"\w+", PAGE))


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) >= 15


@pytest.mark.parametrize("text", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_parses_and_is_laid_out(text: str) -> None:
    diagnostics = Diagnostics()
    parse(Source("language.md", text), diagnostics)
    assert [f"{d.span.line}: {d.message}" for d in diagnostics] == []
    assert format_text(Source("language.md", text)) == text


def test_every_declaration_has_its_section() -> None:
    headings = " ".join(re.findall(r"^### (.*)$", PAGE, re.MULTILINE))
    assert [k for k in KEYWORDS if f"`{k} " not in headings] == []


def test_nothing_is_left_out() -> None:
    attributes = {name for shape in SHAPES.values() for name in (*shape.attributes, *shape.blocks)}
    words = {*attributes, *FUNCTIONS, *COLUMN_TYPES, *EVENTS, *OUTPUT_KINDS, *PARAM_TYPES}
    assert sorted(words - WORDS) == []
    assert [unit for unit in (*DURATIONS, *SIZES) if not re.search(rf"\b[0-9.]*{unit}\b", PAGE)] == []
