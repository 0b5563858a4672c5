"""`mlopsc run`: what is printed, the exit codes, and Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from . import spec
from .conftest import MLOPSC, Call

SLOW = """mlops 1
pipeline slow { python = "3.11" }
stage wait {
  run = "python wait.py {outputs.done}"
  outputs { done: file = "done.txt" }
}
"""
WAIT = """import os, pathlib, sys, time
pathlib.Path("pid").write_text(str(os.getpid()))
print("waiting", flush=True)
time.sleep(60)
"""


def test_a_run_says_what_happened_and_where_the_report_is(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    said = call("run")
    assert said.code == 0, said.err
    assert "total | total 6\n" in said.err
    assert re.search(r"total: done", said.err)
    assert "total.metrics: total 6\n" in said.out
    assert re.search(r"run \S+ succeeded in \S+: 3 done, 1 passed\n", said.out)
    report = re.search(r"report: (.*)\n", said.out)
    assert report
    assert (tmp_path / report[1]).is_file()
    again = call("run")
    assert again.code == 0
    assert "2 restored" in again.out


def test_quiet_leaves_out_what_programs_print(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    assert "total 6" not in call("run", "-q").err


def test_a_blocked_run_exits_with_3_and_names_the_rule(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    said = call("run", "--set", "times=1")
    assert said.code == 3
    assert "blocked enough on total.metrics\n" in said.out
    assert "blocked total >= 6: total is 3  (tiny.mlops:" in said.out
    assert "1 skipped" in said.out


def test_a_failed_stage_exits_with_4_and_names_its_log(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    (tmp_path / "total.py").write_text("import sys\nsys.exit('no numbers today')\n")
    said = call("run")
    assert said.code == 4
    assert "failed total: " in said.out
    log = re.search(r"its output: (.*)\n", said.out)
    assert log
    assert "no numbers today" in (tmp_path / log[1]).read_text()


def test_params_come_from_a_file_and_set_wins(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    (tmp_path / "params.json").write_text('{"times": 5}')
    assert "total 15" in call("run", "--params", "params.json").out
    assert "total 9" in call("run", "--params", "params.json", "--set", "times=3").out
    assert "total 15" in call("run", "--profile", "large").out


def test_wrong_params_are_refused_before_anything_runs(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    for content, says in (('{"times": 99}', "times"), ('{"tmies": 1}', "tmies"), ("[1]", "object"), ("{", "not JSON")):
        (tmp_path / "params.json").write_text(content)
        said = call("run", "--params", "params.json")
        assert said.code == 2
        assert says in said.err
    assert call("run", "--params", "nope.json").code == 2
    assert not list(tmp_path.glob(".mlops/runs/*"))


def test_selections(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    assert call("run", "+total", "-q").code == 0
    only = call("run", "tiny.mlops", "--from", "enough", "-q")
    assert only.code == 0, only.err
    assert "report: started" in only.err
    assert "total: started" not in only.err
    wrong = call("run", "totl")
    assert wrong.code == 2
    assert "total" in wrong.err


def test_a_dry_run_prints_commands_and_runs_nothing(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    said = call("run", "-n")
    assert said.code == 0
    assert "total: would run\n    " in said.out
    assert re.search(r"total\.py \S*numbers\.csv 2 ", said.out)
    assert not list(tmp_path.glob(".mlops/runs/*"))


def test_a_reader_that_leaves_does_not_end_the_run(tmp_path: Path):
    spec.tiny(tmp_path)
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{MLOPSC}' run 2>&1 | true"], cwd=tmp_path, capture_output=True, check=False
    )
    assert ran.returncode == 0
    (record,) = tmp_path.glob(".mlops/runs/*/run.json")
    assert '"succeeded"' in record.read_text()
    (tmp_path / "total.py").write_text("raise SystemExit(1)\n")
    failed = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{MLOPSC}' run 2>&1 | true"], cwd=tmp_path, capture_output=True, check=False
    )
    assert failed.returncode == 4


def test_a_trigger_that_is_not_due_holds_the_run_back(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, spec.GOOD + '\ntrigger nightly {\n  on schedule "0 5 * * *" in "UTC"\n  cooldown = 12h\n}\n')
    assert call("run", "--trigger", "nightly", "-q").code == 0
    held = call("run", "--trigger", "nightly", "-q")
    assert held.code == 0
    assert "nightly starts no run" in held.out
    assert call("run", "--trigger", "nihgtly").code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_ends_the_programs_and_the_next_run_goes_on(tmp_path: Path, number: signal.Signals):
    (tmp_path / "slow.mlops").write_text(SLOW)
    (tmp_path / "wait.py").write_text(WAIT)
    process = subprocess.Popen(
        [MLOPSC, "run"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    pid = _wait_for(tmp_path / "pid")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in out + err
    assert b"interrupted" in out
    assert b"the next run goes on from here" in out
    assert not _alive(pid)
    (tmp_path / "wait.py").write_text("import sys\nopen(sys.argv[1], 'w').write('x')\n")
    assert subprocess.run([MLOPSC, "run"], cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_a_terminal_shows_a_table_that_ends_with_every_node(tmp_path: Path):
    spec.tiny(tmp_path)
    shown = _in_a_terminal([str(MLOPSC), "run"], tmp_path)
    assert "\x1b[" in shown
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert re.search(r"✓ total +done", last)
    assert re.search(r"✓ enough +passed", last)
    assert "4 done" not in last
    assert "succeeded in" in last
    plain = _in_a_terminal([str(MLOPSC), "run"], tmp_path, TERM="dumb")
    assert "\x1b[" not in plain
    assert "total: restored" in plain


def _wait_for(path: Path) -> int:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _in_a_terminal(argv: list[str], cwd: Path, **env: str) -> str:
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", **env}
    process = subprocess.Popen(argv, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        if not select.select([ours], [], [], 60)[0]:
            break
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other end is closed.
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(timeout=60) == 0, shown.decode()
    return shown.decode()
