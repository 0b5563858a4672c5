"""Draws up, from the answers for the holdout, how good they were at each airport of departure."""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

BY_ORIGIN = """
    SELECT
        origin,
        count(*) AS flights,
        round(avg(late), 4) AS late,
        round(avg(CAST(late = predicted AS INTEGER)), 4) AS accuracy,
        round(1 - avg(late), 4) AS always_on_time,
        round(count(*) FILTER (late = 1 AND predicted = 1) / count(*) FILTER (predicted = 1), 4) AS precision,
        round(count(*) FILTER (late = 1 AND predicted = 1) / count(*) FILTER (late = 1), 4) AS recall
    FROM answers
    GROUP BY origin
    ORDER BY origin
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with duckdb.connect() as connection:
        connection.read_parquet(str(arguments.predictions)).create_view("answers")
        connection.sql(BY_ORIGIN).write_csv(str(arguments.out), header=True)
    print(arguments.out.read_text(), end="")


if __name__ == "__main__":
    main()
