"""Tables of flights, as the model takes them."""

from __future__ import annotations

from pathlib import Path

import files
import pandas as pd

ANSWER = "late"
CATEGORIES = ["origin", "dest", "carrier"]
# For people and for the split. The model is asked about months that it has never seen.
NOT_FEATURES = ["flight_id", "month", ANSWER]


def read(path: Path) -> pd.DataFrame:
    return files.read(path).astype(dict.fromkeys(CATEGORIES, "category"))


def features_of(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=NOT_FEATURES)
