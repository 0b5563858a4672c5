"""`code = git(require: clean)`: what is not as committed is named and refused before anything happens, in a run on this
machine and in a node that an engine starts."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.commands import main

from . import plans as p
from .conftest import Project

STEP = "import sys\nfrom helper import TEXT\nopen(sys.argv[1], 'w').write(TEXT)\n"


def plan(store: str = ".mlops") -> n.Plan:
    stage = p.stage("a", "python a.py {outputs.o}", (), [p.output("o", "o.txt")], code=("a.py", "helper.py"))
    return p.plan(stage, version=n.Versioning(require_clean=True, store=store))


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    allowed = ["-c", "protocol.file.allow=always"]
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(["git", *identity, *allowed, *words], cwd=folder, check=True, capture_output=True, env=env)


@pytest.fixture
def committed(project: Project) -> Project:
    """The project in a folder of a repository, with nothing that is not committed."""
    project.root = project.root / "repository" / "pipelines" / "one"
    project.write("a.py", STEP)
    project.write("helper.py", "TEXT = 'one'\n")
    git(top := project.root.parents[1], "init", "-q")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "first")
    return project


def refused(project: Project, asked: n.Plan | None = None) -> str:
    """What is said; nothing was written."""
    before = sorted(project.root.rglob("*"))
    result = project.run(asked or plan())
    assert sorted(project.root.rglob("*")) == before
    return "" if result.state == "succeeded" else "\n".join(str(problem) for problem in result.problems)


def test_a_clean_commit_runs_again_and_again(committed: Project) -> None:
    """What runs leave behind is no change: the store, compiled modules."""
    assert committed.run(plan()).state == "succeeded"
    committed.write("__pycache__/a.cpython-311.pyc", "x")
    assert committed.run(plan()).state == "succeeded"
    assert committed.run(plan("results/of runs")).state == "succeeded"
    assert committed.run(plan("results/of runs")).state == "succeeded"


def test_what_differs_is_named_with_what_to_do(committed: Project) -> None:
    committed.write("helper.py", "TEXT = 'two'\n")
    committed.write("new file.txt", "x")
    said = refused(committed)
    assert said.startswith("code must be a clean commit, and 2 files are not as committed:\n")
    assert "  changed: helper.py\n  new: new file.txt\n" in said
    assert "git commit" in said and "a profile without `require: clean`" in said
    git(committed.root, "add", "-A")
    assert "changed: helper.py" in refused(committed)
    git(committed.root, "commit", "-qm", "second")
    assert committed.run(plan()).state == "succeeded"


def test_renames_and_deletions_are_told(committed: Project) -> None:
    committed.write("other.py", "x = 1\n" * 20)
    git(committed.root, "add", "-A")
    git(committed.root, "commit", "-qm", "second")
    git(committed.root, "mv", "other.py", "another.py")
    assert "renamed: another.py" in refused(committed)
    git(committed.root, "reset", "-q", "--hard")
    (committed.root / "other.py").unlink()
    assert "gone: other.py" in refused(committed)


def test_many_files_are_counted(committed: Project) -> None:
    for i in range(30):
        committed.write(f"notes/{i:02}.txt", "x")
    assert "30 files are not as committed" in refused(committed)
    assert "and 20 more" in refused(committed)


def test_a_change_elsewhere_in_the_repository_is_none_of_this_pipeline(committed: Project) -> None:
    (committed.root.parents[1] / "other.txt").write_text("x")
    assert committed.run(plan()).state == "succeeded"


def test_code_that_git_ignores_is_not_committed(committed: Project) -> None:
    git(committed.root, "rm", "-q", "--cached", "helper.py")
    committed.write(".gitignore", "helper.py\n")
    git(committed.root, "add", ".gitignore")
    git(committed.root, "commit", "-qm", "second")
    assert "not in git, which ignores it: helper.py" in refused(committed)


def test_git_may_not_have_been_told_to_look_away(committed: Project) -> None:
    for how in ("--assume-unchanged", "--skip-worktree"):
        git(committed.root, "update-index", how, "helper.py")
        committed.write("helper.py", "TEXT = 'two'\n")
        assert "git was told not to look at it" in refused(committed)
        git(committed.root, "update-index", how.replace("--", "--no-"), "helper.py")
        git(committed.root, "checkout", "-q", "helper.py")


def test_a_detached_head_is_a_commit_too(committed: Project) -> None:
    git(committed.root, "checkout", "-q", "--detach")
    assert committed.run(plan()).state == "succeeded"
    committed.write("helper.py", "TEXT = 'two'\n")
    assert "changed: helper.py" in refused(committed)


def test_a_submodule_answers_for_its_files(committed: Project, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "lib.py").write_text("X = 1\n")
    git(library, "init", "-q")
    git(library, "add", "-A")
    git(library, "commit", "-qm", "library")
    git(committed.root, "submodule", "add", "-q", str(library), "lib")
    git(committed.root, "commit", "-qm", "with it")
    stage = p.stage("a", "python a.py {outputs.o}", (), [p.output("o", "o.txt")], code=("a.py", "lib/lib.py"))
    asked = p.plan(stage, version=n.Versioning(require_clean=True))
    assert committed.run(asked).state == "succeeded"
    committed.write("lib/lib.py", "X = 2\n")
    assert "changed: lib/" in refused(committed, asked)
    git(committed.root, "config", "submodule.pipelines/one/lib.ignore", "all")
    assert "changed: lib/" in refused(committed, asked)


def test_where_git_cannot_say_it_nothing_runs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("a.py", STEP)
    project.write("helper.py", "TEXT = 'one'\n")
    assert "this folder is not in a git repository (run it in a checkout" in refused(project)
    git(project.root, "init", "-q")
    assert "there is no commit yet" in refused(project)
    monkeypatch.setenv("PATH", str(project.root))
    assert "there is no git here to say so" in refused(project)


def test_a_node_that_an_engine_starts_is_refused(committed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    committed.write("helper.py", "TEXT = 'two'\n")
    file = committed.root.parents[2] / "plan.json"
    file.write_text(json.dumps(plan_document(plan())), "utf-8")
    node = ["node", "a", "--plan", str(file), "--root", str(committed.root), "--run", "r1", "--engine", "airflow"]
    assert main(node) == 4
    assert "changed: helper.py" in capsys.readouterr().err
    record = json.loads((committed.root / ".mlops/runs/r1/a.json").read_text("utf-8"))
    assert record["state"] == "failed" and "changed: helper.py" in record["reason"]
    assert not (committed.root / ".mlops/runs/r1/a/o.txt").exists()


def test_a_rehearsal_goes_on_and_says_that_the_run_is_refused(committed: Project) -> None:
    committed.write("helper.py", "TEXT = 'two'\n")
    result = committed.run(plan(), dry_run=True)
    assert [x.action for x in result.planned] == ["run"]
    assert "changed: helper.py" in str(result.refused[0])
