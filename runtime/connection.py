"""DuckDB as guards use it: within bounds of memory, what is more on disk, and the same on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .call import quoted_text
from .context import Context, FailedNodeError

MEMORY = "MLOPS_GUARD_MEMORY"  # an environment variable: 4GiB, 500MB
_USUAL = 1 << 30
_PER_THREAD = 128 << 20  # with less, threads that group rows write to disk all the time
_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50}


def connect(context: Context, aside: Path) -> Any:
    """A connection that keeps 1 GiB of rows in memory, or what MLOPS_GUARD_MEMORY says, and puts more into `aside`.

    The bound is DuckDB's, of its own buffers: the process has some 100 MB besides, and what exact quantiles of a column
    of fractions keep (docs/guards.md).
    """
    try:
        import duckdb
    except ImportError as e:
        raise FailedNodeError("guards on tables need duckdb: pip install duckdb") from e
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    # The age of a timestamp must not depend on where the machine stands.
    connection.execute("SET TimeZone = 'UTC'")
    # Written into the SQL: DuckDB imports pandas, where there is one, as soon as it is given a parameter.
    connection.execute(f"SET temp_directory = {quoted_text(aside)}")
    memory = context.environ.get(MEMORY) or f"{_usual(connection) >> 20}MiB"
    try:
        connection.execute(f"SET memory_limit = {quoted_text(memory)}")
    except duckdb.Error as e:
        raise FailedNodeError(f"{MEMORY} is no size: write 4GiB or 500MB") from e
    threads = min(int(_setting(connection, "threads")), _bytes(_setting(connection, "memory_limit")) // _PER_THREAD)
    connection.execute(f"SET threads = {max(1, threads)}")
    return connection


def _usual(connection: Any) -> int:
    # DuckDB's own choice is a share of what the machine or the container has.
    return min(_USUAL, _bytes(_setting(connection, "memory_limit")))


def _setting(connection: Any, name: str) -> str:
    return str(connection.execute(f"SELECT current_setting({quoted_text(name)})").fetchone()[0])


def _bytes(shown: str) -> int:
    """A size as DuckDB shows it: `18.6 GiB`."""
    number, _, unit = shown.partition(" ")
    return int(float(number) * _UNITS[unit])
