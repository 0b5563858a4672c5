"""The examples, built by the command line into repositories of their own, and run there by `act`, twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlopsc.tests.engines.github_act import Repository

EXAMPLES = Path(__file__).parents[2] / "examples"
MLOPSC = Path(sys.executable).parent / "mlopsc"


def built(repository: Repository, name: str) -> Repository:
    ignored = shutil.ignore_patterns(".mlops", "build", ".github", "__pycache__")
    shutil.copytree(EXAMPLES / name, repository.folder, dirs_exist_ok=True, ignore=ignored)
    spec = repository.folder / f"{name}.mlops"
    # Images are for a machine that can pull them; without a target of its own the spec takes all defaults.
    text = spec.read_text().replace('{ runs_on = "ubuntu-latest" }', "{ containers = false }")
    spec.write_text(text)
    command = [MLOPSC, "build", "--target", "github", "--into", "."]
    done = subprocess.run(command, cwd=repository.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return repository.commit()


@pytest.mark.parametrize("name", ["quickstart", "iris_awk", pytest.param("flight_delay", marks=pytest.mark.slow)])
def test_an_example_runs_and_a_second_run_restores(name, tmp_path):
    repository = built(Repository(tmp_path), name)
    first, second = repository.act(), repository.act()
    assert first.code == 0, first.log
    assert set(first.states.values()) == {"succeeded"}
    assert set(first.jobs.values()) == {"success"}
    assert len(first.jobs) == len(first.states) + 1, "a job for each node, and the report"
    kinds = {node: record["kind"] for node, record in second.run["nodes"].items()}
    expected = {"stage": "restored", "deploy": "restored", "source": "succeeded", "guard": "succeeded"}
    assert second.states == {node: expected[kind] for node, kind in kinds.items()}
    assert any("/versions/1.json" in file for file in repository.remembered("registry"))
