"""Answers a SQL query. It sees each of the stage's inputs as a table of that name; the answer is the stage's output."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb

INPUT, OUTPUT = "MLOPS_INPUT_", "MLOPS_OUTPUT_"


def main() -> None:
    query = Path(sys.argv[1]).read_text(encoding="utf-8")
    (out,) = (path for name, path in os.environ.items() if name.startswith(OUTPUT))
    with duckdb.connect() as connection:
        # One thread and a time zone of our own: the same bytes on every machine.
        connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
        for name, path in os.environ.items():
            if name.startswith(INPUT):
                read = connection.read_csv if path.endswith(".csv") else connection.read_parquet
                read(path).create_view(name.removeprefix(INPUT).lower())
        connection.sql(query).write_parquet(out, compression="zstd")
        answer = connection.read_parquet(out)
        print(f"{len(answer):,} rows, {len(answer.columns)} columns")


if __name__ == "__main__":
    main()
