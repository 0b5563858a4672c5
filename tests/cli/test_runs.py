"""Looking back: runs listed, shown, compared, and made again from their records."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from . import spec
from .conftest import Call


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    spec.tiny(tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / ".git/info/exclude").write_text("__pycache__/\n")  # which Python makes, where nobody forbids it
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_runs_are_listed_shown_and_compared(call: Call, repository: Path):
    assert "no run has come to its end" in call("runs", "list").out
    call("run", "-q", "--run", "one")
    call("run", "-q", "--run", "two", "--set", "times=3")
    listed = call("runs", "list")
    assert [line.split()[1] for line in listed.out.splitlines()] == ["two", "one"]
    shown = call("runs", "show", "last").out
    assert _columns(shown, "params") == ["params", "times", "3", "(--set)"]
    assert _columns(shown, "metrics") == ["metrics", "total.metrics.total", "9"]
    assert "processor 0." in next(line for line in shown.splitlines() if line.startswith("✓ total"))
    compared = call("runs", "compare", "one", "two").out
    assert _columns(compared, "one") == ["one", "two"]
    assert _columns(compared, "params") == ["params", "times", "2", "3"]
    assert _columns(compared, "metrics") == ["metrics", "total.metrics.total", "6", "9", "+3"]
    assert json.loads(call("runs", "compare", "one", "two", "--json").out)["params"] == {"times": [2, 3]}
    call("run", "-q", "--run", "three", "--set", "times=3")
    again = call("runs", "compare", "two", "three").out
    assert _columns(again, "states") == ["states", "total", "succeeded", "restored"]
    assert call("runs", "compare", "two", "two").out.startswith("the two runs are alike")
    assert "made by two" in call("runs", "show", "three").out


def _columns(text: str, first: str) -> list[str]:
    """The words of the line that begins with a word."""
    return next(words for line in text.splitlines() if (words := line.split()) and words[0] == first)


def test_a_run_that_is_not_there_is_wrong_usage(call: Call, repository: Path):
    call("run", "-q", "--run", "one")
    said = call("runs", "show", "seven")
    assert said.code == 2 and "no run 'seven'; the last ones: one" in said.err


def test_a_run_with_uncommitted_changes_is_reproduced(call: Call, repository: Path):
    # An edit with line ends of its own, and a module that git does not know.
    (repository / "more.py").write_bytes(b"MORE = 1\r\n# caf\xe9\r\n".replace(b"\xe9", "é".encode()))
    total = (repository / "total.py").read_text("utf-8")
    (repository / "total.py").write_text("from more import MORE\n" + total.replace("int(times)", "int(times) + MORE"))
    assert call("run", "-q", "--run", "dirty").code == 0
    record = json.loads((repository / ".mlops/runs/dirty/run.json").read_text("utf-8"))
    assert record["code"]["uncommitted"].startswith("sha256:")
    git(repository, "checkout", "-q", "total.py")
    (repository / "more.py").unlink()
    said = call("reproduce", "dirty")
    assert said.code == 0, said.err
    assert "✓ total.metrics is equal" in said.out and "run dirty is reproduced" in said.out
    assert git(repository, "worktree", "list").count("\n") == 1
    assert git(repository, "status", "--porcelain") == "?? mlops.lock\n"


def test_what_runs_leave_behind_is_no_uncommitted_change(call: Call, repository: Path):
    # As Python does for a stage that imports a module, where nothing says that git should pass it over.
    for name in ("__pycache__/total.cpython-311.pyc", "deep/__pycache__/more.cpython-311.pyc"):
        (repository / name).parent.mkdir(parents=True)
        (repository / name).write_bytes(b"compiled")
    (repository / "mlops.lock").write_text("edition = 1\n", "utf-8")
    assert call("run", "-q", "--run", "clean").code == 0
    record = json.loads((repository / ".mlops/runs/clean/run.json").read_text("utf-8"))
    assert record["code"]["uncommitted"] is None and "patch" not in record["code"]


def test_other_data_is_told_and_is_no_reproduction(call: Call, repository: Path):
    (repository / "numbers.csv").unlink()
    git(repository, "commit", "-qam", "data is elsewhere")
    (repository / ".gitignore").write_text("*.csv\n")
    (repository / "numbers.csv").write_text("n\n1\n2\n", "utf-8")
    call("run", "-q", "--run", "one")
    assert call("reproduce", "one").code == 0
    (repository / "numbers.csv").write_text("n\n1\n2\n5\n", "utf-8")
    said = call("reproduce", "one")
    assert said.code == 1
    assert "✗ data numbers is not what it was" in said.out and "total.metrics.total: 6, now 16" in said.out


def test_a_run_of_one_stage_is_reproduced_without_what_it_left_out(call: Call, repository: Path):
    more = (
        'source words { uri = "words.txt" }\n'
        'stage read { run = "cp {inputs.words} {outputs.copy}", inputs = [words], outputs { copy: file = "c.txt" } }\n'
    )
    (repository / "tiny.mlops").write_text((repository / "tiny.mlops").read_text("utf-8") + more, "utf-8")
    (repository / ".gitignore").write_text("words.txt\n")
    (repository / "words.txt").write_text("one\n")
    assert call("run", "-q", "--run", "one", "total").code == 0
    said = call("reproduce", "one")
    assert said.code == 0, said.err
    assert "total.metrics is equal" in said.out and "read" not in said.out
    call("run", "-q", "--run", "none", "--only", "numbers")
    said = call("reproduce", "none")
    assert said.code == 2 and "no stage was part of the run" in said.err


def test_a_commit_that_is_gone_is_named(call: Call, repository: Path):
    call("run", "-q", "--run", "one")
    commit = git(repository, "rev-parse", "HEAD")[:10]
    git(repository, "commit", "-q", "--amend", "-m", "other")
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "-q", "--prune=now")
    said = call("reproduce", "one")
    assert said.code == 2 and f"the run's commit {commit} is not in this repository" in said.err


def test_a_commit_in_another_users_checkout_is_not_taken_for_gone(
    call: Call, repository: Path, monkeypatch: pytest.MonkeyPatch
):
    call("run", "-q", "--run", "one")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    said = call("reproduce", "one")
    assert said.code == 2 and "dubious ownership" in said.err


def test_another_environment_is_refused_by_name(call: Call, repository: Path):
    call("run", "-q", "--run", "one")
    path = repository / ".mlops/runs/one/run.json"
    record = json.loads(path.read_text("utf-8"))
    record["packages"]["scikit-learn"] = "0.0.1"
    path.write_text(json.dumps(record), "utf-8")
    refused = call("reproduce", "one")
    assert refused.code == 2 and "scikit-learn" in refused.err and "was 0.0.1" in refused.err
    assert call("reproduce", "one", "--any-environment").code == 0


def test_a_run_outside_of_git_cannot_be_reproduced(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    call("run", "-q", "--run", "one")
    said = call("reproduce", "one")
    assert said.code == 2 and "the run has no commit" in said.err
