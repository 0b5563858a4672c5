"""`schema` and `guards suggest` print text that lints clean and that the data it was made from passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MLOPSC = Path(sys.executable).with_name("mlopsc")
SPEC = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

source trips {{
  uri = "trips.csv"
{schema}}}

{guard}
stage count {{
  run     = "python count.py {{inputs.trips}} {{outputs.n}}"
  inputs  = [trips]
  outputs {{ n: metrics = "n.json" }}
}}
"""


def mlopsc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(MLOPSC), *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


def project(folder: Path) -> None:
    rows = ["id,when,origin,delay,an odd name"]
    rows += [
        f"{i},2024-01-{i % 28 + 1:02}T05:00:00,{'EWR' if i % 3 else 'JFK'},{i / 7 if i % 10 else ''},1"
        for i in range(200)
    ]
    (folder / "trips.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "count.py").write_text("import sys\n\nopen(sys.argv[2], 'w').write('{\"n\": 1}')\n", "utf-8")
    (folder / "p.mlops").write_text(SPEC.format(schema="", guard=""), "utf-8")


def test_what_is_printed_is_clean_and_true_of_the_data(tmp_path: Path) -> None:
    project(tmp_path)
    schema = mlopsc(tmp_path, "schema", "trips")
    assert schema.returncode == 0, schema.stderr
    assert "id:     int\n" in schema.stdout
    assert "delay:  float?\n" in schema.stdout
    assert "'an odd name' is no name" in schema.stdout
    guard = mlopsc(tmp_path, "guards", "suggest", "trips")
    assert guard.returncode == 0, guard.stderr
    assert 'origin in ["EWR", "JFK"]' in guard.stdout
    (tmp_path / "p.mlops").write_text(SPEC.format(schema=schema.stdout, guard=guard.stdout), "utf-8")
    linted = mlopsc(tmp_path, "lint", "p.mlops")
    assert "error" not in linted.stderr, linted.stderr
    ran = mlopsc(tmp_path, "run")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_an_unknown_source_is_told_with_the_nearest(tmp_path: Path) -> None:
    project(tmp_path)
    refused = mlopsc(tmp_path, "schema", "trip")
    assert refused.returncode == 2
    assert "did you mean 'trips'" in refused.stderr
