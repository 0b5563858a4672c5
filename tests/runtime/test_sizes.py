"""`size`: of a model, of a folder of files, of a table; a column of that name goes first."""

from __future__ import annotations

import pytest

from .conftest import Project
from .specs import plan_of, verdict_of

pytest.importorskip("duckdb")

STAGE = """
stage train {
  run     = "python train.py {outputs.model}"
  outputs { model: model = "model.bin" }
}

guard small on train.model { size between 1KiB and 2KiB }

stage use {
  run     = "cp {inputs.model} {outputs.out}"
  inputs  = [train.model]
  outputs { out: file = "out.bin" }
}
"""


@pytest.mark.parametrize(("bytes_", "verdict", "state"), [(1500, "passed", "succeeded"), (0, "blocked", "skipped")])
def test_a_model_that_is_empty_goes_no_further(project: Project, bytes_: int, verdict: str, state: str) -> None:
    project.write("data.csv", "a\n1\n")
    project.write("train.py", f"import sys; open(sys.argv[1], 'wb').write(bytes({bytes_}))")
    records = {r.id: r.record for r in project.run(plan_of(project, "rows == 1", more=STAGE)).nodes}
    assert (records["small"]["verdict"], records["use"]["state"]) == (verdict, state)
    rule = records["small"]["rules"][0]
    assert rule["measured"] == {"size": {"value": bytes_, "text": "1.46484KiB" if bytes_ else "0B"}}
    assert rule["limits"][0]["text"] == "between 1KiB and 2KiB"


def test_the_files_of_a_source_count_together(project: Project) -> None:
    for part in (1, 2):
        project.write(f"part{part}.csv", "a\n" + "1\n" * 1000)
    record = verdict_of(project, "size between 3KiB and 4KiB\nrows == 2_000", "part*.csv")
    assert record["verdict"] == "passed"


def test_a_column_called_size_goes_first_where_the_schema_has_one(project: Project) -> None:
    project.write("data.csv", "size\n5\n50\n")
    more = 'source sized {\n uri = "data.csv"\n schema { size: int }\n}\n\nguard s on sized { size <= 10 }\n'
    records = {r.id: r.record for r in project.run(plan_of(project, "rows == 2", more=more)).nodes}
    assert records["s"]["rules"][0]["sample"] == [{"size": 50}]
