#!/usr/bin/env python3
# Made by mlopsc from iris_awk.mlops; change that and build again, not this file.
# spec sha256: 9ab6816e59a6c0b704628516eb1d8042b7d8802a35a8b06aa177ff7c7ba2e5fe
"""Tells the species of an iris by the size of its flower. No stage is written in Python.

    python iris_awk.py [--steps | --dry-run | --help]
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "mlops.pyz"))

from mlops_runtime.commands import main  # noqa: E402

# The pipeline, in order. Each step waits for those named last; its full description is in plan.json.
STEPS = (
    # 150 irises of three species, measured by Edgar Anderson, published by Ronald Fisher in 1936.
    # iris_awk.mlops:13
    ("source", "iris", "data/iris.csv", ()),
    # iris_awk.mlops:18
    ("stage", "split", "sh steps/split.sh {inputs.iris} {params.every} {outputs.learning} …", ("iris",)),
    # One model for the petals, one for the sepals, one for both. Paths reach the program by its environment.
    # iris_awk.mlops:28
    ("stage", "train[0]", "measures = petal: awk -v measures={item.measures} -f steps/train.awk", ("split",)),
    # One model for the petals, one for the sepals, one for both. Paths reach the program by its environment.
    # iris_awk.mlops:28
    ("stage", "train[1]", "measures = sepal: awk -v measures={item.measures} -f steps/train.awk", ("split",)),
    # One model for the petals, one for the sepals, one for both. Paths reach the program by its environment.
    # iris_awk.mlops:28
    ("stage", "train[2]", "measures = all: awk -v measures={item.measures} -f steps/train.awk", ("split",)),
    # The best of the three, by the flowers set aside.
    # iris_awk.mlops:36
    (
        "stage",
        "choose",
        "awk -v chosen={outputs.model} -v metrics={outputs.metrics} -v …",
        ("split", "train[0]", "train[1]", "train[2]"),
    ),
    # iris_awk.mlops:46
    (
        "guard",
        "good_enough",
        "on choose.metrics: accuracy >= 0.9; accuracy >= champion.accuracy - 0.02; …",
        ("choose",),
    ),
    # iris_awk.mlops:52
    ("deploy", "production", "champion = choose.model", ("choose", "good_enough")),
)

if __name__ == "__main__":
    if sys.argv[1:] == ["--steps"]:
        for kind, name, what, after in STEPS:
            print(f"{kind:8}{name}: {what}" + (f" (after {', '.join(after)})" if after else ""))
        sys.exit(0)
    sys.exit(main(["run", "--plan", str(HERE / "plan.json"), *sys.argv[1:]]))
