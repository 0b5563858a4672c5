"""`mlops.lock` in git: branches that changed different records merge, those that changed the same one are told so."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlopsc.cli.lockfile import Lock, Name, parse_lock, read_lock
from mlopsc.cli.specs import Unreadable
from mlopsc.runtime.digests import text_digest

Change = Callable[[Lock], None]


class Repository:
    """A git repository with a lock in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "mlops.lock"
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        who = {f"GIT_{role}_{part}": "ann" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )

    def commit(self, branch: str, *changes: Change) -> None:
        """A commit with the changes on a branch that begins at main; on main where that is named."""
        if branch != "main":
            assert self.git("checkout", "-q", "-B", branch, "main").returncode == 0
        for change in changes:
            lock = read_lock(self.lock) or Lock(self.lock)
            change(lock)
            self.lock.write_text(lock.text(), "utf-8")
            self.git("add", "mlops.lock")
            assert self.git("commit", "-q", "-m", branch).returncode == 0

    def merged(self, *changes: Change, by: str = "merge") -> Lock:
        """The lock after all changes, each made on a branch of its own, have come together without a conflict."""
        for number, change in enumerate(changes):
            self.commit(f"b{number}", change)
        for number in range(len(changes) - 1):
            last = f"b{number + 1}"
            self.git("checkout", "-q", last)
            done = self.git(by, *(["--no-edit"] if by == "merge" else []), f"b{number}")
            assert done.returncode == 0, done.stdout + done.stderr + self.lock.read_text("utf-8")
        found = read_lock(self.lock)
        assert found is not None and all(found.whole(n) for n in found.blocks)
        return found


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def stage(node: str, pipeline: str = "flights") -> Name:
    return Name("stage", pipeline, node)


def entry(seed: object) -> dict[str, Any]:
    """A record whose lines below the first three are the same in all of them, as those of copies of a stage are."""
    return {
        "key": text_digest(f"key {seed}"),
        "program": text_digest("the same"),
        "code": {"steps/common.py": text_digest("common"), "steps/step.py": text_digest("step")},
        "outputs": {"out": {"digest": text_digest(f"out {seed}"), "size": 17}},
    }


def put(node: str, seed: object, pipeline: str = "flights") -> Change:
    return lambda lock: lock.set(stage(node, pipeline), entry(seed))


def take(node: str) -> Change:
    def change(lock: Lock) -> None:
        del lock.blocks[stage(node)]

    return change


NODES = ("clean", "features", "train[ams]", "train[ath]", "train[atl]", "evaluate", "report")


def begin(repository: Repository, nodes: tuple[str, ...] = NODES) -> None:
    def fill(lock: Lock) -> None:
        for node in nodes:
            lock.set(stage(node), entry(node))

    repository.commit("main", fill)


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(NODES, 2)))
def test_branches_that_changed_two_stages_merge(repository: Repository, first: str, second: str) -> None:
    begin(repository)
    lock = repository.merged(put(first, 1), put(second, 2))
    assert (lock.record(stage(first)), lock.record(stage(second))) == (entry(1), entry(2))


def test_neighbours_in_the_file_merge(repository: Repository) -> None:
    """Also those that share one of the sections between the numbered lines."""
    names = [f"s{n}" for n in range(300)]
    near = next((a, b) for a, b in itertools.combinations(names, 2) if stage(a).section == stage(b).section)
    begin(repository, tuple(names[:40]) + near)
    lock = repository.merged(put(near[0], "x"), put(near[1], "y"))
    assert (lock.record(stage(near[0])), lock.record(stage(near[1]))) == (entry("x"), entry("y"))


@pytest.mark.parametrize("nodes", [(), ("clean",), NODES])
def test_branches_that_each_add_a_stage_merge(repository: Repository, nodes: tuple[str, ...]) -> None:
    begin(repository, nodes)
    lock = repository.merged(put("weather", 1), put("holidays", 2), put("calendar", 3))
    assert {n.node for n in lock.blocks} == {*nodes, "weather", "holidays", "calendar"}


def test_adding_taking_away_and_changing_merge(repository: Repository) -> None:
    begin(repository)
    lock = repository.merged(put("weather", 1), take("clean"), put("report", 2), put("train", 3, "costs@prod"))
    assert {n.node for n in lock.blocks} == {*NODES, "weather", "train"} - {"clean"}


def test_a_rebase_and_a_cherry_pick_go_through(repository: Repository) -> None:
    begin(repository)
    repository.commit("feature", put("features", 1), put("weather", 2))
    repository.commit("other", put("evaluate", 3), put("holidays", 4))
    assert repository.git("rebase", "-q", "feature").returncode == 0
    repository.git("checkout", "-q", "main")
    repository.commit("third", put("clean", 5))
    assert repository.git("cherry-pick", "feature").returncode == 0
    for branch, nodes in (("other", {"weather", "holidays"}), ("third", {"weather"})):
        text = repository.git("show", f"{branch}:mlops.lock").stdout
        lock = parse_lock(text, repository.lock)
        assert {n.node for n in lock.blocks} == {*NODES, *nodes}
        assert all(lock.whole(n) for n in lock.blocks)


def test_two_new_stages_meet_seldom() -> None:
    """Git cannot keep apart what two branches put at the same place: of random pairs that is 1 in 64 in an empty file,
    and fewer where records stand between."""
    random.seed(7)
    names = [stage("".join(random.choices("abcdefghijklmnop_", k=9))) for _ in range(4000)]
    met = sum(a.section == b.section for a, b in zip(names[::2], names[1::2], strict=True))
    assert met / 2000 < 0.025


def test_branches_that_changed_the_same_stage_conflict_and_are_told_so(repository: Repository) -> None:
    begin(repository)
    repository.commit("ours", put("features", 1))
    repository.commit("theirs", put("features", 2), put("clean", 3))
    assert repository.git("merge", "ours").returncode == 1
    with pytest.raises(Unreadable) as refused:
        read_lock(repository.lock)
    where, what = refused.value.message.split("\n")
    assert "git left a conflict in it: both branches changed 'features'" in where
    assert what.startswith("keep either side, or neither, and take the marks away")
    text = repository.lock.read_text("utf-8")
    marked = text.splitlines()[int(where.removeprefix(str(repository.lock)).split(":")[1]) - 1]
    assert marked.startswith("<<<<<<< ")


@pytest.mark.parametrize("keep", [{1}, {2}, set()])
def test_either_side_of_a_conflict_or_neither_can_be_kept(repository: Repository, keep: set[int]) -> None:
    begin(repository)
    repository.commit("ours", put("features", 1))
    repository.commit("theirs", put("features", 2))
    repository.git("merge", "ours")
    kept, side = [], 0
    for row in repository.lock.read_text("utf-8").splitlines():
        if row.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            side = {"<": 1, "=": 2, ">": 0}[row[0]]
        elif not side or side in keep:
            kept.append(row)
    lock = parse_lock("\n".join(kept), repository.lock)
    assert lock.whole(stage("features")) == bool(keep)
    assert all(lock.whole(stage(n)) for n in NODES if n != "features")


def test_what_changed_in_different_lines_of_one_stage_is_a_conflict_too(repository: Repository) -> None:
    """Another key by one branch, and by the other another result for the old key: no mixture of them is a record."""
    begin(repository)
    now = entry("clean")
    key = {**now, "key": text_digest("another")}
    out = {**now, "outputs": {"out": {"digest": text_digest("another"), "size": 9}}}
    repository.commit("ours", lambda lock: lock.set(stage("clean"), key))
    repository.commit("theirs", lambda lock: lock.set(stage("clean"), out))
    assert repository.git("merge", "ours").returncode == 1


def test_a_union_of_two_sides_is_no_record(repository: Repository) -> None:
    """Where `.gitattributes` asks git for both sides, the record is found to be of nobody."""
    (repository.folder / ".gitattributes").write_text("mlops.lock merge=union\n", "utf-8")
    repository.git("add", ".gitattributes")
    begin(repository)
    repository.commit("ours", put("features", 1))
    repository.commit("theirs", put("features", 2))
    assert repository.git("merge", "--no-edit", "ours").returncode == 0
    lock = read_lock(repository.lock)
    assert lock is not None and not lock.whole(stage("features"))
    with pytest.raises(Unreadable, match="the record of 'features' is not as a run wrote it"):
        lock.record(stage("features"))
