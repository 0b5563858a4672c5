"""Metrics files: one flat JSON object of numbers. What is wrong with one is told in plain words, and at which line."""

from __future__ import annotations

import json
import re
from typing import Any

_NAME = re.compile(r'"(?:\\.|[^"\\])*"(?=\s*:)')
_WORDS = {
    "Expecting value": "a value is missing here",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing here",
    "Illegal trailing comma before end of object": "a comma stands before the closing brace",
    "Expecting ':' delimiter": "a colon is missing here",
    "Expecting ',' delimiter": "a comma or the closing brace is missing here",
    "Unterminated string starting at": "a text begins here and has no end",
    "Extra data": "something stands behind the end of the object",
    "Invalid control character at": "a line break stands inside a text",
    "Invalid \\escape": "a backslash stands here that means nothing",
}


class BadMetricsError(ValueError):
    """The text is no metrics; the message says what it is instead."""


def parse_metrics(text: str) -> dict[str, float]:
    """The numbers by name. Raises BadMetricsError, also for a name that stands there twice: which one counts?"""
    if not text.strip():
        raise BadMetricsError("it is empty")
    try:
        found = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as e:
        raise BadMetricsError(f"{_in_words(e)} ({_place(text, e.pos)})") from e
    except (ValueError, RecursionError) as e:
        raise BadMetricsError("it holds a number or a nesting that no reader takes") from e
    if not isinstance(found, _Pairs):
        raise BadMetricsError(f'it is {_kind(found)}, and not an object: write {{"accuracy": 0.84}}')
    numbers: dict[str, float] = {}
    for name, value in found:
        if name in numbers:
            raise BadMetricsError(f"'{name}' stands there twice ({_place_of(text, name, 1)})")
        if isinstance(value, bool) or not isinstance(value, int | float):
            what = f"'{name}' is {_kind(value)}, and no number ({_place_of(text, name, 0)})"
            raise BadMetricsError(f"{what}; metrics are a flat JSON object of numbers")
        numbers[name] = value
    return numbers


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, with names that repeat."""


def _in_words(error: json.JSONDecodeError) -> str:
    text, at = error.doc, error.pos
    if text[at : at + 1] == "}" and text[:at].rstrip().endswith(","):
        return "a comma stands before the closing brace"
    if text[at : at + 1] == "'":
        return "a name stands in double quotes, not in single ones"
    known = next((words for start, words in _WORDS.items() if error.msg.startswith(start)), error.msg)
    return "the closing brace is missing" if at >= len(text.rstrip()) and "missing" in known else known


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def _place_of(text: str, name: str, number: int) -> str:
    """Where a name is written; names of nested objects come after what is reported first."""
    places = [m.start() for m in _NAME.finditer(text) if json.loads(m.group(), strict=False) == name]
    return _place(text, places[number] if number < len(places) else 0)


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true or false"
    if isinstance(value, str):
        return "a text"
    return "an object" if isinstance(value, _Pairs) else "a list" if isinstance(value, list) else "a number"
