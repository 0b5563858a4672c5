#!/usr/bin/env python3
# Made by mlopsc from quickstart.mlops; change that and build again, not this file.
# spec sha256: 618c8369e567956f04cfb86ef2429c8c6497a29cf611f638297020c537d47831
"""How far a car goes on after the brakes are hit, by its speed.

    python quickstart.py [--steps | --dry-run | --help]
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "mlops.pyz"))

from mlops_runtime.commands import main  # noqa: E402

# The pipeline, in order. Each step waits for those named last; its full description is in plan.json.
STEPS = (
    # quickstart.mlops:6
    ("source", "cars", "cars.csv", ()),
    # quickstart.mlops:8
    ("stage", "train", "python train.py {inputs.cars} {outputs.model} {outputs.metrics}", ("cars",)),
    # quickstart.mlops:14
    ("guard", "good_enough", "on train.metrics: r2 >= 0.6; rmse <= 20", ("train",)),
    # quickstart.mlops:16
    ("deploy", "production", "champion = train.model", ("train", "good_enough")),
)

if __name__ == "__main__":
    if sys.argv[1:] == ["--steps"]:
        for kind, name, what, after in STEPS:
            print(f"{kind:8}{name}: {what}" + (f" (after {', '.join(after)})" if after else ""))
        sys.exit(0)
    sys.exit(main(["run", "--plan", str(HERE / "plan.json"), *sys.argv[1:]]))
