"""`mlopsc accept`: where a change that was declared harmless holds, where it is shown, and where it does not hold."""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import spec
from .conftest import MLOPSC, Call
from .test_models import DEPLOY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CAUSE = "total.py:2: what it does at its top level changed"
CHANGED = spec.TOTAL + "\nprint('done')\n"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def ran(call: Call, tmp_path: Path) -> Path:
    """A pipeline that has run, in the repository of Ann; the last commit has its lock."""
    spec.tiny(tmp_path, spec.GOOD.replace("total >= 6", "total >= 5"))
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "config", "user.name", "Ann")
    git(tmp_path, "config", "user.email", "ann@example.org")
    assert call("run", "-q", "--run", "first").code == 0
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


@pytest.fixture
def accepted(call: Call, ran: Path) -> Path:
    """A change of `total` that Ann has accepted."""
    (ran / "total.py").write_text(CHANGED)
    assert call("accept", "total", "--why", "prints a line more").code == 0
    return ran


def stages(call: Call) -> dict[str, str]:
    """How each stage of the last run ended, after running once."""
    assert call("run", "-q").code == 0
    nodes = json.loads(call("runs", "show", "last", "--json").out)["nodes"]
    return {name: record["state"] for name, record in nodes.items() if record["kind"] == "stage"}


def lock_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "mlops.lock").read_text("utf-8"))["stage"]["tiny"]
    return found


RESTORED = {"total": "restored", "report": "restored"}


def test_the_next_run_restores_and_says_by_whose_word(call: Call, accepted: Path) -> None:
    told = "change accepted by Ann <ann@example.org>: prints a line more"
    plan = call("plan", "--detailed-exitcode")
    assert plan.code == 0 and told in plan.out
    node = json.loads(call("plan", "--json").out)["nodes"][1]
    assert node["action"] == "restore" and node["accepted"]["by"] == "Ann <ann@example.org>"
    assert call("why", "total").out == (
        f"total does not run: its result is restored from run first, {told}\n  {CAUSE}\n"
    )
    ended = call("run", "-q", "--run", "second")
    assert f"total: {told}\n" in ended.out
    assert told in call("runs", "show", "second").out
    run = json.loads(call("runs", "show", "second", "--json").out)
    total, report = run["nodes"]["total"], run["nodes"]["report"]
    assert (total["state"], total["from_run"], total["reason"]) == ("restored", "first", told)
    assert total["accepted"]["causes"] == [CAUSE]
    page = (accepted / ".mlops/runs/second/report.html").read_text("utf-8")
    assert html.escape(told, quote=False) in page
    digest = total["artifacts"]["total.metrics"]["digest"][7:17]
    assert f"total.metrics {digest}, made by total in run first, {told}" in call("lineage", "report").out
    assert total["accepted"]["key"] == total["key"] != total["accepted"]["result"]
    assert report["state"] == "restored" and "accepted" not in report


def test_it_is_in_the_lock_and_runs_leave_it_there(call: Call, accepted: Path) -> None:
    record = lock_of(accepted)["total"]
    assert record["accepted"]["by"] == "Ann <ann@example.org>"
    assert record["accepted"]["why"] == "prints a line more"
    before = (accepted / "mlops.lock").read_text("utf-8")
    diff = [row for row in git(accepted, "diff", "-U0", "mlops.lock").splitlines() if row[0] in "+-"]
    assert {row[1:].split(" = ")[0].split(".")[0] for row in diff[2:]} == {"record", "key", "code", "accepted"}
    assert stages(call) == RESTORED
    assert call("run", "-q", "--locked").code == 0
    assert (accepted / "mlops.lock").read_text("utf-8") == before


def test_others_runs_accept_it_by_the_lock(call: Call, accepted: Path) -> None:
    """A clone with a store that has the result, and knows nothing of the acceptance."""
    shutil.rmtree(accepted / ".mlops/accepted")
    assert stages(call) == RESTORED
    git(accepted, "checkout", "-q", "mlops.lock")
    assert stages(call) == {"total": "succeeded", "report": "restored"}
    assert "accepted" not in lock_of(accepted)["total"]


def test_engines_that_share_the_store_accept_it(call: Call, accepted: Path) -> None:
    (accepted / "mlops.lock").unlink()
    assert stages(call) == RESTORED
    assert "accepted" in lock_of(accepted)["total"]


def test_a_built_pipeline_with_the_same_store_accepts_it(call: Call, accepted: Path) -> None:
    """Its nodes are run as an engine runs them, one by one, and know no lock."""
    assert call("build", "-T", "local", "-o", "out").code == 0
    there = accepted / "out/local"
    env = {**os.environ, "MLOPS_STORE": str(accepted / ".mlops")}
    for node in ("numbers", "total"):
        command = [sys.executable, "mlops.pyz", "node", node, "--plan", "plan.json", "--run", "engine"]
        subprocess.run([*command, "--root", str(accepted)], cwd=there, env=env, check=True, capture_output=True)
    record = json.loads((accepted / ".mlops/runs/engine/total.json").read_text("utf-8"))
    assert record["state"] == "restored" and record["accepted"]["by"] == "Ann <ann@example.org>"


def test_on_a_terminal_the_reason_is_asked_for(call: Call, ran: Path) -> None:
    pty = pytest.importorskip("pty")
    (ran / "total.py").write_text(CHANGED)
    ours, theirs = pty.openpty()
    os.write(ours, b"prints a line more\n")
    done = subprocess.run(
        [str(MLOPSC), "accept", "total"], cwd=ran, stdin=theirs, capture_output=True, text=True, check=True
    )
    os.close(ours)
    os.close(theirs)
    assert CAUSE in done.stderr and "why does the result stay valid" in done.stderr
    assert lock_of(ran)["total"]["accepted"]["why"] == "prints a line more"


def test_a_tree_that_must_be_clean_can_be_accepted_in(call: Call, ran: Path) -> None:
    path = ran / "tiny.mlops"
    path.write_text(
        path.read_text("utf-8").replace("param times", "version {\n  code = git(require: clean)\n}\n\nparam times", 1)
    )
    (ran / "total.py").write_text(CHANGED)
    assert call("accept", "total", "--why", "prints a line more").code == 0
    git(ran, "commit", "-qam", "second")
    assert stages(call) == RESTORED


def test_a_clone_without_the_result_runs_the_stage(call: Call, accepted: Path) -> None:
    shutil.rmtree(accepted / ".mlops")
    assert stages(call) == {"total": "succeeded", "report": "succeeded"}
    assert "accepted" not in lock_of(accepted)["total"]


def test_a_further_change_runs_the_stage(call: Call, accepted: Path) -> None:
    (accepted / "total.py").write_text(CHANGED + "\nprint('done')\n")
    assert stages(call) == {"total": "succeeded", "report": "restored"}
    assert "accepted" not in lock_of(accepted)["total"]


def test_a_lock_that_somebody_wrote_by_hand_makes_nothing_accepted(call: Call, accepted: Path) -> None:
    shutil.rmtree(accepted / ".mlops/accepted")
    lock = accepted / "mlops.lock"
    lock.write_text(lock.read_text("utf-8").replace("prints a line more", "trust me"))
    assert stages(call)["total"] == "succeeded"


def test_a_further_change_can_be_accepted_and_all_that_changed_is_told(call: Call, accepted: Path) -> None:
    stages(call)
    (accepted / "tiny.mlops").write_text(
        (accepted / "tiny.mlops").read_text("utf-8").replace("times: int = 2", "times: int = 3")
    )
    assert call("accept", "total", "--why", "not used any more").code == 0
    assert lock_of(accepted)["total"]["accepted"]["causes"] == [
        CAUSE,
        "tiny.mlops:8: param times is 3, was 2",
    ]
    assert stages(call) == RESTORED


def test_a_change_that_is_reverted_needs_no_word(call: Call, accepted: Path) -> None:
    before = git(accepted, "show", "HEAD:mlops.lock")
    stages(call)
    (accepted / "total.py").write_text(spec.TOTAL)
    assert stages(call) == RESTORED
    assert (accepted / "mlops.lock").read_text("utf-8") == before


def test_it_can_be_taken_back(call: Call, accepted: Path) -> None:
    stages(call)
    before = git(accepted, "show", "HEAD:mlops.lock")
    undone = call("accept", "--undo", "total")
    assert undone.out == "taken back: total: prints a line more (by Ann <ann@example.org>)\n"
    assert (accepted / "mlops.lock").read_text("utf-8") == before
    assert CAUSE in call("why", "total").out
    assert stages(call) == {"total": "succeeded", "report": "restored"}
    again = call("accept", "--undo", "total")
    assert again.code == 2 and "nothing was accepted of total" in again.err


def test_what_was_accepted_is_listed(call: Call, accepted: Path) -> None:
    (found,) = json.loads(call("accept", "--list", "--json").out)
    assert (found["node"], found["holds"], found["kept"]) == ("total", True, ["mlops.lock", "store"])
    assert "by Ann <ann@example.org> at " in call("accept", "--list").out
    (accepted / "total.py").write_text(spec.TOTAL)
    assert "does not hold now; in mlops.lock and store" in call("accept", "--list", "tiny.mlops").out


def test_gc_keeps_what_an_acceptance_restores_while_it_is_reached(call: Call, accepted: Path) -> None:
    stages(call)
    collect = ("gc", "--keep-runs", "1", "--grace", "0s", "--delete")
    assert call(*collect).code == 0
    assert not (accepted / ".mlops/runs/first").exists()
    assert stages(call) == RESTORED
    (accepted / "total.py").write_text(CHANGED + "\nprint('done')\n")
    stages(call)
    assert call(*collect).code == 0
    assert list((accepted / ".mlops/accepted").iterdir()) == []


def test_a_damaged_result_is_not_restored(call: Call, accepted: Path) -> None:
    digest = lock_of(accepted)["total"]["outputs"]["metrics"]["digest"].removeprefix("sha256:")
    kept = accepted / ".mlops/objects/sha256" / digest[:2] / digest
    kept.chmod(0o644)
    kept.write_text('{"total": 7}')
    assert call("plan", "--detailed-exitcode").code == 2
    assert stages(call)["total"] == "succeeded"
    assert "accepted" not in lock_of(accepted)["total"]


def test_another_result_for_the_same_key_is_not_what_was_accepted(call: Call, accepted: Path) -> None:
    """Made again with other bytes, as by a program that is not deterministic: nobody has said that those stay valid."""
    entry = (
        accepted / ".mlops/cache" / (lock_of(accepted)["total"]["accepted"]["result"].removeprefix("sha256:") + ".json")
    )
    other = json.loads(entry.read_text("utf-8"))
    page = json.loads((accepted / ".mlops/runs/first/report.json").read_text("utf-8"))["artifacts"]["report.page"]
    other["outputs"]["metrics"].update({k: page[k] for k in ("digest", "size", "mtime")})
    entry.write_text(json.dumps(other))
    assert call("plan", "--detailed-exitcode").code == 2


def test_two_who_accept_on_two_branches(call: Call, ran: Path) -> None:
    """Of different stages: both hold. Of one stage: git reports it, and neither holds for the merged code."""
    for branch, file, text in (("ann", "total.py", CHANGED), ("ben", "report.py", spec.REPORT + "\nprint('done')\n")):
        git(ran, "checkout", "-q", "-b", branch, "main")
        git(ran, "config", "user.name", branch)
        (ran / file).write_text(text)
        assert call("accept", file[:-3], "--why", f"{branch} says so").code == 0
        git(ran, "commit", "-qam", branch)
    git(ran, "merge", "-q", "--no-edit", "ann")
    assert stages(call) == RESTORED
    assert {n: r["accepted"]["by"].split()[0] for n, r in lock_of(ran).items()} == {"total": "ann", "report": "ben"}
    assert git(ran, "status", "--porcelain") == ""
    git(ran, "checkout", "-q", "-b", "eve", "main")
    (ran / "total.py").write_text("print('before')\n" + spec.TOTAL)
    assert call("accept", "total", "--why", "eve says so").code == 0
    git(ran, "commit", "-qam", "eve")
    merged = subprocess.run(["git", "merge", "-q", "ann"], cwd=ran, capture_output=True, text=True, check=False)
    assert merged.returncode == 1
    assert (ran / "total.py").read_text("utf-8") == "print('before')\n" + CHANGED
    assert "both branches changed 'total'" in call("run", "-q").err
    git(ran, "checkout", "-q", "--theirs", "mlops.lock")
    assert stages(call)["total"] == "succeeded"


def test_a_copy_of_a_stage_is_accepted_alone_or_with_the_others(call: Call, tmp_path: Path) -> None:
    text = spec.GOOD.replace("stage total {", 'stage total {\n  foreach many in ["a", "b"]')
    text = text.replace("guard enough on total.metrics {\n  total >= 6\n}\n", "")
    text = text.replace("{inputs.metrics} {outputs.page}", "{outputs.page} {inputs.metrics}")
    path = spec.tiny(tmp_path, text)
    (tmp_path / "report.py").write_text("import sys\nopen(sys.argv[1], 'w').write('page')\n")
    assert call("run", "-q").code == 0, path.read_text("utf-8")
    (tmp_path / "total.py").write_text(CHANGED)
    names = sorted(n for n in lock_of(tmp_path) if n.startswith("total"))
    assert len(names) == 2
    assert call("accept", names[0], "--why", "one").code == 0
    assert ["accepted" in lock_of(tmp_path)[n] for n in names] == [True, False]
    assert call("accept", "total", "--why", "the other").code == 0
    assert [lock_of(tmp_path)[n]["accepted"]["why"] for n in names] == ["one", "the other"]
    assert call("plan", "--detailed-exitcode").code == 0


def refusals() -> Iterator[Any]:
    done = ("accept", "total", "--why", "x")
    yield pytest.param(done, {}, "nothing to accept of total: it is restored as it is", id="nothing")
    yield pytest.param(("accept", "totl", "--why", "x"), {}, "did you mean 'total'?", id="unknown")
    yield pytest.param(("accept",), {}, "name a stage, or --list", id="no stage")
    changed = {"total.py": CHANGED}
    yield pytest.param(("accept", "total"), changed, "say why the result stays valid: --why TEXT", id="no reason")
    yield pytest.param(("accept", "total", "--why", " \n"), changed, "say why the result", id="empty reason")
    yield pytest.param(
        ("accept", "report", "--why", "x"), changed, "what report reads is not known yet", id="unknown key"
    )
    renamed = {"tiny.mlops": spec.GOOD.replace('"metrics.json"', '"numbers.json"')}
    yield pytest.param(done, renamed, "total cannot keep its result: it has other outputs now", id="outputs")
    off = {"tiny.mlops": spec.GOOD.replace("  params = [times]\n", "  params = [times]\n  cache = off\n")}
    yield pytest.param(done, off, "total always runs (cache = off)", id="cache off")
    new = {"tiny.mlops": spec.GOOD.replace("stage total", "stage sum").replace("total.metrics", "sum.metrics")}
    yield pytest.param(("accept", "sum", "--why", "x"), {**new, **changed}, "sum has no result yet", id="no result")


@pytest.mark.parametrize(("words", "files", "said"), list(refusals()))
def test_what_cannot_be_accepted_is_refused(
    call: Call, ran: Path, words: tuple[str, ...], files: dict[str, str], said: str
) -> None:
    for name, text in files.items():
        (ran / name).write_text(text)
    before = (ran / "mlops.lock").read_text("utf-8")
    answer = call(*words)
    assert answer.code == 2 and said in answer.err
    assert (ran / "mlops.lock").read_text("utf-8") == before
    assert not (ran / ".mlops/accepted").exists()


def test_a_result_that_is_gone_cannot_be_kept(call: Call, ran: Path) -> None:
    (ran / "total.py").write_text(CHANGED)
    shutil.rmtree(ran / ".mlops/cache")
    assert "the last result of total is not in" in call("accept", "total", "--why", "x").err


def test_the_result_of_the_lock_is_kept_and_not_that_of_a_trial(call: Call, ran: Path) -> None:
    assert call("run", "-q", "--set", "times=4").code == 0
    (ran / "total.py").write_text(CHANGED)
    before = lock_of(ran)["total"]["outputs"]
    assert call("accept", "total", "--why", "x").code == 0
    assert lock_of(ran)["total"]["outputs"] == before
    assert lock_of(ran)["total"]["accepted"]["causes"] == [CAUSE]


def test_whoever_reads_of_a_model_sees_what_was_accepted(call: Call, ran: Path) -> None:
    """A model that is made from a result which was kept: its statement of provenance and its card say so."""
    report = 'run    = "python report.py {inputs.metrics} {outputs.page}"'
    text = (ran / "tiny.mlops").read_text("utf-8").replace("page: report =", "page: model =")
    (ran / "tiny.mlops").write_text(text + DEPLOY.replace("total.model", "report.page"))
    assert report in text
    (ran / "total.py").write_text(CHANGED)
    assert call("accept", "total", "--why", "prints a line | more").code == 0
    (ran / "report.py").write_text(spec.REPORT + "\nprint('done')\n")
    assert call("run", "-q").code == 0
    (statement,) = (ran / ".mlops/registry").rglob("provenance/1.json")
    definition = json.loads(statement.read_text("utf-8"))["predicate"]["buildDefinition"]
    behind = definition["internalParameters"]["accepted"]
    assert behind["total"]["why"] == "prints a line | more"
    said = "total: change accepted by Ann <ann@example.org>: prints a line | more\n"
    assert said in call("models", "show", "champion").out
    shown = call("models", "show", "champion", "--card")
    assert "## Changes that were accepted, not run" in shown.out
    assert f"`total` | {CAUSE} | prints a line \\| more | Ann <ann@example.org>" in shown.out
