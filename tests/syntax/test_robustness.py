"""Whatever a file holds: no exception, no token's name in a message, spans inside the text and inside each other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.format import format_text
from mlopsc.compiler.source import Source, Span
from mlopsc.compiler.syntax.parser import parse
from mlopsc.compiler.syntax.tree import File
from mlopsc.grammar import grammar_text

from .specs import HERE, Author, corpus, damaged

MANY = 10_000 if os.environ.get("MLOPSC_SLOW") else 200
CORPUS = corpus()
TERMINALS = frozenset(re.findall(r"^([A-Z_]+)(?:\.-?\d+)?:", grammar_text(), re.MULTILINE)) | {"$END"}
_UPPER = re.compile(r"\$?[A-Z][A-Z_]+")
_TOKEN = re.compile(r'#[^\n]*|"[^"\n]*"|\w+|[^\w\s]')
# Words that messages use for themselves: units, and the codes of characters.
_OURS = frozenset({"KB", "MB", "GB", "TB", "U"})


def read(text: str) -> tuple[File, Diagnostics]:
    diagnostics = Diagnostics()
    return parse(Source("spec.mlops", text), diagnostics), diagnostics


def spans(node: Any, within: Span) -> Iterator[tuple[Span, Span]]:
    """Each node's span with that of the node around it."""
    if isinstance(node, tuple):
        for part in node:
            yield from spans(part, within)
    elif is_dataclass(node) and not isinstance(node, Span | Source):
        own = getattr(node, "span", within)
        yield own, within
        for f in fields(node):
            if f.name not in ("span", "op_span"):
                yield from spans(getattr(node, f.name), own)
        if hasattr(node, "op_span"):
            yield node.op_span, own


def check(text: str) -> None:
    file, diagnostics = read(text)
    whole = Span(file.source, 0, len(text))
    for inner, outer in spans((file.items, file.comments), whole):
        assert outer.start <= inner.start <= inner.end <= outer.end
    for diagnostic in diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        said = " ".join([diagnostic.message, diagnostic.hint or "", *(n.message for n in diagnostic.notes)])
        assert "\n" not in said
        assert len(diagnostic.message) <= 160
        named = {word for word in _UPPER.findall(said) if word not in text and word not in _OURS}
        assert not named & TERMINALS, said
    assert bool(file.broken) <= bool(len(diagnostics))
    format_text(file.source)


def test_the_grammar_has_terminals() -> None:
    assert {"NAME", "STRING", "SEP", "LBRACE", "OF_ROWS"} <= TERMINALS


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_no_damage_makes_an_exception(seed: int) -> None:
    random = Random(seed)
    other = Author(random).spec()
    check(damaged(random.choice([*CORPUS, other]), random.choice([*CORPUS, other]), random))


@settings(max_examples=MANY // 2, deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_an_exception(text: str) -> None:
    check(text)


@settings(max_examples=MANY // 2, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_make_an_exception(noise: bytes) -> None:
    check(noise.decode("utf-8", errors="replace"))


@pytest.mark.parametrize(
    "text",
    [
        "guard g on x { " + "not " * 5000 + "a }",
        "guard g on x { " + "-" * 5000 + "a }",
        "guard g on x { a" + " + a" * 5000 + " > 1 }",
        "guard g on x { " + " and ".join(["a > 1"] * 500) + " }",
        "param x: " + "list<" * 3000 + "int" + ">" * 3000,
        "stage x { a = " + "[" * 3000 + "]" * 3000 + " }",
        "stage x { a = " + "{ a: " * 60 + "1" + "}" * 60 + " }",
        "stage x { a = " + "(1 + " * 60 + "1" + ")" * 60 + " }",
        "stage x { a = " + "9" * 5000 + " }",
        "stage x { a = 1e999, b = 9e307w, c = " + "9" * 400 + "% }",
        "{" * 5000,
        "}" * 5000,
        '"' * 5000,
        "stage x " * 2000,
        "stage x { " + "a" * 3000 + ' "x" }',
        "stage " + "a-" * 3000 + " {}",
        "source s { schema { " + "a" * 3000 + " " + "b" * 3000 + " } }",
        "stage x { a = f(" + "a" * 3000 + " = 1) }",
        "stage x { a = " + "1" * 39 + " m }",
        "stage x { a = 1" + "m" * 3000 + " }",
        "a" * 3000 + " x {}",
        "\\" * 3000,
        'stage x { a = "\\u{110000} \\u{d800} \\q " }',
    ],
    ids=lambda text: f"{text[:24]}-{len(text)}",
)
def test_no_excess_makes_an_exception(text: str) -> None:
    check(text)


def test_five_mistakes_are_five_diagnostics() -> None:
    text = """mlops 1

pipeline p { owner "me" }

source s {
  uri = 'x.csv'
}

## Well written.
stage fine { run = "true" }

stage a {
  timeout = 30min
}

guard g on s {
  rows >= 1
  nulls(x <= 1%
}

stagee b {
  run = "true"
}

## Well written, too.
param month: int = 1 in 1..12
"""
    file, diagnostics = read(text)
    assert [(d.code, d.span.line) for d in diagnostics] == [
        ("E101", 3),
        ("E101", 6),
        ("E106", 13),
        ("E102", 18),
        ("E104", 21),
    ]
    assert len(file.items) == 3
    assert len(file.broken) == 5


def test_a_lost_brace_costs_one_item() -> None:
    _, diagnostics = read('stage a {\n  run = "true"\n\nstage b {\n  run = "true"\n}\n')
    assert [(d.code, d.span.line) for d in diagnostics] == [("E102", 1)]


def test_a_lost_token_costs_one_diagnostic() -> None:
    text = (HERE / "corpus" / "whole.mlops").read_text(encoding="utf-8")
    tokens = [m for m in _TOKEN.finditer(text) if not m.group().startswith("#")]
    assert len(tokens) > 500
    several = []
    for token in tokens[:: 1 if MANY > 1000 else 4]:
        _, diagnostics = read(text[: token.start()] + text[token.end() :])
        if len(diagnostics) > 1:
            several.append((token.start(), token.group(), [d.message for d in diagnostics]))
    assert several == []
