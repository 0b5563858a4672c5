-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: 6bf2ca7d07a1c7ff176a3db8933eeb859a2de46cdda2a4ea2af6995a62e4acdd
--
-- What the guard probabilities_on_evaluate_predictions (flight_delay.mlops:117) measures of evaluate.predictions.
-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.
-- It runs in DuckDB once there is a view "evaluate.predictions".
--
-- Every flight that was asked about has one answer, and it is a probability.

SELECT
  -- rows >= 10_000 (guards.mlops:5)
  COUNT(*) AS m0,
  -- nulls(p_late) <= 0% (guards.mlops:6)
  AVG(CASE WHEN "p_late" IS NULL THEN 1.0 ELSE 0.0 END) AS m1,
  -- p_late between 0 and 1 (guards.mlops:7)
  SUM(CAST(NOT ("p_late" BETWEEN 0 AND 1) AS INT)) AS m2,
  -- unique(flight_id) (guards.mlops:8)
  CASE WHEN (SELECT coalesce(bool_and(before < this), true) FROM (SELECT "flight_id" AS this, lag("flight_id") OVER () AS before FROM "evaluate.predictions" AS subject WHERE "flight_id" IS NOT NULL) AS pairs) THEN 0
  ELSE count("flight_id") - (SELECT count(*) FROM (SELECT 1 FROM "evaluate.predictions" AS subject WHERE "flight_id" IS NOT NULL AND NOT (SELECT coalesce(bool_and(before < this), true) FROM (SELECT "flight_id" AS this, lag("flight_id") OVER () AS before FROM "evaluate.predictions" AS subject WHERE "flight_id" IS NOT NULL) AS pairs) GROUP BY "flight_id") AS different)
  END AS m3
FROM "evaluate.predictions" AS subject;
