"""A store at s3://, over HTTP: two machines share results, races have one winner, and what is damaged is made anew."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlopsc.backends.archive import runtime_archive
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_json
from mlopsc.runtime.remote import Remote
from mlopsc.tests.runtime import plans as p

pytestmark = pytest.mark.engine("s3")

STEP = """
import os, pathlib, sys
name, rate, out, folder, *given = sys.argv[1:]
text = "".join(pathlib.Path(g).read_text() for g in given)
pathlib.Path(out).write_text(f"{name} {rate} {len(text)}\\n" * 20)
os.makedirs(folder + "/deep")
for i in range(3):
    pathlib.Path(folder, "deep", f"{i}.txt").write_text(f"{name} {rate} {i}\\n" * 50)
"""


def stage(name: str, *before: str) -> n.Stage:
    given = " ".join(f"{{inputs.{b.partition('.')[0]}}}" for b in before)
    return p.stage(
        name, f"python step.py {name} {{params.rate}} {{outputs.out}} {{outputs.folder}} {given}",
        {b.partition(".")[0]: b for b in before},
        [p.output("out", "out.txt", "model"), p.output("folder", "folder", "dir")],
        params=("rate",), code=("step.py",),
    )  # fmt: skip


def pipeline() -> n.Plan:
    nodes = [stage("a", "data"), stage("b", "a.out"), stage("c", "a.out"), stage("d", "b.out", "c.out")]
    return p.plan(p.source("data", "data.csv"), *nodes, p.deploy("live", "d.out"), params=[p.param("rate", "int", 1)])


class Machine:
    """A folder with the project, and an empty working copy."""

    def __init__(self, root: Path, uri: str, environ: dict[str, str]) -> None:
        self.root, self.uri = root, uri
        self.environ = {**os.environ, **environ, "MLOPS_STORE": uri}
        root.mkdir()
        (root / "data.csv").write_text("a\n1\n")
        (root / "step.py").write_text(STEP)
        (root / "mlops.pyz").write_bytes(runtime_archive())
        (root / "plan.json").write_text(plan_json(pipeline()))

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "mlops.pyz", *words], cwd=self.root, env=self.environ, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *words: str, code: int = 0) -> str:
        process = self.start("run", *words)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == code, out
        return out

    def states(self) -> dict[str, str]:
        """How the nodes of the last run ended."""
        files = sorted(self.root.glob(".mlops/*/runs/*/run.json"), key=lambda f: f.stat().st_mtime_ns)
        return {name: r["state"] for name, r in json.loads(files[-1].read_text())["nodes"].items()}

    def forget(self) -> None:
        shutil.rmtree(self.root / ".mlops", ignore_errors=True)


@pytest.fixture
def machine(s3, tmp_path):
    bucket = s3.bucket(f"store-{random.randrange(1 << 32):x}")
    made = []

    def new() -> Machine:
        made.append(Machine(tmp_path / f"machine-{len(made)}", f"s3://{bucket}/team/runs", s3.environ))
        return made[-1]

    return new


ALL = {"data": "succeeded", "live": "restored", **dict.fromkeys("abcd", "restored")}


def test_what_one_machine_made_is_restored_on_another(machine, s3):
    one, other = machine(), machine()
    one.run()
    other.run()
    assert other.states() == ALL
    (made,) = other.root.glob(".mlops/*/runs/*/d/folder/deep/2.txt")
    assert made.read_text() == "d 1 2\n" * 50
    # The nodes of one run on two machines, as an engine runs them.
    for place, node in zip((one, other, one, other, one), ("data", "a", "b", "c", "d"), strict=True):
        process = place.start("node", node, "--run", "shared", "--params", '{"rate": 9}', "--engine", "test")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
    system = s3.file_system()
    held = system.cat(system.find(one.uri.removeprefix("s3://")))
    assert len(held) > 20 and not [path for path, data in held.items() if b"testing-secret" in data]


def test_a_flipped_bit_in_the_bucket_is_found_named_and_made_good(machine, s3):
    one, other, third = machine(), machine(), machine()
    one.run()
    system, base = s3.file_system(), one.uri.removeprefix("s3://")
    record = json.loads(next(one.root.glob(".mlops/*/runs/*/b.json")).read_text())
    digest = record["artifacts"]["b.out"]["digest"].partition(":")[2]
    path = f"{base}/objects/sha256/{digest[:2]}/{digest}"
    data = bytearray(system.cat_file(path))
    data[3] ^= 1
    system.pipe_file(path, bytes(data))
    out = other.run()
    assert digest in out and "is damaged" in out
    assert other.states() == {**ALL, "b": "succeeded"}
    third.run()
    assert third.states() == ALL


def test_machines_that_are_killed_leave_nothing_half(machine):
    chance = random.Random(20261123)
    machines = [machine() for _ in range(3)]
    kills = int(os.environ.get("MLOPSC_KILLS", "20"))
    for kill in range(kills):
        place = machines[kill % 3]
        process = place.start("run", "--set", f"rate={chance.randint(1, 2)}")
        time.sleep(chance.uniform(0.3, 2.0))
        os.killpg(process.pid, 9)
        process.communicate()
        if chance.random() < 0.3:
            place.forget()
    for rate in (1, 2):
        for place in machines:
            out = place.run("--set", f"rate={rate}")
            assert "damaged" not in out
            (text,) = {
                f.read_text() for f in place.root.glob(".mlops/*/runs/*/c/out.txt") if f" {rate} " in f.read_text()
            }
            assert text == f"c {rate} {20 * len(f'a {rate} 4' + chr(10))}\n" * 20
        assert {**machines[2].states(), "live": "restored"} == ALL


RACE = """
import sys, pathlib
from mlopsc.runtime.registry import Registry
from mlopsc.runtime.remote import Remote
from mlopsc.runtime.shared import SharedStore
registry = Registry(SharedStore(pathlib.Path(sys.argv[1]), Remote(sys.argv[2])), "m")
won = 0
for turn in range(5):
    before = registry.alias("champion")
    won += registry.move("champion", int(sys.argv[3]), expected=before, previous=None, run=sys.argv[3], why=f"{turn}")
print(won)
"""


def test_of_racing_machines_each_move_has_one_winner(machine, tmp_path, monkeypatch):
    place = machine()
    # The tests' mlopsc is the same package; the runtime's archive has no command for this.
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path / f"copy-{i}"), place.uri, str(i + 1)],
            env=place.environ, stdout=subprocess.PIPE, text=True,
        )
        for i in range(8)
    ]  # fmt: skip
    won = [int(r.communicate(timeout=120)[0]) for r in racers]
    for name, value in place.environ.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    remote = Remote(place.uri)
    moves = sorted(
        (
            json.loads(d)
            for d in remote.read_many([f"registry/m/moves/{m}" for m in remote.names("registry/m/moves")]).values()
        ),
        key=lambda m: m["move"],
    )
    assert [m["move"] for m in moves] == list(range(1, sum(won) + 1))
    assert [m["from"] for m in moves[1:]] == [m["to"] for m in moves[:-1]]


@pytest.mark.parametrize(
    ("uri", "environ", "said"),
    [
        ("s3://no-such-bucket-here/x", {}, "there is no bucket 'no-such-bucket-here'"),
        ("s3://x/y", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials are found here"),
        ("s3://x/y", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "s3://x/y: "),
        ("gs://x/y", {}, "pip install gcsfs"),
    ],
    ids=["bucket", "credentials", "server", "package"],
)
def test_a_store_that_cannot_be_used_is_told_before_anything_runs(machine, uri, environ, said):
    place = machine()
    place.environ.update({"MLOPS_STORE": uri, **environ})
    out = place.run(code=2)
    assert said in out and "Traceback" not in out, out
    assert not list(place.root.glob(".mlops/*/runs/*"))
