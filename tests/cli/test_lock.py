"""`mlops.lock`: what a run puts there and when, `run --locked`, and what is said of a lock that is not as written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mlopsc.cli.lockfile import Lock, Name, parse_lock, read_lock

from . import spec
from .conftest import Call, spawn

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = json.loads((Path(__file__).parents[2] / "grammar/lock.schema.json").read_text("utf-8"))


def records(folder: Path) -> dict[str, Any]:
    """The lock as a reader of TOML gets it, valid against its schema."""
    found = tomllib.loads((folder / "mlops.lock").read_text("utf-8"))
    Draft202012Validator(SCHEMA).validate(found)
    return found


def ready(folder: Path, text: str = spec.GOOD) -> Path:
    return spec.tiny(folder, text.replace("total >= 6", "total >= 5"))


def test_a_run_writes_what_it_used(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    assert call("run", "-q").code == 0
    found = records(tmp_path)
    total = found["stage"]["tiny"]["total"]
    assert total["params"] == {"times": 2}
    assert list(total["code"]) == ["total.py"]
    assert total["inputs"]["numbers"] == [found["source"]["tiny"]["numbers"]["version"]]
    assert found["stage"]["tiny"]["report"]["inputs"]["metrics"] == [total["outputs"]["metrics"]["digest"]]
    assert total["outputs"]["metrics"]["size"] == len('{"total": 6}')
    lock = read_lock(tmp_path / "mlops.lock")
    assert lock is not None and lock.record(Name("stage", "tiny", "total")) == {
        k: v for k, v in total.items() if k != "record"
    }


def test_a_run_that_uses_the_same_leaves_the_file_alone(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    call("run", "-q")
    lock = tmp_path / "mlops.lock"
    before, stat = lock.read_text("utf-8"), lock.stat()
    call("run", "-q")
    (tmp_path / "total.py").write_text("# a comment\n" + spec.TOTAL)
    call("run", "-q")
    shutil.rmtree(tmp_path / ".mlops")  # on another machine: everything runs again
    call("run", "-q")
    assert lock.read_text("utf-8") == before
    assert (lock.stat().st_mtime_ns, lock.stat().st_ino) == (stat.st_mtime_ns, stat.st_ino)


def test_the_lock_keeps_its_ends_of_lines_and_its_permissions(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    call("run", "-q")
    lock = tmp_path / "mlops.lock"
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    lock.chmod(0o640)
    before = lock.read_bytes()
    assert call("run", "-q", "--locked").code == 0
    call("run", "-q")
    assert lock.read_bytes() == before
    (tmp_path / "numbers.csv").write_text("n\n4\n")
    call("run", "-q")
    assert lock.read_bytes() != before and lock.read_bytes().count(b"\r\n") == lock.read_bytes().count(b"\n")
    assert lock.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("change", "code"), [("numbers.csv", 3), ("report.py", 4)])
def test_a_run_that_is_blocked_or_fails_writes_nothing(call: Call, tmp_path: Path, change: str, code: int) -> None:
    ready(tmp_path)
    call("run", "-q")
    before = (tmp_path / "mlops.lock").read_text("utf-8")
    (tmp_path / change).write_text("n\n1\n" if code == 3 else "raise SystemExit(1)\n")
    assert call("run", "-q").code == code
    assert (tmp_path / "mlops.lock").read_text("utf-8") == before


def test_a_run_of_selected_nodes_writes_what_it_did_itself(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    call("run", "-q")
    before = records(tmp_path)
    (tmp_path / "total.py").write_text(spec.TOTAL + "\n_ = 1\n")
    (tmp_path / "report.py").write_text(spec.REPORT + "\n_ = 1\n")
    assert call("run", "-q", "--only", "report").code == 0
    after = records(tmp_path)
    assert after["stage"]["tiny"]["total"] == before["stage"]["tiny"]["total"]
    assert after["stage"]["tiny"]["report"] != before["stage"]["tiny"]["report"]


def test_a_trial_with_other_params_leaves_the_lock(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    call("run", "-q")
    before = (tmp_path / "mlops.lock").read_text("utf-8")
    (tmp_path / "params.json").write_text('{"times": 4}')
    assert call("run", "-q", "--set", "times=3").code == 0
    assert call("run", "-q", "--params", "params.json").code == 0
    assert (tmp_path / "mlops.lock").read_text("utf-8") == before


def test_a_profile_and_another_spec_have_records_of_their_own(call: Call, tmp_path: Path) -> None:
    path = ready(tmp_path)
    call("run", "-q")
    before = records(tmp_path)["stage"]["tiny"]
    call("run", "-q", "--profile", "large")
    other = tmp_path / "other.mlops"
    other.write_text(path.read_text("utf-8").replace("times: int = 2", "times: int = 4"))
    call("run", "-q", "other.mlops")
    found = records(tmp_path)["stage"]
    assert found["tiny"] == before
    assert {name: each["total"]["params"]["times"] for name, each in found.items()} == {
        "tiny": 2, "tiny@large": 5, "other": 4,
    }  # fmt: skip
    assert call("run", "-q", "tiny.mlops", "--locked", "--profile", "large").code == 0
    other.unlink()
    (tmp_path / "numbers.csv").write_text("n\n4\n")
    call("run", "-q")
    assert "other" not in records(tmp_path)["stage"]


def test_a_stage_that_is_gone_goes_from_the_lock(call: Call, tmp_path: Path) -> None:
    path = ready(tmp_path)
    call("run", "-q")
    path.write_text(path.read_text("utf-8").replace("stage report", "stage page"))
    assert "mlops.lock has 'report', which the pipeline has not" in call("run", "--locked").err
    call("run", "-q")
    assert set(records(tmp_path)["stage"]["tiny"]) == {"total", "page"}


def test_locked_runs_what_the_lock_says(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    refused = call("run", "--locked")
    assert refused.code == 2 and "no mlops.lock in" in refused.err and "run once without --locked" in refused.err
    call("run", "-q")
    shutil.rmtree(tmp_path / ".mlops")  # a fresh clone
    before = (tmp_path / "mlops.lock").read_text("utf-8")
    assert call("run", "-q", "--locked").code == 0
    assert (tmp_path / "mlops.lock").read_text("utf-8") == before
    refused = call("run", "--locked", "--profile", "large")
    assert refused.code == 2 and "has no record of tiny@large" in refused.err


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("total.py", "total =", "total = 0 +", "tiny.mlops:15: total: is not as locked: total.py has changed"),
        ("tiny.mlops", "times: int = 2", "times: int = 3", "total: is not as locked: param times is 3, locked is 2"),
        ("numbers.csv", "2", "3", "total: is not as locked: input numbers has other content"),
        ("tiny.mlops", "{params.times} {o", "{params.times}  {o", None),
        (
            "tiny.mlops",
            "report.py {",
            "report.py -u {",
            "report: is not as locked: the spec says otherwise",
        ),
    ],
)
def test_locked_refuses_what_differs_and_says_what(
    call: Call, tmp_path: Path, file: str, old: str, new: str, said: str | None
) -> None:
    ready(tmp_path)
    call("run", "-q")
    path = tmp_path / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1))
    runs = len(list((tmp_path / ".mlops/runs").iterdir()))
    answer = call("run", "-q", "--locked")
    assert (answer.code, said or "") == (2 if said else 0, said or "") and (said or "") in answer.err
    assert len(list((tmp_path / ".mlops/runs").iterdir())) == runs + (said is None)


def test_a_stage_that_a_condition_leaves_out_needs_no_record(call: Call, tmp_path: Path) -> None:
    path = ready(tmp_path)
    when = "  inputs = [total.metrics]\n  when = times > 3"
    path.write_text(path.read_text("utf-8").replace("  inputs = [total.metrics]", when, 1))
    assert call("run", "-q").code == 0
    assert set(records(tmp_path)["stage"]["tiny"]) == {"total"}
    assert json.loads(call("plan", "--json").out)["not_locked"] == []
    assert call("run", "-q", "--locked").code == 0
    path.write_text(path.read_text("utf-8").replace("times > 3", "times > 1"))
    answer = call("run", "-q", "--locked")
    assert answer.code == 4 and "report: not as locked: the lock has no such stage" in answer.out


def test_locked_fails_where_a_stage_makes_something_else_of_the_same(call: Call, tmp_path: Path) -> None:
    """Only the run can tell: the consumer of a result that came out otherwise fails, and does not use it."""
    ready(tmp_path)
    made = '{"total": 9, "at": float(__import__("os").environ["AT"])}'
    (tmp_path / "total.py").write_text(spec.TOTAL.replace('{"total": total}', made))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AT", "1")
        assert call("run", "-q").code == 0
        shutil.rmtree(tmp_path / ".mlops")
        patch.setenv("AT", "2")
        answer = call("run", "-q", "--locked")
    assert answer.code == 4
    assert "report: not as locked: input metrics has other content" in answer.out


def test_a_lock_with_a_conflict_is_an_error_that_says_what_to_do(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    call("run", "-q")
    lock = tmp_path / "mlops.lock"
    text = lock.read_text("utf-8")
    row = next(r for r in text.splitlines() if r.startswith("params.times"))
    lock.write_text(text.replace(row, f"<<<<<<< HEAD\n{row}\n=======\nparams.times = 3\n>>>>>>> feature"))
    for command in (("run",), ("run", "--locked"), ("plan",), ("gc",)):
        answer = call(*command)
        assert answer.code == 2
        assert "git left a conflict in it: both branches changed 'total'" in answer.err
        assert "take the marks away" in answer.err
    lock.write_text(text.replace(row, "params.times = 3"))
    assert "the record of 'total' is not as a run wrote it" in call("run", "--locked").err
    assert call("run", "-q").code == 0
    assert lock.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("edition = 7\n", "written by a newer mlopsc: its edition is 7"),
        ("hello\n", "mlops.lock:1: cannot be read: hello"),
        ("edition = 1\n[stage.a]\n", "mlops.lock:2: no record of ours: [stage.a]"),
        ("edition = 1\n[stage.a.b]\n[stage.a.b]\n", "mlops.lock:3: a record that stands there twice"),
        ("[stage.tiny.total]\nrecord = 7\nkey = {}\naccepted.by = 1\n", ""),
    ],
)
def test_what_is_no_lock_is_told_with_its_line(call: Call, tmp_path: Path, text: str, said: str) -> None:
    ready(tmp_path)
    (tmp_path / "mlops.lock").write_text(text)
    answer = call("run", "-q")
    assert answer.code == (2 if said else 0) and said in answer.err


def test_a_lock_that_cannot_be_written_fails_no_run(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    (tmp_path / "mlops.lock").symlink_to(tmp_path / "nowhere/else.lock")
    answer = call("run", "-q")
    assert answer.code == 0 and "mlops.lock is not written: no such file or directory" in answer.err


def test_a_plan_says_of_which_stages_the_lock_says_something_else(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    assert json.loads(call("plan", "--json").out)["not_locked"] is None
    call("run", "-q")
    assert json.loads(call("plan", "--json").out)["not_locked"] == []
    (tmp_path / "total.py").write_text(spec.TOTAL + "\n_ = 1\n")
    assert "\nnot as mlops.lock says: total\n" in call("plan").out
    before = (tmp_path / "mlops.lock").read_text("utf-8")
    call("run", "-q")
    (tmp_path / "mlops.lock").write_text(before)  # of another branch: all is restored, and still the lock is not of it
    told = call("plan", "--detailed-exitcode")
    assert told.code == 0 and "\nnot as mlops.lock says: total\n" in told.out


COUNT = """
stage count {
  run    = "python count.py {inputs.numbers} {outputs.page}"
  inputs = [numbers]
  outputs { page: report = "count.html" }
}
"""


@pytest.mark.parametrize("meet", [True, False])
def test_what_git_merges_is_what_a_run_of_the_merged_code_uses(call: Call, tmp_path: Path, meet: bool) -> None:
    """One branch changes `total`. The other changes `report`, which reads what total makes: they meet there. Or it
    changes `count`, which has nothing to do with it."""

    def git(*arguments: str) -> int:
        who = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
        return subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=False, capture_output=True).returncode

    ready(tmp_path, spec.GOOD + COUNT)
    (tmp_path / "count.py").write_text(spec.REPORT)
    git("init", "-q", "-b", "main")
    assert call("run", "-q").code == 0
    git("add", ".")
    git("commit", "-qm", "first")
    other = "report.py" if meet else "count.py"
    for branch, name, old, new in (("a", "total.py", "total =", "total = 1 +"), ("b", other, "<p>", "<b>")):
        git("checkout", "-q", "-b", branch, "main")
        path = tmp_path / name
        path.write_text(path.read_text("utf-8").replace(old, new))
        assert call("run", "-q").code == 0
        assert git("commit", "-qam", branch) == 0
    assert git("merge", "-q", "--no-edit", "a") == int(meet)
    if meet:
        assert "both branches changed 'report'" in call("run", "-q").err
    else:
        before = (tmp_path / "mlops.lock").read_text("utf-8")
        shutil.rmtree(tmp_path / ".mlops")
        assert call("run", "-q", "--locked").code == 0
        assert call("run", "-q").code == 0
        assert (tmp_path / "mlops.lock").read_text("utf-8") == before


def test_runs_that_end_together_all_find_their_way_into_the_lock(tmp_path: Path) -> None:
    path = ready(tmp_path)
    for n in range(6):
        (tmp_path / f"p{n}.mlops").write_text(path.read_text("utf-8"))
    path.unlink()
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda n: spawn("run", "-q", f"p{n}.mlops", cwd=tmp_path), range(6)))
    assert [d.returncode for d in done] == [0] * 6, [d.stderr for d in done]
    assert set(records(tmp_path)["stage"]) == {f"p{n}" for n in range(6)}
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == [".mlops"]


def test_gc_keeps_what_the_lock_names_and_cache_says_what_is_lacking(call: Call, tmp_path: Path) -> None:
    ready(tmp_path)
    call("run", "-q")
    shutil.rmtree(tmp_path / ".mlops/runs")
    shutil.rmtree(tmp_path / ".mlops/last")
    bare = call("gc", "--older-than", "90")
    assert bare.code == 2 and "'90' has no unit; write 90d, or 90h" in bare.err
    assert "0 results, 0 objects" in call("gc", "--keep-runs", "0", "--grace", "0s").out
    call("gc", "--keep-runs", "0", "--grace", "0s", "--delete")
    assert call("plan", "--detailed-exitcode").code == 0
    assert "not here" not in call("cache", "--verify").out
    (tmp_path / "mlops.lock").rename(tmp_path / "aside")
    call("gc", "--keep-runs", "0", "--grace", "0s", "--delete")
    (tmp_path / "aside").rename(tmp_path / "mlops.lock")
    said = call("cache", "--verify")
    assert said.code == 0
    assert "not here: the result of tiny: total, which mlops.lock names" in said.out


def test_a_clean_tree_is_clean_after_the_run_that_wrote_the_lock(call: Call, tmp_path: Path) -> None:
    text = spec.GOOD.replace("param times", "version {\n  code = git(require: clean)\n}\n\nparam times", 1)
    ready(tmp_path, text)
    for command in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm first"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    assert call("run", "-q").code == 0
    assert call("run", "-q").code == 0
    assert (tmp_path / "mlops.lock").exists()
    assert "uncommitted" not in call("runs", "show", "last").out
    run = json.loads(call("runs", "show", "last", "--json").out)
    assert run["code"]["uncommitted"] is None
    (tmp_path / "new.txt").write_text("")
    assert "new: new.txt" in call("run", "-q").err


TEXT = st.text("ab-_.\"'\\ #=[]\n\r\t\x00\x7f\x85\u2028é漢😀", min_size=1, max_size=8)
VALUES = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), TEXT)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        TEXT, st.fixed_dictionaries({"key": TEXT, "params": st.dictionaries(TEXT, st.one_of(VALUES, st.lists(TEXT)))})
    )
)
def test_any_names_and_values_come_back_from_the_text(found: dict[str, dict[str, Any]]) -> None:
    lock = Lock(Path("mlops.lock"))
    for node, entry in found.items():
        lock.set(Name("stage", "a b@c", node), entry)
    text = lock.text()
    again = parse_lock(text, Path("mlops.lock"))
    assert again.text() == text
    read = tomllib.loads(text).get("stage", {}).get("a b@c", {})
    for node, entry in found.items():
        wanted = {k: v for k, v in entry.items() if v != {}}
        assert again.record(Name("stage", "a b@c", node)) == wanted
        assert {k: v for k, v in read[node].items() if k != "record"} == wanted
