"""A guard keeps to its memory: what is larger lies on disk meanwhile, and nothing is left there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlopsc.compiler.plan.document import plan_json
from mlopsc.runtime.store import Store

from .conftest import Project
from .specs import plan_of, value_of, verdict_of

duckdb = pytest.importorskip("duckdb")

# Runs the plan in its folder, then says how much memory that took: of the whole process, in bytes. Not ru_maxrss: what
# this process has is counted for a child, too, when it is forked.
RUN = """
import json, sys
from pathlib import Path
from mlopsc.runtime.executor import run
from mlopsc.runtime.events import RunOptions

root = Path(sys.argv[1])
result = run(json.loads((root / "plan.json").read_text()), root=root, options=RunOptions(run="r"))
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peak = 1024 * int(next((line.split()[1] for line in lines if line.startswith("VmHWM")), 0))
print(json.dumps({"peak": peak, "verdict": {n.id: n.verdict for n in result.nodes}["g"]}))
"""


def keys(project: Project, rows: int) -> None:
    """Parquet of one column of numbers, all of them different."""
    path = project.root / "data.parquet"
    duckdb.sql(f"COPY (SELECT hash(i) AS key FROM range({rows}) AS r(i)) TO '{path}' (FORMAT parquet)")


def measured(project: Project, rules: str, **env: str) -> dict[str, object]:
    plan = plan_of(project, rules, "data.parquet")
    (project.root / "plan.json").write_text(plan_json(plan), "utf-8")
    command = [sys.executable, "-c", RUN, str(project.root)]
    ran = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is asked of Linux")
def test_a_table_larger_than_the_memory_is_measured(project: Project) -> None:
    keys(project, 8_000_000)
    free = measured(project, "unique(key)", MLOPS_GUARD_MEMORY="8GiB")
    found = measured(project, "unique(key)", MLOPS_GUARD_MEMORY="64MiB")
    assert found["verdict"] == "passed"
    assert isinstance(found["peak"], int) and isinstance(free["peak"], int)
    assert found["peak"] < free["peak"] - (100 << 20)
    assert list(Store(project.root / ".mlops").tmp.iterdir()) == []


def test_a_size_that_is_none_is_an_error_and_says_what_to_write(project: Project, monkeypatch) -> None:
    keys(project, 3)
    monkeypatch.setenv("MLOPS_GUARD_MEMORY", "plenty")
    found = verdict_of(project, "unique(key)", "data.parquet")
    assert found["verdict"] == "error"
    assert found["reason"] == "MLOPS_GUARD_MEMORY is no size: write 4GiB or 500MB"


def test_what_a_killed_run_left_is_gone_after_the_next(project: Project) -> None:
    keys(project, 3)
    with Store(project.root / ".mlops").workspace("g") as left:
        (left / "duckdb_temp_block.tmp").write_bytes(b"rows")
        kept = left.rename(left.with_name("g-killed.d"))  # as if its owner had not come to remove it
    assert kept.is_dir()
    assert value_of(verdict_of(project, "unique(key)", "data.parquet")) == 0
    assert not kept.exists()


def test_pandas_is_not_imported(project: Project, tmp_path: Path) -> None:
    # DuckDB does when it is given a parameter of a query: half a second, and 80 MB.
    keys(project, 3)
    marker = tmp_path / "imported"
    fake = project.write("fake/pandas/__init__.py", f"open({str(marker)!r}, 'w')\nraise ImportError\n")
    assert measured(project, "unique(key)", PYTHONPATH=str(fake.parents[1]))["verdict"] == "passed"
    assert not marker.exists()
