"""The tree as JSON and back: nothing is lost, and a wrong document is told where it is wrong."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax.document import FORMAT, file_document, file_text
from mlopsc.compiler.syntax.parser import parse
from mlopsc.compiler.syntax.tree import File

from .specs import Author, corpus, shape


def read(text: str) -> File:
    return parse(Source("spec.mlops", text), Diagnostics())


def check(text: str) -> None:
    file = read(text)
    document = json.loads(json.dumps(file_document(file)))
    again = read(file_text(document))
    assert shape(again.items) == shape(file.items)
    assert file_document(again) == document


@pytest.mark.parametrize("text", corpus(), ids=range(len(corpus())))
def test_a_spec_comes_back(text: str) -> None:
    check(text)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_a_spec_from_the_grammar_comes_back(seed: int) -> None:
    check(Author(Random(seed)).spec())


def test_numbers_stay_as_they_were_written() -> None:
    text = "guard g on t {\n  rows  >= 10_000\n  fresh <= 90m\n}\n"
    assert file_text(file_document(read(text))) == text


def item(**parts: Any) -> dict[str, Any]:
    return {"format": FORMAT, "items": [parts]}


def attribute(**value: Any) -> dict[str, Any]:
    body = [{"kind": "attribute", "name": "a", "value": value}]
    return item(kind="declaration", keyword="stage", name="s", body=body)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "$.format: wanted is"),
        ({"format": "other"}, "$.format: wanted is 'mlops-syntax/1'"),
        ({"format": FORMAT}, "$.items: wanted is a list"),
        ({"format": FORMAT, "items": [], "more": 1}, "$.more: wanted is nothing"),
        (item(kind="stage"), "$.items[0].kind: wanted is one of apply, declaration"),
        (item(kind="declaration", name="x"), "$.items[0].keyword: wanted, and missing"),
        (item(kind="declaration", keyword="stage", name="x y"), "$.items[0].name: wanted is a name"),
        (item(kind="declaration", keyword="step", name="x"), "$.items[0]: wanted is what the language can write"),
        (item(kind="declaration", keyword="stage", name="x", body={}), "$.items[0].body: wanted is a list"),
        (item(kind="declaration", keyword="stage", name="x", colour=1), "$.items[0].colour: wanted is one of keyword"),
        (item(kind="import", path=3), "$.items[0].path: wanted is a text"),
        (item(kind="edition", number="1"), "$.items[0].number: wanted is a number"),
        (attribute(kind="number", value=True), "$.items[0].body[0].value.value: wanted is a number"),
        (attribute(kind="number", value=float("inf")), "$.items[0].body[0].value.value: wanted is a number"),
        (attribute(kind="truth", value=1), "$.items[0].body[0].value.value: wanted is true or false"),
        (
            attribute(kind="number", value=1, written="2"),
            "$.items[0].body[0].value.written: wanted is a way to write 1",
        ),
        (attribute(kind="number", value=1, written="1 }"), "$.items[0].body[0].value.written: wanted is a way"),
        (attribute(kind="path", name="a..b"), "$.items[0].body[0].value.name: wanted is a name, or names with dots"),
        (attribute(kind="list", items=[3]), "$.items[0].body[0].value.items[0].kind: wanted is one of better"),
    ],
)
def test_a_wrong_document_is_told_where(document: Any, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        file_text(document)
    assert str(raised.value).startswith(message)


JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    3.5,
    1e308,
    10**50,
    "",
    "x",
    "a b",
    "and",
    'q"\n#{',
    [],
    [1],
    {},
    {"kind": "path"},
)


def spoil(value: Any, random: Random) -> Any:
    """A document with one part replaced, lost, or put in."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(sorted(value))
        kind = random.randrange(12)
        if kind == 0:
            return {k: v for k, v in value.items() if k != key}
        if kind == 1:
            return {**value, random.choice(("kind", "value", "more", "written")): random.choice(JUNK)}
        return {**value, key: spoil(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.95:
        at = random.randrange(len(value))
        return [*value[:at], spoil(value[at], random), *value[at + 1 :]]
    return random.choice(JUNK)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_a_spoilt_document_is_written_or_refused(seed: int) -> None:
    random = Random(seed)
    document = spoil(file_document(read(random.choice(corpus()))), random)
    try:
        text = file_text(document)
    except ValueError as error:
        assert str(error).startswith("$"), error
    else:
        diagnostics = Diagnostics()
        parse(Source("spec.mlops", text), diagnostics)
        assert list(diagnostics) == []
