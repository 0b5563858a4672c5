"""What looks back, or takes away, at a store at s3:// over HTTP, on another machine than the one that made the runs."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine("s3")

MLOPSC = Path(sys.executable).with_name("mlopsc")

SPEC = """mlops 1

## Sums by carrier.
pipeline shared { owner = "ops@example.org" }

version { code = off, store = "STORE" }

param rate: float = 1.0 in 0.0..10.0

source flights { uri = "data.csv", version = content }

guard sane on flights { rows == 4 }

stage prepare {
  run     = "python prepare.py {inputs.flights} {outputs.rows} {outputs.parts}"
  inputs  = [flights]
  outputs { rows: table = "rows.csv", parts: dir = "parts" }
}

stage train {
  run     = "python train.py {params.rate} {inputs.rows} {inputs.parts} {outputs.model} {outputs.metrics}"
  inputs  = [prepare.rows, prepare.parts]
  params  = [rate]
  outputs { model: model = "model.json", metrics: metrics = "metrics.json" }
}

guard good on train.metrics { total >= 1 }

deploy production { model = train.model, alias = "champion" }
"""
FILES = {
    "data.csv": "carrier,delay\nUA,3\nAA,2\nUA,5\nDL,1\n",
    "prepare.py": """
import pathlib, shutil, sys
source, rows, parts = map(pathlib.Path, sys.argv[1:])
shutil.copyfile(source, rows)
(parts / "deep").mkdir(parents=True)
for line in rows.read_text().splitlines()[1:]:
    with (parts / line.partition(",")[0]).open("a") as f:
        f.write(line + "\\n")
(parts / "deep" / "again").write_text("the same\\n")
""",
    "train.py": """
import json, pathlib, sys
rate, rows, parts, model, metrics = sys.argv[1:]
total = float(rate) * sum(int(l.split(",")[1]) for l in pathlib.Path(rows).read_text().splitlines()[1:])
pathlib.Path(model).write_text(json.dumps({"total": total}))
pathlib.Path(metrics).write_text(json.dumps({"total": total}))
""",
}


class Machine:
    """A project in a folder of its own: what another machine has of the store is not here."""

    def __init__(self, server, folder: Path, store: str) -> None:
        self.folder, self.environ = folder, {**os.environ, **server.environ}
        folder.mkdir(parents=True)
        for name, text in {"shared.mlops": SPEC.replace("STORE", store), **FILES}.items():
            (folder / name).write_text(text)

    def call(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [MLOPSC, *words],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def states(self, *words: str) -> dict[str, str]:
        """What a run did, by node."""
        self.call("run", *words)
        run = json.loads(self.call("runs", "show", "last", "--json"))
        return {node: record["state"] for node, record in run["nodes"].items()}


class Shared:
    def __init__(self, server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.store = f"s3://{server.bucket(f'commands-{random.randrange(1 << 32):x}')}/deep/store"
        self.system = server.file_system()

    def machine(self, name: str) -> Machine:
        return Machine(self.server, self.folder / name, self.store)

    def held(self, folder: str) -> list[str]:
        return sorted(self.system.find(f"{self.store}/{folder}"))


@pytest.fixture
def shared(s3, tmp_path):
    return Shared(s3, tmp_path)


def test_what_nothing_reaches_is_taken_away_for_all(shared):
    first, second = shared.machine("first"), shared.machine("second")
    first.states()
    # Runs that fail their guard register nothing: no alias holds what they made.
    second.call("run", "--set", "rate=0.01", code=3)
    first.call("run", "--set", "rate=0.02", code=3)
    assert "nothing to take away" in second.call("gc", "--keep-runs", "0")  # all of it is young
    time.sleep(1.1)
    before = shared.held("")
    told = json.loads(second.call("gc", "--keep-runs", "0", "--grace", "0s", "--json"))
    # What a stage last gave, by any run, is what its changes are told against: it stays.
    assert len(told["runs"]) == 2 and len(told["entries"]) == 1 and told["bytes"] > 0
    assert all(name.startswith(shared.store) for name in told["objects"])
    assert [n for n in shared.held("") if not n.endswith("/clock")] == [n for n in before if not n.endswith("/clock")]
    # What another machine makes right now stays.
    stray = f"{shared.store}/objects/sha256/ab/ab{'0' * 62}"
    shared.system.pipe_file(stray, b"being made")
    second.call("gc", "--delete")
    assert stray.removeprefix("s3://") in shared.held("objects")
    assert "2 runs, 1 result," in second.call("gc", "--keep-runs", "0", "--grace", "0s", "--delete")
    left = {f"s3://{name}" for name in shared.held("")}
    assert not left & {stray, *told["objects"], *told["entries"]}
    assert len(json.loads(first.call("runs", "list", "--json"))) == len(shared.held("ended")) == 1
    states = shared.machine("fresh").states()
    assert (states["prepare"], states["train"]) == ("restored", "restored")


def test_a_flipped_bit_is_found_where_it_lies_and_taken_away(shared):
    first, second = shared.machine("first"), shared.machine("second")
    first.states()
    model = next(p for p in shared.held("objects") if shared.system.cat_file(p) == b'{"total": 11.0}')
    parts = next(p for p in shared.held("objects/tree"))
    for path, data in ((model, b'{"total": 91.0}'), (parts, b"no listing")):
        shared.system.pipe_file(path, data)
    out = second.call("cache", "--verify", code=1)
    assert f"damaged: s3://{model}" in out and f"damaged: s3://{parts}" in out and "2 of" in out
    assert model in shared.held("objects")
    second.call("cache", "--verify", "--repair")
    assert not {model, parts} & {*shared.held("objects")}
    states = second.states()
    assert (states["prepare"], states["train"]) == ("succeeded", "succeeded")
    assert shared.system.cat_file(model) == b'{"total": 11.0}'
    # A machine that has it whole puts it back.
    shared.system.pipe_file(model, b'{"total": 91.0}')
    first.call("cache", "--repair")
    assert shared.system.cat_file(model) == b'{"total": 11.0}'
    assert "0 of" in first.call("cache", "--verify")


def test_a_second_machine_looks_back_at_what_the_first_did(shared):
    first, second = shared.machine("first"), shared.machine("second")
    first.states()
    assert "1 run" in second.call("cache")
    assert "champion" in second.call("models", "list")
    assert "train" in second.call("lineage", "champion")
    assert "does not run" in second.call("why", "train")
    assert "of 13" in second.call("score")
