"""Tables in files, and back: equal tables make equal bytes, on every machine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd


def read(path: Path) -> pd.DataFrame:
    with duckdb.connect() as connection:
        return connection.read_parquet(str(path)).df()


def write(table: pd.DataFrame, path: Path) -> None:
    """Parquet, or CSV where the name says so; rows in the table's order, by one thread."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        rows = connection.from_df(table)
        if path.suffix == ".csv":
            rows.write_csv(str(path), header=True)
        else:
            rows.write_parquet(str(path), compression="zstd")
