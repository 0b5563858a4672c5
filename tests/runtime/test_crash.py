"""Killing anything at any time, then running again, ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlopsc.backends.archive import runtime_archive
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_json

from . import plans as p
from .conftest import Project


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # A process whose parent has not asked yet how it ended is dead all the same.
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def written(project: Project, plan: n.Plan) -> list[str]:
    """The command that runs the plan as it would run elsewhere: from the archive."""
    (project.root / "mlops.pyz").write_bytes(runtime_archive())
    (project.root / "plan.json").write_text(plan_json(plan))
    return [sys.executable, "mlops.pyz", "run", "-j", "2"]


STEP = """
import pathlib, sys, time
time.sleep(0.05)
out = pathlib.Path(sys.argv[-1])
with out.open("w") as f:
    for i in range(20):
        f.write(f"{i}\\n"); f.flush(); time.sleep(0.002)
"""


def chain(project: Project) -> n.Plan:
    project.write("data.csv", "a\n1\n")
    project.write("step.py", STEP)
    nodes: list[n.Node] = [p.source("data", "data.csv")]
    before = "data"
    for name in ("a", "b", "c"):
        given = before.rpartition(".")[2]
        text = f"python step.py {{inputs.{given}}} {{outputs.out}}"
        nodes.append(p.stage(name, text, [before], [p.output("out", "out.txt", "model")]))
        before = f"{name}.out"
    nodes.append(p.deploy("prod", "c.out", command=p.command("python step.py out.tmp")))
    return p.plan(*nodes)


@pytest.mark.slow
def test_a_killed_runner_loses_nothing(project: Project) -> None:
    command = written(project, chain(project))
    moment = random.Random(7)
    expected = "".join(f"{i}\n" for i in range(20))
    for _ in range(6):
        with subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL) as runner:
            time.sleep(moment.uniform(0.1, 0.7))
            runner.kill()
        for record in (project.root / ".mlops").rglob("*.json"):
            json.loads(record.read_text())  # whole, whatever was killed
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    store = project.root / ".mlops"
    last = max((store / "runs").glob("*/run.json"), key=lambda f: f.stat().st_mtime).parent
    assert (last / "c" / "out.txt").read_text() == expected
    moves = sorted((store / "registry" / "demo.c.out" / "moves").glob("*.json"), key=lambda f: int(f.stem))
    final = json.loads(moves[-1].read_text())
    assert (final["to"], final["settled"]) == (1, True)
    assert not [f for f in (store / "tmp").iterdir() if f.suffix == ".d"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_grandchildren_and_the_next_run_goes_on(project: Project, number: signal.Signals) -> None:
    project.write("quick.py", "import sys; open(sys.argv[1], 'w').write('x')")
    project.write(
        "slow.py",
        """
        import pathlib, signal, subprocess, sys, time
        if pathlib.Path("go").exists():
            open(sys.argv[1], "w").write("done"); sys.exit()
        sleep = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
        children = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]
        pathlib.Path("pids.tmp").write_text(" ".join(str(c.pid) for c in children))
        pathlib.Path("pids.tmp").rename("pids")
        time.sleep(60)
        """,
    )
    plan = p.plan(
        p.stage("quick", "python quick.py {outputs.o}", (), [p.output("o", "o")]),
        p.stage("slow", "python slow.py {outputs.o} {inputs.o}", ["quick.o"], [p.output("o", "o")]),
    )
    command = written(project, plan)
    code = (
        "import sys; sys.path.insert(0, 'mlops.pyz'); from mlops_runtime import children, commands;"
        "children.Children.__init__.__defaults__ = (0.4,); sys.exit(commands.main(sys.argv[1:]))"
    )
    with subprocess.Popen([sys.executable, "-c", code, *command[2:]], cwd=project.root, stdout=-3, stderr=-3) as runner:
        pids = project.root / "pids"
        for _ in range(200):
            if pids.exists():
                break
            time.sleep(0.05)
        runner.send_signal(number)
        assert runner.wait(15) == 130
    assert not [pid for pid in map(int, pids.read_text().split()) if is_alive(pid)]
    (project.root / "go").touch()
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "quick  restored" in done.stdout


def test_programs_of_a_killed_runner_are_ended_by_the_next_run(project: Project) -> None:
    project.write("slow.py", "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)")
    project.write("slow2.py", "")
    command = written(project, p.plan(p.stage("slow", "python slow.py")))
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL) as runner:
        pid = project.root / "pid"
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.05)
        runner.kill()
    assert is_alive(int(pid.read_text()))
    project.run(p.plan(p.stage("slow", "python slow2.py")))
    assert not is_alive(int(pid.read_text()))


def test_two_runs_race_on_one_store(project: Project) -> None:
    command = written(project, chain(project))
    runners = [
        subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    outputs = [r.communicate(timeout=60)[0] for r in runners]
    codes = sorted(r.returncode for r in runners)
    # One deployment may find that another moved the alias first, and says so.
    lost = [o for o in outputs if "was moved by another run at the same time" in o]
    assert codes == [0] * (3 - len(lost)) + [4] * len(lost), outputs
    versions = list((project.root / ".mlops" / "registry" / "demo.c.out" / "versions").glob("*.json"))
    assert len(versions) == 1
