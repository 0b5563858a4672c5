"""Lineage events on every target: what they are told with reaches the nodes that tell, and the end of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.driver import analyse, compile_plan, require_support

SPEC = """mlops 1

pipeline p { owner = "ops@example.org" }

version {
  code    = off
  lineage = openlineage(SETTING)
}

source rows { uri = "rows.csv" }

guard sane on rows { rows >= 1 }

stage train {
  run    = "cat {inputs.rows}"
  inputs = [rows]
}
"""
ENDPOINT = 'url: secret("LINEAGE_URL"), key: secret("LINEAGE_KEY")'


def files(target: str, folder: Path, setting: str = ENDPOINT) -> dict[str, str]:
    spec = folder / "p.mlops"
    spec.write_text(SPEC.replace("SETTING", setting))
    (folder / "rows.csv").write_text("n\n1\n")
    lowered = compile_plan(analyse(spec))
    found = Diagnostics()
    require_support(lowered, target, BACKENDS[target].capabilities, found)
    if found.has_errors:
        return {}
    return {f.path: f.content.decode("utf-8", "replace") for f in BACKENDS[target].emit(lowered.plan, {})}


def test_on_github_the_report_and_what_tells_get_the_secrets(tmp_path: Path) -> None:
    [text] = [t for path, t in files("github", tmp_path).items() if path.endswith("p.yml")]
    given = {
        name
        for name, job in yaml.safe_load(text)["jobs"].items()
        for step in job.get("steps", ())
        if {"LINEAGE_URL", "LINEAGE_KEY"} <= set(step.get("env", {}))
    }
    assert given == {"sane", "train", "report"}


def test_on_airflow_the_last_task_and_what_tells_get_the_secrets(tmp_path: Path) -> None:
    [dag] = [t for path, t in files("airflow", tmp_path).items() if path.endswith(".py") and "with DAG" in t]
    assert dag.count('"LINEAGE_URL": "{{ var.value.LINEAGE_URL }}"') == 3


def test_on_kubernetes_the_driver_and_what_tells_get_the_secrets(tmp_path: Path) -> None:
    documents = [
        document
        for path, text in files("kubernetes", tmp_path).items()
        if path.endswith((".yaml", ".yml"))
        for document in yaml.safe_load_all(text)
        if document
    ]
    crons = [d["spec"]["jobTemplate"] for d in documents if d["kind"] == "CronJob"]
    data = [v for d in documents for k, v in (d.get("data") or {}).items() if k.endswith(".json") and k != "plan.json"]
    jobs = [j for j in map(json.loads, data) if j.get("kind") == "Job"]
    given = {}
    for job in (*crons, *jobs):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        given[container["name"]] = "LINEAGE_KEY" in {e["name"] for e in container["env"]}
    assert given.pop("driver") and sum(given.values()) == 2 and len(given) == 3


@pytest.mark.parametrize("target", ["local", "airflow", "github", "kubernetes"])
def test_a_file_is_refused_where_jobs_share_no_store(target: str, tmp_path: Path) -> None:
    assert bool(files(target, tmp_path, '"lineage.jsonl"')) == (target != "github")
