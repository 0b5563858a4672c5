"""`mlopsc plan --since REF`, on a real git repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from . import spec
from .conftest import Call
from .test_breaking import edit, git


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A pipeline in a folder of a repository."""
    path = spec.tiny(tmp_path / "pipelines")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return path


def test_nothing_has_changed(call: Call, committed: Path) -> None:
    said = call("plan", committed, "--since", "main", "--detailed-exitcode")
    assert (said.code, said.out) == (0, "tiny: nothing has changed since main\n")


def test_each_change_is_told_with_both_places(call: Call, committed: Path) -> None:
    edit(committed, "param times: int = 2 in 1..5", "\nparam times: int = 3 in 1..5")
    edit(committed.parent / "report.py", '"<p>"', '"<b>"')
    edit(committed, "total >= 6", "total >= 5")
    said = call("plan", "pipelines", "--since", "HEAD", "--detailed-exitcode")
    assert said.code == 2
    assert said.out == (
        "BREAKING  pipelines/tiny.mlops:26: 'total >= 5' asks for less than 'total >= 6' did\n"
        "          E603: a rule lets more through than it did; it was at HEAD:pipelines/tiny.mlops:25\n"
        "RETRAIN   pipelines/report.py:2: what it does at its top level changed in report.py\n"
        "          report.page made anew; it was at HEAD:pipelines/report.py:2\n"
        "RETRAIN   pipelines/tiny.mlops:9: param 'times' is 3, was 2\n"
        "          total.metrics, report.page made anew; it was at HEAD:pipelines/tiny.mlops:8\n"
        "\n"
        "tiny since HEAD: 1 BREAKING, 2 RETRAIN; made anew: report.page, total.metrics\n"
    )


def test_it_fails_on_a_class_and_on_weightier_ones(call: Call, committed: Path) -> None:
    edit(committed, "param times: int = 2", "param times: int = 3")
    assert call("plan", committed, "--since", "main", "--fail-on", "breaking").code == 0
    assert call("plan", committed, "--since", "main", "--fail-on", "retrain").code == 1
    assert call("plan", committed, "--since", "main", "--fail-on", "cosmetic").code == 1
    edit(committed, "total >= 6", 'total >= 5 relaxed "a small month" until 2026-02-14')
    allowed = call("plan", committed, "--since", "main", "--fail-on", "breaking", "--today", "2026-01-15")
    assert allowed.code == 0 and "relaxed until 2026-02-14: a small month" in allowed.out
    assert call("plan", committed, "--since", "main", "--fail-on", "breaking", "--today", "2026-02-15").code == 1


def test_it_is_data_too(call: Call, committed: Path, tmp_path: Path) -> None:
    edit(committed, "## Adds numbers up", "## Adds all numbers up")
    said = json.loads(call("plan", committed, "--since", "main", "--json", "-o", "changes.json").out)
    assert said == json.loads((tmp_path / "changes.json").read_text("utf-8"))
    assert (said["class"], said["since"], len(said["commit"])) == ("cosmetic", "main", 40)
    (change,) = said["changes"]
    assert change["was"].startswith("main:pipelines/tiny.mlops:")


def test_what_cannot_be_compared_is_told(call: Call, committed: Path, tmp_path: Path) -> None:
    new = spec.tiny(tmp_path / "other", spec.GOOD.replace("pipeline tiny", "pipeline other"))
    assert "was not there at main: nothing to compare" in call("plan", new, "--since", "main").out
    assert "git knows no revision 'mian'" in call("plan", committed, "--since", "mian").err
    assert "name it with --since" in call("plan", committed, "--fail-on", "breaking").err
    assert "leave out --set" in call("plan", committed, "--since", "main", "--set", "times=3").err
    (committed.parent / "tiny.mlops").write_text("mlops 1\npipeline {", "utf-8")
    assert call("plan", committed, "--since", "main").code == 1
