"""Formatting keeps the tree and every comment, and a second run changes nothing."""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.format import format_text
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax.parser import parse
from mlopsc.compiler.syntax.tree import File
from mlopsc.tests.syntax.specs import ROOT, Author, corpus, damaged, shape

MANY = 10_000 if os.environ.get("MLOPSC_SLOW") else 100
CORPUS = corpus()
SEEDS = st.integers(0, 2**32)
calm = settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))


def read(text: str) -> tuple[File, Diagnostics]:
    diagnostics = Diagnostics()
    return parse(Source("spec.mlops", text), diagnostics), diagnostics


def check(text: str) -> None:
    once = format_text(Source("spec.mlops", text))
    before, after = read(text.replace("\r\n", "\n"))[0], read(once.replace("\r\n", "\n"))[0]
    assert shape(after.items) == shape(before.items)
    assert Counter(c.text for c in after.comments) == Counter(c.text for c in before.comments)
    # A comment that moves out of an item may land behind an unclosed one, and then counts as part of it.
    assert len(after.broken) == len(before.broken)
    assert all(a.text.startswith(b.text) for a, b in zip(after.broken, before.broken, strict=True))
    assert format_text(Source("spec.mlops", once)) == once


def test_there_is_a_corpus() -> None:
    assert len(CORPUS) >= 3


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_a_spec_of_the_corpus_keeps_its_meaning(text: str) -> None:
    check(text)


def test_every_fixture_of_the_diagnostics_keeps_its_meaning() -> None:
    fixtures = [path for path in (ROOT / "tests" / "diagnostics").glob("**/*.mlops") if path.is_file()]
    assert len(fixtures) > 30
    for path in fixtures:
        check(path.read_text(encoding="utf-8", errors="replace"))


@calm
@given(SEEDS)
def test_a_spec_from_the_grammar_keeps_its_meaning(seed: int) -> None:
    text = Author(Random(seed)).spec()
    _, diagnostics = read(text)
    assert [d.message for d in diagnostics] == [], text
    check(text)


@calm
@given(SEEDS)
def test_a_damaged_spec_keeps_what_it_means_and_what_nobody_can_read(seed: int) -> None:
    random = Random(seed)
    check(damaged(random.choice(CORPUS), random.choice(CORPUS), random))


def test_windows_line_ends_stay() -> None:
    text = "mlops   1\r\nparam x:int=1   # why\r\n\r\n\r\nstage a{run='x'\r\n"
    once = format_text(Source("spec.mlops", text))
    assert once == "mlops 1\r\nparam x: int = 1  # why\r\n\r\nstage a{run='x'\r\n"
    assert format_text(Source("spec.mlops", once)) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("\n\n", ""), ("# only", "# only\n"), ("mlops 1", "mlops 1\n"), ("\ufeffmlops 1", "mlops 1\n")],
)
def test_small_files(text: str, expected: str) -> None:
    assert format_text(Source("spec.mlops", text)) == expected
