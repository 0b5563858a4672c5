"""The command line of the archive: node by node as an engine calls it, and the end of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from mlopsc.backends.archive import runtime_archive
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_json

from . import plans as p
from .conftest import Project


def write(project: Project, plan: n.Plan) -> None:
    (project.root / "mlops.pyz").write_bytes(runtime_archive())
    (project.root / "plan.json").write_text(plan_json(plan))


def mlops(project: Project, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    # -S and -I leave out everything that is installed: the archive needs the standard library alone.
    command = [sys.executable, "-S", "-I", str(project.root / "mlops.pyz"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"], **env})


def gated(project: Project) -> list[str]:
    """train -> good (auc >= 0.8) -> use; returns the arguments that name plan and run."""
    project.write(
        "train.py", "import os, sys; open(sys.argv[1], 'w').write('{\"auc\": %s}' % os.environ['MLOPS_PARAM_AUC'])"
    )
    project.write("use.py", "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])")
    train = p.stage("train", "python train.py {outputs.m}", (), [p.output("m", "m.json", "metrics")], params=("auc",))
    guard = p.guard("good", "train.m", [p.rule("auc >= 0.8", p.op(">=", p.metric("auc"), 0.8))])
    use = p.stage("use", "python use.py {inputs.m} {outputs.o}", ["train.m"], [p.output("o", "o.json")])
    write(project, p.plan(train, guard, use, params=[p.param("auc", "float", 0.9)]))
    return ["--plan", str(project.root / "plan.json"), "--run", "r1"]


def test_an_engine_runs_node_by_node_and_finishes(project: Project) -> None:
    run = gated(project)
    codes = [mlops(project, "node", name, *run).returncode for name in ("train", "good", "use")]
    assert codes == [0, 0, 0]
    done = mlops(project, "finish", *run, "--engine", "airflow", "--engine-run", "e7")
    assert done.returncode == 0, done.stderr
    found = json.loads((project.root / ".mlops/runs/r1/run.json").read_text())
    assert found["state"] == "succeeded" and found["engine"] == {"name": "airflow", "run": "e7"}


def test_a_block_has_its_exit_codes(project: Project) -> None:
    run = gated(project)
    low = '{"auc": "0.7"}'  # engines hand numbers over as text
    assert mlops(project, "node", "train", *run, "--params", low).returncode == 0
    assert mlops(project, "node", "good", *run, MLOPS_PARAMS=low).returncode == 3
    assert mlops(project, "node", "use", *run).returncode == 5
    assert mlops(project, "finish", *run).returncode == 3
    records = {r: json.loads((project.root / f".mlops/runs/r1/{r}.json").read_text()) for r in ("good", "use")}
    assert (records["good"]["verdict"], records["use"]["because"]) == ("blocked", "good")


def test_a_node_that_never_ran_is_accounted_for(project: Project) -> None:
    run = gated(project)
    mlops(project, "node", "train", *run)
    assert mlops(project, "finish", *run, "--engine", "github").returncode == 4
    records = [json.loads((project.root / f".mlops/runs/r1/{r}.json").read_text()) for r in ("good", "use")]
    assert (records[0]["state"], records[0]["verdict"]) == ("failed", "error")
    assert (records[1]["state"], records[1]["because"]) == ("skipped", "good")


def test_what_stops_a_node_beforehand_is_in_its_record(project: Project) -> None:
    run = gated(project)
    (project.root / "train.py").unlink()
    done = mlops(project, "node", "train", *run)
    assert (done.returncode, "there is no file train.py" in done.stderr) == (4, True)
    assert mlops(project, "node", "good", *run).returncode == 5
    assert mlops(project, "finish", *run).returncode == 4


def test_wrong_usage_is_2_with_a_sentence(project: Project) -> None:
    run = gated(project)
    for arguments, message in [
        (["node", "trian", *run], "no node named 'trian'"),
        (["node", "train", *run, "--params", "{"], "--params is neither"),
        (["node", "train", *run, "--params", '{"auc": "high"}'], "param 'auc' must be a number"),
        (["node", "train", "--plan", "/nowhere/plan.json", "--run", "r"], "cannot read /nowhere/plan.json"),
        (["node", "train"], "--run"),
        (["node", "train", "--plan", run[1], "--run", "../../x"], "cannot name a run"),
    ]:
        done = mlops(project, *arguments)
        assert (done.returncode, message in done.stderr) == (2, True), (arguments, done.stderr)
        assert "Traceback" not in done.stderr


def test_the_store_can_be_elsewhere(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("store")
    run = gated(project)
    assert mlops(project, "node", "train", *run, MLOPS_STORE=str(elsewhere)).returncode == 0
    assert (elsewhere / "runs/r1/train.json").exists() and not (project.root / ".mlops").exists()


def test_a_store_that_travelled_without_its_links_is_read_from_its_objects(project: Project) -> None:
    run = gated(project)
    mlops(project, "node", "train", *run)
    (project.root / ".mlops/runs/r1/train/m.json").unlink()
    assert mlops(project, "node", "good", *run).returncode == 0


# ---------------------------------------------------------------- the archive


def test_the_archive_is_small_and_the_same_everywhere(tmp_path: Path) -> None:
    code = (
        "import os, sys; os.umask(int(sys.argv[1])); from mlopsc.backends.archive import runtime_archive as archive;"
        "sys.stdout.buffer.write(archive())"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code, umask], cwd=cwd, check=True, capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for umask, cwd, seed, zone in [("0", "/", "1", "UTC"), ("63", str(tmp_path), "2", "Asia/Tokyo")]
    }  # fmt: skip
    assert made == {runtime_archive()}
    assert len(runtime_archive()) < 300_000


def test_the_archive_holds_the_runtime_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mlops.pyz").write_bytes(runtime_archive())
    names = zipfile.ZipFile(tmp_path / "mlops.pyz").namelist()
    assert "__main__.py" in names and "mlops_runtime/guards.py" in names
    assert all(n == "__main__.py" or n.startswith("mlops_runtime/") for n in names)
