"""The local target: what it emits is run by Python, in another folder, with nothing of ours installed."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from mlopsc.backends.base import Level
from mlopsc.backends.local import LocalPython
from mlopsc.compiler.features import Feature
from mlopsc.compiler.plan import nodes as n

_found = spec_from_file_location("plans_for_local", Path(__file__).parent.parent / "runtime" / "plans.py")
assert _found is not None and _found.loader is not None
p: Any = module_from_spec(_found)
_found.loader.exec_module(p)

TRAIN = """\
import json

def train(rate, metrics, model):
    metrics.write_text(json.dumps({"auc": rate}))
    model.write_text(f"model {rate}")
"""


def pipeline(**more: Any) -> n.Plan:
    stage = p.stage(
        "train",
        p.call("steps/train.py:train", rate="params", metrics="outputs", model="outputs"),
        (),
        [p.output("metrics", "m.json", "metrics"), p.output("model", "m.txt", "model")],
        params=("rate",),
        code=("steps/train.py",),
        doc='Learns.\nQuotes """ and \\ and {{ x }} stay as they are.',
    )
    good = p.guard("good", "train.metrics", [p.rule("auc >= 0.5", p.op(">=", p.metric("auc"), 0.5))])
    every = n.Trigger(
        "weekly",
        "",
        (n.Event("schedule", cron="0 5 * * 1", zone="America/New_York"),),
        3600.0,
        None,
        None,
        None,
        p.HERE,
    )
    values: dict[str, Any] = {
        "params": [p.param("rate", "float", 0.9, doc="how fast")],
        "doc": 'Ends """ in odd \\ ways.',
        "project": (n.ProjectFile("steps/train.py", TRAIN),),
    }
    return p.plan(stage, good, p.deploy("prod", "train.model"), every, **{**values, **more})


def emitted(plan: n.Plan, folder: Path, **options: Any) -> Path:
    for file in LocalPython().emit(plan, options):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return folder


def python(folder: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-S", "-I", *arguments]
    return subprocess.run(command, cwd=cwd or folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)


def last_run(store: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(max(store.glob("runs/*/run.json")).read_text())
    return found


def test_the_script_runs_the_pipeline_and_passes_arguments_on(tmp_path: Path) -> None:
    folder = emitted(pipeline(), tmp_path / "out")
    done = python(folder, "demo.py")
    assert done.returncode == 0, done.stdout + done.stderr
    run = last_run(folder / ".mlops")
    assert {k: v.get("verdict") or v["state"] for k, v in run["nodes"].items()} == {
        "train": "succeeded", "good": "passed", "prod": "succeeded",
    }  # fmt: skip
    assert python(folder, "demo.py", "--set", "rate=0.1", "--run", "z").returncode == 3
    assert json.loads((folder / ".mlops/runs/z/good.json").read_text())["verdict"] == "blocked"
    assert python(folder, "demo.py", "--set", "rat=1").returncode == 2


def test_it_runs_from_anywhere_for_a_project_elsewhere(tmp_path: Path) -> None:
    folder = emitted(pipeline(), tmp_path / "out")
    project = tmp_path / "project"
    (project / "steps").mkdir(parents=True)
    (project / "steps/train.py").write_text(TRAIN)
    done = python(folder, str(folder / "demo.py"), "--root", str(project), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert last_run(project / ".mlops")["state"] == "succeeded"


def test_one_plan_has_one_meaning_node_by_node_or_whole(tmp_path: Path) -> None:
    folder = emitted(pipeline(), tmp_path)
    for name in ("train", "good", "prod"):
        assert python(folder, "mlops.pyz", "node", name, "--plan", "plan.json", "--run", "by-node").returncode == 0
    assert python(folder, "demo.py", "--run", "whole").returncode == 0
    keys = [json.loads((folder / f".mlops/runs/{r}/train.json").read_text())["key"] for r in ("by-node", "whole")]
    assert keys[0] == keys[1]
    assert json.loads((folder / ".mlops/runs/whole/train.json").read_text())["state"] == "restored"


def test_the_steps_are_told_in_order(tmp_path: Path) -> None:
    folder = emitted(pipeline(), tmp_path)
    done = python(folder, "demo.py", "--steps")
    assert done.stdout.splitlines() == [
        "stage   train: steps/train.py:train(rate, metrics, model)",
        "guard   good: on train.metrics: auc >= 0.5 (after train)",
        "deploy  prod: champion = train.model (after train, good)",
    ]
    text = (folder / "demo.py").read_text()
    assert "    # Learns.\n" in text and "    # pipeline.mlops:1\n" in text


def test_defaults_in_the_readme_have_their_units(tmp_path: Path) -> None:
    params = [p.param("every", "duration", 5400), p.param("most", "size", 1024), p.param("must", "duration")]
    readme = (emitted(p.plan(p.stage("one", "true"), params=params), tmp_path) / "README.md").read_text()
    assert "`every` (duration), 5400s when not given" in readme
    assert "`most` (size), 1024B when not given" in readme
    assert "`must` (duration), must be given" in readme


def test_each_schedule_keeps_its_zone(tmp_path: Path) -> None:
    zones = ("Europe/Berlin", "Europe/Berlin", None)
    events = tuple(n.Event("schedule", cron=f"{i} 5 * * 1", zone=zone) for i, zone in enumerate(zones))
    trigger = n.Trigger("t", "", events, None, None, None, None, p.HERE)
    readme = (emitted(p.plan(p.stage("one", "true"), trigger), tmp_path) / "README.md").read_text()
    lines = [" ".join(x.split()[:3]) for x in readme.splitlines() if "CRON_TZ" in x or "cd PROJECT" in x]
    assert lines == ["CRON_TZ=Europe/Berlin", "0 5 *", "1 5 *", "CRON_TZ=UTC", "2 5 *"]


def test_a_trigger_keeps_to_its_cooldown(tmp_path: Path) -> None:
    folder = emitted(pipeline(), tmp_path)
    readme = (folder / "README.md").read_text()
    assert "    CRON_TZ=America/New_York\n" in readme
    assert "    0 5 * * 1 cd PROJECT && python HERE/demo.py --root . --trigger weekly\n" in readme
    assert python(folder, "demo.py", "--trigger", "weekly").returncode == 0
    again = python(folder, "demo.py", "--trigger", "weekly")
    assert again.returncode == 0 and "its cooldown is 1h" in again.stdout
    assert len(list((folder / ".mlops/runs").iterdir())) == 1
    assert python(folder, "demo.py", "--trigger", "wekly").returncode == 2


def test_a_project_script_named_like_the_pipeline_stays(tmp_path: Path) -> None:
    plan = pipeline(name="train", project=(n.ProjectFile("train.py", "x = 1\n"),))
    names = [f.path for f in LocalPython().emit(plan, {})]
    assert len(names) == len(set(names)) and "train_pipeline.py" in names


def test_options_are_passed_to_the_runner() -> None:
    files = {f.path: f.content.decode() for f in LocalPython().emit(pipeline(), {"jobs": 1, "keep_going": True})
             if f.path.endswith(".py")}  # fmt: skip
    assert '"--jobs", "1", "--keep-going", *sys.argv[1:]' in files["demo.py"]


def test_every_feature_is_decided() -> None:
    assert set(LocalPython.capabilities) == set(Feature)
    for feature, support in LocalPython.capabilities.items():
        assert (support.level is Level.NATIVE) == (support.how == ""), feature


def test_no_text_of_a_spec_breaks_out_of_the_script(tmp_path: Path) -> None:
    hostile = 'x"""\nimport os; os.mkdir("owned")\n# \r\n\'\'\' \\'
    plan = pipeline(doc=hostile, spec="a\nb.mlops")
    stage = dataclasses.replace(plan.node("train"), doc=hostile)
    plan.graph.nodes["train"]["node"] = stage
    folder = emitted(plan, tmp_path)
    assert python(folder, "demo.py", "--steps").returncode == 0
    assert not (folder / "owned").exists()


@pytest.mark.skipif(not (Path(sys.executable).parent / "ruff").exists(), reason="ruff is not installed")
def test_the_script_is_written_as_people_write(tmp_path: Path) -> None:
    folder = emitted(pipeline(), tmp_path)
    ruff = [str(Path(sys.executable).parent / "ruff"), "check", "--isolated", "--line-length", "120"]
    done = subprocess.run([*ruff, "--select", "E,F,W,I,B,UP", "demo.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_data_is_found_in_the_folder_that_the_script_is_started_from(tmp_path: Path) -> None:
    bundle, project = tmp_path / "project/build/local", tmp_path / "project"
    plan = p.plan(p.source("data", "data.csv"), p.stage("a", "cat {inputs.data}", ["data"]))
    for file in LocalPython().emit(plan, {}):
        (bundle / file.path).parent.mkdir(parents=True, exist_ok=True)
        (bundle / file.path).write_bytes(file.content)
    command = [sys.executable, str(bundle / f"{plan.name}.py")]
    refused = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert (refused.returncode, f"there is no file data.csv in {bundle}" in refused.stderr) == (2, True)
    (project / "data.csv").write_text("x\n1\n", "utf-8")
    assert subprocess.run(command, cwd=project, capture_output=True, text=True).returncode == 0
    assert (project / ".mlops").is_dir()
