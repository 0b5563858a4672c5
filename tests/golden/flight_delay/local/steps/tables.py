"""Tables of flights, as the model takes them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

ANSWER = "late"
CATEGORIES = ["origin", "dest", "carrier"]
# For people and for the split. The model is asked about months that it has never seen.
NOT_FEATURES = ["flight_id", "month", ANSWER]


def read(path: Path) -> pd.DataFrame:
    with duckdb.connect() as connection:
        table = connection.read_parquet(str(path)).df()
    return table.astype(dict.fromkeys(CATEGORIES, "category"))


def write(table: pd.DataFrame, path: Path) -> None:
    """Parquet, or CSV where the name says so; rows in the table's order, by one thread: equal tables, equal bytes."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        rows = connection.from_df(table)
        if path.suffix == ".csv":
            rows.write_csv(str(path), header=True)
        else:
            rows.write_parquet(str(path), compression="zstd")


def features_of(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=NOT_FEATURES)
