-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: 6bf2ca7d07a1c7ff176a3db8933eeb859a2de46cdda2a4ea2af6995a62e4acdd
--
-- What the guard flights_sane (flight_delay.mlops:53) measures of fetch.flights.
-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.
-- It runs in DuckDB once there is a view "fetch.flights".
--
-- Nothing is learnt from a feed that is broken.

SELECT
  -- rows between 300_000 and 400_000 (flight_delay.mlops:54)
  COUNT(*) AS m0,
  -- nulls(arr_delay) <= 5% (flight_delay.mlops:55)
  AVG(CASE WHEN "arr_delay" IS NULL THEN 1.0 ELSE 0.0 END) AS m1,
  -- origin in ["EWR", "JFK", "LGA"] (flight_delay.mlops:56)
  SUM(CAST(NOT ("origin" IN ('EWR', 'JFK', 'LGA')) AS INT)) AS m2,
  -- dep_delay between -60 and 1_500 (flight_delay.mlops:57)
  SUM(CAST(NOT ("dep_delay" BETWEEN -60 AND 1500) AS INT)) AS m3,
  -- distance between 1 and 6_000 (flight_delay.mlops:58)
  SUM(CAST(NOT ("distance" BETWEEN 1 AND 6000) AS INT)) AS m4,
  -- unique(time_hour, carrier, flight, origin) else warn (flight_delay.mlops:59)
  count(*) - (SELECT count(*) FROM (SELECT 1 FROM "fetch.flights" AS subject GROUP BY "time_hour", "carrier", "flight", "origin") AS different) AS m5
FROM "fetch.flights" AS subject;
