"""A run in Airflow is restored by one on this machine, and the other way round: one store, equal keys.

The store is a folder that both see, or a prefix of a bucket.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import pytest
from mlopsc.tests.engines.airflow_engine import Engine
from mlopsc.tests.engines.s3_server import Server

pytestmark = pytest.mark.engine("airflow 3")

MLOPSC = Path(sys.executable).with_name("mlopsc")

# A stage of each kind, and a param of each type: what a key is made of has to be the same by either way.
SPEC = """
mlops 1

pipeline shared { owner = "ops@example.org", requirements = "requirements.txt" }

param rate: float     = 1 in 0.0..10.0
param months: int     = 3
param pause: duration = 1m
param most: size      = 1MiB
param sizes: list<int> = [1, 2]
param loss: string    = "log" in ["log", "hinge"]
param deep: bool      = false

source flights {
  uri     = "data/*.csv"
  version = content
  schema { carrier: string, delay: int }
}

version {
  code  = off
  data  = content
  env   = lock("requirements.txt")
  store = "STORE"
}

stage prepare {
  run     = sql("steps/prepare.sql")
  inputs  = [flights]
  outputs { rows: table = "rows.parquet" }
}

guard sane on prepare.rows {
  rows == 4
  delay >= 0 else quarantine
}

stage train {
  foreach carrier in ["UA", "AA"]
  run    = python("steps/train.py:train")
  inputs = [prepare.rows]
  params = [rate, months, pause, most, sizes, loss, deep]
  env    { MODE = "slow" }
  outputs { model: model = "model.json", metrics: metrics = "metrics.json" }
}

stage choose {
  run     = "python steps/choose.py {params.rate} {inputs.models} {outputs.model} {outputs.best}"
  inputs  = { models: train.model }
  outputs { model: model = "best.json", best: metrics = "best_metrics.json" }
}

guard good on choose.best { rate >= 0.5 }

deploy production { model = choose.model, alias = "champion" }

target airflow { project = "PROJECT", python = "PYTHON" }
"""
FILES = {
    "requirements.txt": "duckdb\n",
    "data/january.csv": "carrier,delay\nUA,3\nAA,2\n",
    "data/february.csv": "carrier,delay\nUA,9\nAA,-1\n",
    "steps/prepare.sql": "SELECT * FROM flights ORDER BY ALL\n",
    "steps/shared.py": "def told(**values):\n    return dict(values)\n",
    "steps/train.py": '''"""Learns nothing."""
import json

from shared import told


def train(rows, carrier, rate, months, pause, most, sizes, loss, deep, model, metrics):
    values = told(rate=rate, months=months, pause=pause, most=most, sizes=sizes, loss=loss, deep=deep)
    model.write_text(json.dumps({"carrier": carrier, **values}, default=str))
    metrics.write_text(json.dumps({"rate": rate}))
''',
    "steps/choose.py": """import json, pathlib, sys

rate, *models, model, best = sys.argv[1:]
pathlib.Path(model).write_text(pathlib.Path(models[0]).read_text())
pathlib.Path(best).write_text(json.dumps({"rate": float(rate)}))
""",
}
STAGES = ("prepare", "train[0]", "train[1]", "choose")
# The same values as JSON has them, for Airflow, and as a command line has them.
CONF = {"rate": 2, "months": 4, "pause": 90, "most": 2048, "sizes": [3], "loss": "hinge", "deep": True}
SET = ("rate=2", "months=4", "pause=90s", "most=2KiB", "sizes=3", "loss=hinge", "deep=true")


@pytest.fixture(scope="module")
def airflow(s3, tmp_path_factory):
    engine = Engine("3", tmp_path_factory.mktemp("airflow"), s3.environ)
    yield engine
    engine.process.stdin.close()
    engine.process.wait(60)


class Shared:
    """One project, checked out twice, and one store: for Airflow, and for `mlopsc run` as on another machine."""

    def __init__(self, engine: Engine, s3: Server, folder: Path, store: str) -> None:
        self.engine, self.s3, self.store = engine, s3, store
        self.project, self.checkout, self.dags = folder / "project", folder / "checkout", engine.dags / folder.name
        for name, text in {**FILES, "shared.mlops": self._spec()}.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        shutil.copytree(self.project, self.checkout)
        self._mlopsc("build", "--target", "airflow", "-o", str(self.dags))

    def _spec(self) -> str:
        places = {"PROJECT": self.checkout, "STORE": self.store, "PYTHON": sys.executable}
        text = SPEC
        for name, place in places.items():
            text = text.replace(f'"{name}"', json.dumps(str(place)))
        return text

    def _mlopsc(self, command: str, *arguments: str) -> None:
        done = subprocess.run(
            [MLOPSC, command, "shared.mlops", *arguments],
            cwd=self.project,
            env={**os.environ, **self.s3.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def in_airflow(self, **conf: Any) -> dict[str, Any]:
        (folder,) = self.dags.rglob("dags")
        return self._new(lambda: self.engine.ask(do="run", folder=str(folder), dag_id="shared", conf=conf))

    def here(self, *arguments: str) -> dict[str, Any]:
        return self._new(lambda: self._mlopsc("run", "-q", *arguments))

    def _new(self, run: Any) -> dict[str, Any]:
        """The records of the run that is made, by node, as they lie in the store."""
        known = self._runs()
        run()
        (new,) = self._runs() - known
        found: dict[str, Any] = json.loads(self._files.cat_file(new))["nodes"]
        return found

    def _runs(self) -> set[str]:
        return {
            str(path) for path in self._files.glob(f"{self.store.partition('://')[2] or self.store}/runs/*/run.json")
        }

    @property
    def _files(self) -> Any:
        return self.s3.file_system() if "://" in self.store else fsspec.filesystem("file", skip_instance_cache=True)


@pytest.fixture(params=["folder", "s3"])
def shared(request, airflow, s3, tmp_path):
    """With a store at a URI the two have nothing in common but the bucket."""
    bucket = tmp_path.name.replace("_", "-").strip("-").lower()
    store = f"s3://{s3.bucket(bucket)}/store" if request.param == "s3" else str(tmp_path / "store")
    return Shared(airflow, s3, tmp_path, store)


def states(run: dict[str, Any]) -> set[str]:
    return {run[stage]["state"] for stage in STAGES}


def keys(run: dict[str, Any]) -> dict[str, Any]:
    """The keys with their parts, so that a difference is seen by its part."""
    return {stage: (run[stage]["key"], run[stage]["key_parts"]) for stage in STAGES}


def verdicts(run: dict[str, Any]) -> dict[str, str]:
    return {name: record["verdict"] for name, record in run.items() if record["kind"] == "guard"}


def test_what_airflow_made_is_restored_here(shared):
    there = shared.in_airflow()
    assert states(there) == {"succeeded"}
    here = shared.here()
    assert keys(here) == keys(there)
    assert states(here) == {"restored"}
    assert verdicts(here) == verdicts(there)


def test_what_was_made_here_is_restored_by_airflow(shared):
    here = shared.here(*(word for setting in SET for word in ("--set", setting)))
    assert states(here) == {"succeeded"}
    there = shared.in_airflow(**CONF)
    assert keys(here) == keys(there)
    assert states(there) == {"restored"}
    assert verdicts(here) == verdicts(there)
