"""Learns, from the months before the holdout, whether a flight will arrive late, and answers for the holdout."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import joblib
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

# Kept in the table for people and for the split. The model is asked about months that it has never seen.
NOT_FEATURES = ["flight_id", "month", "late"]
CATEGORIES = ["origin", "dest", "carrier"]


def train(
    features: Path,
    holdout_from: int,
    learning_rate: float,
    trees: int,
    seed: int,
    model: Path,
    metrics: Path,
    predictions: Path,
) -> None:
    table = read(features)
    held_out = table["month"] >= holdout_from
    past, future = table[~held_out], table[held_out]
    if past.empty or future.empty:
        raise SystemExit(f"nothing to learn from, or nothing to judge by, on the two sides of month {holdout_from}")

    classifier = HistGradientBoostingClassifier(
        learning_rate=learning_rate, max_iter=trees, early_stopping=False, random_state=seed
    )
    # Sums of floats depend on how threads share them out: one thread makes the same model on every machine.
    with threadpool_limits(limits=1):
        classifier.fit(past.drop(columns=NOT_FEATURES), past["late"])
        p_late = classifier.predict_proba(future.drop(columns=NOT_FEATURES))[:, 1]
    joblib.dump(classifier, model)

    answers = future[["flight_id", "month", "origin", "late"]].assign(
        predicted=(p_late > 0.5).astype("int64"), p_late=p_late
    )
    write(answers, predictions)

    numbers = {
        "accuracy": accuracy_score(answers["late"], answers["predicted"]),
        "auc": roc_auc_score(answers["late"], p_late),
        "log_loss": log_loss(answers["late"], p_late),
        "always_on_time": 1 - answers["late"].mean(),  # the accuracy of a model that never says late
        "trained_on": len(past),
        "judged_on": len(future),
    }
    metrics.write_text(json.dumps({name: float(value) for name, value in numbers.items()}, indent=2) + "\n")
    for name, value in numbers.items():
        print(f"{name} = {value:,.4f}" if isinstance(value, float) else f"{name} = {value:,}")


def read(path: Path) -> pd.DataFrame:
    with duckdb.connect() as connection:
        table = connection.read_parquet(str(path)).df()
    return table.astype(dict.fromkeys(CATEGORIES, "category"))


def write(table: pd.DataFrame, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.from_df(table).write_parquet(str(path), compression="zstd")
