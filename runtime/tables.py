"""The rows of a guard's subject, asked and parted through DuckDB."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .call import UnreadableError, csv_head, files_of, quoted_text, table_expression
from .connection import connect
from .context import Context, FailedNodeError
from .faults import plain_reason
from .store import safe_id

SAMPLE_ROWS = 5

# The name of a table in SQL; and comments, texts and quoted names, in which braces mean nothing.
_PLACE = re.compile(r"""--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\{(?P<name>[A-Za-z_][\w./-]*)\}""")


@contextmanager
def open_table(context: Context, guard: Mapping[str, Any]) -> Iterator[Table]:
    """The subject of a guard, as the guard sees it, for as long as it is asked."""
    paths = context.verified(guard["subject"], reader=guard["id"])
    with context.store.workspace(safe_id(guard["id"])) as aside:
        others = {other["name"]: _other(context, guard, other) for other in guard.get("tables", ())}
        table = Table(context, paths, guard.get("format"), aside, others)
        try:
            yield table
        finally:
            table.close()


def _other(context: Context, guard: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What stands after FROM for another table: all of it that the guards on it let through; or a golden file."""
    if other.get("file"):
        # As Python's csv reads it where the spec is compiled, and every column a text.
        form = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', sample_size = -1"
        return f"read_csv({quoted_text(context.root / other['file'])}, {form})"
    paths = [path for artifact in other["artifacts"] for path in context.verified(artifact, reader=guard["id"])]
    return _read(paths, other.get("format"), context.root)


def _read(paths: Sequence[Path], format: str | None, root: Path) -> str:  # noqa: A002
    try:
        return table_expression([str(p) for p in paths], format)
    except UnreadableError as e:
        raise FailedNodeError(str(e).replace(f"{root}{os.sep}", "")) from e


class Table:
    """A table of one or more files, in one format. What does not fit into memory lies in `aside` meanwhile.

    `others` says what the other names of the SQL are to be read from.
    """

    def __init__(
        self,
        context: Context,
        paths: Sequence[Path],
        format: str | None,  # noqa: A002
        aside: Path,
        others: Mapping[str, str],
    ) -> None:
        self._connection = connect(context, aside)
        import duckdb

        self._error = duckdb.Error
        self._children = context.children
        self._subject = _read(paths, format, context.root)
        self._files = [f for p in paths for f in files_of(str(p))]
        self._root = context.root
        self._tables = {"subject": self._subject, **others}
        self._same_columns()

    def close(self) -> None:
        self._connection.close()

    def measure(self, query: str) -> dict[str, Any]:
        if query.count("{subject}") > 1 and self.suffix != ".parquet":
            # To parse text again costs more than to keep its rows, which go to disk where they are too many.
            self._execute("CREATE TEMP TABLE read_once AS SELECT * FROM {subject}")
            self._tables["subject"] = "read_once"
        rows = self._ask(query, _number)
        return rows[0] if rows else {}

    def rows_where(self, condition: str) -> list[dict[str, Any]]:
        """Some rows that meet a condition."""
        return self.sample(f"SELECT * FROM {{subject}} AS subject WHERE (\n{condition}\n)")

    def sample(self, select: str) -> list[dict[str, Any]]:
        """Some rows of a SELECT."""
        try:
            query = f"SELECT * FROM (\n{select}\n) LIMIT {SAMPLE_ROWS}"
            return [{name: _in_json(value) for name, value in row.items()} for row in self._ask(query)]
        except FailedNodeError as e:
            return [{"rows could not be read": str(e)}]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query returns, as DuckDB gives it."""
        found: list[tuple[Any, ...]] = self._execute(query)[1].fetchall()
        return found

    def _ask(self, query: str, plain: Callable[[Any], Any] | None = None) -> list[dict[str, Any]]:
        names, rows = self._fetched(query)
        return [dict(zip(names, map(plain or _plain, row), strict=True)) for row in rows]

    def _fetched(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            names, rows = self._execute(query)
            return names, rows.fetchall()
        except self._error as e:
            if "pytz" not in str(e):
                raise self._failed(e) from e
        # DuckDB hands out times with a zone only where that package is installed. In UTC they need none.
        zoned = self._zoned(query)
        names, rows = self._execute(f"SELECT * REPLACE ({', '.join(zoned.values())}) FROM (\n{query}\n)")
        return names, [
            tuple(_zoned(v) if n in zoned else v for n, v in zip(names, row, strict=True)) for row in rows.fetchall()
        ]

    def _zoned(self, query: str) -> dict[str, str]:
        """The columns with times that have a zone, each as a plain time in UTC; as JSON where it is deeper within."""
        _, described = self._execute(f"DESCRIBE {query}")
        found = {}
        for name, kind, *_ in described.fetchall():
            quoted = '"' + name.replace('"', '""') + '"'
            if kind == "TIMESTAMP WITH TIME ZONE":
                found[name] = f"timezone('UTC', {quoted}) AS {quoted}"
            elif "TIMESTAMP WITH TIME ZONE" in kind:
                found[name] = f"CAST(to_json({quoted}) AS VARCHAR) AS {quoted}"
        return found

    def _execute(self, query: str) -> tuple[list[str], Any]:
        try:
            with self._children.interrupting(self._connection.interrupt):
                cursor = self._connection.execute(self._filled(query))
                return [d[0] for d in cursor.description or ()], cursor
        except self._error as e:
            raise self._failed(e) from e

    def _failed(self, error: Exception) -> FailedNodeError:
        said = str(error).strip()
        # A guard may read a second table; the message names the file that the fault is in.
        tables = {table: _files_in(table) for table in self._tables.values() if table.startswith("read_")}
        of = next((t for t, files in tables.items() if any(f in said for f in files)), self._subject)
        reason = plain_reason(said, of.partition("(")[0], tables.get(of, self._files))
        return FailedNodeError(reason.replace(f"{self._root}{os.sep}", ""), said)

    def _same_columns(self) -> None:
        """Parquet files with other columns than the first are no one table, and neither is one with a name twice, of
        which DuckDB would call the second `a_1`; CSV files are looked at by their heads."""
        if self.suffix != ".parquet":
            return
        files = self._subject[self._subject.index("[") : self._subject.rindex("]") + 1]
        try:
            asked = f"SELECT file_name, name, coalesce(num_children, 0) FROM parquet_schema({files})"
            found = self._connection.execute(asked).fetchall()
        except self._error as e:
            raise self._failed(e) from e
        columns: dict[str, set[str]] = {}
        inside: dict[str, list[int]] = {}  # how many names are still to come, in the table itself and in each column
        for file, name, children in found:
            depth = inside.setdefault(file, [])
            if len(depth) == 1:
                self._no_column_twice(file, name, columns.setdefault(file, set()))
                columns[file].add(name)
            if depth:
                depth[-1] -= 1
            if children:
                depth.append(children)
            while len(depth) > 1 and not depth[-1]:
                depth.pop()
        first, *others = columns
        for other in others:
            differ = sorted(columns[first] ^ columns[other])
            if differ:
                which = "".join(f" '{n}' is only in {first if n in columns[first] else other}." for n in differ[:3])
                message = f"{other}: its columns are not those of {first}:{which[:-1]}"
                raise FailedNodeError(message.replace(f"{self._root}{os.sep}", ""))

    def _no_column_twice(self, file: str, name: str, before: set[str]) -> None:
        for other in before:
            if other.lower() == name.lower():
                twice, differ = f"two columns are called {name!r}", f"{other!r} and {name!r} differ in case only"
                message = f"{file}: {twice if other == name else f'the columns {differ}'}: rename one"
                raise FailedNodeError(message.replace(f"{self._root}{os.sep}", ""))

    def _filled(self, query: str) -> str:
        """The query with the tables in place of their names; what stands in quotes is a value and stays as it is."""
        return _PLACE.sub(lambda m: self._tables.get(m["name"] or "", m.group()), query)

    # ---------------------------------------------------------------- parting

    @property
    def suffix(self) -> str:
        """Of a file in the table's format."""
        reader = self._subject.partition("(")[0]
        return {"read_parquet": ".parquet", "read_json": ".jsonl"}.get(reader, ".csv")

    def part(self, condition: str, aside: Path, kept: Path) -> tuple[int, int]:
        """Writes the rows that meet a condition to one file and the others to another; returns how many each has.

        The rows keep their order, and in text formats their text: a code such as `007` is no number for being parted.
        """
        self._tables["subject"] = self._subject
        if self.suffix == ".parquet":
            for path, where in ((aside, condition), (kept, f"({condition}) IS NOT TRUE")):
                select = f"SELECT * FROM {{subject}} AS subject WHERE {where}"
                self._execute(f"COPY ({select}) TO {quoted_text(path)} (FORMAT parquet)")
        else:
            self._part_text(condition, aside, kept)
        counts = [self._count(f"{self._reader(p)}") for p in (aside, kept)]
        if sum(counts) != self._count("{subject}"):
            raise FailedNodeError("the rows could not be parted: some would be lost")
        return counts[0], counts[1]

    def _part_text(self, condition: str, aside: Path, kept: Path) -> None:
        # The text of each row stands beside what the typed row says of the condition; one thread keeps both in order.
        self._execute("SET threads = 1")
        raw = self._raw()
        if self._count(raw) != self._count("{subject}"):
            raise FailedNodeError("the rows could not be parted: their text does not tell them apart")
        judged = f"(SELECT ({condition}) IS TRUE AS broken FROM {{subject}} AS subject) AS judged"
        for path, where in ((aside, "judged.broken"), (kept, "NOT judged.broken")):
            select = f"SELECT raw.* FROM {raw} AS raw POSITIONAL JOIN {judged} WHERE {where}"
            if self.suffix == ".csv":
                options = f"FORMAT csv, HEADER, DELIMITER {self._delimiter()}"
                self._execute(f"COPY ({select}) TO {quoted_text(path)} ({options})")
            else:
                self._write_lines(select, path)

    def _raw(self) -> str:
        """The rows as they are written: columns of text, or whole lines of JSON."""
        if self.suffix == ".csv":
            return f"{self._subject[:-1]}, all_varchar = true)"
        files = self._subject[self._subject.index("[") : self._subject.rindex("]") + 1]
        return f"read_ndjson_objects({files})"

    def _delimiter(self) -> str:
        return quoted_text(csv_head(self._files[0])[0])

    def _write_lines(self, select: str, path: Path) -> None:
        _, rows = self._execute(select)
        with path.open("x", encoding="utf-8") as f:
            while some := rows.fetchmany(10_000):
                f.writelines(f"{line}\n" for (line,) in some)

    def _reader(self, path: Path) -> str:
        return table_expression([str(path)], self.suffix[1:]) if path.stat().st_size else "range(0)"

    def _count(self, table: str) -> int:
        _, rows = self._execute(f"SELECT count(*) FROM {table}")
        return int(rows.fetchone()[0])


def _files_in(table: str) -> list[str]:
    """The files that an expression of `table_expression` reads."""
    listed = re.match(r"\w+\(\[?((?:'(?:[^']|'')*'(?:, )?)+)", table)
    found = re.findall(r"'((?:[^']|'')*)'", listed[1]) if listed else []
    return [f.replace("''", "'") for f in found]


def _number(value: Any) -> Any:
    """A measure: a value, those of the slices, or what there is to say of cases."""
    if isinstance(value, dict):
        return {key: v if isinstance(v, list) else _plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [{key: _plain(v) for key, v in each.items()} for each in value]
    return _plain(value)


def _zoned(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=datetime.timezone.utc)
    return json.loads(value) if isinstance(value, str) else value


def _in_json(value: Any) -> Any:
    """A value of a sample. JSON has no word for NaN and the infinite, so they are texts there."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    """A value of DuckDB as JSON has it. Durations are seconds."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
