"""The SQL that lies in the build output is what the runtime runs, and says which rule each number is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from mlopsc.backends.base import OutputFile
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.nodes import ProjectFile

SPEC = """mlops 1
pipeline p { owner = "ops@example.org" }
version { code = off }
source flights { uri = "flights.csv" }
## Nobody flies a day late.
guard sane on flights {
  rows >= 2
  delay between -60 and 1_500
  max(delay) <= 90 warn, <= 600 block
}
"""
FOLDERS = {"local": "", "airflow": "dags/p/", "github": ".github/mlops/p/", "kubernetes": ""}


@pytest.fixture
def plan(tmp_path: Path):
    (tmp_path / "flights.csv").write_text("delay\n1\n99\n9999\n", "utf-8")
    spec = tmp_path / "p.mlops"
    spec.write_text(SPEC, "utf-8")
    return compile_plan(analyse(spec)).plan


def emitted(target: str, plan) -> dict[str, OutputFile]:
    return {f.path: f for f in BACKENDS[target].emit(plan, {})}


@pytest.mark.parametrize("target", FOLDERS)
def test_it_runs_as_it_stands(target: str, plan, tmp_path: Path) -> None:
    text = emitted(target, plan)[f"{FOLDERS[target]}guards/sane.sql"].content.decode()
    connection = duckdb.connect()
    connection.execute(f"""CREATE VIEW "flights" AS FROM '{tmp_path}/flights.csv'""")
    assert connection.execute(text).fetchall() == [(3, 1, 9999)]


def test_each_rule_stands_above_its_number(plan) -> None:
    lines = emitted("local", plan)["guards/sane.sql"].content.decode().splitlines()
    rules = [line.strip() for line in lines if "(p.mlops:" in line][1:]
    assert rules == [
        "-- rows >= 2 (p.mlops:7)",
        "-- delay between -60 and 1_500 (p.mlops:8)",
        "-- max(delay) <= 90 warn, <= 600 block (p.mlops:9)",
    ]
    assert "-- Nobody flies a day late." in lines


def test_a_file_of_the_project_stays(plan) -> None:
    own = ProjectFile("guards/sane.sql", "SELECT 1")
    found = [f for f in BACKENDS["local"].emit(replace(plan, project=(own,)), {}) if f.path == own.path]
    assert [f.content.decode() for f in found] == [own.text]
