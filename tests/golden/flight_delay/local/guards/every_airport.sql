-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: 6bf2ca7d07a1c7ff176a3db8933eeb859a2de46cdda2a4ea2af6995a62e4acdd
--
-- What the guard every_airport (flight_delay.mlops:127) measures of evaluate.by_origin.
-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.
-- It runs in DuckDB once there is a view "evaluate.by_origin".
--
-- No airport is served worse than by guessing.

SELECT
  -- rows == 3 (flight_delay.mlops:128)
  COUNT(*) AS m0,
  -- accuracy > always_on_time (flight_delay.mlops:129)
  SUM(CAST(NOT (("accuracy" > "always_on_time") AND NOT (TYPEOF("accuracy") IN ('DOUBLE', 'FLOAT') AND ISNAN(TRY_CAST("accuracy" AS DOUBLE)))) AS INT)) AS m1
FROM "evaluate.by_origin" AS subject;
