-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: 1403c551b2fdb334a13ff041b56c952cc15cabce8c57a454046cb400eceed21c
--
-- What the guard every_airport (flight_delay.mlops:126) measures of evaluate.by_origin.
-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.
-- It runs in DuckDB once there is a view "evaluate.by_origin".
--
-- No airport is served worse than by guessing.

SELECT
  -- rows == 3 (flight_delay.mlops:127)
  COUNT(*) AS m0,
  -- accuracy > always_on_time (flight_delay.mlops:128)
  SUM(CAST(NOT (("accuracy" > "always_on_time") AND NOT (TYPEOF("accuracy") IN ('DOUBLE', 'FLOAT') AND ISNAN(TRY_CAST("accuracy" AS DOUBLE)))) AS INT)) AS m1
FROM "evaluate.by_origin" AS subject;
