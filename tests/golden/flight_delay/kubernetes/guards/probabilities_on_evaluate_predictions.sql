-- Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
-- spec sha256: 1403c551b2fdb334a13ff041b56c952cc15cabce8c57a454046cb400eceed21c
--
-- What the guard probabilities_on_evaluate_predictions (flight_delay.mlops:116) measures of evaluate.predictions.
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
  count("flight_id") - (SELECT count(*) FROM (SELECT 1 FROM "evaluate.predictions" AS subject WHERE "flight_id" IS NOT NULL GROUP BY "flight_id") AS different) AS m3
FROM "evaluate.predictions" AS subject;
