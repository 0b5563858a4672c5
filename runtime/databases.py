"""Sources in a database: guards ask them where they lie, and what else reads them gets their rows in a file.

Each guard sees one snapshot, its samples and what it sets aside included. The rows that leave the database are of one
snapshot too, and were judged in it (`extracts.py`).
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .call import quoted_text
from .context import Context, FailedNodeError
from .digests import value_digest
from .postgres import INSTALL, Postgres, quoted
from .store import safe_id

SAMPLE_ROWS = 5
# The name of a table in SQL; and comments, texts and quoted names, in which braces mean nothing.
_PLACES = re.compile(r"""--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\{(?P<name>[A-Za-z_]\w*)\}""")


def is_database(source: Mapping[str, Any]) -> bool:
    """Whether a source lies in a database."""
    return source.get("dialect") is not None


def why_no_database(source: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, str | None] | None:
    """What stops this runtime from reading the source, as far as it can be known without a connection, and a hint."""
    import importlib.util

    if source["dialect"] != "postgres":
        return f"this runtime has no driver for {source['dialect']}", None
    if importlib.util.find_spec("psycopg") is None:
        return "a source in PostgreSQL needs psycopg, which this interpreter lacks", INSTALL
    name = _secret_of(source)
    if name is not None and not environ.get(name):
        return f"the secret {name} is not set in the environment", None
    return None


def _secret_of(source: Mapping[str, Any]) -> str | None:
    connection = source.get("connection")
    return connection["name"] if isinstance(connection, Mapping) else None


def connections(context: Context) -> list[str]:
    """The connections of the pipeline's sources and of its registry, which stand in the environment and may be in no
    log."""
    names = {_secret_of(source) for source in context.pipeline.of("source") if is_database(source)}
    if isinstance(registry := context.pipeline.version.get("registry_uri"), Mapping):
        names.add(str(registry["name"]))
    return [context.environ[name] for name in sorted(n for n in names if n) if context.environ.get(name)]


def filled(sql: str, table: str) -> str:
    """A query with its table put in. What stands in quotes is the spec's own, and stays as it is."""
    return _PLACES.sub(lambda m: table if m["name"] else m.group(), sql)


def open_database(source: Mapping[str, Any], environ: Mapping[str, str]) -> Postgres:
    """The source's database. Raises FailedNodeError with one sentence where it cannot be read."""
    why = why_no_database(source, environ)
    if why is not None:
        raise FailedNodeError(": ".join(part for part in why if part))
    secret = _secret_of(source)
    return Postgres(
        environ[secret] if secret else source["connection"],
        _base(source),
        shown=source.get("table") or f"the query of {source.get('extracts') or source['id']}",
        secret=f"the secret {secret}" if secret else None,
        timeout=source.get("timeout"),
    )


class DatabaseTable:
    """The rows of a source as one guard, or its readers, see them: without those that guards before have set aside."""

    def __init__(self, context: Context, source: Mapping[str, Any], without: Sequence[Sequence[str]] = ()) -> None:
        self.source, self._children = source, context.children
        self.judged_again = False  # a guard that judges anew leaves the side file that it wrote at first
        self.database = open_database(source, context.environ)
        self.relation = self.database.relation
        for conditions in without:
            self.leave_out(conditions)

    def leave_out(self, conditions: Sequence[str]) -> None:
        """From now on without the rows that meet one of the conditions."""
        if conditions:
            where = " OR ".join(f"(\n{filled(c, self.relation)}\n)" for c in conditions)
            self.relation = f"(SELECT * FROM {self.relation} AS subject WHERE ({where}) IS NOT TRUE)"

    @property
    def snapshot(self) -> str:
        return self.database.snapshot

    def measure(self, query: str) -> dict[str, Any]:
        with self._children.interrupting(self.database.interrupt):
            names, rows = self.database.rows(filled(query, self.relation))
        return dict(zip(names, map(_number, rows[0]), strict=True)) if rows else {}

    def rows_where(self, condition: str) -> list[dict[str, Any]]:
        query = f"SELECT row_to_json(subject) FROM {{subject}} AS subject WHERE (\n{condition}\n) LIMIT {SAMPLE_ROWS}"
        try:
            with self._children.interrupting(self.database.interrupt):
                _, rows = self.database.rows(filled(query, self.relation))
        except FailedNodeError as e:
            return [{"rows could not be read": str(e)}]
        return [{name: _plain(value) for name, value in row.items()} for (row,) in rows]

    def count(self, condition: str) -> tuple[int, int]:
        """How many rows meet a condition, and how many do not."""
        query = (
            f"SELECT count(*) FILTER (WHERE ({condition}) IS TRUE), count(*) FILTER (WHERE ({condition}) IS NOT TRUE) "
            "FROM {subject} AS subject"
        )
        found = self.database.one(filled(query, self.relation))
        return int(found[0]), int(found[1])

    def write(self, path: Path, where: str | None = None) -> None:
        """Writes the rows, or those that meet a condition, to a file in the source's format, as they come.

        Rows of a table with a primary key are in its order; others as the database gives them.
        """
        columns = ", ".join(c.in_file for c in self.database.columns)
        key = ", ".join(f"subject.{quoted(c)}" for c in self.database.primary_key())
        select = f"SELECT {columns} FROM {{subject}} AS subject" + (f" WHERE (\n{where}\n)" if where else "")
        select += f"\nORDER BY {key}" if key else ""
        csv = path if self.suffix == ".csv" else path.with_name(f"{path.name}.csv")
        with csv.open("xb") as file, self._children.interrupting(self.database.interrupt):
            self.database.copy(filled(select, self.relation), file)
        if csv is not path:
            self._convert(csv, path)
            csv.unlink()

    @property
    def suffix(self) -> str:
        return f".{self.source.get('format') or 'csv'}"

    def _convert(self, csv: Path, path: Path) -> None:
        try:
            import duckdb
        except ImportError as e:
            raise FailedNodeError(f"rows as {self.suffix[1:]} need duckdb: pip install duckdb") from e
        types = ", ".join(f"{quoted_text(c.name)}: {quoted_text(c.duckdb)}" for c in self.database.columns)
        reader = (
            f"read_csv({quoted_text(csv)}, auto_detect = false, header = true, "
            "delim = ',', quote = '\"', escape = '\"', "
            f"nullstr = '', allow_quoted_nulls = false, columns = {{{types}}})"
        )
        form = "parquet" if self.suffix == ".parquet" else "json"
        try:
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute("SET preserve_insertion_order = true")
                connection.execute(f"COPY (SELECT * FROM {reader}) TO {quoted_text(path)} (FORMAT {form})")
        except duckdb.Error as e:
            raise FailedNodeError(f"the rows cannot be written as {form}: {str(e).splitlines()[0]}") from e

    def mark(self, column: str) -> list[str]:
        """What stands for the rows as they are: the highest value of a column that only grows, and how many have it.

        An index on the column answers both: rows that are written at the same moment as the last ones are seen.
        """
        base, value = self.database.base, self.database.comparable(column)
        query = (
            "SELECT CAST(mark.top AS text), "
            f"CAST((SELECT count(*) FROM {base} AS stored WHERE {value} = mark.top) AS text)"
            f" FROM (SELECT max({value}) AS top FROM {base} AS stored) AS mark"
        )
        with self._children.interrupting(self.database.interrupt):
            return [str(v) for v in self.database.one(query)]

    def close(self) -> None:
        self.database.close()


def _base(source: Mapping[str, Any]) -> str:
    """What stands after FROM."""
    if source.get("query"):
        return f"(\n{source['query'].rstrip().rstrip(';')}\n)"
    parts = re.findall(r'"((?:[^"]|"")+)"|([^."]+)', source["table"])
    return ".".join(quoted(q.replace('""', '"') if q else plain) for q, plain in parts)


def read_database(context: Context, source: Mapping[str, Any]) -> dict[str, Any]:
    """The artifact of a source in a database: that it can be read, and what columns it has. No row leaves it."""
    table = DatabaseTable(context, source)
    try:
        columns = [{"name": c.name, "type": c.type} for c in table.database.columns]
        version = source["version"]
        mark = table.mark(version.removeprefix("column:")) if version.startswith("column:") else None
        about = {"columns": columns, **({"mark": mark} if mark else {})}
        return {"kind": "database", "dialect": source["dialect"], "digest": value_digest(about), **about}
    finally:
        table.close()


def table_of_guard(context: Context, guard: Mapping[str, Any]) -> DatabaseTable:
    """The rows that a guard judges: those that the guards before it let through."""
    source = context.pipeline.nodes[guard["subject"]]
    return DatabaseTable(context, source, left_out(context, guard["subject"], guard["id"]))


def left_out(context: Context, artifact: str, reader: str | None = None) -> list[list[str]]:
    """The conditions of the rows that guards have set aside before a reader gets them, by guard."""
    records = (context.store.record(context.run, guard) for guard in context.pipeline.parted_by(artifact, reader))
    return [record["without"] for record in records if record and record.get("without")]


def set_aside_in_database(
    context: Context, guard: Mapping[str, Any], table: DatabaseTable, conditions: Sequence[str]
) -> dict[str, Any] | None:
    """Writes the offending rows to a side file; the others stay where they are. Nothing where none would be left."""
    condition = " OR ".join(f"({c})" for c in conditions)
    rows, kept = table.count(condition)
    if kept == 0:
        return None
    if table.judged_again:
        return {"without": list(conditions)}
    base = f"runs/{context.run}/{safe_id(guard['id'])}"
    with context.store.workspace(safe_id(guard["id"])) as workspace:
        side = workspace / f"quarantined{table.suffix}"
        table.write(side, condition)
        name, aside = side.name, context.store.put(side)
    context.store.place(aside.digest, context.store.folder / base / name)
    quarantined = {"rows": rows, "kept": kept, "file": f"{base}/{name}", "digest": aside.digest}
    return {"quarantined": quarantined, "without": list(conditions)}


_NOT_JSON = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def _number(value: Any) -> Any:
    """A measure: a value, or those of the slices."""
    if isinstance(value, list):
        return [{key: _of_slice(key, v) for key, v in each.items()} for each in value]
    return _plain(value)


def _of_slice(key: str, value: Any) -> Any:
    return _NOT_JSON.get(value, value) if key == "value" and isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """A value of the database as JSON has it. Durations are seconds."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
