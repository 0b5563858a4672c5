"""Fits a line through the stopping distances of cars: how far a car goes on, by how fast it went."""

import csv
import json
import statistics
import sys
from pathlib import Path

cars, model, metrics = map(Path, sys.argv[1:])
with cars.open(newline="") as file:
    rows = list(csv.DictReader(file))
speed = [float(row["speed"]) for row in rows]
distance = [float(row["distance"]) for row in rows]

slope, intercept = statistics.linear_regression(speed, distance)
errors = [d - (slope * s + intercept) for s, d in zip(speed, distance, strict=True)]
rmse = (sum(e * e for e in errors) / len(errors)) ** 0.5
r2 = statistics.correlation(speed, distance) ** 2

model.write_text(json.dumps({"slope": slope, "intercept": intercept}) + "\n")
metrics.write_text(json.dumps({"rmse": rmse, "r2": r2}) + "\n")
print(f"distance = {slope:.2f} * speed {intercept:+.2f}, rmse {rmse:.2f}, r2 {r2:.3f}")
