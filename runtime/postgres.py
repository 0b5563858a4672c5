"""PostgreSQL through psycopg: one connection, one read-only transaction, one snapshot of the data.

Every column is given one of a few types before guards see it, so that a rule means what it means over a file: whole
numbers are bigint, `real` is the double that its text tells, texts are in the order of their bytes whatever the
database's language, and what has no counterpart (enums, uuid, inet, …) is its text.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from .context import FailedNodeError

if TYPE_CHECKING:
    import psycopg

RAISED = "mlopsc: "  # begins the messages that guards' SQL raises (compiler/lower/dialects/postgres.py)
INSTALL = "pip install 'psycopg[binary]'"
_CONNECT_SECONDS = "15"
_SETTINGS = {
    "TimeZone": "UTC",  # the age of a timestamp must not depend on where the machine stands
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "synchronize_seqscans": "off",  # rows come in the order in which they are stored
    "client_encoding": "UTF8",
}
# What the catalogue calls a type, as guards and files see it: the expression, and DuckDB's name for it.
_KEPT = {
    "boolean": "BOOLEAN", "bigint": "BIGINT", "numeric": "DOUBLE", "double precision": "DOUBLE", "date": "DATE",
    "timestamp without time zone": "TIMESTAMP", "timestamp with time zone": "TIMESTAMPTZ", "jsonb": "JSON",
    "time without time zone": "TIME", "interval": "VARCHAR",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatabaseColumn:
    """A column of the table or the query, with its type in the catalogue."""

    name: str
    type: str
    precision: int | None
    scale: int | None

    @property
    def expression(self) -> str:
        """The column's value in the type that guards see."""
        name = quoted(self.name)
        if self.type in _KEPT:
            return name
        if self.type in ("smallint", "integer"):
            return f"CAST({name} AS bigint)"
        if self.type == "real":
            return f"CAST(CAST({name} AS text) AS double precision)"
        if self.type == "json":
            return f"CAST({name} AS jsonb)"
        return f'CAST({name} AS text) COLLATE "C"'

    @property
    def in_file(self) -> str:
        """The column as a CSV file has it."""
        name = quoted(self.name)
        return f"CAST({name} AS text) AS {name}" if self.type == "boolean" else name

    @property
    def duckdb(self) -> str:
        """The type of DuckDB that keeps the values."""
        if self.type == "numeric" and self.precision and self.precision <= 38 and (self.scale or 0) >= 0:
            return f"DECIMAL({self.precision}, {self.scale or 0})"
        known = {**_KEPT, "smallint": "SMALLINT", "integer": "INTEGER", "real": "FLOAT", "json": "JSON"}
        return known.get(self.type, "VARCHAR")


class Postgres:
    """A database opened for reading. `base` is what stands after FROM: a table's name, or a query in parentheses."""

    def __init__(self, conninfo: str, base: str, *, shown: str, secret: str | None, timeout: float | None) -> None:
        self.base, self._shown, self._secret = base, shown, secret
        self._psycopg = _driver()
        self._connection = self._connect(conninfo, timeout)
        try:
            self.columns = self._described()
            self.snapshot = str(self.one("SELECT CAST(pg_current_snapshot() AS text)")[0])
        except BaseException:
            self.close()
            raise

    @property
    def relation(self) -> str:
        """The rows as guards see them, to stand after FROM."""
        values = ", ".join(f"{c.expression} AS {quoted(c.name)}" for c in self.columns)
        return f"(SELECT {values} FROM {self.base} AS stored)"

    def comparable(self, column: str) -> str:
        """A stored column's value where it has an order: as it is if it can be, for the sake of indexes."""
        found = next((c for c in self.columns if c.name == column), None)
        plain = found is None or found.type in (*_KEPT, "smallint", "integer", "real")
        return quoted(column) if plain or found is None else found.expression

    def one(self, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The first row of a query's result. Raises FailedNodeError where there is none."""
        _, rows = self.rows(query, values)
        if not rows:
            raise FailedNodeError(f"{self._shown} gave no answer")
        return rows[0]

    def rows(self, query: str, values: Sequence[Any] = ()) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The names of a query's columns, and its rows."""
        # A savepoint: after a query that fails the transaction, and with it the snapshot, goes on.
        with self._told(), self._connection.transaction(), self._connection.cursor() as cursor:
            statement: Any = query  # the driver's type is for texts that programmers wrote
            cursor.execute(statement, values or None)
            return [d.name for d in cursor.description or ()], cursor.fetchmany(10_000)

    def copy(self, select: str, file: IO[bytes]) -> None:
        """Writes the rows of a query as CSV with a header, as they come."""
        statement: Any = f"COPY (\n{select}\n) TO STDOUT (FORMAT csv, HEADER true)"
        with self._told(), self._connection.cursor() as cursor, cursor.copy(statement) as blocks:
            for block in blocks:
                file.write(block)

    def primary_key(self) -> list[str]:
        """The columns of a table's primary key; none where it has none, or is a query."""
        if self.base.startswith("("):
            return []
        query = (
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
            "a.attnum = ANY (i.indkey) WHERE i.indrelid = to_regclass(%s) AND i.indisprimary "
            "ORDER BY array_position(CAST(i.indkey AS int2[]), a.attnum)"
        )
        names = [str(row[0]) for row in self.rows(query, [self.base])[1]]
        return names if set(names) <= {c.name for c in self.columns} else []

    def interrupt(self) -> None:
        self._connection.cancel()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()

    def _connect(self, conninfo: str, timeout: float | None) -> psycopg.Connection[tuple[Any, ...]]:
        conninfo = re.sub(r"^postgres(ql)?\+\w+://", "postgresql://", conninfo.strip())
        try:
            given = self._psycopg.conninfo.conninfo_to_dict(conninfo)
        except self._psycopg.Error:
            # The driver's own words repeat what is wrong, and that may be the password.
            raise FailedNodeError(
                f"{self._secret or 'the connection'} is no connection to PostgreSQL; "
                "it looks like postgresql://user:password@host:5432/database"
            ) from None
        try:
            connection: psycopg.Connection[tuple[Any, ...]] = self._psycopg.connect(
                conninfo,
                autocommit=True,
                connect_timeout=given.get("connect_timeout") or _CONNECT_SECONDS,
                application_name=given.get("application_name") or "mlops",
            )
        except self._psycopg.Error as e:
            raise FailedNodeError(_not_connected(str(e), given)) from None
        try:
            for name, value in {**_SETTINGS, "statement_timeout": f"{round((timeout or 0) * 1000)}ms"}.items():
                connection.execute("SELECT set_config(%s, %s, false)", [name, value])
            connection.autocommit = False
            connection.isolation_level = self._psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SELECT 1")  # begins the transaction, and takes the snapshot
        except self._psycopg.Error as e:
            connection.close()
            raise FailedNodeError(self._reason(e)) from None
        return connection

    def _described(self) -> tuple[DatabaseColumn, ...]:
        with self._told(), self._connection.cursor() as cursor:
            statement: Any = f"SELECT * FROM {self.base} AS stored LIMIT 0"
            cursor.execute(statement)
            found = list(cursor.description or ())
            names = [d.name for d in found]
            types = {}
            for oid in {d.type_code for d in found}:
                cursor.execute("SELECT format_type(%s, NULL)", [oid])
                row = cursor.fetchone()
                types[oid] = str(row[0]) if row else "text"
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise FailedNodeError(f"the query gives two columns called {twice}: name one of them otherwise")
        return tuple(DatabaseColumn(d.name, types[d.type_code], d.precision, d.scale) for d in found)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What the database says against a query, as one sentence."""
        try:
            yield
        except self._psycopg.Error as e:
            raise FailedNodeError(self._reason(e)) from None

    def _reason(self, error: psycopg.Error) -> str:
        said = (error.diag.message_primary or str(error) or "it does not say why").strip().splitlines()[0]
        code = error.sqlstate or ""
        known: dict[str, Callable[[], str]] = {
            "42P01": lambda: f"the database has no table {self._named(said)}",
            "3F000": lambda: f"the database has no such schema: {said}",
            "42703": lambda: f"{self._shown} has no {_column_of(said)}",
            "42501": lambda: f"the database's user may not read {self._shown}: {said}; GRANT SELECT gives the right",
            "57014": lambda: f"a query on {self._shown} took longer than its timeout",
            "42883": lambda: f"a column of {self._shown} is of another type than the rule wants: {said}",
            "42804": lambda: f"a column of {self._shown} is of another type than the rule wants: {said}",
        }
        if code in known:
            return known[code]()
        if RAISED in said:
            return said.partition(RAISED)[2].rstrip('"')
        if code.startswith(("08", "57P")) or (isinstance(error, self._psycopg.OperationalError) and not code):
            return f"the connection to the database was lost: {said}"
        return f"the database refused a query on {self._shown}: {said}"

    def _named(self, said: str) -> str:
        match = re.search(r'"(.+)"', said)
        return match.group(1) if match else self._shown


def quoted(name: str) -> str:
    """A name as an identifier, whatever it is."""
    return '"' + name.replace('"', '""') + '"'


def _driver() -> Any:
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError as e:
        raise FailedNodeError(f"a source in PostgreSQL needs psycopg, which this interpreter lacks: {INSTALL}") from e
    return psycopg


def _column_of(said: str) -> str:
    match = re.search(r'column (".+?"|\S+)', said)
    return f"column {match.group(1)}" if match else said


def _not_connected(said: str, given: Mapping[str, Any]) -> str:
    """Why there is no connection, in one sentence, and without the words that may hold a password."""
    user = given.get("user") or "of this machine"
    host = str(given.get("host") or given.get("hostaddr") or "this machine")
    where = f"{host}:{given.get('port') or 5432}" if re.fullmatch(r"[\w.:/,-]+", host) else "its host"
    for words, sentence in (
        ("password authentication failed", f"the database at {where} refused user {user} or the password"),
        ("no password supplied", f"the database at {where} wants a password for user {user}, and there is none"),
        ("no pg_hba.conf entry", f"the database at {where} lets user {user} not in from this machine"),
        ("authentication failed", f"the database at {where} refused user {user}"),
        ("too many connections", f"the database at {where} has no connection to spare"),
        ("could not translate host name", f"the database at {where} cannot be reached: no such host"),
        ("name or service not known", f"the database at {where} cannot be reached: no such host"),
        ("failed to resolve host", f"the database at {where} cannot be reached: no such host"),
        ("connection refused", f"the database at {where} cannot be reached: connection refused"),
        ("timeout", f"the database at {where} cannot be reached: no answer in time"),
        ("no such file", f"the database at {where} cannot be reached: nothing listens there"),
        ("starting up", f"the database at {where} is starting up"),
    ):  # fmt: skip
        if words in said.lower():
            return sentence
    if match := re.search(r'(database|role) "[^"]*" does not exist', said):
        return f"the database at {where} says: {match.group()}"
    return f"the database at {where} cannot be reached"
