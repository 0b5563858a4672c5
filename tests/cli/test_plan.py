"""`mlopsc plan`, `mlopsc why`, and a run that is held to an approved plan."""

from __future__ import annotations

import json
from pathlib import Path

from . import spec
from .conftest import Call


def test_a_plan_says_what_runs_and_why(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    first = call("plan", "--detailed-exitcode")
    assert first.code == 2
    assert "▸ total    runs        has no result yet" in first.out
    assert not (tmp_path / ".mlops").exists()
    call("run", "-q")
    again = call("plan", "--detailed-exitcode")
    assert again.code == 0
    assert again.out.endswith("tiny: nothing to run, 2 of 2 stages restored\n")
    set_ = call("plan", "--set", "times=3")
    assert "param times is 3, was 2, by --set" in set_.out
    assert set_.out.endswith("tiny: of 2 stages, 1 runs, 1 may run\n")


def test_a_profile_is_named_where_it_gives_a_param(call: Call, tmp_path: Path):
    path = spec.tiny(tmp_path)
    call("run", "-q")
    line = next(i for i, text in enumerate(path.read_text("utf-8").splitlines(), 1) if "times = 5" in text)
    assert f"{path.name}:{line}: param times is 5, was 2, by profile large" in call("plan", "--profile", "large").out


def test_why_goes_on_to_the_causes_of_the_causes(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    call("run", "-q")
    assert call("why", "report").out.startswith("report does not run: nothing it depends on has changed")
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n9\n", "utf-8")
    assert call("why", "report").out == (
        "report may run:\n"
        "  total.metrics is made anew\n"
        "    numbers.csv:1-4: numbers has other content\n"
    )  # fmt: skip
    unknown = call("why", "raport")
    assert unknown.code == 2 and "did you mean 'report'?" in unknown.err


def test_an_approved_plan_is_run_or_refused(call: Call, tmp_path: Path):
    path = spec.tiny(tmp_path)
    assert call("plan", "--set", "times=3", "-o", "approved.json").code == 0
    plan = json.loads((tmp_path / "approved.json").read_text("utf-8"))
    assert [n["node"] for n in plan["nodes"] if n["action"] == "run"] == ["total", "report"]
    assert call("run", "-q", "approved.json").code == 0
    refused = call("run", "approved.json")
    assert refused.code == 2
    assert "total: runs was approved, and now it is restored" in refused.err
    call("plan", "-o", "approved.json")
    with (tmp_path / "total.py").open("a", encoding="utf-8") as f:
        f.write("print('more')\n")
    path.write_text(path.read_text("utf-8").replace("total >= 6", "total >= 5"), "utf-8")
    refused = call("run", "approved.json")
    assert refused.code == 2
    assert f"{path.name} has changed" in refused.err and "total has changed since" in refused.err


def test_what_is_no_plan_is_refused(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    (tmp_path / "other.json").write_text("{}", "utf-8")
    assert "no plan; write one with `mlopsc plan -o other.json`" in call("run", "other.json").err
    call("plan", "-o", "approved.json")
    assert "says already what is run" in call("run", "approved.json", "--set", "times=3").err
