"""What a run writes down, held to `grammar/record.schema.json` in every state, and what it says of its surroundings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.runtime.commands import main
from mlopsc.runtime.events import RunResult

from .conftest import Project

GRAMMAR = Path(__file__).parents[2] / "grammar"
SCHEMA = json.loads((GRAMMAR / "record.schema.json").read_text("utf-8"))
GUARDS = json.loads((GRAMMAR / "verdict.schema.json").read_text("utf-8"))

SPEC = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

param seed: int = 7
param times: int = 3

version {{
  code = git
  env  = lock("requirements.txt")
}}

source data {{
  uri = "data.csv"
  schema {{ n: int }}
}}

guard enough on data {{
  rows >= 2
}}

stage train {{
  run     = "{python} train.py {{inputs.data}} {{outputs.model}} {{outputs.metrics}}"
  inputs  = [data]
  params  = [seed, times]
  retries = 1 every 0s
  outputs {{
    model:   model   = "model.txt"
    metrics: metrics = "metrics.json"
  }}
}}

guard good on train.metrics {{
  total >= 10
}}

deploy live {{
  model = train.model
  alias = "champion"
}}
"""
TRAIN = """
import json, os, sys, time
data, model, metrics = sys.argv[1:]
if os.path.exists("fail"): sys.exit("no luck")
if os.path.exists("wait"): time.sleep(60)
memory = bytearray(300 << 20)
total = sum(range(3_000_000))
open(model, "w").write(os.environ["MLOPS_SEED"] + open(data).read())
json.dump({"total": 10}, open(metrics, "w"))
"""


@pytest.fixture
def made(project: Project) -> Project:
    project.write("data.csv", "n\n1\n2\n")
    project.write("train.py", TRAIN)
    project.write("requirements.txt", "")
    _git(project, "init", "-q")
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", "first")
    return project


def _git(project: Project, *words: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", project.root, *who, *words], check=True)


def planned(project: Project, python: str = "python") -> Any:
    analysis = analyse(project.write("pipeline.mlops", SPEC.format(python=python)))
    wrong = [d.message for d in analysis.diagnostics if d.rule.code.startswith("E")]
    assert not wrong, wrong
    return compile_plan(analysis).plan


def checked(result: RunResult) -> dict[str, Any]:
    """The whole record of a run, which is what its schema says, and holds nothing that it does not name."""
    assert result.folder is not None
    record: dict[str, Any] = json.loads((result.folder / "run.json").read_text("utf-8"))
    _described(record, SCHEMA)
    assert set(record) <= set(SCHEMA["properties"])
    for node in record["nodes"].values():
        known = {**SCHEMA["$defs"]["node"]["properties"], **(GUARDS["properties"] if node["kind"] == "guard" else {})}
        assert set(node) <= set(known), node
        for part, name in (("artifacts", "artifact"), ("tries", "try")):
            found = node.get(part) or []
            for each in found.values() if isinstance(found, dict) else found:
                assert set(each) <= set(SCHEMA["$defs"][name]["properties"]), each
        if node["kind"] == "guard":
            _described(node, GUARDS)
        own = json.loads((result.folder / f"{node['node']}.json").read_text("utf-8"))
        _described(own, {**SCHEMA["$defs"]["node"], "$defs": SCHEMA["$defs"]})
    return record


def _described(value: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(value)


def test_records_of_every_state_are_what_the_schema_says(made: Project) -> None:
    plan = planned(made)
    ran = checked(made.run(plan))
    restored = checked(made.run(plan))
    assert {n: r["state"] for n, r in restored["nodes"].items() if r["kind"] != "guard"} == {
        "data": "succeeded",
        "train": "restored",
        "live": "restored",
    }
    assert restored["nodes"]["train"]["from_run"] == ran["run"]
    made.write("fail", "")
    failed = checked(made.run(plan, params={"times": 4}))
    assert failed["state"] == "failed" and len(failed["nodes"]["train"]["tries"]) == 2
    assert failed["nodes"]["live"]["state"] == "skipped" and failed["origins"]["times"] == "the run"
    assert failed["code"]["uncommitted"] and failed["code"]["patch"]
    made.write("data.csv", "n\n1\n")
    assert checked(made.run(plan))["state"] == "blocked"
    made.write("data.csv", "n\none\n")
    assert checked(made.run(plan))["nodes"]["data_schema"]["verdict"] == "blocked"
    assert checked(made.run(plan, only=("data",)))["nodes"]["train"]["reason"] == "not part of this run"


def test_an_interrupted_run_is_described_too(made: Project) -> None:
    made.write("wait", "")
    (made.root / "plan.json").write_text(_document(made), "utf-8")
    runner = [sys.executable, "-m", "mlopsc.runtime", "run", "--run", "r1"]
    child = subprocess.Popen(runner, cwd=made.root, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if "train" in line and "started" in line:
            threading.Timer(0.3, lambda: os.kill(child.pid, 2)).start()
            break
    child.communicate(timeout=60)
    record = checked(RunResult("r1", "interrupted", 130, folder=made.root / ".mlops/runs/r1"))
    assert record["interrupted"] and record["nodes"]["train"]["reason"] == "interrupted"


def _document(project: Project) -> str:
    from mlopsc.compiler.plan.document import plan_json

    return plan_json(planned(project))


def test_the_seed_is_the_keys_and_in_the_record(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "5")
    plan = planned(made)
    first = checked(made.run(plan))["nodes"]["train"]
    assert first["seeds"] == {"seed": 7, "MLOPS_SEED": first["seeds"]["MLOPS_SEED"], "PYTHONHASHSEED": "5"}
    made.write("train.py", TRAIN + "# no change\n")
    made.run(plan, params={"times": 5})
    other = checked(made.run(plan, params={"times": 6}))["nodes"]["train"]
    assert other["seeds"]["MLOPS_SEED"] != first["seeds"]["MLOPS_SEED"]
    # What was made is thrown away and made again: the same numbers.
    for entry in (made.root / ".mlops/cache").glob("*.json"):
        entry.unlink()
    again = checked(made.run(plan))["nodes"]["train"]
    assert again["state"] == "succeeded" and again["seeds"] == first["seeds"]
    assert again["artifacts"]["train.model"]["digest"] == first["artifacts"]["train.model"]["digest"]


def test_processor_time_and_memory_of_a_stage_are_written_down(made: Project) -> None:
    made.write("wait.txt", "")
    (one,) = checked(made.run(planned(made)))["nodes"]["train"]["tries"]
    assert 0.02 < one["cpu"] < 30
    # Of a runner that is larger than that itself, nothing can be said.
    assert one["memory"] is None or 300 << 20 < one["memory"] < 3000 << 20


def test_packages_are_those_of_the_python_that_ran_the_stage(made: Project) -> None:
    other = made.root / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    (folder,) = other.glob("lib/python*/site-packages")
    (folder / "rarely_seen-1.2.dist-info").mkdir()
    _git(made, "add", "-A")
    _git(made, "commit", "-q", "-m", "other")
    record = checked(made.run(planned(made, python="other/bin/python")))
    train = record["nodes"]["train"]
    assert train["interpreter"]["executable"] == str(other / "bin/python")
    assert train["packages"] == {"rarely-seen": "1.2"} and "rarely-seen" not in record["packages"]
    assert "packages" not in checked(made.run(planned(made)))["nodes"]["train"]


def test_a_task_of_an_engine_says_where_it_ran(made: Project) -> None:
    (made.root / "plan.json").write_text(_document(made), "utf-8")
    where = ["--plan", str(made.root / "plan.json"), "--run", "e1", "--engine", "airflow", "--engine-run", "manual__1"]
    for node in ("data", "data_schema", "enough", "train", "good", "live"):
        assert main(["node", node, *where]) == 0
    assert main(["finish", *where]) == 0
    folder = made.root / ".mlops/runs/e1"
    own = json.loads((folder / "train.json").read_text("utf-8"))
    assert own["machine"]["host"] and "jsonschema" in own["packages"]
    record = checked(RunResult("e1", "succeeded", 0, folder=folder))
    assert record["machine"] == own["machine"] and "machine" not in record["nodes"]["train"]
    assert record["engine"] == {"name": "airflow", "run": "manual__1"} and record["lock"]["file"] == "requirements.txt"
