"""A verdict is about what was judged: an engine may run single nodes again, in any order, and kill them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlopsc.compiler.plan.document import plan_json

from .conftest import Project
from .specs import plan_of

pytest.importorskip("duckdb")

MORE = """
stage copy {
  run     = "cp {inputs.data} {outputs.rows}"
  inputs  = [data]
  outputs { rows: table = "rows.csv" }
  cache   = off
}

guard few on copy.rows {
  rows <= 2
  python("slow.py:waits")
}

stage use { run = "cat {inputs.rows}", inputs = [copy.rows], cache = off }
"""
SLOW = """
import pathlib, time

def waits(path):
    while pathlib.Path("wait").exists():
        time.sleep(0.02)
    return True
"""


class Engine:
    """Runs nodes one by one, as Airflow and the others do."""

    def __init__(self, project: Project) -> None:
        self.project = project
        project.write("slow.py", SLOW)
        project.write("data.csv", "x\n1\n2\n")
        project.write("plan.json", plan_json(plan_of(project, "rows >= 1", more=MORE)))

    def start(self, node: str) -> subprocess.Popen[bytes]:
        words = ["-m", "mlopsc.runtime", "node", node, "--plan", "plan.json", "--run", "r", "--engine", "test"]
        return subprocess.Popen(
            [sys.executable, *words], cwd=self.project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def node(self, node: str) -> int:
        process = self.start(node)
        process.communicate()
        return process.returncode

    def file(self, node: str) -> Path:
        return self.project.root / f".mlops/runs/r/{node}.json"

    def reason(self, node: str) -> str:
        return json.loads(self.file(node).read_text("utf-8"))["reason"]


@pytest.fixture
def engine(project: Project) -> Engine:
    found = Engine(project)
    assert [found.node(n) for n in ("data", "g", "copy", "few", "use")] == [0] * 5
    return found


def test_what_was_made_anew_is_not_what_was_judged(engine: Engine) -> None:
    engine.project.write("data.csv", "x\n1\n2\n3\n")
    assert [engine.node("data"), engine.node("copy")] == [0, 5]
    assert engine.reason("copy") == "g has judged another data than there is now: run it again"
    assert [engine.node(n) for n in ("g", "copy")] == [0, 0]
    # `few` let two rows pass, and there are three.
    assert engine.node("use") == 5
    assert engine.reason("use") == "few has judged another copy.rows than there is now: run it again"
    assert engine.node("few") == 3
    assert engine.node("use") == 5
    assert engine.reason("use") == "few blocked" or "blocked" in engine.reason("use")


def test_a_guard_that_is_killed_while_it_judges_again_has_no_verdict(engine: Engine) -> None:
    engine.project.write("wait", "")
    again = engine.start("few")
    until = time.monotonic() + 30
    while engine.file("few").exists() and time.monotonic() < until:
        time.sleep(0.02)
    again.send_signal(signal.SIGKILL)
    again.communicate()
    (engine.project.root / "wait").unlink()
    assert not engine.file("few").exists()
    assert engine.node("use") == 5
    assert engine.reason("use") == "few has not run"
    assert [engine.node("few"), engine.node("use")] == [0, 0]
