"""The rules as one query, by hand: the forms that DuckDB runs fastest, and nothing around them."""

import json
import sys

import duckdb

QUERY = """
SELECT
  count(*),
  avg(CASE WHEN dep_delay IS NULL THEN 1.0 ELSE 0.0 END),
  avg(CASE WHEN arr_delay IS NULL THEN 1.0 ELSE 0.0 END),
  count(*) FILTER (WHERE carrier NOT IN ('9E', 'AA', 'B6', 'DL', 'EV', 'F9', 'MQ', 'UA', 'US', 'WN')),
  count(*) FILTER (WHERE NOT regexp_matches(tail, '^N[0-9]{5}$')),
  count(*) FILTER (WHERE dep_delay NOT BETWEEN -60 AND 1500),
  count(*) FILTER (WHERE distance NOT BETWEEN 1 AND 6000),
  count(id) - (SELECT count(*) FROM (SELECT id FROM flights WHERE id IS NOT NULL GROUP BY id)),
  count(DISTINCT dest),
  avg(dep_delay),
  stddev_samp(dep_delay),
  quantile_cont(dep_delay, 0.95),
  median(distance),
  count(*) FILTER (WHERE arrived <= departed),
  count(*) FILTER (WHERE dep_delay > 325),
  count(*) FILTER (WHERE distance < 100 AND origin = 'JFK'),
  epoch(now()) - epoch(max(departed)),
  avg(CAST(late = predicted AS INTEGER)),
  (SELECT min(right_) FROM (SELECT avg(CAST(late = predicted AS INTEGER)) AS right_ FROM flights GROUP BY origin))
FROM flights
"""


def main(path: str, rows: int) -> None:
    connection = duckdb.connect()
    flights = connection.read_parquet(path)
    columns = len(flights.columns)
    flights.create_view("flights")
    found = connection.execute(QUERY).fetchone()
    assert found is not None
    (n, dep, arr, carrier, tail, delay, distance, repeated, dest, mean, spread, q95, middle, order, long, jfk, age,
     right, worst) = found  # fmt: skip
    held = [
        n == rows, columns == 13, dep <= 0.02, arr <= 0.01, carrier == 0, tail == 0, delay == 0, distance == 0,
        repeated == 0, dest == 14, 100 <= mean <= 200, 50 <= spread <= 200, q95 <= 330, 1000 <= middle <= 2000,
        order == 0, long <= 0.05 * n, jfk == 0, age <= 36500 * 86400, right >= 0.7, worst >= 0.7,
    ]  # fmt: skip
    print(json.dumps({str(i): bool(h) for i, h in enumerate(held, 1)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
