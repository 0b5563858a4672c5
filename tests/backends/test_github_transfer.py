"""What a job on GitHub fetches: all that its node opens, wherever it was made."""

from __future__ import annotations

from pathlib import Path

import yaml
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.driver import analyse, compile_plan

SPEC = """mlops 1

pipeline p { owner = "ops@example.org" }

stage train {
  run     = "make train"
  outputs { rows: table = "rows.csv" }
}

guard clean on train.rows { id > 0 else quarantine }

stage score {
  run     = "make score"
  outputs { rows: table = "rows.csv" }
}

guard no_leak on score.rows { overlap(train.rows, id) <= 0% }
"""


def test_a_guard_fetches_the_other_tables_that_it_reads(tmp_path: Path) -> None:
    spec = tmp_path / "p.mlops"
    spec.write_text(SPEC, "utf-8")
    plan = compile_plan(analyse(spec)).plan
    workflow = next(f for f in BACKENDS["github"].emit(plan, {}) if f.path.endswith(".yml"))
    steps = yaml.safe_load(workflow.content)["jobs"]["no_leak"]["steps"]
    fetched = next(s["with"]["pattern"] for s in steps if s.get("name") == "Fetch what it waits for")
    assert fetched == "{results-train,results-score,results-clean}"
