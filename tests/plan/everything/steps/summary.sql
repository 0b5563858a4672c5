SELECT count(*) AS n FROM predictions
