"""`mlopsc build`: what is written where, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import spec
from .conftest import Call


def test_declared_targets_are_built_each_in_its_folder(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, spec.GOOD + "target airflow {}\n")
    said = call("build")
    assert said.code == 0, said.err
    assert {p.name for p in (tmp_path / "build").iterdir()} == {"local", "airflow"}
    assert "build/local: " in said.out
    assert call("build").out.count("up to date") == 2


def test_a_spec_without_targets_asks_for_one(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, spec.GOOD.replace("target local {}", ""))
    said = call("build")
    assert said.code == 2
    assert "declares no target: name one with --target" in said.err
    assert call("build", "-T", "local", "-o", "out").code == 0
    assert (tmp_path / "out/local/plan.json").is_file()


def test_into_writes_straight_to_a_folder(call: Call, tmp_path: Path):
    spec.tiny(tmp_path / "project")
    assert call("build", "project", "-T", "local", "--into", "out").code == 0
    assert (tmp_path / "out/plan.json").is_file()
    said = call("build", "project", "-T", "local", "-T", "airflow", "--into", "out")
    assert (said.code, "--into takes one target" in said.err) == (2, True)


def test_check_names_stale_missing_and_edited_files(call: Call, tmp_path: Path):
    path = spec.tiny(tmp_path)
    assert call("build", "--check").code == 1
    call("build")
    assert call("build", "--check").code == 0
    path.write_text(spec.GOOD.replace(">= 6", ">= 7"))
    (tmp_path / "build/local/README.md").unlink()
    (tmp_path / "build/local/tiny.py").write_text("mine\n")
    said = call("build", "--check")
    assert said.code == 1
    assert "build/local/plan.json: older than the spec\n" in said.out
    assert "build/local/README.md: not there\n" in said.out
    assert "build/local/tiny.py: edited by hand\n" in said.out
    refused = call("build")
    assert refused.code == 2
    assert "build/local/tiny.py: edited by hand" in refused.err
    assert (tmp_path / "build/local/tiny.py").read_text() == "mine\n"
    assert call("build", "--force").code == 0
    assert call("build", "--check").code == 0


def test_a_profile_changes_the_output(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    call("build")
    assert call("build", "--check", "--profile", "large").code == 1
    assert call("build", "--check", "--set", "times=3").code == 1
    wrong = call("build", "--profile", "lagre")
    assert wrong.code == 1
    assert "did you mean 'large'?" in wrong.err


def test_a_wrong_setting_is_an_error_of_the_spec(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    assert call("build", "--set", "times=9").code == 1
    assert call("build", "--set", "tmies=2").code == 1


@pytest.mark.parametrize(
    ("target", "code", "says"),
    [
        ("target local { jobz = 2 }", "E411", "did you mean 'jobs'?"),
        ("target local { jobs = 0 }", "E412", "must be at least 1"),
        ("target locla {}", "E410", "did you mean 'local'?"),
    ],
)
def test_options_of_a_target_are_checked_by_build_and_lint(
    call: Call, tmp_path: Path, target: str, code: str, says: str
):
    spec.tiny(tmp_path, spec.GOOD.replace("target local {}", target))
    built, linted = call("build"), call("lint")
    assert (built.code, linted.code) == (1, 1)
    for text in (built.err, linted.out):
        assert f"error[{code}]" in text
        assert says in text
    assert not (tmp_path / "build").exists()


def test_nothing_is_written_when_one_target_cannot_be_built(call: Call, tmp_path: Path):
    monitor = "\nmonitor live every 1d {\n  current = numbers\n  mean = mean(n)\n}\ntarget airflow {}\n"
    spec.tiny(tmp_path, spec.GOOD + monitor)
    said = call("build")
    assert said.code == 1
    assert "E401" in said.err
    assert not (tmp_path / "build").exists()


def test_an_output_folder_that_cannot_be_written(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    (tmp_path / "build").write_text("a file")
    said = call("build")
    assert said.code == 2
    assert "build" in said.err


def test_equal_specs_give_equal_bytes_in_any_folder(call: Call, tmp_path: Path):
    for name in ("one", "an other"):
        spec.tiny(tmp_path / name)
        assert call("build", f"{name}/", "-o", f"out {name}").code == 0
    one, other = tmp_path / "out one/local", tmp_path / "out an other/local"
    files = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert files
    for path in files:
        assert (one / path).read_bytes() == (other / path).read_bytes()
