"""The store: whole files, content kept once, and what is left by the killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlopsc.runtime.digests import path_digest
from mlopsc.runtime.store import Store, read_json, safe_id, why_no_run_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "store")
    store.write_json(store.folder / "first.json", {})
    return store


def test_equal_content_is_kept_once_and_read_only(store: Store, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("same")
    first, second = store.put(tmp_path / "a"), store.put(tmp_path / "b")
    assert first == second and not (tmp_path / "b").exists()
    path = store.object_path(first.digest)
    assert path.read_text() == "same" and path.stat().st_mode & 0o777 == 0o444


def test_a_folder_comes_back_as_it_was(store: Store, tmp_path: Path) -> None:
    for name in ("d/x.txt", 'd/deep/er/ü "quoted"\n.txt', "d/deep/same.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("same" if "same" in name else name)
    digest = path_digest(tmp_path / "d")
    kept = store.put(tmp_path / "d")
    assert kept.digest == digest
    store.place(kept.digest, tmp_path / "again")
    assert path_digest(tmp_path / "again") == digest
    store.place(kept.digest, tmp_path / "again")  # over what is there
    assert store.whole(kept.plain())
    victim = tmp_path / "again" / "x.txt"
    victim.chmod(0o644)
    victim.write_text("changed")
    assert not store.whole(kept.plain())


def test_what_a_link_names_is_kept(store: Store, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("text")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    kept = store.put(tmp_path / "link")
    assert (tmp_path / "real").exists() and store.object_path(kept.digest).read_text() == "text"


def test_numbers_that_json_lacks_are_text(store: Store) -> None:
    path = store.folder / "n.json"
    store.write_json(path, {"a": float("nan"), "b": [float("-inf")], "c": 1.5})
    assert json.loads(path.read_text(), parse_constant=lambda _: pytest.fail("not JSON")) == {
        "a": "nan", "b": ["-inf"], "c": 1.5,
    }  # fmt: skip


def test_a_file_is_created_once(store: Store) -> None:
    path = store.folder / "moves" / "1.json"
    assert store.create_json(path, {"by": 1}) and not store.create_json(path, {"by": 2})
    assert read_json(path) == {"by": 1}
    assert list(store.tmp.iterdir()) == []


def test_a_workspace_in_use_is_no_leftover(store: Store) -> None:
    with store.workspace("a", "token") as folder:
        found: list[str] = []
        store.clear_leftovers(found.extend)
        assert found == [] and folder.exists()
    assert not folder.exists()


LEAVES = """
import pathlib, sys
from mlopsc.runtime.store import Store
with Store(pathlib.Path(sys.argv[1])).workspace("a", "token") as folder:
    for deep in (folder / "one", folder / "two"):
        deep.mkdir()
        for i in range(1500):
            (deep / str(i)).touch()
    (folder / "link").symlink_to(folder / "one")
    print(folder, flush=True)
"""


def test_a_workspace_whose_removal_was_killed_is_removed_by_the_next_run(store: Store) -> None:
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", LEAVES, store.folder], stdout=subprocess.PIPE, text=True) as made:
            assert made.stdout is not None
            folder = Path(made.stdout.readline().strip())
            while made.poll() is None and all((folder / deep / "0").exists() for deep in ("one", "two")):
                pass
            made.kill()
        found: list[str] = []
        store.clear_leftovers(found.extend)
        assert found in ([], ["token"]) and not folder.exists()


def test_old_half_written_files_are_cleared(store: Store) -> None:
    old, new = store.tmp / "old", store.tmp / "new"
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (time.time() - 7200,) * 2)
    store.clear_leftovers(lambda tokens: None)
    assert not old.exists() and new.exists()


def test_names_of_nodes_and_runs_are_names_of_files() -> None:
    assert [safe_id("train"), safe_id("train[12]"), safe_id("run")] == ["train", "train-12", "run-"]
    for good in ("20261123-124503-3fa9", "dag--scheduled__2026-01-01T000000_0000", "r.1"):
        assert why_no_run_id(good) is None
    for bad in ("", "..", "../x", "a/b", ".hidden", "-x", "a b", "x" * 201, "a\n"):
        assert why_no_run_id(bad) is not None


@pytest.mark.parametrize("moment", ["json.dump", "pathlib.Path.rename", "shutil.rmtree", "pathlib.Path.unlink"])
def test_a_workspace_is_never_without_its_owner_wherever_its_maker_is_killed(tmp_path: Path, moment: str):
    code = f"""
import os, json, pathlib, shutil, sys
from mlopsc.runtime.store import Store
def killed(*_, **__):
    os._exit(9)
with_killed = {moment!r}
if with_killed in ("json.dump", "pathlib.Path.rename"):
    {moment} = killed
with Store(pathlib.Path(sys.argv[1])).workspace("made") as workspace:
    (workspace / "out").write_text("half")
    {moment} = killed
"""
    store = Store(tmp_path)
    store.write_json(tmp_path / "first.json", {})
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ended.returncode == 9
    store.clear_leftovers(lambda tokens: None)
    assert not list(store.tmp.glob("*.d"))
