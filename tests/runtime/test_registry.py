"""Versions, aliases and deployments: all or nothing."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.registry import Registry
from mlopsc.runtime.store import Store

from . import plans as p
from .conftest import Project


def kept(store: Store, folder: Path, text: str) -> dict[str, Any]:
    (folder / "m.bin").write_text(text)
    return store.put(folder / "m.bin").plain()


def test_equal_bytes_are_one_version(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.write_json(tmp_path / "store" / "x.json", {})
    registry = Registry(store, "demo.model")
    a = registry.register(kept(store, tmp_path, "a"), "m.bin", {"run": "1"})
    b = registry.register(kept(store, tmp_path, "b"), "m.bin", {"run": "2"})
    again = registry.register(kept(store, tmp_path, "a"), "m.bin", {"run": "3"})
    assert (a["version"], b["version"], again["version"], again["run"]) == (1, 2, 1, "1")
    file = registry.file(2)
    assert file is not None and file.read_text() == "b"


def test_of_many_moves_at_once_one_wins(tmp_path: Path) -> None:
    store = Store(tmp_path)
    registry = Registry(store, "m")

    def move(to: int) -> bool:
        return Registry(store, "m").move("champion", to, expected=None, previous=None, run=str(to), why="test")

    with ThreadPoolExecutor(8) as pool:
        won = [to for to, moved in zip(range(16), pool.map(move, range(16)), strict=True) if moved]
    alias = registry.alias("champion")
    assert len(won) == 1 and alias is not None and alias.version == won[0]
    other = registry.move("shadow", 3, expected=None, previous=None, run="x", why="another alias is free")
    assert other and len(registry.moves()) == 2


def pipeline(project: Project, model: str, **more: Any) -> n.Plan:
    project.write("write.py", "import sys; open(sys.argv[1], 'w').write(sys.argv[2])")
    project.write(
        "roll.py",
        """
        import pathlib, sys
        with open("rolled.txt", "a") as f:
            f.write(sys.argv[1] + " " + " ".join(pathlib.Path(a).read_text() for a in sys.argv[2:]) + "\\n")
        sys.exit(pathlib.Path("broken").exists() and sys.argv[1] == "out")
        """,
    )
    program = p.script("python", "write.py", n.Slot("outputs", "model"), model)
    stage = p.stage("train", program, (), [p.output("model", "m.txt", "model")])
    rolling = {
        "command": p.command("python roll.py out {model}"),
        "rollback": p.command("python roll.py back {previous}"),
    }
    return p.plan(stage, p.deploy("prod", "train.model", **{**rolling, **more}))


def rolled(project: Project) -> list[str]:
    return [line.strip() for line in (project.root / "rolled.txt").read_text().splitlines()]


def alias_of(project: Project) -> int | None:
    alias = Registry(Store(project.root / ".mlops"), "demo.train.model").alias("champion")
    return alias.version if alias else None


def test_a_failed_command_puts_the_alias_back_and_rolls_back(project: Project) -> None:
    project.run(pipeline(project, "one"))
    assert (rolled(project), alias_of(project)) == (["out one"], 1)
    (project.root / "broken").touch()
    result = project.run(pipeline(project, "two"))
    assert (result.state, result.exit_code, alias_of(project)) == ("failed", 4, 1)
    assert result.nodes[1].reason == "exit code 1; champion is back at version 1; rolled back"
    assert rolled(project) == ["out one", "out two", "back one"]
    (project.root / "broken").unlink()
    done = project.run(pipeline(project, "two")).nodes[1].record
    assert (done["version"], done["previous"], alias_of(project)) == (2, 1, 2)


def test_the_first_version_has_nothing_to_roll_back_to(project: Project) -> None:
    project.write("broken", "")
    result = project.run(pipeline(project, "one"))
    assert result.nodes[1].reason == (
        "exit code 1; champion is back at no version; nothing to roll back to: this was the first version"
    )
    assert alias_of(project) is None


def test_what_is_served_already_is_not_deployed_again(project: Project) -> None:
    project.run(pipeline(project, "one"))
    result = project.run(pipeline(project, "one"))
    assert (result.nodes[1].state, result.nodes[1].reason) == ("restored", "champion already points at version 1")
    assert rolled(project) == ["out one"]


def test_the_number_of_a_version_that_was_removed_is_not_given_again(project: Project) -> None:
    project.run(pipeline(project, "one"))
    registry = Registry(Store(project.root / ".mlops"), "demo.train.model")
    (registry.folder / "versions/1.json").unlink()
    result = project.run(pipeline(project, "two"))
    assert (result.nodes[1].state, result.nodes[1].record["version"], alias_of(project)) == ("succeeded", 2, 2)
    assert rolled(project) == ["out one", "out two"]


def test_what_the_system_refuses_puts_the_alias_back(project: Project) -> None:
    project.run(pipeline(project, "one"))
    run = project.root / ".mlops/runs/again"
    (run / "prod.log").mkdir(parents=True)
    result = project.run(pipeline(project, "two"), run="again")
    assert result.exit_code == 4
    reason = result.nodes[1].reason or ""
    assert "is a directory; champion is back at version 1; the rollback failed too" in reason
    assert alias_of(project) == 1


def test_files_that_are_gone_are_no_previous_version(project: Project) -> None:
    project.run(pipeline(project, "one"))
    for file in (project.root / ".mlops/objects").rglob("*"):
        if file.is_file():
            file.unlink()
    shutil.rmtree(project.root / ".mlops/registry/demo.train.model/versions/1")
    project.write("broken", "")
    result = project.run(pipeline(project, "two"))
    assert result.nodes[1].reason == (
        "exit code 1; champion is back at version 1; not rolled back: the files of version 1 are gone"
    )
    assert alias_of(project) == 1


def test_a_model_whose_bytes_have_changed_is_not_deployed(project: Project) -> None:
    project.run(pipeline(project, "one"))
    model = next((project.root / ".mlops/runs").glob("*/train/m.txt"))
    stat = model.stat()
    model.chmod(0o644)
    model.write_text("ono", "utf-8")
    os.utime(model, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    result = project.run(pipeline(project, "one"))
    assert (result.nodes[1].state, result.exit_code) == ("failed", 4)
    assert "is not what the run made" in (result.nodes[1].reason or "")
    assert rolled(project) == ["out one"]
    (project.root / "rolled.txt").unlink()
    assert project.states(pipeline(project, "one")) == {"train": "succeeded", "prod": "restored"}


@pytest.mark.parametrize("file", ["moves/1.json", "versions/1.json"])
@pytest.mark.parametrize("text", [" ", "{", "{}"])
def test_a_damaged_registry_is_an_error_that_names_the_file(project: Project, file: str, text: str) -> None:
    project.run(pipeline(project, "one"))
    damaged = Registry(Store(project.root / ".mlops"), "demo.train.model").folder / file
    whole = damaged.read_text("utf-8")
    damaged.write_text(text, "utf-8")
    result = project.run(pipeline(project, "two"))
    assert (result.nodes[1].state, result.exit_code) == ("failed", 4)
    assert result.nodes[1].reason == f"{damaged}: is damaged; put it back from a copy, or remove it"
    damaged.write_text(whole, "utf-8")
    assert project.run(pipeline(project, "two")).exit_code == 0
    assert alias_of(project) == 2
