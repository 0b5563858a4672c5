"""The same guards give the same verdicts on a laptop, in Airflow, in `act` and in pods.

Every kind of rule that a target carries is in `guards_agree/kinds.mlops`, once on a table where it holds and once where
it does not; `twice.mlops` has those that look at earlier runs, and `rivals.mlops` those that compare two models row by
row, which GitHub refuses. Compared are verdicts, each rule's outcome, its measured
values to the last digit, limits, messages, sample rows and slices, and the digests of what was kept and set aside.
"""

from __future__ import annotations

import json
import re

import pytest
from mlopsc.backends.base import Level
from mlopsc.backends.carried import BY_THE_RUNTIME
from mlopsc.backends.checks import check_targets
from mlopsc.compiler.diagnostics import Diagnostics, Severity
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.functions import FUNCTIONS

from . import agreement
from .agreement import PARAMS, SPECS, Run, must_agree, plan_of, project
from .airflow_engine import Engine
from .github_act import Repository
from .podman_cluster import deploy

pytestmark = pytest.mark.engine("local")


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The runs on this machine, by spec."""
    return {name: agreement.here(name, tmp_path_factory.mktemp(name)) for name in SPECS}


def test_every_function_holds_once_and_breaks_once(here):
    [run] = here["kinds"]
    good, bad = (run.records[f"every_kind_on_make_{table}"] for table in ("good", "bad"))
    assert {r["outcome"] for r in good["rules"]} == {"passed"}
    assert [r["text"] for r in bad["rules"] if r["outcome"] != "warned"] == []
    text = (agreement.FOLDER / "kinds.mlops").read_text("utf-8")
    refused = {f for f, support in BY_THE_RUNTIME.items() if support.level is Level.UNSUPPORTED}
    carried = [name for name, function in FUNCTIONS.items() if function.feature not in refused]
    assert [name for name in carried if f"{name}(" not in text and f"  {name} " not in text] == []


def test_every_verdict_is_there(here):
    [run] = here["kinds"]
    verdicts = {r["verdict"] for r in run.records.values() if r["kind"] == "guard"}
    assert verdicts == {"passed", "warned", "blocked", "error", "not_run"}


def test_numbers_are_compared_with_those_of_the_run_before(here):
    first, second = (run.records["no_worse"] for run in here["twice"])
    assert [r["outcome"] for r in first["rules"]] == ["no champion"] * 2 + ["no previous run"] * 2
    assert [r["outcome"] for r in second["rules"]] == ["blocked", "warned", "passed", "warned"]


def test_columns_are_compared_with_those_of_the_run_before(here):
    first, second = (run.records["as_before"] for run in here["twice"])
    assert [r["outcome"] for r in first["rules"]] == ["no champion", "no previous run"]
    assert [r["outcome"] for r in second["rules"]] == ["warned", "warned"]


def test_models_are_compared_with_those_of_the_run_before(here):
    first, second = (run.records["beats"] for run in here["rivals"])
    assert [r["outcome"] for r in first["rules"]] == ["no champion", "no previous run", "no champion", "no champion"]
    assert [r["outcome"] for r in second["rules"]] == ["passed", "passed", "passed", "warned"]
    assert all(r["comparisons"][0]["pairs"] for r in second["rules"])


def test_github_refuses_what_compares_models_row_by_row():
    analysis, found = analyse(agreement.FOLDER / "rivals.mlops"), Diagnostics()
    check_targets(["github"], compile_plan(analysis), analysis, found)
    refused = [d for d in found if d.rule.severity is Severity.ERROR]
    text = (agreement.FOLDER / "rivals.mlops").read_text("utf-8")
    asked = [m.span(1) for m in re.finditer(r"better than (\w+)", text)]
    assert [(d.rule.code, (d.span.start, d.span.end)) for d in refused] == [("E401", place) for place in asked]
    assert {d.hint and d.hint.split(":")[0] for d in refused} == {"guard the metrics, accuracy >= champion.accuracy"}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    engine = Engine("3", tmp_path_factory.mktemp("airflow"))
    yield engine
    engine.process.stdin.close()
    engine.process.wait(60)


@pytest.mark.engine("airflow 3")
@pytest.mark.parametrize("name", SPECS)
def test_in_airflow(here, airflow, name, tmp_path, capsys):
    folder = airflow.build(plan_of(name), project=str(project(tmp_path)))
    runs, known = [], set()
    for params in PARAMS[name]:
        airflow.ask(do="run", folder=str(folder), dag_id=name, conf=params)
        (new,) = set((tmp_path / ".mlops/runs").iterdir()) - known
        known.add(new)
        runs.append(Run.of(new))
    tell(capsys, "airflow", name, must_agree(here[name], runs))


@pytest.mark.engine("github")
@pytest.mark.parametrize("name", [name for name in SPECS if name != "rivals"])
def test_under_act(here, name, tmp_path, capsys):
    repository = Repository(tmp_path)
    project(repository.folder)
    repository.build(plan_of(name))
    runs = []
    for params in PARAMS[name]:
        runs.append(Run.of(repository.act(inputs=params).folder / "report"))
    tell(capsys, "act", name, must_agree(here[name], runs))


@pytest.mark.engine("podman")
@pytest.mark.parametrize("name", SPECS)
def test_in_pods(here, cluster, name, capsys):
    plan = plan_of(name)
    project(cluster.claim(f"{name}-data"))
    deploy(cluster, plan)
    runs, known = [], set()
    for number, params in enumerate(PARAMS[name]):
        cluster.wait(cluster.create_job_from(name, f"run-{number}", MLOPS_PARAMS=json.dumps(params)), 240)
        (new,) = set((cluster.claim(f"{name}-store") / "runs").iterdir()) - known
        known.add(new)
        runs.append(Run.of(new))
    tell(capsys, "podman", name, must_agree(here[name], runs))


def tell(capsys, engine: str, name: str, rules: int) -> None:
    with capsys.disabled():
        print(f"\n{engine}: {rules} rules of {name} as on this machine")
