"""Runs told in OpenLineage's words, to a real endpoint, and judged by OpenLineage's own client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mlopsc.backends.archive import runtime_archive
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.lineage_datasets import source_place

from .openlineage_server import Endpoint, endpoint

ROOT = Path(__file__).parents[2]
JUDGE = ROOT / ".engines/openlineage/bin/python"

SPEC = """mlops 1

## Doubles numbers.
pipeline sums {
  owner = "ops@example.org"
  tags  = ["demo"]
}

param factor: int = 2

version {
  code = git
}

## What was counted.
source numbers {
  uri = "numbers.csv"
  schema { n: int in 0..100 }
}

guard enough on numbers {
  rows >= 2
  mean(n) <= 50                else warn "large"
}

## Multiplies.
stage double {
  run    = "python double.py {inputs.numbers} {params.factor} {outputs.doubled} {outputs.metrics} {outputs.model}"
  inputs = [numbers]
  params = [factor]
  outputs {
    doubled: table   = "doubled.csv"
    metrics: metrics = "metrics.json"
    model:   model   = "model.txt"
  }
}

guard good on double.metrics {
  total >= 10
}

stage last {
  run    = python("last.py:last")
  inputs = [double.doubled, double.metrics]
  outputs { report: file = "report.txt" }
}

deploy live {
  model = double.model
  alias = "champion"
}
"""
DOUBLE = """
import json, os, sys, time
source, factor, doubled, metrics, model = sys.argv[1:]
numbers = [int(n) * int(factor) for n in open(source).read().split()[1:]]
if os.environ.get("FAIL"): sys.exit("no luck")
if os.environ.get("WAIT"): time.sleep(60)
open(doubled, "w").write("n,twice\\n" + "".join(f"{n // int(factor)},{n}\\n" for n in numbers))
json.dump({"total": sum(numbers)}, open(metrics, "w"))
open(model, "w").write(str(numbers))
"""
LAST = """
from pathlib import Path
def last(doubled: Path, metrics: Path, report: Path) -> None:
    report.write_text(doubled.read_text() + metrics.read_text())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in {
        "pipeline.mlops": SPEC,
        "numbers.csv": "n\n60\n80\n",
        "double.py": DOUBLE,
        "last.py": LAST,
        ".gitignore": "plan.json\nmlops.pyz\n",
    }.items():
        (folder / name).write_text(text, "utf-8")
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://oauth2:hush@example.org/team/sums.git"], check=True)
    build(folder)
    return folder


def build(folder: Path) -> None:
    analysis = analyse(folder / "pipeline.mlops")
    wrong = [d.message for d in analysis.diagnostics if d.rule.code.startswith("E")]
    assert not wrong, wrong
    (folder / "plan.json").write_text(json.dumps(plan_document(compile_plan(analysis).plan)), "utf-8")
    (folder / "mlops.pyz").write_bytes(runtime_archive())


def started(folder: Path, *words: str, **env: str) -> subprocess.Popen[str]:
    command = [sys.executable, "mlops.pyz", *words]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OPENLINEAGE")}
    return subprocess.Popen(
        command, cwd=folder, env={**kept, **env}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def call(folder: Path, *words: str, code: int = 0, **env: str) -> str:
    child = started(folder, *words, **env)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == code, out
    return out


def judged(events: list[dict[str, Any]], tmp_path: Path) -> None:
    """Every event is what the standard says it is."""
    if not JUDGE.exists():
        pytest.skip("engine missing: openlineage (make engines)")
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(e) + "\n" for e in events), "utf-8")
    script = Path(__file__).parent / "openlineage_judge.py"
    command = [JUDGE, "-P", script, file, ROOT / "grammar/openlineage.schema.json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0 and not ended.stdout, ended.stdout + ended.stderr


def ends(told: Endpoint, job: str) -> list[str]:
    return [t.split()[0] for t in told.told(job)]


@pytest.fixture
def told():
    with endpoint() as found:
        yield found


def test_a_run_is_told_in_order_with_what_it_read_and_made(project: Path, told: Endpoint, tmp_path: Path) -> None:
    call(project, "run", "--run", "r1", OPENLINEAGE_URL=told.url, OPENLINEAGE_API_KEY="k1", OPENLINEAGE_NAMESPACE="ml")
    assert told.told()[0] == "START sums" and told.told()[-1] == "COMPLETE sums"
    for job in ("sums", "sums.enough", "sums.double", "sums.good", "sums.last", "sums.live"):
        assert ends(told, job) == ["START", "COMPLETE"], told.told()
    assert set(told.keys) == {"Bearer k1"} and set(told.paths) == {"/api/v1/lineage"}
    judged(told.events, tmp_path)

    end = told.of("sums.double", "COMPLETE")
    start = told.of("sums", "START")
    assert end["run"]["facets"]["parent"]["run"]["runId"] == start["run"]["runId"]
    assert end["run"]["facets"]["executionParameters"]["parameters"] == [{"key": "factor", "value": "2"}]
    (numbers,) = end["inputs"]
    assert (numbers["namespace"], numbers["name"]) == ("file", str(project / "numbers.csv"))
    assert numbers["facets"]["schema"]["fields"] == [{"name": "n", "type": "int"}]
    assert numbers["facets"]["version"]["datasetVersion"].startswith("sha256:")
    outputs = {o["name"]: o for o in end["outputs"]}
    assert list(outputs) == ["sums.double.doubled", "sums.double.metrics", "sums.double.model"]
    columns = outputs["sums.double.doubled"]["facets"]["schema"]["fields"]
    assert [c["name"] for c in columns] == ["n", "twice"]
    assert outputs["sums.double.metrics"]["facets"]["mlops_metrics"]["metrics"] == {"total": 280}
    where = end["job"]["facets"]["sourceCodeLocation"]
    assert where["url"].startswith("https://example.org/team/sums/blob/") and where["url"].endswith(
        "pipeline.mlops#L27"
    )
    assert "hush" not in json.dumps(told.events)
    assert end["job"]["facets"]["documentation"]["description"] == "Multiplies."

    (judged_one,) = told.of("sums.enough", "COMPLETE")["inputs"]
    rules = judged_one["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [(r["success"], r["severity"]) for r in rules] == [(True, "error"), (False, "warn")]


def test_a_restored_result_is_told_with_the_run_that_made_it(project: Path, told: Endpoint, tmp_path: Path) -> None:
    call(project, "run", "--run", "r1")
    call(project, "run", "--run", "r2", OPENLINEAGE_URL=told.url)
    own = told.of("sums.double", "COMPLETE")["run"]["facets"]["mlops_run"]
    assert (own["state"], own["from_run"]) == ("restored", "r1") and own["key"].startswith("sha256:")
    judged(told.events, tmp_path)


def test_a_failure_says_why_and_what_was_not_reached_had_no_run(project: Path, told: Endpoint, tmp_path: Path) -> None:
    call(project, "run", "--run", "r1", code=4, OPENLINEAGE_URL=told.url, FAIL="1")
    assert ends(told, "sums.double") == ["START", "FAIL"] and ends(told, "sums") == ["START", "FAIL"]
    assert "no luck" in told.of("sums.double", "FAIL")["run"]["facets"]["errorMessage"]["message"]
    assert not told.told("sums.last")
    judged(told.events, tmp_path)


def test_a_guard_that_blocks_has_done_its_work_and_the_run_has_not(
    project: Path, told: Endpoint, tmp_path: Path
) -> None:
    (project / "numbers.csv").write_text("n\n1\n", "utf-8")
    call(project, "run", "--run", "r1", code=3, OPENLINEAGE_URL=told.url)
    assert ends(told, "sums.enough") == ["START", "COMPLETE"] and ends(told, "sums") == ["START", "FAIL"]
    (numbers,) = told.of("sums.enough", "COMPLETE")["inputs"]
    assert not numbers["inputFacets"]["dataQualityAssertions"]["assertions"][0]["success"]
    assert told.of("sums", "FAIL")["run"]["facets"]["mlops_run"]["state"] == "blocked"
    judged(told.events, tmp_path)


def test_an_interrupted_run_is_aborted(project: Path, told: Endpoint, tmp_path: Path) -> None:
    child = started(project, "run", "--run", "r1", OPENLINEAGE_URL=told.url, WAIT="1")
    until = time.monotonic() + 30
    while "START sums.double" not in told.told() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert ends(told, "sums.double") == ["START", "ABORT"] and ends(told, "sums") == ["START", "ABORT"]
    judged(told.events, tmp_path)


def test_processes_of_one_run_tell_one_start_and_one_end(project: Path, told: Endpoint, tmp_path: Path) -> None:
    nodes = [n["id"] for n in json.loads((project / "plan.json").read_text())["nodes"]]
    engine = ("--run", "e1", "--engine", "airflow", "--engine-run", "scheduled__1")
    for node in nodes:
        call(project, "node", node, *engine, OPENLINEAGE_URL=told.url)
    call(project, "node", "last", *engine, OPENLINEAGE_URL=told.url)  # the engine runs a task again
    for _ in range(2):
        call(project, "finish", *engine, OPENLINEAGE_URL=told.url)
    assert ends(told, "sums") == ["START", "COMPLETE"]
    assert ends(told, "sums.last") == ["START", "COMPLETE", "START", "COMPLETE"]
    assert len({e["run"]["runId"] for e in told.events if e["job"]["name"] == "sums.last"}) == 2
    parents = {e["run"]["facets"]["parent"]["run"]["runId"] for e in told.events if "parent" in e["run"]["facets"]}
    assert parents == {told.of("sums", "START")["run"]["runId"]}
    judged(told.events, tmp_path)


def test_a_process_that_dies_leaves_an_end_to_the_next(project: Path, told: Endpoint, tmp_path: Path) -> None:
    engine = ("--run", "e1", "--engine", "airflow")
    for node in ("numbers", *(n for n in _guards(project) if n != "good")):
        call(project, "node", node, *engine, OPENLINEAGE_URL=told.url)
    child = started(project, "node", "double", *engine, OPENLINEAGE_URL=told.url, WAIT="1")
    until = time.monotonic() + 30
    while "START sums.double" not in told.told() and time.monotonic() < until:
        time.sleep(0.05)
    child.kill()
    child.wait()
    call(project, "node", "double", *engine, OPENLINEAGE_URL=told.url)
    assert ends(told, "sums.double") == ["START", "ABORT", "START", "COMPLETE"]
    judged(told.events, tmp_path)


def _guards(project: Path) -> list[str]:
    return [n["id"] for n in json.loads((project / "plan.json").read_text())["nodes"] if n["is"] == "guard"]


def test_an_endpoint_that_is_down_costs_one_warning_and_no_event(project: Path, told: Endpoint) -> None:
    begun = time.monotonic()
    out = call(project, "run", "--run", "r1", OPENLINEAGE_URL="http://127.0.0.1:1")
    assert time.monotonic() - begun < 30
    assert out.count("warning: lineage") == 1 and "api/v1/lineage (connection refused); kept in" in out
    summary = json.loads((project / ".mlops/runs/r1/run.json").read_text())
    assert summary["state"] == "succeeded" and summary["lineage"]["undelivered"] > 10
    # What waits is sent first by the next process of the run.
    call(project, "finish", "--run", "r1", OPENLINEAGE_URL=told.url)
    assert told.told()[0] == "START sums" and told.told()[-1] == "COMPLETE sums"
    assert len(told.events) == summary["lineage"]["undelivered"]
    assert json.loads((project / ".mlops/runs/r1/run.json").read_text())["lineage"]["undelivered"] == 0


def test_an_endpoint_that_never_answers_does_not_hold_the_run(project: Path, told: Endpoint) -> None:
    told.gate.clear()
    begun = time.monotonic()
    out = call(project, "run", "--run", "r1", OPENLINEAGE_URL=told.url)
    assert time.monotonic() - begun < 30 and out.count("warning: lineage") == 1


def test_events_that_an_endpoint_refuses_are_kept(project: Path, told: Endpoint) -> None:
    told.status = 422
    out = call(project, "run", "--run", "r1", OPENLINEAGE_URL=told.url)
    assert "the endpoint answered 422" in out
    assert list((project / ".mlops/runs/r1/openlineage-events").glob("*.refused"))


def test_events_go_to_a_file_and_nobody_is_told_when_it_is_off(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "lineage.jsonl"
    as_file = {"OPENLINEAGE__TRANSPORT__TYPE": "file", "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(file)}
    call(project, "run", "--run", "r1", **as_file)
    events = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(events) == 14 and not list((project / ".mlops/runs/r1/openlineage-events").glob("*.json"))
    judged(events, tmp_path)
    call(project, "run", "--run", "r2", OPENLINEAGE_DISABLED="true", **as_file)
    assert len(file.read_text("utf-8").splitlines()) == 14


def _with_lineage(project: Path, setting: str) -> None:
    spec = project / "pipeline.mlops"
    spec.write_text(SPEC.replace("code = git", f"code = git\n  lineage = {setting}"), "utf-8")
    build(project)


def test_the_spec_names_an_endpoint_by_secrets(project: Path, told: Endpoint, tmp_path: Path) -> None:
    _with_lineage(project, 'openlineage(url: secret("LINEAGE"), key: secret("LINEAGE_KEY"), namespace: "ml")')
    (project / "double.py").write_text(f"import os; print(os.environ['LINEAGE_KEY'], flush=True)\n{DOUBLE}", "utf-8")
    call(project, "run", "--run", "r1", LINEAGE=told.url, LINEAGE_KEY="hush-hush")
    assert set(told.keys) == {"Bearer hush-hush"} and {e["job"]["namespace"] for e in told.events} == {"ml"}
    judged(told.events, tmp_path)
    for file in (project / ".mlops").rglob("*"):
        assert not file.is_file() or b"hush-hush" not in file.read_bytes(), file
    out = call(project, "run", "--run", "r2")
    assert out.count("the secret LINEAGE is not set") == 1
    call(project, "finish", "--run", "r2", LINEAGE=told.url, LINEAGE_KEY="hush-hush")
    assert "r2" in {e["run"]["facets"]["mlops_run"]["run"] for e in told.events}


def test_the_spec_names_a_file_in_the_store(project: Path, tmp_path: Path) -> None:
    _with_lineage(project, 'openlineage("told/lineage.jsonl")')
    call(project, "run", "--run", "r1")
    lines = (project / ".mlops/told/lineage.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 14
    judged([json.loads(line) for line in lines], tmp_path)


def test_numbers_that_json_has_no_word_for_are_texts(project: Path, told: Endpoint, tmp_path: Path) -> None:
    (project / "double.py").write_text(
        DOUBLE.replace('"total": sum(numbers)', '"total": 99, "odd": float("nan")'), "utf-8"
    )
    call(project, "run", "--run", "r1", OPENLINEAGE_URL=told.url)
    metrics = told.of("sums.double", "COMPLETE")["outputs"][1]["facets"]["mlops_metrics"]["metrics"]
    assert metrics == {"total": 99, "odd": "nan"}
    judged(told.events, tmp_path)


def test_a_file_that_could_not_be_written_gets_its_events_later(project: Path, tmp_path: Path) -> None:
    _with_lineage(project, 'openlineage("told/lineage.jsonl")')
    (project / ".mlops").mkdir()
    (project / ".mlops/told").write_text("in the way", "utf-8")
    assert call(project, "run", "--run", "r1").count("warning: lineage: 14 events are not delivered") == 1
    (project / ".mlops/told").unlink()
    call(project, "finish", "--run", "r1")
    lines = (project / ".mlops/told/lineage.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 14 and '"START"' in lines[0]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ({"uri": "data/*.csv"}, ("file", "/p/data/*.csv")),
        ({"uri": "file:///data/a.csv"}, ("file", "/data/a.csv")),
        ({"uri": "s3://bucket/a/b.csv"}, ("s3://bucket", "a/b.csv")),
        ({"uri": "https://me:hush@example.org/a.csv?token=hush"}, ("https://example.org", "/a.csv")),
        (
            {"dialect": "postgres", "connection": "postgresql://u:hush@db/shop", "table": "orders"},
            ("postgres://db:5432", "shop.public.orders"),
        ),
        (
            {"dialect": "postgres", "connection": "host=db port=6543 dbname=shop", "table": "eu.orders"},
            ("postgres://db:6543", "shop.eu.orders"),
        ),
        (
            {"dialect": "postgres", "connection": {"is": "secret", "name": "SHOP_DB"}, "table": "orders"},
            ("postgres://SHOP_DB", "orders"),
        ),
    ],
)
def test_sources_go_by_the_standards_names(source: dict[str, Any], place: tuple[str, str]) -> None:
    found = source_place({"id": "orders", **source}, Path("/p"))
    assert found[:2] == place and "hush" not in "".join(found)


def test_jobs_without_a_folder_in_common_tell_one_start(project: Path, told: Endpoint, tmp_path: Path) -> None:
    nodes = [n["id"] for n in json.loads((project / "plan.json").read_text())["nodes"]]
    engine = ("--run", "77", "--engine", "github", "--engine-run", "77")
    events = project / ".mlops/runs/77/openlineage-events"
    for node in (*nodes, None):
        # What another machine has noted, this one does not see.
        if events.exists():
            events.rename(tmp_path / f"gone-{node}")
        words = ("node", node, *engine) if node else ("finish", *engine)
        call(project, *words, OPENLINEAGE_URL=told.url, GITHUB_RUN_ATTEMPT="1")
    assert ends(told, "sums") == ["START", "COMPLETE"] and ends(told, "sums.double") == ["START", "COMPLETE"]
    judged(told.events, tmp_path)


def test_the_one_who_starts_a_run_can_be_its_parent(project: Path, told: Endpoint, tmp_path: Path) -> None:
    above = "airflow/nightly.sums/0199bd3c-6f5e-7000-8000-000000000001"
    call(project, "run", OPENLINEAGE_URL=told.url, OPENLINEAGE_PARENT_ID=above)
    parent = told.of("sums", "START")["run"]["facets"]["parent"]
    assert parent["job"] == {"namespace": "airflow", "name": "nightly.sums"}
    assert told.of("sums.last", "START")["run"]["facets"]["parent"]["root"]["run"] == parent["run"]
    judged(told.events, tmp_path)
