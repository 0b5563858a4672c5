"""What nothing reaches goes; what anything reaches stays."""

from __future__ import annotations

import os
from pathlib import Path

from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.collect import contents, find_garbage, remove
from mlopsc.runtime.store import Store

from . import plans as p
from .conftest import Project


def plan_of(rate: int = 1) -> n.Plan:
    train = p.stage("train", "python train.py {params.rate} {outputs.model} {outputs.folder}", [],
                    [p.output("model", "model.txt", "model"), p.output("folder", "folder", "dir")],
                    params=("rate",), code=("train.py",))  # fmt: skip
    return p.plan(train, p.deploy("prod", "train.model"), params=[p.param("rate", "int", rate)])


def written(project: Project) -> Store:
    project.write("train.py", """
        import os, pathlib, sys
        pathlib.Path(sys.argv[2]).write_text(f"model {sys.argv[1]}")
        os.mkdir(sys.argv[3]); pathlib.Path(sys.argv[3], "part").write_text(f"part {sys.argv[1]}")
    """)  # fmt: skip
    return Store(project.root / ".mlops")


def test_everything_that_a_run_names_is_kept(project: Project) -> None:
    store = written(project)
    project.run(plan_of(1))
    assert not find_garbage(store, grace=0)
    assert contents(store)["runs"] == 1


def test_runs_that_are_given_up_go_with_what_only_they_name(project: Project) -> None:
    store = written(project)
    for rate in (1, 2, 3):
        assert project.run(plan_of(rate), run=f"r{rate}").state == "succeeded"
    garbage = find_garbage(store, keep_runs=1, grace=0)
    # r3 is the last, and r2 made what the alias would go back to.
    assert [f.name for f in garbage.runs] == ["r1"]
    texts = {o.read_text() for o in garbage.objects}
    assert "part 1" in texts and not texts & {"model 1", "model 2", "model 3", "part 2", "part 3"}
    remove(store, garbage)
    assert not find_garbage(store, keep_runs=1, grace=0)
    assert {r.state for r in project.run(plan_of(3)).nodes} == {"restored"}
    assert project.run(plan_of(1)).state == "succeeded"  # made anew


def test_what_is_young_is_kept(project: Project) -> None:
    store = written(project)
    for rate in (1, 2, 3):
        project.run(plan_of(rate))
    assert not find_garbage(store, keep_runs=0)


def test_an_object_of_a_killed_run_goes(project: Project) -> None:
    store = written(project)
    project.run(plan_of(1))
    left = project.root / "left"
    left.write_text("nobody's")
    kept = store.put(left)
    garbage = find_garbage(store, grace=0)
    assert garbage.objects == (store.object_path(kept.digest),) and garbage.size == 8


def test_a_damaged_object_is_found_whatever_its_times_say(project: Project) -> None:
    store = written(project)
    project.run(plan_of(1))
    assert not list(store.holdings().damaged())
    path = next(p for p in (store.folder / "objects").rglob("*") if p.is_file() and p.read_text() == "model 1")
    times = path.stat()
    path.chmod(0o644)
    path.write_text("Model 1")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert list(store.holdings().damaged()) == [Path(path)]
