"""Run by Evidently's own interpreter: its numbers beside ours, for columns that chance has made. Prints a JSON list.

python evidently_numbers.py FOLDER      FOLDER holds the package mlopsc
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
from evidently.legacy.calculations.stattests import chi_stat_test, jensenshannon_stat_test, psi_stat_test
from evidently.legacy.core import ColumnType

THEIRS = {"psi": psi_stat_test, "js": jensenshannon_stat_test, "chi2": chi_stat_test}
Make = Callable[[random.Random], Any]
NUMBERS: dict[str, Make] = {
    "normal": lambda r: r.gauss(0, 1),
    "whole": lambda r: r.randint(0, 300),
    "few whole": lambda r: r.randint(0, 40),
    "five": lambda r: r.randint(0, 5),
    "cents": lambda r: round(r.expovariate(0.01), 2),
    "constant": lambda _: 3,
    "far": lambda r: r.choice([1e9, 1e9 + 1, -1e-9]) * r.random(),
}
TEXTS: dict[str, Make] = {
    "letters": lambda r: r.choice("abcdefg"),
    "one letter more": lambda r: r.choice("abcdefgh"),
    "fewer letters": lambda r: r.choice("abc"),
    "rare": lambda r: f"v{int(r.expovariate(0.05))}",
    "truths": lambda r: r.random() < 0.3,
}


def main() -> None:
    warnings.simplefilter("ignore")
    print(json.dumps([case for seed in range(120) for case in cases(random.Random(seed))]))


def cases(chance: random.Random) -> list[dict[str, Any]]:
    found = []
    for kind, makes, functions in (("numbers", NUMBERS, ("psi", "js")), ("texts", TEXTS, ("psi", "js", "chi2"))):
        names = [chance.choice(list(makes)) for _ in range(2)]
        if kind == "texts" and "truths" in names:
            names = ["truths", "truths"]
        reference, current = (column(makes[name], chance) for name in names)
        if len({v for v in (*reference, *current) if v is not None}) == 1 and kind == "texts":
            continue  # no degrees of freedom: scipy's p-value is NaN
        found += [case(function, kind, names, reference, current) for function in functions]
    return found


def column(make: Make, chance: random.Random) -> list[Any]:
    values = [make(chance) for _ in range(chance.randint(1, 700))]
    if chance.random() < 0.3:
        values += [None] * chance.randint(1, 50)
    return values


def case(function: str, kind: str, names: list[str], reference: list[Any], current: list[Any]) -> dict[str, Any]:
    from mlopsc.runtime.drift import measure
    from mlopsc.runtime.profiles import Profile

    ours = measure(function, Profile.of_values(reference), Profile.of_values(current)).value
    as_type = ColumnType.Numerical if kind == "numbers" else ColumnType.Categorical
    # Evidently's reports leave out nulls before they ask for a number.
    theirs = THEIRS[function](series(reference), series(current), as_type, None).drift_score
    return {"function": function, "columns": names, "ours": ours, "theirs": float(theirs)}


def series(values: list[Any]) -> pd.Series:
    return pd.Series([v for v in values if v is not None])


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    main()
