"""Real pods: the driver from mlops.pyz makes Jobs through the API, and podman runs their pods."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from mlopsc.compiler.plan import nodes as n

from .podman_cluster import IMAGE, Cluster, deploy

_spec = importlib.util.spec_from_file_location("plans", Path(__file__).parent.parent / "runtime" / "plans.py")
p = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(p)


def start(cluster: Cluster, plan: n.Plan, job: str = "run-1", **env: str) -> str:
    return cluster.create_job_from(plan.name.replace("_", "-"), job, **env)


def records(cluster: Cluster, plan: n.Plan) -> dict[str, dict]:
    """The records of the only run."""
    [run] = (cluster.claim(f"{plan.name}-store") / "runs").iterdir()
    return {path.stem: json.loads(path.read_text()) for path in run.glob("*.json")}


def states(cluster: Cluster, plan: n.Plan) -> dict[str, str]:
    return {name: record["state"] for name, record in records(cluster, plan).items()}


def jobs_of_nodes(cluster: Cluster) -> dict[str, dict]:
    return {j["metadata"]["annotations"]["mlopsc/node-id"]: j for j in cluster.created}


def program(path: str, text: str) -> n.ProjectFile:
    return n.ProjectFile(path, textwrap.dedent(text))


NUMBER = program(
    "steps/number.py",
    """\
    import json, sys
    from helper import twice

    json.dump({"a": twice(int(sys.argv[1]))}, open(sys.argv[2], "w"))
    """,
)
HELPER = program("steps/helper.py", "def twice(x):\n    return 2 * x\n")
COPY = program(
    "steps/copy_file.py", "import shutil, sys\nprint('copying')\nshutil.copyfile(sys.argv[1], sys.argv[2])\n"
)


def number(value: str = "{params.x}") -> n.Stage:
    out = [p.output("m", "m.json", "metrics")]
    return p.stage("make", f"python steps/number.py {value} {{outputs.m}}", (), out, params=("x",))


def copy_stage(name: str, artifact: str, **more: object) -> n.Stage:
    text = f"python steps/copy_file.py {{inputs.{artifact.rpartition('.')[2]}}} {{outputs.out}}"
    return p.stage(name, text, [artifact], [p.output("out", "out.json")], **more)


def above(limit: float, name: str = "big_enough") -> n.Guard:
    return p.guard(name, "make.m", [p.rule(f"a > {limit}", p.op(">", p.metric("a"), limit))])


def small(*more: n.Node, **kw: object) -> n.Plan:
    kw.setdefault("params", [p.param("x", "int", 21, low=0, high=100)])
    return p.plan(*more, project=(NUMBER, HELPER, COPY), **kw)


def test_a_run_succeeds_and_every_node_had_a_pod_of_its_own(cluster):
    plan = small(number(), above(10), copy_stage("report", "make.m"))
    deploy(cluster, plan)
    assert cluster.wait(start(cluster, plan))["type"] == "Complete", cluster.logs_of("run-1")
    assert states(cluster, plan) == {
        "make": "succeeded",
        "big_enough": "succeeded",
        "report": "succeeded",
        "run": "succeeded",
    }
    assert list(jobs_of_nodes(cluster)) == ["make", "big_enough", "report"]
    assert len(cluster.pods) == 4  # and the driver's
    [log] = cluster.logs_of("run-1")
    assert "make: succeeded" in log
    report = next((cluster.claim("demo-store") / "runs").glob("*/report/out.json"))
    assert json.loads(report.read_text()) == {"a": 42}


def test_pods_tell_one_run_to_other_tools(cluster):
    told = n.Versioning(lineage=n.Lineage("lineage.jsonl", None, None, None))
    plan = small(number(), above(10), copy_stage("report", "make.m"), version=told)
    deploy(cluster, plan)
    assert cluster.wait(start(cluster, plan))["type"] == "Complete", cluster.logs_of("run-1")
    lines = (cluster.claim("demo-store") / "lineage.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    jobs = ("demo.make", "demo.big_enough", "demo.report")
    expected = [("demo", "START"), *((j, e) for j in jobs for e in ("START", "COMPLETE")), ("demo", "COMPLETE")]
    assert [(e["job"]["name"], e["eventType"]) for e in events] == expected
    parents = {e["run"]["facets"]["parent"]["run"]["runId"] for e in events[1:-1]}
    assert parents == {events[0]["run"]["runId"]} == {events[-1]["run"]["runId"]}


def test_the_jobs_belong_to_the_run(cluster):
    plan = small(number())
    deploy(cluster, plan)
    cluster.wait(start(cluster, plan))
    driver = cluster.jobs["run-1"]["metadata"]
    [job] = cluster.created
    assert job["metadata"]["ownerReferences"] == [
        {"apiVersion": "batch/v1", "kind": "Job", "name": "run-1", "uid": driver["uid"]}
    ]
    assert set(cluster.requests) == {("create", "jobs"), ("list", "jobs")}


def test_params_of_the_run_reach_the_stages(cluster):
    plan = small(number())
    deploy(cluster, plan)
    cluster.wait(start(cluster, plan, MLOPS_PARAMS='{"x": "4"}'))
    made = next((cluster.claim("demo-store") / "runs").glob("*/make/m.json"))
    assert json.loads(made.read_text()) == {"a": 8}


def test_wrong_params_stop_the_run_before_any_job(cluster):
    plan = small(number())
    deploy(cluster, plan)
    ended = cluster.wait(start(cluster, plan, MLOPS_PARAMS='{"x": 101}'))
    assert ended["reason"] == "PodFailurePolicy"
    assert cluster.created == []
    [log] = cluster.logs_of("run-1")
    assert "param 'x' must be in 0..100, not 101" in log


def test_a_failing_stage_is_tried_again_by_kubernetes_and_then_fails_the_run(cluster):
    stage = p.stage("bad", p.script("python", "-c", "raise SystemExit(1)"), retries=n.Retries(2, 5.0))
    after = p.stage("after", p.script("python", "-c", ""), {"x": "bad.out"})
    plan = p.plan(stage, after)
    deploy(cluster, plan)
    ended = cluster.wait(start(cluster, plan))
    assert "exit code 4" in ended["message"]
    [name] = [j["metadata"]["name"] for j in cluster.created]  # nothing was made for what comes after
    assert len(cluster.pods_of(name)) == 3
    assert cluster.jobs[name]["status"]["conditions"][0]["reason"] == "BackoffLimitExceeded"
    assert states(cluster, plan) == {"bad": "failed", "after": "skipped", "run": "failed"}


def test_a_stage_that_succeeds_on_its_second_try_succeeds(cluster):
    code = """
import os, pathlib, sys
seen = pathlib.Path(os.environ["MLOPS_STORE"]) / "seen"
if not seen.exists():
    seen.touch()
    sys.exit(9)
"""
    plan = p.plan(p.stage("flaky", p.script("python", "-c", code), retries=n.Retries(1, 0)))
    deploy(cluster, plan)
    assert cluster.wait(start(cluster, plan))["type"] == "Complete"
    assert len(cluster.pods_of(cluster.created[0]["metadata"]["name"])) == 2


def test_a_blocking_guard_stops_its_consumers_and_no_others(cluster):
    other = p.stage("other", p.script("python", "-c", "print('went on')"))
    consumer = copy_stage("report", "make.m", retries=n.Retries(3, 0))
    plan = small(number(), above(100), consumer, copy_stage("later", "report.out"), other)
    deploy(cluster, plan)
    ended = cluster.wait(start(cluster, plan))
    assert "exit code 3" in ended["message"]
    assert states(cluster, plan) == {
        "make": "succeeded",
        "big_enough": "blocked",
        "report": "skipped",
        "later": "skipped",
        "other": "succeeded",
        "run": "blocked",
    }
    assert records(cluster, plan)["big_enough"]["verdict"] == "blocked"
    assert set(jobs_of_nodes(cluster)) == {"make", "big_enough", "other"}
    guard = jobs_of_nodes(cluster)["big_enough"]["metadata"]["name"]
    assert len(cluster.pods_of(guard)) == 1  # no second try changes a verdict


def test_a_table_guard_asks_duckdb_in_its_pod(cluster):
    rows = program("rows.py", "import sys\nopen(sys.argv[1], 'w').write('x\\n1\\n2\\n')\n")
    stage = p.stage("rows", "python rows.py {outputs.t}", (), [p.output("t", "t.csv", "table", "csv")])
    rule = p.rule("rows >= 3", p.op(">=", p.measure_ref("m0"), 3))
    plan = p.plan(stage, p.table_guard("enough", "rows.t", {"m0": ("rows", "count(*)")}, [rule]), project=(rows,))
    deploy(cluster, plan)
    cluster.wait(start(cluster, plan))
    assert states(cluster, plan) == {"rows": "succeeded", "enough": "blocked", "run": "blocked"}


def _until(condition, timeout: float = 30) -> None:
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("how", ["kill", "evict"])
def test_a_driver_that_is_taken_away_goes_on_where_it_was(cluster, how):
    slow = p.stage("slow", p.script("python", "-c", "import time; time.sleep(3)"), (), (), cache=False)
    plan = small(number(), slow, above(10), copy_stage("report", "make.m"))
    deploy(cluster, plan)
    start(cluster, plan)
    _until(lambda: "make" in jobs_of_nodes(cluster) and "slow" in jobs_of_nodes(cluster))
    _until(lambda: list(cluster.claim("demo-store").glob("runs/*/make.json")))
    getattr(cluster, how)(cluster.pods_of("run-1")[0]["metadata"]["name"])
    assert cluster.wait("run-1")["type"] == "Complete", cluster.logs_of("run-1")
    assert len(cluster.pods_of("run-1")) == 2
    assert sorted(jobs_of_nodes(cluster)) == ["big_enough", "make", "report", "slow"]
    assert len(cluster.created) == 4  # none was made twice
    assert all(len(cluster.pods_of(j["metadata"]["name"])) == 1 for j in cluster.created)


SLEEPER = p.script("python", "-c", "import time; print('up', flush=True); time.sleep(60)")


def test_a_pod_that_dies_without_a_word_is_a_failed_node(cluster):
    plan = p.plan(p.stage("gone", SLEEPER))
    deploy(cluster, plan)
    start(cluster, plan)
    _until(lambda: cluster.created)
    job = cluster.created[0]["metadata"]["name"]
    _until(lambda: "up" in "".join(cluster.logs_of(job)))
    cluster.kill(cluster.pods_of(job)[0]["metadata"]["name"])
    assert "exit code 4" in cluster.wait("run-1")["message"]
    record = records(cluster, plan)["gone"]
    assert record["state"] == "failed"
    assert "exit code 137" in record["reason"]


def test_the_runtime_ends_a_try_after_its_timeout(cluster):
    plan = p.plan(p.stage("late", SLEEPER, timeout=1.0))
    deploy(cluster, plan)
    assert "exit code 4" in cluster.wait(start(cluster, plan))["message"]
    assert "timeout" in records(cluster, plan)["late"]["reason"]


def test_a_job_past_its_deadline_is_a_failed_node(cluster):
    plan = p.plan(p.stage("late", SLEEPER, timeout=60))
    deploy(cluster, plan)
    [jobs] = [o for (kind, name), o in cluster.objects.items() if kind == "ConfigMap" and "-jobs-" in name]
    jobs["data"] = {k: re.sub(r'("activeDeadlineSeconds": )\d+', r"\1 3", v) for k, v in jobs["data"].items()}
    assert "exit code 4" in cluster.wait(start(cluster, plan))["message"]
    assert "deadline" in records(cluster, plan)["late"]["reason"]


NASTY = [
    "$(MLOPS_RUN_ID)",
    "$$(HOME)",
    "$HOME",
    "`id`",
    "; echo hi",
    "a'b\"c",
    "{{x}}",
    "line\nbreak",
    "- yaml: 1",
    "ü☃",
]


def test_texts_arrive_as_they_were_written(cluster):
    code = (
        "import json, os, sys\n"
        "json.dump([sys.argv[2:], os.environ['NASTY'], os.environ['TOKEN']], open(sys.argv[1], 'w'))"
    )
    stage = p.stage(
        "show",
        p.script("python", "-c", code, n.Slot("outputs", "o"), *NASTY, n.Slot("params", "text")),
        (),
        [p.output("o", "o.json")],
        params=("text",),
        env=(("NASTY", NASTY[0]), ("TOKEN", n.Secret("API_TOKEN"))),
        doc="$(HOME) {{ x }}",
    )
    plan = p.plan(stage, params=[p.param("text", "string", "x")])
    deploy(cluster, plan)
    cluster.create_secret("demo-secrets", API_TOKEN="s3$(HOME)cret")
    cluster.wait(start(cluster, plan, MLOPS_PARAMS=json.dumps({"text": "$$(MLOPS_RUN_ID) '"})))
    out = next(cluster.claim("demo-store").glob("runs/*/show/o.json"))
    # `$$` is how a person writes a dollar into a variable of a pod.
    assert json.loads(out.read_text()) == [[*NASTY, "$(MLOPS_RUN_ID) '"], NASTY[0], "s3$(HOME)cret"]


@pytest.mark.parametrize("claim", [None, "warehouse"])
def test_data_lies_beside_the_code(cluster, claim):
    flights = p.source("flights", "data/*.csv")
    plan = small(flights, number("3"), copy_stage("use", "flights"))
    data = cluster.claim("demo-data" if claim is None else claim) / "data"
    data.mkdir(parents=True)
    (data / "jan.csv").write_text("a\n1\n")
    data.chmod(0o755)
    deploy(cluster, plan, {"data": claim} if claim else {})
    assert cluster.wait(start(cluster, plan))["type"] == "Complete", cluster.logs_of("run-1")
    assert next(cluster.claim("demo-store").glob("runs/*/use/out.json")).read_text() == "a\n1\n"


def test_a_second_run_restores_what_did_not_change(cluster):
    plan = small(number())
    deploy(cluster, plan)
    cluster.wait(start(cluster, plan, "run-1"))
    cluster.wait(start(cluster, plan, "run-2"))
    found = [json.loads(f.read_text())["state"] for f in cluster.claim("demo-store").glob("runs/*/make.json")]
    assert sorted(found) == ["restored", "succeeded"]


def test_copies_of_a_stage_each_get_a_job(cluster):
    code = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"
    copies = [
        p.stage(
            f"each[{i}]",
            p.script("python", "-c", code, n.Slot("outputs", "o"), n.Slot("item", "name")),
            (),
            [p.output("o", "o.txt")],
            name="each",
            item=n.Item("name", value, i),
        )
        for i, value in enumerate(["a", "b"])
    ]
    plan = p.plan(*copies)
    deploy(cluster, plan)
    assert cluster.wait(start(cluster, plan))["type"] == "Complete", cluster.logs_of("run-1")
    assert states(cluster, plan) == {"each-0": "succeeded", "each-1": "succeeded", "run": "succeeded"}


def test_a_model_is_deployed_from_its_pod(cluster):
    plan = small(number(), above(10), p.deploy("production", "make.m"))
    deploy(cluster, plan)
    assert cluster.wait(start(cluster, plan))["type"] == "Complete", cluster.logs_of("run-1")
    assert list((cluster.claim("demo-store") / "registry").iterdir())


def test_a_scheduled_run_keeps_to_its_triggers_cooldown(cluster):
    weekly = n.Trigger("weekly", "", (n.Event("schedule", cron="0 5 * * 1"),), 3600.0, *(None, None, None), p.HERE)
    plan = small(number(), weekly)
    deploy(cluster, plan)
    for job in ("first", "second"):
        cluster.create_job_from("demo-weekly", job)
        assert cluster.wait(job)["type"] == "Complete", cluster.logs_of(job)
    assert len(list(cluster.claim("demo-store").glob("runs/*"))) == 1
    assert "starts no run: its last run was" in cluster.logs_of("second")[0]


def test_what_a_pod_lacks_is_said_in_its_nodes_record(cluster):
    plan = p.plan(p.stage("s", p.script("no-such-program")))
    deploy(cluster, plan)
    cluster.wait(start(cluster, plan))
    assert "the program 'no-such-program' is not installed" in records(cluster, plan)["s"]["reason"]


def test_a_pod_that_cannot_start_is_told_of_and_goes_on_when_it_can(cluster):
    plan = p.plan(p.stage("s", p.script("python", "-c", ""), env=(("TOKEN", n.Secret("API_TOKEN")),)))
    deploy(cluster, plan)
    start(cluster, plan)
    _until(lambda: "s: its pod waits: CreateContainerConfigError" in "".join(cluster.logs_of("run-1")), 60)
    cluster.create_secret("demo-secrets", API_TOKEN="x")
    assert cluster.wait("run-1")["type"] == "Complete"


def test_an_api_server_that_is_busy_is_asked_again(cluster):
    plan = small(number())
    deploy(cluster, plan)
    cluster.refusals = [
        ("list", 503, "the server is currently unable to handle the request"),
        ("create", 429, "too many requests"),
        ("create", 403, 'jobs.batch "x" is forbidden: exceeded quota: few, requested: count/jobs.batch=1'),
    ]
    assert cluster.wait(start(cluster, plan))["type"] == "Complete", cluster.logs_of("run-1")
    assert cluster.refusals == []
    assert "waits for quota" in cluster.logs_of("run-1")[0]


def test_a_job_that_the_cluster_refuses_is_a_failed_node(cluster):
    plan = small(number(), copy_stage("report", "make.m"))
    deploy(cluster, plan)
    cluster.refusals = [("create", 403, 'admission webhook "policy" denied the request: image not allowed')]
    assert "exit code 4" in cluster.wait(start(cluster, plan))["message"]
    assert states(cluster, plan) == {"make": "failed", "report": "skipped", "run": "failed"}
    assert "image not allowed" in records(cluster, plan)["make"]["reason"]


def test_a_stage_left_out_by_its_condition_is_no_failed_job(cluster):
    out = [p.output("m", "m.json")]
    left_out = p.stage("make", "python steps/number.py 1 {outputs.m}", (), out, when=p.op(">", n.Ref("param", "x"), 50))
    plan = small(left_out, copy_stage("report", "make.m"), p.stage("other", p.script("python", "-c", "")))
    deploy(cluster, plan)
    assert cluster.wait(start(cluster, plan))["type"] == "Complete", cluster.logs_of("run-1")
    assert states(cluster, plan) == {"make": "skipped", "report": "skipped", "other": "succeeded", "run": "succeeded"}
    assert all(j["status"]["conditions"][0]["type"] == "Complete" for j in cluster.jobs.values())
    assert "report" not in jobs_of_nodes(cluster)


@pytest.mark.parametrize(("example", "data"), [("quickstart", "cars.csv"), ("iris_awk", "data")])
def test_an_example_runs_on_pods_as_it_is_built(cluster, example, data):
    spec = Path(__file__).parents[2] / "examples" / example / f"{example}.mlops"
    mlopsc = Path(sys.executable).with_name("mlopsc")
    subprocess.run([mlopsc, "build", spec, "--target", "kubernetes", "-o", cluster.folder / "built"], check=True)
    cluster.apply(cluster.folder / "built" / "kubernetes")
    cluster.images["python:3.11-slim"] = IMAGE
    name = example.replace("_", "-")
    # `tar … | kubectl exec`, as the README that was built says
    claim = cluster.claim(f"{name}-data")
    subprocess.run(f"tar -C {spec.parent} -cf - {data} | tar -C {claim} -xf -", shell=True, check=True)
    cluster.create_job_from(name, "run-1")
    assert cluster.wait("run-1", 180)["type"] == "Complete", cluster.logs_of("run-1")
    [run] = (cluster.claim(f"{name}-store") / "runs").glob("*/run.json")
    nodes = json.loads(run.read_text())["nodes"]
    assert {r["state"] for r in nodes.values()} == {"succeeded"}
    assert nodes["good_enough"]["verdict"] == "passed"
    assert nodes["production"]["version"] == 1
