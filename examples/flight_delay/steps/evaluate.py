"""Asks the model about the months that it has not seen, and says how good the answers are, in all and by airport."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import pandas as pd
from files import write
from sklearn.metrics import accuracy_score, log_loss, precision_score, recall_score, roc_auc_score
from tables import features_of, read
from threadpoolctl import threadpool_limits


def evaluate(model: Path, features: Path, holdout_from: int, metrics: Path, predictions: Path, by_origin: Path) -> None:
    table = read(features)
    answers = ask(model, table[table["month"] >= holdout_from])
    overall = {**scores(answers), "log_loss": log_loss(answers["late"], answers["p_late"]), "judged_on": len(answers)}
    airports = pd.DataFrame(
        {"origin": origin, "flights": len(those), **scores(those)} for origin, those in answers.groupby("origin")
    ).round(4)

    write(answers, predictions)
    write(airports, by_origin)
    metrics.write_text(json.dumps({name: float(value) for name, value in overall.items()}, indent=2) + "\n")
    print(airports.to_string(index=False))


def ask(model: Path, flights: pd.DataFrame) -> pd.DataFrame:
    """What the model says of each flight, beside what happened."""
    classifier = joblib.load(model)
    with threadpool_limits(limits=1):
        p_late = classifier.predict_proba(features_of(flights))[:, 1]
    known = flights[["flight_id", "month", "origin", "late"]].astype({"origin": "str"})
    return known.assign(predicted=(p_late > 0.5).astype("int64"), p_late=p_late)


def scores(answers: pd.DataFrame) -> dict[str, float]:
    late, predicted = answers["late"], answers["predicted"]
    return {
        "accuracy": accuracy_score(late, predicted),
        "always_on_time": 1 - late.mean(),  # the accuracy of a model that never says late
        "auc": roc_auc_score(late, answers["p_late"]),
        "precision": precision_score(late, predicted, zero_division=0),
        "recall": recall_score(late, predicted),
    }
