#!/bin/sh
# The story from end to end, as `make demo` tells it: check, build for every target, run, say where everything is.
# BIN is the folder of mlopsc and of a Python that has requirements.txt.
set -eu
cd "$(dirname "$0")/../.."
spec=examples/flight_delay/flight_delay.mlops
built=build/flight_delay
store=examples/flight_delay/.mlops

step() { printf '\n$ mlopsc %s\n' "$*"; }

step lint "$spec"
"$BIN/mlopsc" lint "$spec"
step build "$spec" -o "$built"
"$BIN/mlopsc" build "$spec" -o "$built"
step run "$spec"
"$BIN/mlopsc" run "$spec"

"$BIN/python" - "$store" <<'PYTHON'
import json
import sys
from pathlib import Path

store = Path(sys.argv[1])
run = max((json.loads(p.read_text()) for p in store.glob("runs/*/run.json")), key=lambda r: r["finished"])
nodes = run["nodes"]
deployed = nodes["production"]

print("\nmetrics")
for name, value in nodes["evaluate"]["metrics"]["metrics"].items():
    print(f"  {name:<15} {value:,.4f}" if isinstance(value, float) and value < 1 else f"  {name:<15} {value:,.0f}")
print("\nwhere things are")
print(f"  report  {store / 'runs' / run['run'] / 'report.html'}")
print(f"  model   {store / nodes['train']['artifacts']['train.model']['file']}")
print(f"          version {deployed['version']} of {deployed['model']}, the {deployed['alias']}")
print(f"  record  {store / 'runs' / run['run'] / 'run.json'}")
PYTHON
echo "  built   $built/"
