"""The rules in Great Expectations, on pandas: what it reads a Parquet file with on a laptop.

Its SQL engine does not work with DuckDB (duckdb-engine 0.17: "list index out of range" for most expectations), and its
Spark engine wants a JVM. `BOOLEAN_ONLY` is the result format that asks least of it.
"""

import json
import logging
import os
import sys
from datetime import datetime, timedelta

os.environ["GX_ANALYTICS_ENABLED"] = "false"
logging.disable(logging.WARNING)

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as e  # noqa: E402

CARRIERS = ["9E", "AA", "B6", "DL", "EV", "F9", "MQ", "UA", "US", "WN"]


def accuracy(**more):
    return e.ExpectColumnPairValuesToBeEqual(column_A="late", column_B="predicted", mostly=0.7, **more)


def rules(rows: int) -> list:
    """Each rule with its number; several expectations may make one."""
    old = (datetime.now() - timedelta(days=36500)).isoformat()
    return [
        (1, e.ExpectTableRowCountToEqual(value=rows)),
        (2, e.ExpectTableColumnCountToEqual(value=13)),
        (3, e.ExpectColumnValuesToNotBeNull(column="dep_delay", mostly=0.98)),
        (4, e.ExpectColumnValuesToNotBeNull(column="arr_delay", mostly=0.99)),
        (5, e.ExpectColumnValuesToBeInSet(column="carrier", value_set=CARRIERS)),
        (6, e.ExpectColumnValuesToMatchRegex(column="tail", regex="^N[0-9]{5}$")),
        (7, e.ExpectColumnValuesToBeBetween(column="dep_delay", min_value=-60, max_value=1500)),
        (8, e.ExpectColumnValuesToBeBetween(column="distance", min_value=1, max_value=6000)),
        (9, e.ExpectColumnValuesToBeUnique(column="id")),
        (10, e.ExpectColumnUniqueValueCountToBeBetween(column="dest", min_value=14, max_value=14)),
        (11, e.ExpectColumnMeanToBeBetween(column="dep_delay", min_value=100, max_value=200)),
        (12, e.ExpectColumnStdevToBeBetween(column="dep_delay", min_value=50, max_value=200)),
        (13, e.ExpectColumnQuantileValuesToBeBetween(
            column="dep_delay", quantile_ranges={"quantiles": [0.95], "value_ranges": [[None, 330]]})),
        (14, e.ExpectColumnMedianToBeBetween(column="distance", min_value=1000, max_value=2000)),
        (15, e.ExpectColumnPairValuesAToBeGreaterThanB(column_A="arrived", column_B="departed")),
        (16, e.ExpectColumnValuesToBeBetween(column="dep_delay", max_value=325, mostly=0.95)),
        (17, e.ExpectColumnValuesToBeBetween(
            column="distance", min_value=100, row_condition='origin == "JFK"', condition_parser="pandas")),
        (18, e.ExpectColumnMaxToBeBetween(column="departed", min_value=old)),
        (19, accuracy()),
        *((20, accuracy(row_condition=f'origin == "{o}"', condition_parser="pandas")) for o in ("EWR", "JFK", "LGA")),
    ]  # fmt: skip


def main(path: str, rows: int) -> None:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.pandas_default.read_parquet(path)
    suite = gx.ExpectationSuite(name="flights")
    for number, expectation in rules(rows):
        expectation.meta = {"rule": number}
        suite.add_expectation(expectation)
    held: dict[str, bool] = {}
    for result in batch.validate(suite, result_format="BOOLEAN_ONLY").results:
        number = str(result.expectation_config.meta["rule"])
        for info in (result.exception_info or {}).values():
            if isinstance(info, dict) and info.get("raised_exception"):
                raise SystemExit(f"rule {number}: {info['exception_message']}")
        held[number] = held.get(number, True) and bool(result.success)
    print(json.dumps(held))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
