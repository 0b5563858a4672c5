"""The model registry of MLflow and the one that is built in: the same words, the same promises."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_json
from mlopsc.runtime import mlflow_client, mlflow_registry, preflight
from mlopsc.tests.runtime import plans as p
from mlopsc.tests.runtime.conftest import Project

from .airflow_engine import Engine
from .mlflow_engine import MODEL, VENV, Forks, Place, empty_database, importable, server, site

TRAIN = """
import json, pathlib, sys
model, metrics, text, accuracy = sys.argv[1:]
pathlib.Path(model).write_text(text)
pathlib.Path(metrics).write_text(json.dumps({"accuracy": float(accuracy)}))
"""
ROLL = """
import os, pathlib, sys
with open("rolled.txt", "a") as f:
    f.write(" ".join([sys.argv[1], *(pathlib.Path(a).read_text() for a in sys.argv[2:])]) + "\\n")
print("the address is", os.environ.get("REGISTRY"))
sys.exit(pathlib.Path("broken").exists() and sys.argv[1] == "out")
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with importable():
        preflight._importable.cache_clear()
        yield empty_database(tmp_path_factory.mktemp("mlflow"))
    preflight._importable.cache_clear()


@pytest.fixture(scope="module")
def address(empty, tmp_path_factory):
    with server(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(params=["local", "mlflow", "server"])
def place(request, tmp_path, empty):
    if request.param != "server":
        yield Place(tmp_path, request.param, empty if request.param == "mlflow" else None)
        return
    made = Place(tmp_path, request.getfixturevalue("address"), None)
    yield made
    made.client.delete_registered_model(MODEL)


@pytest.fixture
def mlflow(tmp_path, empty):
    return Place(tmp_path, "mlflow", empty)


@pytest.fixture(scope="module")
def forks(empty):
    with Forks() as made:
        yield made


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    made.write("train.py", TRAIN)
    made.write("roll.py", ROLL)
    made.write("flights.csv", "carrier,delay\nUA,3\n")
    return made


def story(place: Place, text: str, accuracy: float = 0.9, **more: Any) -> n.Plan:
    """A model, its metrics, a guard that compares with the champion, and a deploy."""
    slots = (n.Slot("outputs", "model"), n.Slot("outputs", "metrics"))
    program = p.script("python", "train.py", *slots, text, str(accuracy))
    outputs = [p.output("model", "m.txt", "model"), p.output("metrics", "metrics.json", "metrics")]
    rule = p.rule("accuracy >= champion.accuracy", p.op(">=", p.metric("accuracy"), n.Ref("champion", "accuracy")))
    return p.plan(
        p.source("flights", "flights.csv"),
        p.stage("train", program, ["flights"], outputs),
        p.guard("good", "train.metrics", [rule], champion="champion"),
        p.deploy("prod", "train.model", metrics=("train.metrics",), **more),
        params=[p.param("month", "int", 6)],
        version=place.version,
    )


ROLLING = {"command": p.command("python roll.py out {model}"), "rollback": p.command("python roll.py back {previous}")}


# ------------------------------------------------------------ either registry


def test_equal_bytes_with_equal_numbers_are_one_version(place):
    registry = place.registry()
    a = registry.register(place.kept("a"), "m.bin", {"run": "1", "metrics": {"m": {"x": 1.0}}})
    b = registry.register(place.kept("b"), "m.bin", {"run": "2"})
    again = registry.register(place.kept("a"), "m.bin", {"run": "3", "metrics": {"m": {"x": 1.0}}})
    other = registry.register(place.kept("a"), "m.bin", {"run": "4", "metrics": {"m": {"x": float("nan")}}})
    assert [v["version"] for v in (a, b, again, other)] == [1, 2, 1, 3]
    assert again["run"] == "1" and registry.version(3)["metrics"] == {"m": {"x": "nan"}}
    assert [v["version"] for v in registry.versions()] == [1, 2, 3] and registry.version(4) is None
    assert registry.file(2).read_text() == "b" and registry.file(9) is None


def test_a_folder_is_a_model_too(place):
    folder = place.root / "made"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub" / "b.txt").write_text("b")
    registry = place.registry()
    registry.register(place.store.put(folder).plain(), "model.d", {"run": "1"})
    assert (registry.file(1) / "sub" / "b.txt").read_text() == "b"


def test_an_alias_moves_only_from_where_it_was_seen(place):
    registry = place.registry()
    for text in "abc":
        registry.register(place.kept(text), "m.bin", {"run": text})
    about = {"previous": None, "run": "r", "why": "test"}
    assert registry.move("champion", 1, expected=None, **about)
    seen = registry.alias("champion")
    assert registry.move("champion", 2, expected=seen, **about)
    assert not registry.move("champion", 3, expected=seen, **about)
    assert not registry.move("champion", 3, expected=None, **about)
    assert registry.move("shadow", 3, expected=None, **about)
    assert {name: a.version for name, a in registry.aliases().items()} == {"champion": 2, "shadow": 3}
    assert [(m["alias"], m["from"], m["to"]) for m in registry.moves()] == [
        ("champion", None, 1),
        ("champion", 1, 2),
        ("shadow", None, 3),
    ]
    assert registry.move("shadow", None, expected=registry.alias("shadow"), **about)
    assert registry.alias("shadow") is None


def test_documents_of_a_version_stay_as_they_were_first(place):
    registry = place.registry()
    registry.register(place.kept("a"), "m.bin", {"run": "1"})
    registry.keep(1, "provenance", {"first": True})
    registry.keep(1, "provenance", {"first": False})
    registry.keep(1, "profiles", {"of": "a"}, "sane[0]")
    registry.keep(1, "profiles", {"of": "b"}, "good")
    assert registry.kept(1, "provenance") == {"": {"first": True}}
    assert registry.kept(1, "profiles") == {"good": {"of": "b"}, "sane-0": {"of": "a"}}
    assert registry.kept(2, "provenance") == {}


def test_a_weaker_model_is_blocked_by_the_champions_numbers(place, project):
    assert project.states(story(place, "one", 0.8))["prod"] == "succeeded"
    assert project.states(story(place, "two", 0.7)) == {
        "flights": "succeeded",
        "train": "succeeded",
        "good": "blocked",
        "prod": "skipped",
    }
    assert project.states(story(place, "three", 0.9))["prod"] == "succeeded"
    registry = place.registry()
    (one, two) = registry.versions()
    assert (registry.alias("champion").version, one["metrics"]) == (2, {"train.metrics": {"accuracy": 0.8}})
    assert two["verdicts"] == {"good": "passed"} and two["params"] == {"month": 6}
    assert two["data"]["flights"].startswith("sha256:")
    statement = registry.kept(2, "provenance")[""]
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"


def test_a_failed_command_puts_the_alias_back_and_rolls_back(place, project):
    project.run(story(place, "one", **ROLLING))
    project.write("broken", "")
    failed = project.run(story(place, "two", **ROLLING))
    assert failed.nodes[-1].reason == "exit code 1; champion is back at version 1; rolled back"
    assert place.registry().alias("champion").version == 1
    (project.root / "broken").unlink()
    done = project.run(story(place, "two", **ROLLING)).nodes[-1].record
    assert (done["version"], done["previous"]) == (2, 1)
    assert (project.root / "rolled.txt").read_text().splitlines() == ["out one", "out two", "back one", "out two"]
    again = project.run(story(place, "two", **ROLLING))
    assert (again.nodes[-1].state, again.nodes[-1].reason) == ("restored", "champion already points at version 2")


def test_no_run_undoes_what_was_moved_by_hand(place, project):
    project.run(story(place, "one", 0.8))
    project.run(story(place, "two", 0.9))
    registry = place.registry()
    now = registry.alias("champion")
    assert registry.move("champion", 1, expected=now, previous=2, run="", why="rolled back: it was late")
    result = project.run(story(place, "two", 0.9))
    assert (result.state, result.nodes[-1].state) == ("succeeded", "restored")
    assert "version 2 was taken out of champion by hand (rolled back: it was late)" in result.nodes[-1].reason
    assert registry.alias("champion").version == 1
    assert project.states(story(place, "three", 0.95))["prod"] == "succeeded"
    assert registry.alias("champion").version == 3


def race(place: Place, to: int) -> tuple[int, bool]:
    registry = place.registry()
    (place.root / f"model{to}.bin").write_text("the same")
    kept = place.store.put(place.root / f"model{to}.bin").plain()
    version = registry.register(kept, "m.bin", {"run": str(to)})["version"]
    return version, registry.move("champion", to, expected=None, previous=None, run=str(to), why="race")


@pytest.mark.slow
def test_of_eight_processes_one_moves_the_alias_and_equal_bytes_are_one_version(place, forks):
    for text in "abcdefgh":
        place.registry().register(place.kept(text), "m.bin", {"run": text})
    told = forks.all_at_once("race", place.root, place.name, 8)
    registry = place.registry()
    won = [i for i, (_, moved) in enumerate(told, 1) if moved]
    assert {version for version, _ in told} == {told[0][0]} and len(won) == 1, told
    assert registry.alias("champion").version == won[0]
    assert len(registry.versions()) == 9 and len(registry.moves()) == 1
    if place.name != "local":
        assert place.aliases_in_mlflow() == {"champion": won[0]}


def test_a_move_between_two_requests_of_a_look_is_not_taken_for_one_by_hand(mlflow, monkeypatch):
    registry, other, client = mlflow.registry(), mlflow.registry(), mlflow.client
    for text in "ab":
        registry.register(mlflow.kept(text), "m.bin", {"run": text})
    assert registry.move("staging", 1, expected=None, previous=None, run="1", why="first")
    moved = []

    class Between:
        """MLflow's client; behind the first answer with aliases in it, another process moves the champion."""

        def __getattr__(self, name):
            return getattr(client, name)

        def get_registered_model(self, name):
            answer = client.get_registered_model(name)
            if not moved:
                moved.append(2)
                moved.append(other.move("champion", 2, expected=None, previous=None, run="2", why="other"))
            return answer

    monkeypatch.setattr(mlflow_registry, "connect", lambda uri: Between())
    assert registry.move("champion", 1, expected=None, previous=None, run="3", why="mine") is False
    assert moved == [2, True]
    assert [(m["move"], m["alias"], m["to"]) for m in registry.moves()] == [(1, "staging", 1), (2, "champion", 2)]
    assert mlflow.aliases_in_mlflow() == {"staging": 1, "champion": 2}


# ------------------------------------------------------------- kill -9 anywhere


@pytest.mark.slow
def test_killed_before_any_request_and_run_again_it_is_as_if_nothing_had_happened(mlflow, project, forks):
    assert project.states(story(mlflow, "one", 0.8, **ROLLING))["prod"] == "succeeded"
    for moment in range(60):
        plan = project.root / "plan.json"
        plan.write_text(plan_json(story(mlflow, f"two {moment}", 0.9, **ROLLING)))
        killed = forks.run(plan, killed_before=moment)
        for version in mlflow.registry().versions():  # none is half there
            assert mlflow.registry().file(version["version"]).is_file()
        assert forks.run(plan) == 0
        registry = mlflow.registry()
        alias, last = registry.alias("champion"), registry.versions()[-1]
        assert mlflow.aliases_in_mlflow() == {"champion": last["version"]}, moment
        assert (alias.version, alias.settled) == (last["version"], True)
        assert registry.file(last["version"]).read_text() == f"two {moment}"
        assert registry.kept(last["version"], "provenance")
        assert not [m for m in registry.moves() if m["why"] == "moved in MLflow"]
        assert len({v["digest"] for v in registry.versions()}) == len(registry.versions())
        if killed == 0:
            break
        assert killed == -signal.SIGKILL
    assert killed == 0 and moment > 10


# ------------------------------------------------------------------ MLflow alone


def test_an_owner_finds_a_version_as_mlflow_shows_it(mlflow, project):
    project.run(story(mlflow, "one", 0.8), run="r1")
    version = mlflow.client.get_model_version_by_alias(MODEL, "champion")
    assert (int(version.version), version.status, version.tags["mlops.run"]) == (1, "READY", "r1")
    assert (
        version.tags["mlops.verdict.good"] == "passed" and "| accuracy (train.metrics) | 0.8 |" in version.description
    )
    run = mlflow.client.get_run(version.run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "r1")
    assert (run.data.params["month"], run.data.metrics) == ("6", {"accuracy": 0.8})
    (data,) = run.inputs.dataset_inputs
    assert run.data.tags["mlops.data.flights"].startswith(f"sha256:{data.dataset.digest}")
    from mlflow.artifacts import download_artifacts

    into = project.root / "fetched"
    into.mkdir()
    got = Path(download_artifacts(artifact_uri=version.source, dst_path=str(into), tracking_uri=mlflow.uri))
    assert (got / "m.txt").read_text() == "one"
    names = {f.path for f in mlflow.client.list_artifacts(version.run_id, "mlops")}
    assert names == {"mlops/version.json", "mlops/card.md", "mlops/provenance.json"}


def test_mlflows_own_words_load_what_we_registered(mlflow, project):
    project.run(story(mlflow, "one", 0.8))
    code = (
        "import sys, mlflow, pathlib; mlflow.set_tracking_uri(sys.argv[1]);"
        f"d = mlflow.artifacts.download_artifacts('models:/{MODEL}@champion');"
        "print((pathlib.Path(d) / 'm.txt').read_text())"
    )
    python = site().parents[2] / "bin" / "python"
    answer = subprocess.run([python, "-c", code, mlflow.uri], capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "one", answer.stderr


def foreign(mlflow: Place, text: str, accuracy: float) -> int:
    """A version that somebody registers with MLflow's own client."""
    client = mlflow.client
    experiment = client.get_experiment_by_name("demo").experiment_id
    run = client.create_run(experiment)
    (mlflow.root / "theirs.txt").write_text(text)
    client.log_artifact(run.info.run_id, str(mlflow.root / "theirs.txt"), "theirs")
    client.log_metric(run.info.run_id, "accuracy", accuracy)
    source = f"{run.info.artifact_uri}/theirs"
    return int(client.create_model_version(MODEL, source, run_id=run.info.run_id).version)


def test_a_version_that_mlflows_client_made_is_read_and_compared_with(mlflow, project):
    project.run(story(mlflow, "one", 0.8))
    number = foreign(mlflow, "theirs", 0.95)
    registry = mlflow.registry()
    assert (registry.file(number) / "theirs.txt").read_text() == "theirs"
    mlflow.client.set_registered_model_alias(MODEL, "champion", str(number))
    alias = registry.alias("champion")
    assert (alias.version, alias.previous, alias.run) == (2, 1, "")
    assert project.states(story(mlflow, "two", 0.9))["good"] == "blocked"
    assert project.states(story(mlflow, "three", 0.97))["prod"] == "succeeded"
    assert [(m["from"], m["to"], m["why"]) for m in registry.moves()] == [
        (None, 1, "deploy prod"),
        (1, 2, "moved in MLflow"),
        (2, 3, "deploy prod"),
    ]


def test_an_alias_moved_or_taken_away_in_mlflow_is_respected_and_told(mlflow, project):
    project.run(story(mlflow, "one", 0.8))
    project.run(story(mlflow, "two", 0.9))
    mlflow.client.set_registered_model_alias(MODEL, "champion", "1")
    reason = project.run(story(mlflow, "two", 0.9)).nodes[-1].reason
    assert "version 2 was taken out of champion by hand (moved in MLflow)" in reason
    assert mlflow.aliases_in_mlflow() == {"champion": 1}
    mlflow.client.delete_registered_model_alias(MODEL, "champion")
    assert mlflow.registry().alias("champion") is None
    assert project.run(story(mlflow, "two", 0.9)).nodes[-1].state == "restored"
    assert mlflow.aliases_in_mlflow() == {}
    project.run(story(mlflow, "three", 0.95))
    assert mlflow.aliases_in_mlflow() == {"champion": 3}
    assert [m["to"] for m in mlflow.registry().moves()] == [1, 2, None, 3]


def test_a_model_that_was_there_before_us_is_taken_up(mlflow, project):
    mlflow.client.create_experiment("demo", artifact_location=(project.root / "theirs").as_uri())
    mlflow.client.create_registered_model(MODEL)
    foreign(mlflow, "theirs", 0.5)
    mlflow.client.set_registered_model_alias(MODEL, "champion", "1")
    assert project.states(story(mlflow, "one", 0.8))["prod"] == "succeeded"
    assert mlflow.aliases_in_mlflow() == {"champion": 2}
    assert mlflow.registry().alias("champion").previous == 1


def test_bytes_that_changed_in_mlflow_are_not_served(mlflow, project):
    project.run(story(mlflow, "one", 0.8))
    source = Path(mlflow.registry().where(1).removeprefix("file://"))
    (source / "m.txt").chmod(0o644)
    (source / "m.txt").write_text("other")
    there = Place(project.root / "elsewhere", "mlflow", None)
    there.uri = mlflow.uri
    with pytest.raises(OSError, match=r"version 1 of demo\.train\.model is not what was registered"):
        there.registry().file(1)


# ------------------------------------------------------------------ preflight


def asked(place: Place, project: Project, uri: str | n.Secret) -> list[str]:
    version = n.Versioning(code="off", registry="mlflow", registry_uri=uri)
    plan = story(place, "one")
    result = project.run(p.plan(*plan.nodes, version=version, params=plan.params))
    assert not list((project.root / ".mlops" / "runs").glob("*/train*")), "no stage may have run"
    return [str(problem) for problem in result.problems]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://127.0.0.1:9", "MLflow does not answer at 127.0.0.1, port 9: connection refused"),
        ("https://user:hunter2@no.such.host.invalid", "MLflow does not answer at no.such.host.invalid, port 443"),
        ("mlruns", "the address of MLflow is a path: write that of a server"),
        ("file:///tmp/mlruns", "the address of MLflow begins with 'file:'"),
        ("sqlite:////no/such/folder/mlflow.db", "the folder of MLflow's database does not exist"),
        (n.Secret("NOT_SET_ANYWHERE"), "the secret NOT_SET_ANYWHERE, is not set in the environment"),
    ],
)
def test_a_registry_that_does_not_answer_is_found_before_anything_runs(mlflow, project, uri, said):
    begun = time.monotonic()
    (problem,) = asked(mlflow, project, uri)
    assert said in problem and "hunter2" not in problem and "Traceback" not in problem
    assert time.monotonic() - begun < 40


def test_without_mlflow_it_is_said_what_to_install(mlflow, project, monkeypatch):
    monkeypatch.setattr(mlflow_client.importlib.util, "find_spec", lambda name: None)
    (problem,) = asked(mlflow, project, "sqlite:///mlflow.db")
    assert "this interpreter lacks mlflow" in problem and "pip install 'mlopsc[mlflow]'" in problem


def test_the_address_is_on_no_disk_and_in_no_log(mlflow, project, monkeypatch):
    secret = f"{mlflow.uri}?timeout=31"
    monkeypatch.setenv("REGISTRY", secret)
    version = n.Versioning(code="off", registry="mlflow", registry_uri=n.Secret("REGISTRY"))
    plan = story(mlflow, "one", **ROLLING)
    result = project.run(p.plan(*plan.nodes, version=version, params=plan.params))
    assert result.state == "succeeded", result
    log = (result.folder / "prod.log").read_text()
    assert "the address is ***" in log
    for file in (project.root / ".mlops").rglob("*"):
        assert not file.is_file() or b"timeout=31" not in file.read_bytes(), file
    assert b"timeout=31" not in (project.root / "mlflow.db").read_bytes()
    assert "timeout=31" not in json.dumps([str(e) for e in project.events])


assert signal.SIGKILL  # the tests above need a POSIX system


# -------------------------------------------------------------------- Airflow


@pytest.mark.slow
def test_what_airflow_deploys_is_the_champion_here(empty, tmp_path):
    airflow = Engine("3", tmp_path)
    if not list((VENV.parent / "airflow3").glob("lib/*/site-packages/mlflow")):
        pytest.skip("engine missing: mlflow in airflow3 (make engines)")
    shutil.copy(empty, tmp_path / "mlflow.db")
    place = Place(tmp_path, "mlflow", None)
    version = n.Versioning(code="off", registry="mlflow", registry_uri=n.Secret("MLFLOW_TRACKING_URI"))
    files = [n.ProjectFile("train.py", TRAIN), n.ProjectFile("flights.csv", "carrier,delay\nUA,3\n")]
    states = []
    for name, accuracy in (("first", 0.8), ("worse", 0.7)):
        made = story(place, name, accuracy)
        plan = p.plan(*made.nodes, name="demo", version=version, params=made.params, project=files)
        done = airflow.run(plan)
        states.append((done.state, done.record("good")["verdict"], done.record("prod")["state"]))
        shutil.rmtree(done.folder)
    airflow.process.stdin.close()
    airflow.process.wait(60)
    assert states == [("success", "passed", "succeeded"), ("failed", "blocked", "skipped")]
    registry = place.registry()
    (only,) = registry.versions()
    assert registry.alias("champion").version == only["version"] == place.aliases_in_mlflow()["champion"]
    assert registry.file(1).read_text() == "first"
    requirements = tmp_path / "dags" / "demo" / "requirements-stages.txt"
    assert "mlflow-skinny" in requirements.read_text()
    dag = (tmp_path / "dags" / "demo" / "dags" / "demo.py").read_text()
    assert "MLFLOW_TRACKING_URI" in dag and "sqlite" not in dag
