-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: 6bf2ca7d07a1c7ff176a3db8933eeb859a2de46cdda2a4ea2af6995a62e4acdd
--
-- What the guard holidays_schema (flight_delay.mlops:24) measures of holidays.
-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.
-- It runs in DuckDB once there is a view "holidays".
--
-- The schema of holidays.

SELECT
  -- no date that is not date (flight_delay.mlops:25)
  COUNT(*) FILTER(WHERE NOT "date" IS NULL AND (TRY_CAST("date" AS DATE) IS NULL)) AS m0,
  -- no date that is null (flight_delay.mlops:25)
  COUNT(*) FILTER(WHERE "date" IS NULL) AS m1,
  -- no rows that repeat date (flight_delay.mlops:25)
  CASE WHEN (SELECT coalesce(bool_and(before < this), true) FROM (SELECT "date" AS this, lag("date") OVER () AS before FROM "holidays" AS subject WHERE "date" IS NOT NULL) AS pairs) THEN 0
  ELSE count("date") - (SELECT count(*) FROM (SELECT 1 FROM "holidays" AS subject WHERE "date" IS NOT NULL AND NOT (SELECT coalesce(bool_and(before < this), true) FROM (SELECT "date" AS this, lag("date") OVER () AS before FROM "holidays" AS subject WHERE "date" IS NOT NULL) AS pairs) GROUP BY "date") AS different)
  END AS m2,
  -- no name that is null (flight_delay.mlops:26)
  COUNT(*) FILTER(WHERE "name" IS NULL) AS m3
FROM "holidays" AS subject;
