"""A run in which nothing has changed is over at once, and never one in which something has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlopsc.cli import certificates, fresh
from mlopsc.cli.main import main
from mlopsc.runtime.store import Store

from .conftest import Call, spawn

SPEC = """mlops 1

import "shared.mlops"

pipeline small { owner = "ops@example.org" }
version { code = git, env = lock("requirements.txt") }
source flights { uri = "data/*.csv" }
source town { uri = "town.txt" }
stage count {
  run     = "sh count.sh {outputs.n} {inputs.flights}"
  inputs  = [flights]
  params  = [month]
  outputs { n: file = "n.txt" }
}
stage weigh {
  run     = python("steps/weigh.py:weigh")
  inputs  = { n: count.n, town: town }
  outputs { metrics: metrics = "metrics.json" }
}
guard heavy on weigh.metrics { weight >= 1 }
profile other { params { month = 7 } }
"""

FILES = {
    "small.mlops": SPEC,
    "shared.mlops": "mlops 1\n\nparam month: int = 6 in 1..12\n",
    "count.sh": 'out=$1; shift; cat "$@" | wc -l > "$out"\n',
    "steps/weigh.py": (
        "import json\nfrom pathlib import Path\nimport scale\n\n"
        "def weigh(n: Path, town: Path, metrics: Path) -> None:\n"
        "    metrics.write_text(json.dumps({'weight': scale.SCALE * int(n.read_text()) + len(town.read_text())}))\n"
    ),
    "steps/scale.py": "SCALE = 2\n",
    "data/a.csv": "x\n1\n",
    "data/b.csv": "x\n2\n",
    "town.txt": "Newark\n",
    "requirements.txt": "# none\n",
    "notes.txt": "anything\n",
    ".gitignore": ".mlops/\n__pycache__/\n",
}

# Also a model that is deployed, a folder, and guards that compare with what is in use.
DEPLOYING = SPEC.replace(
    "guard heavy on weigh.metrics { weight >= 1 }",
    """stage learn {
  run     = "sh learn.sh {inputs.n} {outputs.model} {outputs.parts} {outputs.rows} {outputs.score}"
  inputs  = { n: count.n, weight: weigh.metrics }
  outputs { model: model = "model.txt", parts: dir = "parts", rows: table = "rows.csv", score: metrics = "score.json" }
}
guard heavy on weigh.metrics { weight >= 1, weight >= champion.weight - 100 }
guard good on learn.score { score >= champion.score }
guard alike on learn.rows { rows >= 1, ks(x) <= 0.5 }
deploy production { model = learn.model, alias = "champion" }""",
)
LEARN = """n=$1 model=$2 parts=$3 rows=$4 score=$5
cp "$n" "$model"
mkdir -p "$parts/deep"
cp "$n" "$parts/deep/a.txt"
echo 1 > "$parts/b.txt"
echo x > "$rows"
cat "$n" >> "$rows"
echo "{\\"score\\": $(cat "$n")}" > "$score"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose files were written a while ago, as far as certificates are concerned."""
    monkeypatch.setattr(certificates, "_SETTLED", 20_000_000)
    return make(tmp_path)


def make(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    for command in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", *command], cwd=folder, check=True)
    time.sleep(0.05)
    return folder


def make_deploying(folder: Path) -> None:
    (folder / "small.mlops").write_text(DEPLOYING, "utf-8")
    (folder / "learn.sh").write_text(LEARN, "utf-8")
    time.sleep(0.05)


def whole_run(*options: str) -> dict[str, Any]:
    """A run that looks at everything; its record."""
    with pytest.raises(SystemExit):
        main(["run", "--quiet", "--no-fast", *options])
    return last_run()


def last_run() -> dict[str, Any]:
    return next(Store(Path(".mlops")).finished_runs())


def meaning(run: dict[str, Any]) -> dict[str, Any]:
    """What a record says but for the run's own name, folder and times."""
    its_own = ("run", "started", "finished", "seconds", "same_as", "file", "from_run", "signature")

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in its_own}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return plain(run)


def test_the_next_run_is_known_to_be_the_same(call: Call, project: Path) -> None:
    time.sleep(2.1)  # this one is asked as a user asks
    assert spawn("run", "--no-fast", cwd=project).returncode == 0
    assert spawn("run", "--no-fast", cwd=project).returncode == 0
    first = last_run()
    ran = spawn("run", cwd=project)
    assert ran.returncode == 0
    run = last_run()
    assert run["same_as"] == first["run"]
    assert run["run"] != first["run"]
    assert meaning(run) == meaning(first)
    assert f"run {run['run']} succeeded in 0." in ran.stdout.decode()
    assert f"nothing has changed since run {first['run']}" in ran.stderr.decode()
    files = [a["file"] for r in run["nodes"].values() for a in r.get("artifacts", {}).values() if "file" in a]
    assert all((project / ".mlops" / f).is_file() for f in files)
    assert [p.name for p in (project / ".mlops/runs" / run["run"]).iterdir()] == ["run.json"]
    assert whole_run()["nodes"]["count"]["state"] == "restored"


def test_its_record_is_read_like_any_other(call: Call, project: Path) -> None:
    first = whole_run()
    assert fresh.answer([]) == 0
    run = last_run()
    assert json.loads(call("runs", "list", "--json").out)[0]["run"] == run["run"]
    assert "0 ran, 2 restored" in call("runs", "list").out.splitlines()[0]
    shown = call("runs", "show", "last").out
    assert "weigh.metrics.weight" in shown
    assert f"{first['run']}/report.html" in shown
    assert call("runs", "compare", first["run"], run["run"]).code == 0
    assert Store(Path(".mlops")).record(run["run"], "count")["state"] == "restored"
    assert call("reproduce", "last").code == 0


def test_the_run_that_it_is_the_same_as_is_not_cleared_away(call: Call, project: Path) -> None:
    whole_run()
    whole_run()
    first = whole_run()
    assert fresh.answer([]) == 0
    assert call("gc", "--keep-runs", "1", "--grace", "0s", "--delete").code == 0
    assert {p.name for p in Path(".mlops/runs").iterdir()} == {first["run"], last_run()["run"]}
    assert fresh.answer([]) == 0


@pytest.mark.parametrize("options", [["--set", "month=7"], ["count"], ["--dry-run"], ["--run", "x"], ["--no-fast"]])
def test_what_asks_for_more_goes_the_long_way(call: Call, project: Path, options: list[str]) -> None:
    whole_run()
    assert fresh.answer([]) == 0
    assert fresh.answer(options) is None


def test_a_profile_has_a_certificate_of_its_own(call: Call, project: Path) -> None:
    whole_run("--profile", "other")
    assert fresh.answer([]) is None
    assert fresh.answer(["--profile", "other"]) == 0
    assert last_run()["params"] == {"month": 7}


def test_the_environment_counts(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_run()
    monkeypatch.setenv("MLOPS_STORE", ".mlops")
    assert fresh.answer([]) is None
    monkeypatch.delenv("MLOPS_STORE")
    assert fresh.answer([]) == 0
    monkeypatch.setenv("PATH", f"{project}:{os.environ['PATH']}")
    assert fresh.answer([]) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1"), ("GIT_DIR", "../elsewhere/.git")],
    ids=("owner", "hook"),
)
def test_the_commit_is_that_of_the_folder(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(name, value)
        whole_run()
        assert fresh.answer([]) == 0
    assert last_run()["code"]["commit"]
    _commit(project)
    monkeypatch.setenv(name, value)
    assert fresh.answer([]) is None


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("outputs { n:", "cache = off\n  outputs { n:"),
        ("outputs { n:", "when = params.month > 1\n  outputs { n:"),
        ("outputs { n:", 'env { A = secret("A_SECRET") }\n  outputs { n:'),
        ("weight >= 1", "weight >= previous.weight"),
        ("weight >= 1", 'weight >= 1 else warn "relaxed"\n  apply_nothing >= 0'),
    ],
    ids=("cache", "when", "secret", "previous", "failed"),
)
def test_what_may_be_otherwise_next_time_has_no_certificate(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch, part: str, instead: str
) -> None:
    monkeypatch.setenv("A_SECRET", "x")
    (project / "small.mlops").write_text(SPEC.replace(part, instead), "utf-8")
    time.sleep(0.05)
    whole_run()
    assert fresh.answer([]) is None


def test_a_file_that_was_written_during_the_run_counts_as_changed(call: Call, project: Path) -> None:
    (project / "count.sh").write_text('echo "Trenton" > town.txt; echo 3 > "$1"\n', "utf-8")
    time.sleep(0.05)
    whole_run()
    assert not (project / ".mlops/fresh").exists()


# ------------------------------------------------------------------ any edit

Edit = Callable[[Path], None]


def _write(name: str, text: str) -> Edit:
    def edit(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")

    return edit


def _as_old_as_before(name: str, text: str) -> Edit:
    """Other bytes of the same number, and the time that the file had."""

    def edit(root: Path) -> None:
        if (root / name).is_file():
            stat = (root / name).stat()
            (root / name).write_text(text.ljust(stat.st_size)[: stat.st_size], "utf-8")
            os.utime(root / name, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return edit


def _remove(name: str) -> Edit:
    return lambda root: (root / name).unlink(missing_ok=True)


def _rename(name: str, other: str) -> Edit:
    def edit(root: Path) -> None:
        if (root / name).is_file():
            (root / name).rename(root / other)

    return edit


def _module_to_package(root: Path) -> None:
    (root / "steps/scale").mkdir(exist_ok=True)
    _rename("steps/scale.py", "steps/scale/__init__.py")(root)


def _in_store(pattern: str, *, spoil: bool) -> Edit:
    """Takes away, or spoils, the first file of the store that has such a name."""

    def edit(root: Path) -> None:
        for path in sorted(p for p in (root / ".mlops").glob(pattern) if p.is_file())[:1]:
            path.chmod(0o644)
            if spoil:
                path.write_bytes(b"?" * path.stat().st_size)
            else:
                path.unlink()

    return edit


def _commit(root: Path) -> None:
    said = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*said, "commit", "-qam", "more", "--allow-empty"], cwd=root, check=True)


_STORED = ("objects/*/*/*", "cache/*.json", "runs/*/run.json", "runs/*/*/n.txt", "last/*/*.json", "plans/*.json")
EDITS: dict[str, Edit] = {
    **{f"change {n}": _write(n, t + t.replace("mlops 1", "")) for n, t in FILES.items() if n != "small.mlops"},
    "change spec": _write("small.mlops", SPEC.replace("weight >= 1", "weight >= 2")),
    "comment": _write("steps/weigh.py", "# a comment\n" + FILES["steps/weigh.py"]),
    "same size, same second": _write("town.txt", "Boston\n"),
    "same size and time": _as_old_as_before("town.txt", "Dallas\n"),
    "same size and time, code": _as_old_as_before("steps/scale.py", "SCALE = 3\n"),
    "same size and time, spec": _as_old_as_before("shared.mlops", FILES["shared.mlops"].replace("6", "7")),
    "touch": lambda root: (root / "town.txt").touch(),
    "new match": _write("data/c.csv", "x\n3\n"),
    "other file": _write("data/readme.txt", "?"),
    "gone match": _remove("data/b.csv"),
    "renamed match": _rename("data/a.csv", "data/z.csv"),
    "gone module": _remove("steps/scale.py"),
    "module turned package": _module_to_package,
    "shadowing module": _write("steps/json.py", "def dumps(x):\n    return '{\"weight\": 1}'\n"),
    "new lock": _write("requirements.txt", "attrs==25.1.0\n"),
    "commit": _commit,
    "untracked": _write("new.txt", "?"),
    **{f"gone: {p}": _in_store(p, spoil=False) for p in _STORED},
    **{f"spoilt: {p}": _in_store(p, spoil=True) for p in _STORED},
}


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "_SETTLED", 20_000_000)
        for name in [n for n in os.environ if n.startswith("MLOPS_")]:
            patch.delenv(name)
        yield


def _with_the_command(*command: str) -> Edit:
    def edit(root: Path) -> None:
        with pytest.raises(SystemExit):
            main(["models", *command])

    return edit


def _versions(root: Path) -> None:
    """A version of other numbers takes the alias, and the first one takes it back."""
    for town in ("Philadelphia\n", "Newark\n"):
        (root / "town.txt").write_text(town, "utf-8")
        whole_run()


_REGISTERED = (
    "registry/*/versions/1.json",
    "registry/*/versions/1/model.txt",
    "registry/*/moves/1.json",
    "registry/*/profiles/1/alike.json",
    "registry/*/provenance/1.json",
    "runs/*/learn/parts/deep/a.txt",
    "runs/*/learn/model.txt",
    "runs/*/alike.profiles.json",
    "objects/tree/*/*",
)
DEPLOYED_EDITS: dict[str, Edit] = {
    **{name: edit for name, edit in EDITS.items() if name != "change spec"},
    **{f"gone: {p}": _in_store(p, spoil=False) for p in _REGISTERED},
    **{f"spoilt: {p}": _in_store(p, spoil=True) for p in _REGISTERED},
    "change the guard": _write("small.mlops", DEPLOYING.replace("champion.weight - 100", "champion.weight - 99")),
    "out of use": _with_the_command("rollback"),
    "another alias": _with_the_command("promote", "1", "--alias", "spare"),
    "other versions": _versions,
    "one file more": _write(".mlops/registry/small.learn.model/notes.txt", "?"),
    "one version more": _write(".mlops/registry/small.learn.model/versions/9.json", '{"version": 9}'),
}


@pytest.mark.slow
@given(st.lists(st.sampled_from(sorted(DEPLOYED_EDITS)), min_size=0, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_any_edit_of_what_is_deployed_it_says_the_same_too(
    tmp_path_factory: pytest.TempPathFactory, quick: None, edits: list[str]
) -> None:
    _compare(tmp_path_factory.mktemp("project"), edits, deploying=True)


@pytest.mark.parametrize("edit", sorted(set(DEPLOYED_EDITS) - set(EDITS)))
@pytest.mark.slow
def test_after_each_edit_of_what_is_deployed_it_says_the_same_too(tmp_path: Path, quick: None, edit: str) -> None:
    _compare(tmp_path, [edit], deploying=True)


def test_a_deploy_is_certified_once_its_alias_is_there(call: Call, project: Path) -> None:
    make_deploying(project)
    assert whole_run()["nodes"]["production"]["state"] == "succeeded"
    assert fresh.answer([]) is None
    time.sleep(0.05)
    looked = whole_run()
    assert fresh.answer([]) == 0
    answered = last_run()
    assert meaning(answered) == meaning(looked)
    assert answered["nodes"]["production"]["state"] == "restored"
    assert answered["nodes"]["alike"]["baseline"]["champion"]["version"] == 1
    assert answered["nodes"]["good"]["rules"][0]["outcome"] == "same model"
    assert call("models", "list").code == 0
    assert call("models", "promote", "1", "--alias", "spare").code == 0
    assert fresh.answer([]) is None


def test_a_command_that_deploys_every_time_does_so(call: Call, project: Path) -> None:
    make_deploying(project)
    text = SPEC + 'stage learn { run = "cp town.txt {outputs.m}", inputs = [town], outputs { m: model = "m" } }\n'
    text += 'deploy production { model = learn.m, run = "true" }\n'
    (project / "small.mlops").write_text(text, "utf-8")
    time.sleep(0.05)
    for _ in range(2):
        assert whole_run()["state"] == "succeeded"
        time.sleep(0.05)
        assert fresh.answer([]) is None


@pytest.mark.slow
@given(st.lists(st.sampled_from(sorted(EDITS)), min_size=0, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_any_edit_it_says_what_a_look_at_everything_would(
    tmp_path_factory: pytest.TempPathFactory, quick: None, edits: list[str]
) -> None:
    _compare(tmp_path_factory.mktemp("project"), edits)


@pytest.mark.parametrize("edit", sorted(EDITS))
@pytest.mark.slow
def test_after_each_edit_it_says_what_a_look_at_everything_would(tmp_path: Path, quick: None, edit: str) -> None:
    _compare(tmp_path, [edit])


def _compare(folder: Path, edits: list[str], *, deploying: bool = False) -> None:
    here = Path.cwd()
    os.chdir(make(folder))
    try:
        if deploying:
            make_deploying(folder)
            whole_run()
            time.sleep(0.05)
        whole_run()
        for edit in edits:
            DEPLOYED_EDITS[edit](folder) if deploying else EDITS[edit](folder)
        code = fresh.answer(["--quiet"])
        if not edits:
            assert code == 0
        if code is None:
            return
        answered = last_run()
        looked = whole_run()
        assert looked["state"] == "succeeded"
        assert not [n for n, r in looked["nodes"].items() if r["kind"] == "stage" and r["state"] != "restored"], edits
        assert meaning(answered) == meaning(looked), edits
    finally:
        os.chdir(here)


def test_starting_it_imports_next_to_nothing() -> None:
    code = "import sys\nbefore = set(sys.modules)\nimport mlopsc.cli.fresh\nprint(*set(sys.modules) - before)"
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(fresh.__file__).parents[2])},
    )
    assert set(ran.stdout.split()) <= {"mlopsc", "mlopsc.cli", "mlopsc.cli.fresh", "time", "zlib", "__future__"}
