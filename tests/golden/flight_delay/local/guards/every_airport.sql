-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: f7ec3aca68f3b8ba768b301497ff6c296e0ca5e05d29188ccf01b2b8d9affd4d
--
-- What the guard every_airport (flight_delay.mlops:105) measures of evaluate.by_origin.
-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.
-- It runs in DuckDB once there is a view "evaluate.by_origin".
--
-- No airport is served worse than by guessing.

SELECT
  -- rows == 3 (flight_delay.mlops:106)
  COUNT(*) AS m0,
  -- accuracy > always_on_time (flight_delay.mlops:107)
  SUM(CAST(NOT (("accuracy" > "always_on_time") AND NOT (TYPEOF("accuracy") IN ('DOUBLE', 'FLOAT') AND ISNAN(TRY_CAST("accuracy" AS DOUBLE)))) AS INT)) AS m1
FROM "evaluate.by_origin" AS subject;
