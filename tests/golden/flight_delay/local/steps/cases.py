"""Asks the model about cases that were made from real flights by changing one thing."""

from __future__ import annotations

from pathlib import Path

import joblib
import pandas as pd
from files import write
from tables import CATEGORIES
from threadpoolctl import threadpool_limits

# Which flight it was, and what was done to it.
NOT_FEATURES = ["case", "kind", "changed"]


def score(model: Path, cases: Path, answers: Path) -> None:
    table = pd.read_csv(cases).astype(dict.fromkeys(CATEGORIES, "category"))
    classifier = joblib.load(model)
    with threadpool_limits(limits=1):
        p_late = classifier.predict_proba(table.drop(columns=NOT_FEATURES))[:, 1]
    write(table[[*NOT_FEATURES, "airport_delay"]].assign(p_late=p_late), answers)
    print(f"{table['case'].nunique()} flights, asked about in {len(table)} ways")
