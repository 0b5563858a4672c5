"""Answers a query over the tables of a stage, which it sees under the names of the stage's inputs."""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("query", type=Path)
    parser.add_argument("--table", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()

    with duckdb.connect() as connection:
        # One thread and a time zone of our own: the same bytes on every machine.
        connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
        for name, _, path in (table.partition("=") for table in arguments.table):
            read = connection.read_csv if path.endswith(".csv") else connection.read_parquet
            read(path).create_view(name)
        query = arguments.query.read_text(encoding="utf-8")
        connection.sql(query).write_parquet(str(arguments.out), compression="zstd")
        written = connection.read_parquet(str(arguments.out))
        print(f"{len(written):,} rows, {len(written.columns)} columns")


if __name__ == "__main__":
    main()
