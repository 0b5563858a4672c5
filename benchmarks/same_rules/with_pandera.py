"""The rules in Pandera, on a lazy frame of polars. What has no check of its own is a check with an expression."""

import json
import os
import sys
from datetime import datetime, timedelta

os.environ["PANDERA_VALIDATION_DEPTH"] = "SCHEMA_AND_DATA"  # a lazy frame's data is not looked at otherwise

import pandera.polars as pa
import polars as pl

CARRIERS = ["9E", "AA", "B6", "DL", "EV", "F9", "MQ", "UA", "US", "WN"]


def table(number: int, condition: pl.Expr) -> pa.Check:
    """A condition on the table as a whole."""
    return pa.Check(lambda data: data.lazyframe.select(condition), name=str(number))


def schema(rows: int) -> pa.DataFrameSchema:
    c, check = pl.col, pa.Check
    right = (c("late") == c("predicted")).mean()
    by_origin = pa.Check(
        lambda data: data.lazyframe.group_by("origin").agg(right.alias("right")).select((c("right") >= 0.7).all()),
        name="20",
    )
    return pa.DataFrameSchema(
        {
            "id": pa.Column(pl.Int64, table(9, c("id").n_unique() == pl.len())),
            "departed": pa.Column(pl.Datetime("us")),
            "arrived": pa.Column(pl.Datetime("us")),
            "carrier": pa.Column(str, check.isin(CARRIERS, name="5")),
            "tail": pa.Column(str, check.str_matches("^N[0-9]{5}$", name="6")),
            "origin": pa.Column(str),
            "dest": pa.Column(str),
            "distance": pa.Column(pl.Int32, check.in_range(1, 6000, name="8")),
            "dep_delay": pa.Column(pl.Int32, check.in_range(-60, 1500, name="7"), nullable=True),
            "arr_delay": pa.Column(pl.Int32, nullable=True),
            "score": pa.Column(float),
            "late": pa.Column(bool),
            "predicted": pa.Column(bool),
        },
        checks=[
            table(1, pl.len() == rows),
            table(3, c("dep_delay").is_null().mean() <= 0.02),
            table(4, c("arr_delay").is_null().mean() <= 0.01),
            table(10, c("dest").n_unique() == 14),
            table(11, c("dep_delay").mean().is_between(100, 200)),
            table(12, c("dep_delay").std().is_between(50, 200)),
            table(13, c("dep_delay").quantile(0.95, "linear") <= 330),
            table(14, c("distance").median().is_between(1000, 2000)),
            table(15, (c("arrived") > c("departed")).all()),
            table(16, (c("dep_delay") <= 325).mean() >= 0.95),
            table(17, (c("distance") >= 100).filter(c("origin") == "JFK").all()),
            table(18, c("departed").max() >= datetime.now() - timedelta(days=36500)),
            table(19, right >= 0.7),
            by_origin,
        ],
        strict=True,  # rule 2: no other column
        name="2",
    )


def main(path: str, rows: int) -> None:
    failed: set[str] = set()
    try:
        schema(rows).validate(pl.scan_parquet(path), lazy=True).collect()
    except pa.errors.SchemaErrors as e:
        for error in e.schema_errors:
            if error.check is None or not getattr(error.check, "name", None):
                raise SystemExit(f"{error.reason_code}: {error}") from e
            failed.add(error.check.name)
    print(json.dumps({str(i): str(i) not in failed for i in range(1, 21)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
