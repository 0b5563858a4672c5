"""Small projects to run commands on."""

from __future__ import annotations

from pathlib import Path

GOOD = """mlops 1

## Adds numbers up, and puts the sum on a page.
pipeline tiny {
  python = "3.11"
}

param times: int = 2 in 1..5

source numbers {
  uri     = "numbers.csv"
  version = content
}

stage total {
  run    = "python total.py {inputs.numbers} {params.times} {outputs.metrics}"
  inputs = [numbers]
  params = [times]
  outputs {
    metrics: metrics = "metrics.json"
  }
}

guard enough on total.metrics {
  total >= 6
}

stage report {
  run    = "python report.py {inputs.metrics} {outputs.page}"
  inputs = [total.metrics]
  outputs {
    page: report = "page.html"
  }
}

profile large {
  params {
    times = 5
  }
}

target local {}
"""

TOTAL = """import csv, json, sys
numbers, times, metrics = sys.argv[1:]
with open(numbers) as file:
    total = sum(int(row["n"]) for row in csv.DictReader(file)) * int(times)
print("total", total)
with open(metrics, "w") as file:
    json.dump({"total": total}, file)
"""

REPORT = """import sys
with open(sys.argv[1]) as metrics, open(sys.argv[2], "w") as page:
    page.write("<p>" + metrics.read() + "</p>")
"""


def tiny(folder: Path, text: str = GOOD) -> Path:
    """A pipeline of two stages and a guard; the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "numbers.csv").write_text("n\n1\n2\n")
    (folder / "total.py").write_text(TOTAL)
    (folder / "report.py").write_text(REPORT)
    spec = folder / "tiny.mlops"
    spec.write_text(text)
    return spec
