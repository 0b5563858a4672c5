"""Learns, from the months before the holdout, whether a flight will arrive late."""

from __future__ import annotations

from pathlib import Path

import joblib
from sklearn.ensemble import HistGradientBoostingClassifier
from tables import ANSWER, features_of, read
from threadpoolctl import threadpool_limits


def train(features: Path, holdout_from: int, learning_rate: float, trees: int, seed: int, model: Path) -> None:
    table = read(features)
    past = table[table["month"] < holdout_from]
    if past.empty:
        raise SystemExit(f"no flights before month {holdout_from} to learn from")

    classifier = HistGradientBoostingClassifier(
        learning_rate=learning_rate, max_iter=trees, early_stopping=False, random_state=seed
    )
    # Sums of floats depend on how threads share them out: one thread makes the same model on every machine.
    with threadpool_limits(limits=1):
        classifier.fit(features_of(past), past[ANSWER])
    joblib.dump(classifier, model)
    print(f"learnt from {len(past):,} flights")
