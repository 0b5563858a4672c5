"""The lines and the table that a run shows, from events made by hand."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from mlopsc.cli.outcome import render_outcome
from mlopsc.cli.progress import LiveProgress, PlainProgress, clean, clock
from mlopsc.cli.terminal import plain
from mlopsc.runtime.events import Event, NodeResult, RunResult
from rich.console import Console

RULE = {
    "text": "r2 >= 0.8",
    "outcome": "blocked",
    "measured": {"r2": {"value": 0.71, "text": "0.71"}},
    "limits": [],
    "message": "worse than a guess",
    "sample": [{"id": 7, "p": 1.5}],
    "file": "a.mlops",
    "line": 12,
}


def events() -> list[Event]:
    def event(kind: str, at: float, **rest) -> Event:
        return Event(kind, 100.0 + at, "r1", **rest)

    return [
        event("run_started", 0, nodes=("fetch", "train", "good", "serve")),
        event("node_started", 0, node="fetch", attempt=1),
        event("log", 0.5, node="fetch", text="\x1b[31m10%\r100%\ttaken"),
        event("node_finished", 1, node="fetch", state="succeeded", record={"state": "succeeded"}),
        event("node_started", 1, node="train", attempt=1),
        event("retry", 2, node="train", attempt=1, text="exit code 1", delay=30.0),
        event("node_started", 32, node="train", attempt=2),
        event("node_finished", 60, node="train", state="succeeded", record={}),
        event("node_finished", 60, node="good", state="blocked", reason="r2", record={"verdict": "blocked"}),
        event("node_finished", 60, node="serve", state="skipped", reason="good blocked", record={"verdict": "not_run"}),
        event("run_finished", 60, state="blocked"),
    ]


def test_lines_say_what_happened_when():
    said: list[str] = []
    with PlainProgress(said.append, plain, quiet=False) as progress:
        for event in events():
            progress(event)
    assert said == [
        "[    0.0s] run r1: 4 nodes",
        "[    0.0s] fetch: started",
        "[    0.5s] fetch | 100%    taken",
        "[    1.0s] fetch: done in 1.0s",
        "[    1.0s] train: started",
        "[    2.0s] train: exit code 1; again in 30s",
        "[   32.0s] train: started (try 2)",
        "[   60.0s] train: done in 59s",
        "[   60.0s] good: blocked: r2",
        "[   60.0s] serve: skipped: good blocked",
    ]


def shown(progress: LiveProgress, console: Console) -> list[str]:
    with console.capture() as capture:
        console.print(progress.render())
    return [line.rstrip() for line in capture.get().splitlines()]


def test_the_table_has_a_row_for_each_node_and_counts():
    console = Console(file=io.StringIO(), width=80, height=20, color_system=None)
    progress = LiveProgress(console, verbose=False)
    for event in events()[:5]:
        progress(event)
    lines = shown(progress, console)
    assert re.match(r" ✓ fetch +done +1\.0s", lines[0])
    assert re.match(r" ▸ train +running", lines[1])
    assert re.match(r" · good +waiting", lines[2])
    assert lines[-1].endswith("1 done, 1 running, 2 waiting")


def test_a_low_terminal_shows_what_runs_and_what_went_wrong():
    console = Console(file=io.StringIO(), width=80, height=12, color_system=None)
    progress = LiveProgress(console, verbose=False)
    names = tuple(f"n{i}" for i in range(500))
    progress(Event("run_started", 0, "r", nodes=names))
    for i in range(400):
        state = "failed" if i == 7 else "succeeded"
        progress(Event("node_started", 1, "r", node=f"n{i}", attempt=1))
        progress(Event("node_finished", 2, "r", node=f"n{i}", state=state, reason="broken" if i == 7 else None))
    progress(Event("node_started", 1, "r", node="n450", attempt=1))
    lines = shown(progress, console)
    assert len(lines) == 3
    assert "n7" in lines[0]
    assert "n450" in lines[1]
    assert lines[2].endswith("399 done, 1 failed, 99 waiting, 1 running")


def test_the_tail_of_a_failed_program_is_shown_again():
    console = Console(file=io.StringIO(), width=80, height=20, color_system=None)
    progress = LiveProgress(console, verbose=False)
    progress(Event("run_started", 0, "r", nodes=("a",)))
    for i in range(50):
        progress(Event("log", 1, "r", node="a", text=f"line {i} [bold]"))
    progress(Event("node_finished", 2, "r", node="a", state="failed", reason="exit code 1"))
    printed = console.file.getvalue().splitlines()
    assert printed[0] == "a | line 30 [bold]"
    assert printed[-1] == "a | line 49 [bold]"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0s"), (0.44, "0.4s"), (9.96, "10s"), (59.4, "59s"), (61, "1m 1s"), (3_725, "1h 2m")],
)
def test_times_are_short(seconds: float, said: str):
    assert clock(seconds) == said


def test_lines_of_programs_cannot_play_with_the_terminal():
    assert clean("a\x1b]0;title\x07b") == "a]0;title␇b"
    assert clean("50%\r100%\r") == "100%"


def test_the_closing_lines_name_rules_values_samples_logs_and_the_report(tmp_path: Path):
    result = RunResult(
        run="r1",
        state="blocked",
        exit_code=3,
        seconds=61.0,
        nodes=(
            NodeResult("train", "stage", "succeeded", 1.0, record={"metrics": {"metrics": {"r2": 0.7123456789}}}),
            NodeResult("good", "guard", "blocked", 0.1, "r2", "blocked", {"subject": "train.metrics", "rules": [RULE]}),
            NodeResult("late", "stage", "failed", 0.1, "exit code 1", record={"log": "late.log"}),
            NodeResult("serve", "deploy", "succeeded", 0.1, record={"alias": "champion", "version": 4}),
        ),
        folder=tmp_path,
        report=tmp_path / "report.html",
    )
    assert render_outcome(result, plain).splitlines()[:8] == [
        "blocked good on train.metrics",
        "  blocked r2 >= 0.8: r2 is 0.71  (a.mlops:12)",
        "    worse than a guess",
        "    id=7, p=1.5",
        "failed late: exit code 1",
        f"  its output: {_near(tmp_path / 'late.log')}",
        "serve: champion is now version 4",
        "train.metrics: r2 0.712346",
    ]
    assert render_outcome(result, plain).splitlines()[8:] == [
        "run r1 blocked in 1m 1s: 2 done, 1 blocked, 1 failed",
        f"report: {_near(tmp_path / 'report.html')}",
    ]


def _near(path: Path) -> str:
    import os

    return min(os.path.relpath(path), str(path), key=len)
