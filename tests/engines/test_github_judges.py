"""What the GitHub target emits, read by those who judge workflows, and read again as YAML."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import jsonschema
import pytest
import yaml
from mlopsc.backends.base import ChecksPlans, Level
from mlopsc.backends.github import GitHubActions
from mlopsc.backends.github.actions import ACTIONS
from mlopsc.backends.github.schedule import cron_problem, github_cron
from mlopsc.compiler.features import Feature
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.store import safe_id
from mlopsc.tests.engines.github_act import BIN, MISSING
from mlopsc.tests.runtime import plans as p

NASTY = "a'; echo \"$(id)`id` ${{ secrets.TOKEN }} #\n- run: id\n\x85\u2028\x00jobs: {}"
REQUIREMENTS = n.ProjectFile("requirements.txt", "pandas==2.2.3\n")


def everything(**more) -> n.Plan:
    """A plan that uses all that the target carries, with texts that try to break out."""
    schedules = (n.Event("schedule", cron="0 5 * * 7", zone="America/New_York"), n.Event("schedule", cron="30 4 1 * *"))
    better = p.rule("auc", p.op(">=", p.metric("auc"), n.Ref("champion", "auc")))
    some = p.rule("rows > 1", p.op(">", p.measure_ref("m0"), 1))
    aside = p.rule("x > 1", p.op("<=", p.measure_ref("m0"), 0), "quarantine", offending="x <= 1")
    rising = p.rule("auc", p.op(">", p.metric("auc"), n.Ref("previous", "auc")))
    outputs = [p.output("model", "m.bin", "model"), p.output("metrics", "m.json", "metrics")]
    nodes = (
        p.source("flights", "data/*.csv", doc=NASTY),
        p.source("airports", "https://example.org/airports.csv"),
        p.table_guard("sane", "flights", {"m0": ("rows", "count(*)")}, [some, aside]),
        p.stage(
            *("prepare", "python prepare.py {inputs.flights}", ["flights", "airports"]),
            [p.output("features", "f.parquet", "table")],
            resources=n.Resources(1.5, 2**31, None),
            image="ghcr.io/example/prepare@sha256:" + "ab" * 32,
        ),
        p.stage("query", n.SqlFile("q.sql"), ["prepare.features"], [p.output("out", "out.csv", "table")]),
        p.stage(
            *("train[0]", "python train.py", ["prepare.features"], outputs),
            item=n.Item("kind", NASTY, 0),
            env=(("TOKEN", n.Secret("HUB_TOKEN")), ("PLAIN", NASTY)),
            timeout=90.0,
            retries=n.Retries(2, 30),
            when=p.op(">", n.Ref("param", "month"), 2),
            doc=NASTY,
        ),
        p.stage("report", "true", ["train[0].model"], cache=False),
        p.guard("better", "train[0].metrics", [better, rising], champion="champion", doc=NASTY),
        p.deploy("production", "train[0].model", command=p.command("sh go.sh {model}"), timeout=60.0),
        p.deploy("shadow", "train[0].model", alias="shadow"),
        n.Trigger("weekly", "", schedules, 43200.0, (10, 30 * 86400.0), None, None, p.HERE),
    )
    params = [
        p.param("month", "int", 1, low=1, high=12, doc=NASTY),
        p.param("loss", "string", "log", choices=("log", "hinge")),
        p.param("fast", "bool", True),
        p.param("rate", "float", 1e-05),
        p.param("wait", "duration", 5400),
        p.param("must", "string"),
    ]
    return p.plan(
        *nodes,
        **{"params": params, "doc": NASTY, "requirements": "requirements.txt", "project": (REQUIREMENTS,), **more},
    )


PLANS = {
    "everything": (everything(), {}),
    "options": (
        everything(python="3.13"),
        {
            "runs_on": "ubuntu-24.04",
            "runners": {"train": "ubuntu-24.04-arm"},
            "root": "ml/flights",
            "environment": "production",
            "retention_days": 5,
            "timeout_minutes": 30,
            "containers": False,
        },
    ),
    "smallest": (p.plan(p.stage("one", "true")), {}),
    "strange default": (p.plan(p.stage("one", "true"), params=[p.param("text", "string", NASTY)]), {}),
    "many params": (p.plan(p.stage("one", "true"), params=[p.param(f"p{i}", "int", i) for i in range(26)]), {}),
}


def emitted(plan: n.Plan, options: dict | None = None) -> dict[str, bytes]:
    return {f.path: f.content for f in GitHubActions().emit(plan, options or {})}


def workflow(plan: n.Plan, options: dict | None = None) -> dict:
    return yaml.safe_load(emitted(plan, options)[f".github/workflows/{plan.name}.yml"])


@pytest.fixture(params=PLANS)
def folder(request, tmp_path):
    plan, options = PLANS[request.param]
    jsonschema.validate(options, GitHubActions.options)
    for path, content in emitted(plan, options).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    "judge",
    [
        ["actionlint", "-shellcheck", str(BIN / "shellcheck")],
        # Pedantic leaves out only what `zizmor` itself calls opinions of an auditor.
        ["zizmor", "--offline", "--no-progress", "--persona=pedantic", "."],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", ".github/workflows/demo.yml"],
    ],
    ids=lambda judge: judge[0],
)
def test_judges_find_nothing(judge, folder):
    if not (BIN / judge[0]).is_file():
        pytest.skip(MISSING)
    text = (folder / ".github/workflows/demo.yml").read_text()
    assert "zizmor: ignore" not in text
    done = subprocess.run([BIN / judge[0], *judge[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + text


def test_a_job_for_each_node_and_one_that_reports():
    jobs = workflow(everything())["jobs"]
    assert list(jobs) == [
        *("flights", "airports", "sane", "prepare", "query", "train-0", "report"),
        *("better", "production", "shadow", "report-run"),
    ]
    assert jobs["report-run"]["needs"] == [job for job in jobs if job != "report-run"]
    assert jobs["prepare"]["needs"] == ["flights", "sane", "airports"]
    assert jobs["prepare"]["container"]["image"].startswith("ghcr.io/example/prepare@sha256:")
    assert jobs["train-0"]["timeout-minutes"] == 6 + 15


def test_a_stage_called_run_hands_on_the_files_that_the_runtime_writes():
    plan = p.plan(p.stage("run", "true", [], [p.output("model", "m.bin", "model")]))
    kept = [s["with"]["path"] for s in workflow(plan)["jobs"]["run"]["steps"] if "upload-artifact" in s.get("uses", "")]
    where = ".mlops/runs/${{ github.run_id }}"
    assert kept[0].splitlines() == [f"{where}/{safe_id('run')}.json", f"{where}/{safe_id('run')}.log"]
    assert f"{where}/{safe_id('run')}/" in kept[1]


def test_every_action_is_pinned_and_credentials_do_not_stay():
    for job in workflow(everything())["jobs"].values():
        uses = [step for step in job["steps"] if "uses" in step]
        assert {step["uses"] for step in uses} <= {a.uses for a in ACTIONS}
        assert uses[0]["with"]["persist-credentials"] is False
    text = emitted(everything())[".github/workflows/demo.yml"].decode()
    assert f"uses: {ACTIONS[0].uses} # {ACTIONS[0].version}\n" in text


def test_only_who_pushes_may_write_and_only_its_own_step_sees_a_secret():
    found = workflow(everything())
    assert found["permissions"] == {"contents": "read"}
    writers = {name for name, job in found["jobs"].items() if "permissions" in job}
    assert writers == {"production", "shadow", "report-run"}
    holders = [
        (name, key)
        for name, job in found["jobs"].items()
        for step in job["steps"]
        for key, value in step.get("env", {}).items()
        if "secrets." in value
    ]
    assert holders == [("train-0", "HUB_TOKEN")]
    assert "env" not in found
    assert not any("env" in job for job in found["jobs"].values())


def test_no_script_holds_an_expression():
    for name, (plan, options) in PLANS.items():
        for job in workflow(plan, options)["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", "") + step.get("name", ""), name


def test_deploys_of_one_model_take_turns():
    jobs = workflow(everything())["jobs"]
    assert "production" in jobs["shadow"]["needs"]
    assert "!cancelled()" in jobs["shadow"]["if"]
    assert "needs.production.result" not in jobs["shadow"]["if"]


def test_params_are_inputs():
    inputs = workflow(everything())["on"]["workflow_dispatch"]["inputs"]
    assert {name: found["type"] for name, found in inputs.items()} == {
        "month": "number",
        "loss": "choice",
        "fast": "boolean",
        "rate": "number",
        "wait": "string",
        "must": "string",
    }
    assert [inputs[name].get("default") for name in inputs] == [1, "log", True, 1e-05, "90m", None]
    assert inputs["must"]["required"] is True
    assert inputs["loss"]["options"] == ["log", "hinge"]
    assert inputs["month"]["description"].endswith("(int in 1..12)")
    for name in ("strange default", "many params"):
        assert list(workflow(*PLANS[name])["on"]["workflow_dispatch"]["inputs"]) == ["params"]


def test_schedules_keep_their_time_zone():
    assert workflow(everything())["on"]["schedule"] == [
        {"cron": "0 5 * * 0", "timezone": "America/New_York"},
        {"cron": "30 4 1 * *"},
    ]


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 5 * * 1", None),
        ("*/5 * * * *", None),
        ("0 12 * jan-mar MON", None),
        ("0 0 29 2 *", None),
        ("*/4 * * * *", "every five minutes"),
        ("58,1 * * * *", "every five minutes"),
        ("0 0 L * *", "does not know 'L'"),
        ("0 0 * * 1#2", "does not know '1#2'"),
        ("0 0 0 * * *", "five fields"),
        ("0 0 */2 * 1", "cron programs differ"),
    ],
)
def test_crons_that_github_cannot_honour_are_refused(cron, said):
    problem = cron_problem(cron)
    assert problem is None if said is None else said in (problem or "")


def test_sunday_is_day_0():
    assert [github_cron(f"0 0 * * {day}") for day in ("7", "5-7", "1,7", "1-7/2", "3")] == [
        *("0 0 * * 0", "0 0 * * 5,6,0", "0 0 * * 1,0", "0 0 * * 1,3,5,0", "0 0 * * 3")
    ]


def test_bounds_that_a_schedule_could_break_are_refused():
    def said(cron: str, cooldown: float | None, limit: tuple[int, float] | None) -> str:
        event = n.Event("schedule", cron=cron, zone="Europe/Paris")
        trigger = n.Trigger("often", "", (event,), cooldown, limit, None, None, p.HERE)
        backend = GitHubActions()
        assert isinstance(backend, ChecksPlans)
        return " ".join(backend.problems(p.plan(p.stage("one", "true"), trigger), {}))

    day = 86400.0
    assert said("0 5 * * 1", day / 2, (6, 30 * day)) == ""
    assert "within its cooldown" in said("0 */6 * * *", day / 2, None)
    assert "after 23:00:00" in said("0 5 * * *", day, None), "the night in which the clock is put forward"
    assert "limit of 6" in said("0 5 * * *", None, (6, 30 * day))


def test_runners_are_those_of_stages():
    backend = GitHubActions()
    plan = p.plan(p.stage("train", "true"))
    assert list(backend.problems(plan, {"runners": {"train": "big"}})) == []
    assert list(backend.problems(plan, {"runners": {"tran": "big"}})) == [
        "runners names no stage 'tran' (known here: train)"
    ]


@pytest.mark.parametrize("root", ["../x", "a/../b", "..", "a/.."])
def test_the_root_lies_in_the_repository(root):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"root": root}, GitHubActions().options)


def test_a_schedule_needs_params_with_defaults():
    said = list(GitHubActions().problems(everything(), {}))
    assert said[-1:] == ["trigger weekly: a schedule brings no params, and must has no default"]


def test_every_feature_is_declared_and_says_how():
    assert set(GitHubActions.capabilities) == set(Feature)
    for feature, support in GitHubActions.capabilities.items():
        assert bool(support.how) == (support.level is not Level.NATIVE), feature


def test_the_pipelines_own_duckdb_is_used_where_it_has_one():
    own = replace(everything(), project=(replace(REQUIREMENTS, text="pandas\nDuckDB == 1.3.2\n"),))
    assert ".github/mlops/demo/guards.txt" in emitted(everything())
    assert ".github/mlops/demo/guards.txt" not in emitted(own)
    assert "pip install -r requirements.txt" in str(workflow(own)["jobs"]["sane"])


def test_files_of_a_pipeline():
    found = emitted(everything())
    assert sorted(found) == [
        *(f".github/mlops/demo/{name}" for name in ("README.md", "guards.txt", "guards/sane.sql")),
        *(f".github/mlops/demo/{name}" for name in ("mlops.pyz", "plan.json", "state.sh", "summary.py")),
        ".github/workflows/demo.yml",
    ]
    readme = found[".github/mlops/demo/README.md"].decode()
    assert "gh secret set HUB_TOKEN" in readme
    assert "`0 5 * * 7` in America/New_York" in readme
    assert sorted(emitted(PLANS["smallest"][0])) == [
        *(f".github/mlops/demo/{name}" for name in ("README.md", "mlops.pyz", "plan.json", "summary.py")),
        ".github/workflows/demo.yml",
    ]
    compile(found[".github/mlops/demo/summary.py"], "summary.py", "exec")
    subprocess.run(["sh", "-n"], input=found[".github/mlops/demo/state.sh"], check=True)


def test_shellcheck_finds_nothing():
    if not (BIN / "shellcheck").is_file():
        pytest.skip(MISSING)
    script = emitted(everything())[".github/mlops/demo/state.sh"]
    done = subprocess.run([BIN / "shellcheck", "-"], input=script, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
