"""Sixteen processes run one pipeline against one store and are killed at random moments; nothing of it shows.

Set MLOPSC_KILLS to kill more often than CI does, MLOPSC_SEED to kill at other moments.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mlopsc.backends.archive import runtime_archive
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_json
from mlopsc.runtime.digests import path_digest
from mlopsc.runtime.store import Store

from . import plans as p
from .conftest import Project

PROCESSES = 16
KILLS = int(os.environ.get("MLOPSC_KILLS", "200"))
SEED = int(os.environ.get("MLOPSC_SEED", "20261123"))

STEP = """
import os, pathlib, sys, time
name, rate, out, folder, *given = sys.argv[1:]
text = "".join(pathlib.Path(g).read_text() for g in given)
with open(out, "w") as f:
    for i in range(20):
        f.write(f"{name} {rate} {i} {len(text)}\\n"); f.flush()
os.makedirs(folder + "/deep")
for i in range(3):
    pathlib.Path(folder, "deep", f"{i}.txt").write_text(f"{name} {rate} {i}\\n" * 50)
"""


def pipeline(project: Project) -> n.Plan:
    """A diamond of stages, each with a file and a folder; a param makes three sets of keys."""
    project.write("data.csv", "a\n1\n")
    project.write("step.py", STEP)

    def stage(name: str, *before: str) -> n.Stage:
        given = " ".join(f"{{inputs.{b.partition('.')[0]}}}" for b in before)
        return p.stage(
            name, f"python step.py {name} {{params.rate}} {{outputs.out}} {{outputs.folder}} {given}",
            {b.partition(".")[0]: b for b in before},
            [p.output("out", "out.txt"), p.output("folder", "folder", "dir")],
            params=("rate",), code=("step.py",),
        )  # fmt: skip

    nodes = [stage("a", "data"), stage("b", "a.out"), stage("c", "a.out"), stage("d", "b.out", "c.out")]
    return p.plan(p.source("data", "data.csv"), *nodes, params=[p.param("rate", "int", 1)])


def expected(rate: int) -> dict[str, str]:
    """What each stage writes."""
    size = {"data": 4}
    found = {}
    for name, before in (("a", ["data"]), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"])):
        found[name] = "".join(f"{name} {rate} {i} {sum(size[b] for b in before)}\n" for i in range(20))
        size[name] = len(found[name])
    return found


def command(rate: int) -> list[str]:
    return [sys.executable, "mlops.pyz", "run", "-j", "2", "--set", f"rate={rate}"]


@pytest.mark.slow
def test_killed_processes_leave_no_half_object_no_wrong_result_and_no_lock(project: Project) -> None:
    (project.root / "mlops.pyz").write_bytes(runtime_archive())
    (project.root / "plan.json").write_text(plan_json(pipeline(project)))
    chance = random.Random(SEED)
    running: list[tuple[subprocess.Popen[bytes], float]] = []
    killed = finished = 0
    while killed < KILLS:
        while len(running) < PROCESSES:
            started = subprocess.Popen(
                command(chance.randint(1, 3)), cwd=project.root, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            running.append((started, time.monotonic() + chance.expovariate(1 / 2.0)))
        time.sleep(0.01)
        for each in list(running):
            process, end = each
            if process.poll() is not None:
                finished += 1
                assert process.returncode in (0, -signal.SIGKILL), process.returncode
                running.remove(each)
            elif time.monotonic() >= end and killed < KILLS:
                # Now and then the runner alone, so that its programs go on without it.
                os.killpg(process.pid, signal.SIGKILL) if chance.random() < 0.7 else process.kill()
                process.wait()
                killed += 1
                running.remove(each)
    for process, _ in running:
        assert process.wait(timeout=120) == 0
    print(f"{killed} kills, {finished + len(running)} runs came to their end, seed {SEED}")
    _check(project, Store(project.root / ".mlops"))


def _check(project: Project, store: Store) -> None:
    for path in store.folder.rglob("*.json"):
        json.loads(path.read_text("utf-8"))  # whole
    for path in (store.folder / "objects").rglob("*"):
        if path.is_file():
            assert path_digest(path).rpartition(":")[2] == path.name, f"{path} is half"
    entries = [json.loads(f.read_text("utf-8")) for f in store.cache.glob("*.json")]
    assert entries and all(store.whole(kept) for e in entries for kept in e["outputs"].values())
    done = [json.loads(f.read_text("utf-8")) for f in store.runs.glob("*/run.json")]
    assert done
    for run in done:
        if run["state"] == "succeeded":
            _check_results(store, run)
    for rate in (1, 2, 3):
        ended = subprocess.run(command(rate), cwd=project.root, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not list(store.tmp.glob("*.d")), "the workspace of a killed run is still there"


def _check_results(store: Store, run: dict[str, Any]) -> None:
    for name, text in expected(run["params"]["rate"]).items():
        folder = store.runs / run["run"] / name
        assert (folder / "out.txt").read_text() == text, f"{folder} holds the result of another key"
        assert sorted(f.name for f in (folder / "folder/deep").iterdir()) == ["0.txt", "1.txt", "2.txt"]


def _flip(path: Path) -> None:
    """One bit, as a disk would: no time tells."""
    times = path.stat()
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with path.open("r+b") as f:
        f.write(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    path.chmod(0o444)


@pytest.mark.parametrize("part", ["out", "folder"])
def test_a_flipped_bit_is_found_named_and_made_good(project: Project, part: str) -> None:
    plan = pipeline(project)
    # `d` reads both parts of `b`, and has no result yet in the second run.
    changed = p.plan(*(_reading(node, part) for node in plan.nodes), params=list(plan.params))
    assert project.run(plan).state == "succeeded"
    store = Store(project.root / ".mlops")
    record = store.record(next(iter(store.finished_runs()))["run"], "b")
    assert record is not None
    path = store.folder / record["artifacts"][f"b.{part}"]["file"]
    _flip(path / "deep/1.txt" if path.is_dir() else path)
    result = project.run(changed)
    assert result.state == "failed"
    reason = next(r.reason for r in result.nodes if r.id == "d") or ""
    assert f"'b.{part}' is damaged: the bytes of " in reason and "the next run makes it anew" in reason
    again = project.run(changed)
    assert {r.id: r.state for r in again.nodes} == {
        "data": "succeeded", "a": "restored", "b": "succeeded", "c": "restored", "d": "succeeded",
    }  # fmt: skip


def _reading(node: n.Node, part: str) -> n.Node:
    if not isinstance(node, n.Stage) or node.id != "d":
        return node
    text = "python step.py d {params.rate} {outputs.out} {outputs.folder} {inputs.c}"
    return p.stage("d", text, {"b": f"b.{part}", "c": "c.out"}, node.outputs, params=node.params, code=node.code)
