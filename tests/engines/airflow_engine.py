"""What the tests of the Airflow target share: an Airflow to ask, and plans to give it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest
from mlopsc.backends.airflow import Airflow
from mlopsc.compiler.plan import nodes as n
from mlopsc.tests.runtime import plans as p

ROOT = Path(__file__).parents[2]
ENGINES = {"3": "airflow3", "2.11": "airflow2"}

COPY = n.ProjectFile("copy.py", "import shutil, sys\nshutil.copy(sys.argv[1], sys.argv[-1])\n")
FAIL = n.ProjectFile("fail.py", "import sys\nsys.exit('this program fails')\n")
METRICS = n.ProjectFile(
    "metrics.py",
    "import json, pathlib, sys\npathlib.Path(sys.argv[1]).write_text(json.dumps({'accuracy': float(sys.argv[2])}))\n",
)
TELL = n.ProjectFile(
    "tell.py",
    "import json, os, pathlib, sys\n"
    "told = {k: v for k, v in os.environ.items() if k.startswith(('MLOPS_PARAM_', 'TOLD_'))}\n"
    "pathlib.Path(sys.argv[1]).write_text(json.dumps({'argv': sys.argv[2:], 'environ': told}))\n",
)
FLIGHTS = n.ProjectFile("flights.csv", "carrier,delay\nUA,3\nAA,-2\n")


class Engine:
    """One Airflow, its home, and the process that answers for it."""

    def __init__(self, version: str, home: Path, more: Mapping[str, str] | None = None) -> None:
        self.version, self.home = version, home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        venv = ROOT / ".engines" / ENGINES[version] / "bin"
        if not (venv / "airflow").exists():
            pytest.skip(f"engine missing: {ENGINES[version]} (make engines)")
        environ = {
            "PATH": f"{venv}:{os.environ['PATH']}",
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "DO_NOT_TRACK": "1",
            "AIRFLOW_VAR_MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db",
            "AIRFLOW_VAR_API_TOKEN": "hunter2-$(id)-{{ 1 }}",
            "AIRFLOW_CONN_API_TOKEN": "http://user:hunter2@host",
            **(more or {}),
        }
        log = (home / "airflow.log").open("w")
        migrated = subprocess.run([venv / "airflow", "db", "migrate"], env=environ, stdout=log, stderr=log, check=False)
        assert migrated.returncode == 0, (home / "airflow.log").read_text()
        self.process = subprocess.Popen(
            [venv / "python", Path(__file__).with_name("airflow_worker.py")],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, (self.home / "airflow.log").read_text()[-4000:]
        answer = json.loads(line)
        assert "error" not in answer, answer["error"] + (self.home / "airflow.log").read_text()[-4000:]
        return answer["answer"]

    def build(self, plan: n.Plan, **options) -> Path:
        """Emits a plan into a folder below Airflow's DAGs folder."""
        if self.version != "3":
            options["version"] = self.version
        jsonschema.validate(options, Airflow.options)
        folder = self.dags / plan.name
        for file in Airflow().emit(plan, options):
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        return folder / "dags"

    def run(self, plan: n.Plan, conf=None, **options) -> Run:
        folder = self.build(plan, **options)
        found = self.ask(do="run", folder=str(folder), dag_id=options.get("dag_id", plan.name), conf=conf or {})
        return Run(folder / plan.name / "project" / ".mlops" / "runs", **found)


class Run:
    """What Airflow says of a run, and what the runtime wrote of it."""

    def __init__(self, runs: Path, run_id: str, state: str, tasks: dict[str, str], tries: dict[str, int]) -> None:
        self.run_id, self.state, self.tasks, self.tries = run_id, state, tasks, tries
        (self.folder,) = runs.iterdir()

    def record(self, node: str):
        return json.loads((self.folder / f"{node}.json").read_text())

    def output(self, path: str):
        return json.loads((self.folder / path).read_text())


def story(name: str, accuracy: str = "0.9", **more) -> n.Plan:
    """A source, its guard, a fanned-out training, a guard on metrics, a deploy, and a branch of its own."""
    return p.plan(
        p.source("flights", "flights.csv"),
        p.table_guard(
            "sane", "flights", {"m0": ("rows", "count(*)")}, [p.rule("rows >= 1", p.op(">=", p.measure_ref("m0"), 1))]
        ),
        p.stage(
            "prepare", "python copy.py {inputs.flights} {outputs.table}", ["flights"], [p.output("table", "t.csv")]
        ),
        *(
            p.stage(
                f"train[{i}]",
                "python copy.py {inputs.table} {outputs.model}",
                ["prepare.table"],
                [p.output("model", "m.bin", "model")],
                item=n.Item("origin", origin, i),
            )
            for i, origin in enumerate(["EWR", "JFK"])
        ),
        p.stage(
            "choose",
            "python copy.py {inputs.models} {outputs.model}",
            {"models": ("train[0].model", "train[1].model")},
            [p.output("model", "m.bin", "model")],
        ),
        p.stage(
            "score",
            f"python metrics.py {{outputs.metrics}} {accuracy}",
            {"m": "choose.model"},
            [p.output("metrics", "metrics.json", "metrics")],
        ),
        p.guard("good", "score.metrics", [p.rule("accuracy >= 0.8", p.op(">=", p.metric("accuracy"), 0.8))]),
        p.stage("use", "python copy.py {inputs.metrics} {outputs.x}", ["score.metrics"], [p.output("x", "x.json")]),
        p.stage("aside", "python copy.py {inputs.m} {outputs.x}", {"m": "choose.model"}, [p.output("x", "x.bin")]),
        p.deploy("production", "choose.model", metrics=("score.metrics",)),
        name=name,
        project=(COPY, METRICS, FLIGHTS),
        **more,
    )


def one_stage(name: str, program: n.Program | str, *files: n.ProjectFile, plan=None, **more) -> n.Plan:
    stage = p.stage("tell", program, (), [p.output("told", "told.json")], **more)
    return p.plan(stage, name=name, project=files, **(plan or {}))
