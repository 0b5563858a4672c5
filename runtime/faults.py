"""Why a table could not be read or measured, in one sentence: where, what, and what to do.

DuckDB's own message goes on for a page and speaks of its options; it is kept in the guard's record as the detail.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .call import UnreadableError, csv_head

_TYPES = {
    **dict.fromkeys(("BIGINT", "INTEGER", "INT64", "INT32", "HUGEINT", "SMALLINT", "TINYINT"), "a whole number"),
    **dict.fromkeys(("DOUBLE", "FLOAT", "DECIMAL", "REAL"), "a number"),
    **dict.fromkeys(("BOOLEAN", "BOOL"), "true or false"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), "a time (2013-01-31 10:00:00)"),
    "DATE": "a date (2013-01-31)",
    "TIME": "a time of day",
    "VARCHAR": "a text",
}


def plain_reason(message: str, reader: str, files: Sequence[str]) -> str:
    """The sentence for an error of DuckDB while it read these files; `reader` is the function that reads them."""
    named = [f for f in files if f'"{f}"' in message or f"file = {f}\n" in message or f"{f}'" in message]
    try:
        if reader == "read_csv":
            converted = _converted_csv(message, named)
            found = converted or next(_csv_faults(message, named or files), None)
        elif reader == "read_json":
            found = next(_json_faults(named or files), None)
        else:
            found = next(_parquet_faults(named or files), None)
    except (OSError, UnreadableError) as e:
        return str(e)
    return found or _of_query(message, reader)


# Files ---------------------------------------------------------------------------------------------------------------


def _opened(file: str, **how: Any) -> Any:
    opener: Callable[..., Any] = gzip.open if file.endswith(".gz") else open
    return opener(file, **how)


def _converted_csv(message: str, files: Sequence[str]) -> str | None:
    """A value that is not what its column is otherwise."""
    value = re.search(r"""Could not convert string "(.*?)" to '([^']*)'""", message, re.DOTALL)
    line = re.search(r"CSV Error on Line: (\d+)", message)
    column = re.search(r'Error when converting column "(.*?)"\.', message)
    if not value or not line or not column:
        return None
    where = f"{files[0]}, line {line[1]}" if files else f"line {line[1]}"
    wanted = _TYPES.get(value[2].partition("(")[0], value[2])
    return f"{where}: column '{column[1]}' has '{_short(value[1])}', and elsewhere {wanted}: correct the value"


def _csv_faults(message: str, files: Sequence[str]) -> Iterator[str]:
    """The first line of CSV files that is not as the others are."""
    if "Maximum line size" in message:
        yield f"{files[0]}: a line of it has more than 2 000 000 bytes: a quote is open, or it is no CSV"
    for file in files:
        delimiter, names, _ = csv_head(file)
        broken = _not_utf8(file)
        if broken:
            yield broken
        with _opened(file, mode="rt", encoding="utf-8-sig", newline="") as f:
            rows = csv.reader((text.replace("\0", "") for text in f), delimiter=delimiter, strict=True)
            yield from _odd_rows(file, rows, len(names), delimiter)
        ends = _line_ends(file)
        if len(ends) > 1:
            yield f"{file}: its lines end in two ways, {' and '.join(ends)}: write it with one of them"


def _odd_rows(file: str, rows: Any, width: int, delimiter: str) -> Iterator[str]:
    begins = 1
    try:
        for row in rows:
            if row and len(row) != width:
                fields = f"{len(row)} field{'s' if len(row) != 1 else ''}"
                yield (
                    f"{file}, line {begins}: {fields}, and the first line has {width}: "
                    f"correct the line, or quote the text that has {delimiter!r} in it"
                )
            begins = rows.line_num + 1
    except csv.Error as e:
        if "unexpected end of data" in str(e):
            yield f"{file}, line {begins}: a quote is opened and not closed"
        elif "field limit" not in str(e):
            yield f"{file}, line {begins}: a quote within a quoted text: write it twice"


def _not_utf8(file: str) -> str | None:
    with _opened(file, mode="rb") as f:
        for number, line in enumerate(f, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as e:
                byte = line[e.start]
                return f"{file}, line {number}: byte 0x{byte:02x} is not UTF-8: write the file in UTF-8"
    return None


def _line_ends(file: str) -> list[str]:
    ends = {b"\r\n": r"\r\n", b"\n": r"\n", b"\r": r"\r"}
    with _opened(file, mode="rb") as f:
        seen = {m for line in f for m in re.findall(rb"\r\n|\n|\r", line)}
    return [shown for end, shown in ends.items() if end in seen]


def _json_faults(files: Sequence[str]) -> Iterator[str]:
    """The first line of JSONL files that is no JSON."""
    for file in files:
        if Path(file.removesuffix(".gz")).suffix == ".json":
            continue  # one document, on as many lines as it likes
        broken = _not_utf8(file)
        if broken:
            yield broken
        with _opened(file, mode="rt", encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                try:
                    if line.strip() and not isinstance(json.loads(line), dict):
                        yield f"{file}, line {number}: a row is an object, {{…}}, and this is something else"
                except ValueError as e:
                    yield f"{file}, line {number}: this is not JSON: {str(e).rpartition(': line')[0].lower()}"


def _parquet_faults(files: Sequence[str]) -> Iterator[str]:
    for file in files:
        path = Path(file)
        size = path.stat().st_size
        if size == 0:
            yield f"{file}: it is empty, and no Parquet"
        with path.open("rb") as f:
            start = f.read(4)
            f.seek(max(0, size - 4))
            end = f.read(4)
        if start != b"PAR1":
            yield f"{file}: it is no Parquet: it does not begin as Parquet does"
        elif end != b"PAR1":
            yield f"{file}: it is cut off: it does not end as Parquet does; copy it again, or make it anew"


# Queries -------------------------------------------------------------------------------------------------------------


def _of_query(message: str, reader: str) -> str:
    """An error that is about the query and not about the files."""
    other = _other(message)
    if found := re.search(r'Referenced (?:column )?"(.*?)" not found in FROM clause', message):
        there = re.search(r"Candidate bindings: (.*)", message)
        names = ", ".join(re.findall(r'"([^"]*)"', there[1])) if there else ""
        return f"the table has no column '{found[1]}'" + (f"; it has {names} and maybe others" if names else "")
    if found := re.search(r"No function matches .*?'(\w+)\((.*?)\)'", message):
        kinds = " and ".join(_kind(k.partition("(")[0]) for k in found[2].split(","))
        return f"'{found[1]}' cannot be taken of {kinds}: {other}{_or_empty(kinds, reader)}"
    if found := re.search(r"Cannot (?:compare|mix) values of type ([\w ]+?)(?:\(.*?\))? and (?:type )?(\w+)", message):
        kinds = f"{_kind(found[1])} is compared with {_kind(found[2])}"
        return f"{kinds}: {other}{_or_empty(kinds, reader)}"
    if found := re.search(r"""[Cc]ould not convert string ['"](.*?)['"] to '?([A-Z0-9 ]+)""", message, re.DOTALL):
        return f"'{_short(found[1])}' is not {_kind(found[2])}: {other}"
    if found := re.search(r'invalid (timestamp|date) field format: "(.*?)", expected', message, re.DOTALL):
        return f"'{_short(found[2])}' is not {_TYPES[found[1].upper()]}: {other}"
    if re.search(r"\w+ for \w+ is out of range", message):
        return "a statistic has no value: its column has NaN, infinite, or very large numbers"
    first, _, _ = message.strip().partition("\n")
    return re.sub(r"^(?:[A-Z][A-Za-z-]* )+Error: ", "", first)


def _other(message: str) -> str:
    """Which column is of another type: those in the line of the query that DuckDB shows, as far as it shows it."""
    line = re.search(r"^LINE \d+: (.*)$", message, re.MULTILINE)
    names = list(dict.fromkeys(re.findall(r'"((?:[^"]|"")+)"', line[1]))) if line else []
    columns = " or ".join(f"'{_short(name)}'" for name in names)
    return f"{f'column {columns}' if columns else 'the column'} is of another type than the rule wants"


def _or_empty(kinds: str, reader: str) -> str:
    """A column of a CSV file that has no value is read as texts, for nothing tells what it would hold."""
    return ", or has no value at all" if reader == "read_csv" and "a text" in kinds else ""


def _kind(type_: str) -> str:
    plain = type_.strip().removesuffix("_LITERAL").removesuffix(".").strip()
    return _TYPES.get({"STRING": "VARCHAR"}.get(plain, plain), plain)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
