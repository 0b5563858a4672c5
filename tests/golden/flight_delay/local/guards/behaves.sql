-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: 6bf2ca7d07a1c7ff176a3db8933eeb859a2de46cdda2a4ea2af6995a62e4acdd
--
-- What the guard behaves (flight_delay.mlops:121) measures of ask.answers.
-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.
-- It runs in DuckDB once there is a view "ask.answers".
--
-- A plane a year older, a point of humidity, a third of a millibar: none of them moves the answer by much. The later the
-- airport runs, the less likely is a flight on time.

SELECT
  -- invariant(p_late, case: case, within: 0.05) >= 90% where kind == "same" (flight_delay.mlops:122)
  (SELECT {'value': CASE WHEN count(odd) = 0 THEN avg(CAST(held AS INTEGER)) END, 'why': min(odd), 'cases': count(held), 'failed': count(*) FILTER (WHERE NOT held), 'left_out': count(*) FILTER (WHERE held IS NULL), 'named': (list(name ORDER BY name) FILTER (WHERE held IS NULL))[:5]} FROM (SELECT CAST("case" AS VARCHAR) AS name, CASE WHEN count("p_late") > 1 THEN max("p_late") - min("p_late") <= 0.05 * 1.000000001 END AS held, CASE WHEN bool_or(coalesce(CAST("p_late" AS VARCHAR) = 'nan', false)) THEN 'one of the predictions is not a number (NaN)' END AS odd FROM "ask.answers" AS subject WHERE "case" IS NOT NULL AND ("kind" = 'same') GROUP BY "case")) AS m0,
  -- monotonic(p_late, airport_delay, case: case, within: 0.02) >= 95% where kind == "later" (flight_delay.mlops:123)
  (SELECT {'value': CASE WHEN count(odd) = 0 THEN avg(CAST(held AS INTEGER)) END, 'why': min(odd), 'cases': count(held), 'failed': count(*) FILTER (WHERE NOT held), 'left_out': count(*) FILTER (WHERE held IS NULL), 'named': (list(name ORDER BY name) FILTER (WHERE held IS NULL))[:5]} FROM (SELECT CAST(name AS VARCHAR) AS name, CASE WHEN count(*) FILTER (WHERE x IS NOT NULL AND low IS NOT NULL) > 1 THEN bool_and(coalesce(low >= before - 0.02 * 1.000000001, true)) END AS held, CASE WHEN bool_or(odd) THEN 'one of the predictions is not a number (NaN)' END AS odd FROM (SELECT *, CASE WHEN x IS NOT NULL THEN max(high) OVER (PARTITION BY name ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) END AS before FROM (SELECT "case" AS name, "airport_delay" AS x, min("p_late") AS low, max("p_late") AS high, bool_or(coalesce(CAST("p_late" AS VARCHAR) = 'nan', false) OR coalesce(CAST("airport_delay" AS VARCHAR) = 'nan', false)) AS odd FROM "ask.answers" AS subject WHERE "case" IS NOT NULL AND ("kind" = 'later') GROUP BY 1, 2)) GROUP BY name)) AS m1
FROM "ask.answers" AS subject
HAVING TRUE;
