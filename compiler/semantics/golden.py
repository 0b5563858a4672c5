"""Golden files of `expected`: CSV with a header, a row a case; the key in some columns, what is expected in the others.

They are read when the spec is compiled, so that a column, a key or a number that cannot be compared is known before
anything runs. What a column holds follows from all its values; the guard compares it as that.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from datetime import date

# What a column of the file holds. A double does not tell great whole numbers apart, such as keys are.
GREAT, NUMBER, BOOL = "great whole numbers", "numbers", "true or false"
TIME, TEXT, NOTHING = "times", "texts", "nothing"
_NO_VALUE = frozenset({"nan", "inf", "infinity", "null", "none", "na"})
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,37})")  # as people write it: `007` is a code
_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?)?", re.ASCII)
_DOUBLE_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Golden:
    """The file as it was read; `rows` are its cells, an empty one being a null."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]  # of the rows in the file

    def values(self, column: str) -> list[str]:
        """The cells of a column, nulls left out."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows if row[place]]

    def holds(self, column: str) -> str:
        """What the column holds: the narrowest kind that all its values are."""
        values = self.values(column)
        if not values:
            return NOTHING
        if all(map(_WHOLE.fullmatch, values)) and any(len(v) > _DOUBLE_DIGITS for v in values):
            return GREAT
        kinds = ((NUMBER, _is_number), (BOOL, _is_bool), (TIME, _is_time))
        return next((kind for kind, fits in kinds if all(map(fits, values))), TEXT)


class NotGoldenError(Exception):
    """The file is none; the message says why, in words that follow its name."""


def read_golden(text: str | None) -> Golden:
    """The golden file of a text. Raises NotGoldenError."""
    if text is None:
        raise NotGoldenError("is no text in UTF-8")
    try:
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        found = [(reader.line_num, tuple(row)) for row in reader if row]
    except csv.Error as error:
        raise NotGoldenError(f"is no CSV: {error}") from None
    if not found:
        raise NotGoldenError("is empty")
    (_, columns), *rest = found
    twice = next((c for c in columns if columns.count(c) > 1), None)
    if twice is not None:
        raise NotGoldenError(f"has two columns '{twice}'")
    for line, row in rest:
        if len(row) != len(columns):
            raise NotGoldenError(f"has {len(columns)} columns, and {len(row)} in line {line}")
    if not rest:
        raise NotGoldenError("has a header and no rows")
    return Golden(columns, tuple(row for _, row in rest), tuple(line for line, _ in rest))


def problem_with_keys(golden: Golden, keys: tuple[str, ...]) -> str | None:
    """Why its rows cannot be told apart by these columns, or why nothing is left to expect."""
    missing = next((k for k in keys if k not in golden.columns), None)
    if missing is not None:
        return f"has no column '{missing}', which is the key"
    if len(keys) == len(golden.columns):
        return "has the key, and nothing that is expected"
    places = [golden.columns.index(k) for k in keys]
    seen: dict[tuple[str, ...], int] = {}
    for line, row in zip(golden.lines, golden.rows, strict=True):
        key = tuple(row[p] for p in places)
        if "" in key:
            return f"has no key in line {line}"
        if key in seen:
            return f"has the key {', '.join(key)} twice, in lines {seen[key]} and {line}"
        seen[key] = line
    return None


def problem_with_numbers(golden: Golden, keys: tuple[str, ...]) -> str | None:
    """A column of numbers in which one cell is none that could be compared."""
    for column in golden.columns:
        values = golden.values(column)
        odd = next((v for v in values if v.lower().lstrip("+-") in _NO_VALUE), None)
        if odd is not None and column not in keys and any(map(_is_number, values)):
            return f"has '{odd}' among the numbers of '{column}': for no value, leave the cell empty"
    return None


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None and math.isfinite(float(value))


def _is_bool(value: str) -> bool:
    return value.lower() in ("true", "false")


def _is_time(value: str) -> bool:
    try:
        return _TIME.fullmatch(value) is not None and bool(date.fromisoformat(value[:10]))
    except ValueError:
        return False
