"""Every example is clean, builds for all targets, runs, and on a second run is restored instead of run.

The flights' packages (examples/flight_delay/requirements.txt) are among what `make test` installs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SPECS = [s for s in sorted(EXAMPLES.glob("*/*.mlops")) if s.stem == s.parent.name]  # not what they import
TARGETS = ("local", "airflow", "github", "kubernetes")
MLOPSC = Path(sys.executable).with_name("mlopsc")

slow = pytest.mark.slow


def mlopsc(*arguments: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(MLOPSC), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        timeout=900,
    )


def copied(spec: Path, to: Path) -> Path:
    """The example in a folder of its own, without what runs left behind."""
    shutil.copytree(spec.parent, to, ignore=shutil.ignore_patterns(".mlops", "__pycache__", "build"))
    return to / spec.name


def run(spec: Path, *options: str, expect: int = 0, **env: str) -> dict[str, dict]:
    """Runs a copied example and returns the records of the run's nodes."""
    known = set((spec.parent / ".mlops/runs").glob("*"))
    ran = mlopsc("run", spec, *options, **env)
    assert ran.returncode == expect, f"exit code {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    (folder,) = set((spec.parent / ".mlops/runs").glob("*")) - known
    assert (folder / "report.html").is_file()
    records = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
    return {record["node"]: record for record in records if "node" in record}


def outputs(records: dict[str, dict]) -> dict[str, str]:
    """Artifact → digest."""
    return {
        artifact: kept["digest"]
        for record in records.values()
        if record["kind"] == "stage"
        for artifact, kept in record["artifacts"].items()
    }


def states(records: dict[str, dict], kind: str) -> set[str]:
    return {record["state"] for record in records.values() if record["kind"] == kind}


def test_there_are_examples():
    assert {s.stem for s in SPECS} == {"flight_delay", "iris_awk", "quickstart"}


def test_the_examples_have_no_findings():
    linted = mlopsc("lint", "--strict", EXAMPLES)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_examples_are_formatted():
    formatted = mlopsc("fmt", "--check", EXAMPLES)
    assert formatted.returncode == 0, formatted.stdout + formatted.stderr


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.stem)
def test_an_example_builds_for_every_target(spec: Path, tmp_path: Path):
    targets = [option for target in TARGETS for option in ("--target", target)]
    built = mlopsc("build", spec, *targets, "-o", tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    assert {folder.name for folder in tmp_path.iterdir()} == set(TARGETS)


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict]]:
    """flight_delay in a folder of its own, after its first run."""
    spec = copied(EXAMPLES / "flight_delay/flight_delay.mlops", tmp_path_factory.mktemp("flown") / "example")
    return spec, run(spec)


@pytest.mark.parametrize("name", ["iris_awk", "quickstart", pytest.param("flight_delay", marks=slow)])
def test_an_example_runs_and_then_is_restored(name: str, tmp_path: Path, request: pytest.FixtureRequest):
    if name == "flight_delay":
        spec, first = request.getfixturevalue("flown")
    else:
        spec = copied(EXAMPLES / name / f"{name}.mlops", tmp_path / "example")
        first = run(spec)
    assert states(first, "stage") == {"succeeded"}
    assert {r["verdict"] for r in first.values() if r["kind"] == "guard"} == {"passed"}
    assert states(first, "deploy") == {"succeeded"}
    second = run(spec)
    assert states(second, "stage") == {"restored"}
    assert outputs(second) == outputs(first)


@slow
def test_flight_delay_is_equal_to_the_digit_in_another_folder(flown: tuple[Path, dict[str, dict]], tmp_path: Path):
    spec, here = flown
    there = run(copied(spec, tmp_path / "quite another" / "folder"), PYTHONHASHSEED="7", TZ="Asia/Tokyo")
    assert states(there, "stage") == {"succeeded"}
    assert outputs(there) == outputs(here)
    assert len(outputs(here)) == 9
    assert there["evaluate"]["metrics"] == here["evaluate"]["metrics"]


@slow
def test_flight_delay_keeps_its_champion_from_a_weaker_model(flown: tuple[Path, dict[str, dict]]):
    spec, _ = flown
    weaker = run(spec, "--set", "holdout_from=2", expect=3)
    assert weaker["fetch"]["state"] == weaker["features"]["state"] == "restored"
    assert weaker["good_enough"]["verdict"] == "blocked"
    assert weaker["production"]["state"] == "skipped"


def test_quickstart_is_stopped_by_a_stricter_guard(tmp_path: Path):
    spec = copied(EXAMPLES / "quickstart/quickstart.mlops", tmp_path / "example")
    spec.write_text(spec.read_text("utf-8").replace("r2 >= 0.6", "r2 >= 0.7"), "utf-8")
    records = run(spec, expect=3)
    assert records["good_enough"]["verdict"] == "blocked"
    assert records["production"]["state"] == "skipped"
