"""A small pipeline that runs with nothing but Python, for a folder that has no scripts yet."""

from __future__ import annotations

from importlib.util import find_spec

from .draft import Draft, least_rows

_TRAIN = '''"""Fits a straight line through two columns of a table, by least squares."""

import argparse
import csv
import json

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", required=True)
parser.add_argument("--holdout", type=int, default=4, help="every n-th row is kept to judge the line by")
parser.add_argument("--model", required=True)
parser.add_argument("--metrics", required=True)
args = parser.parse_args()

with open(args.data, newline="") as file:
    points = [(float(row["area"]), float(row["price"])) for row in csv.DictReader(file)]
learn = [p for i, p in enumerate(points) if i % args.holdout]
judge = [p for i, p in enumerate(points) if not i % args.holdout]

mean_x = sum(x for x, _ in learn) / len(learn)
mean_y = sum(y for _, y in learn) / len(learn)
slope = sum((x - mean_x) * (y - mean_y) for x, y in learn) / sum((x - mean_x) ** 2 for x, _ in learn)
start = mean_y - slope * mean_x

errors = [y - (start + slope * x) for x, y in judge]
middle = sum(y for _, y in judge) / len(judge)
r2 = 1 - sum(e * e for e in errors) / sum((y - middle) ** 2 for _, y in judge)

with open(args.model, "w") as file:
    json.dump({"start": start, "slope": slope}, file)
with open(args.metrics, "w") as file:
    json.dump({"r2": r2, "mae": sum(map(abs, errors)) / len(errors), "samples": len(points)}, file)
print(f"price = {start:.0f} + {slope:.0f} * area, r2 {r2:.3f} on {len(judge)} rows that it had not seen")
'''

_SPEC = """mlops 1

## How much a home costs, by its size.
pipeline {name} {{
  python = "{python}"
}}

param holdout: int = 4 in 2..10

source homes {{
  uri     = "homes.csv"
  version = content
}}
{guard}
stage train {{
  run     = "{command}"
  inputs  = [homes]
  params  = [holdout]
  outputs {{
    model:   model   = "model.json"
    metrics: metrics = "metrics.json"
  }}
}}

## Nothing goes out that is worse than this.
guard good_enough on train.metrics {{
  r2      >= 0.8
  samples >= 20
}}

deploy production {{
  model = train.model
  alias = "champion"
}}

target local {{}}
"""

_SUMMARY = '''"""Counts the rows, the columns and the empty cells of a table."""

import argparse
import csv
import json

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", required=True)
parser.add_argument("--metrics", required=True)
args = parser.parse_args()

rows = cells = empty = columns = 0
with open(args.data, newline="", encoding="utf-8-sig", errors="replace") as file:
    for row in csv.DictReader(file):
        rows += 1
        columns = max(columns, len(row))
        cells += len(row)
        empty += sum(value in (None, "") for value in row.values())

with open(args.metrics, "w") as file:
    json.dump({"row_count": rows, "column_count": columns, "empty_share": empty / cells if cells else 0.0}, file)
print(f"{rows} rows, {columns} columns, {empty} empty cells")
'''

_SUMMARY_SPEC = """mlops 1

## Counts the rows, the columns and the empty cells of {uri}.
pipeline {name} {{
  python = "{python}"
}}

source {source} {{
  uri     = "{uri}"
  version = content
}}
{guard}
stage summarize {{
  run     = "python summarize.py --data {{inputs.{source}}} --metrics {{outputs.metrics}}"
  inputs  = [{source}]
  outputs {{ metrics: metrics = "metrics.json" }}
}}

guard well_filled on summarize.metrics {{
  empty_share <= 0.5 else warn
}}

target local {{}}
"""


_COMMAND = (
    "python train.py --data {inputs.homes} --holdout {params.holdout} "
    "--model {outputs.model} --metrics {outputs.metrics}"
)


def starter_for(drafted: Draft, python: str) -> dict[str, str]:
    """Files to write: about the first table of the folder where it has one, else with a table of its own."""
    tables = [t for t in drafted.scan.tables if t.lower().endswith(".csv")]
    spec = f"{drafted.name}.mlops"
    if tables:
        source = drafted.unique(tables[0].rpartition("/")[2].rpartition(".")[0], "table")
        guard = _guard(source, least_rows(drafted.scan.root / tables[0]))
        text = _SUMMARY_SPEC.format(name=drafted.name, python=python, source=source, uri=tables[0], guard=guard)
        return {spec: text, "summarize.py": _SUMMARY}
    guard = _guard("homes", 20 if find_spec("duckdb") else None)
    text = _SPEC.format(name=drafted.name, python=python, command=_COMMAND, guard=guard)
    return {spec: text, "train.py": _TRAIN, "homes.csv": _homes()}


def _guard(source: str, least: int | None) -> str:
    return f"\nguard {source}_sane on {source} {{\n  rows >= {least:_}\n}}\n" if least else ""


def _homes() -> str:
    """Forty homes. The scatter comes from a fixed sequence, so that everybody sees the same numbers."""
    lines = ["area,price"]
    state = 7
    for i in range(40):
        state = (state * 1103515245 + 12345) % 2**31
        area = 35 + 3 * i
        lines.append(f"{area},{24_000 + 2_900 * area + (state // 65536 % 40_000) - 20_000}")
    return "\n".join(lines) + "\n"
