"""A database source on every target: the secret reaches the nodes that connect alone, and the driver is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.driver import analyse, compile_plan, require_support

SPEC = """mlops 1

pipeline p { owner = "ops@example.org" }

version { code = off }

source bookings {
  connection = secret("SHOP_DB")
  dialect    = postgres
  table      = "bookings"
}

guard sane on bookings { rows >= 1 }

stage train {
  run    = "cat {inputs.bookings}"
  inputs = [bookings]
}
"""
CONNECT = {"bookings", "sane", "bookings_extract"}


@pytest.fixture(params=["local", "airflow", "github", "kubernetes"])
def target(request) -> str:
    return request.param


def files(target: str, folder: Path) -> dict[str, str]:
    spec = folder / "p.mlops"
    spec.write_text(SPEC)
    analysis = analyse(spec)
    assert not analysis.diagnostics.has_errors
    lowered = compile_plan(analysis)
    found = Diagnostics()
    require_support(lowered, target, BACKENDS[target].capabilities, found)
    assert not found.has_errors
    emitted = BACKENDS[target].emit(lowered.plan, {})
    return {f.path: f.content.decode("utf-8", "replace") for f in emitted}


def test_every_target_asks_for_the_driver(target: str, tmp_path: Path) -> None:
    texts = [text for path, text in files(target, tmp_path).items() if not path.endswith((".pyz", ".json"))]
    assert any("psycopg" in text for text in texts)
    assert any("SHOP_DB" in text for text in texts)


def test_on_github_only_nodes_that_connect_get_the_secret(tmp_path: Path) -> None:
    found = files("github", tmp_path)
    [workflow] = [yaml.safe_load(text) for path, text in found.items() if path.endswith("p.yml")]
    assert "psycopg" in found[".github/mlops/p/databases.txt"]
    given = {
        name
        for name, job in workflow["jobs"].items()
        if any("SHOP_DB" in json.dumps(step.get("env", {})) for step in job.get("steps", ()))
    }
    assert given == CONNECT
    fetched = [s["with"] for s in workflow["jobs"]["train"]["steps"] if s.get("name") == "Fetch what it waits for"]
    assert "results-bookings_extract" in json.dumps(fetched)


def test_on_kubernetes_only_pods_that_connect_get_the_secret(tmp_path: Path) -> None:
    found = files("kubernetes", tmp_path)
    given = {
        job["spec"]["template"]["metadata"]["annotations"]["mlopsc/node-id"]
        for job in _jobs(found)
        if any(e["name"] == "SHOP_DB" for e in job["spec"]["template"]["spec"]["containers"][0]["env"])
    }
    assert given == CONNECT


def _jobs(found: dict[str, str]) -> list[dict[str, Any]]:
    jobs = []
    for path, text in found.items():
        if path.endswith((".yaml", ".yml")):
            for document in yaml.safe_load_all(text):
                data = (document or {}).get("data", {}) or {}
                jobs += [json.loads(v) for k, v in data.items() if k.endswith(".json") and k != "plan.json"]
    return [j for j in jobs if j.get("kind") == "Job"]
