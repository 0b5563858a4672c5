"""Where data comes from, and the digest that stands for it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.digests import file_digest
from mlopsc.runtime.executor import _Room

from . import plans as p
from .conftest import Project


def counting(project: Project, source: n.Source) -> n.Plan:
    """A source and a stage that counts its files."""
    project.write("count.py", "import sys; open(sys.argv[1], 'w').write(str(len(sys.argv) - 2))")
    return p.plan(source, p.stage("count", "python count.py {outputs.n} {inputs.data}", ["data"], [p.output("n", "n")]))


def test_a_pattern_is_as_many_arguments_as_files(project: Project) -> None:
    for name in ("b.csv", "a.csv", "deep/er/c.csv"):
        project.write(f"data/{name}", name)
    plan = counting(project, p.source("data", "data/**/*.csv"))
    assert project.output(project.run(plan), "count/n") == "3"
    project.write("data/d.csv", "")
    result = project.run(plan)
    assert project.output(result, "count/n") == "4"
    assert result.nodes[0].record["artifacts"]["data"]["paths"][0] == "data/a.csv"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"at,b\n1,2\n3\n", "data.csv, line 3: 1 field, and the first line has 2"),
        (b"a,b\n1,2\n", "the table has no column 'at'; it has a and maybe others"),
        (b"", "data.csv: it is empty, without a line that names the columns"),
    ],
)
def test_why_a_column_tells_no_version_is_one_sentence(project: Project, content: bytes, reason: str) -> None:
    (project.root / "data.csv").write_bytes(content)
    result = project.run(counting(project, p.source("data", "data.csv", version="column:at")))
    assert (result.nodes[0].state, result.nodes[0].reason.partition(": correct")[0]) == ("failed", reason)


def test_a_folder_changes_with_what_is_in_it(project: Project) -> None:
    project.write("data/x/a.txt", "1")
    plan = counting(project, p.source("data", "data"))
    assert project.output(project.run(plan), "count/n") == "1"
    assert project.run(plan).nodes[1].state == "restored"
    project.write("data/x/a.txt", "2")
    assert project.run(plan).nodes[1].state == "succeeded"


def test_a_pinned_source_fails_when_it_is_another(project: Project) -> None:
    path = project.write("data.csv", "a\n1\n")
    plan = counting(project, p.source("data", "data.csv", version=f"pinned:{file_digest(path)}"))
    assert project.run(plan).state == "succeeded"
    project.write("data.csv", "a\n2\n")
    result = project.run(plan)
    assert result.state == "failed" and "is pinned to sha256:" in (result.nodes[0].reason or "")


def test_mtime_and_a_high_water_mark_stand_for_the_content(project: Project) -> None:
    pytest.importorskip("duckdb")
    path = project.write("data.csv", "day,x\n1,1\n")
    by_time = counting(project, p.source("data", "data.csv", version="mtime"))
    by_day = counting(project, p.source("data", "data.csv", version="column:day"))
    project.run(by_time)
    project.run(by_day)
    project.write("data.csv", "day,x\n1,2\n")
    os.utime(path, (1, 1))
    assert project.run(by_time).nodes[1].state == "succeeded"
    assert project.run(by_day).nodes[1].state == "restored"
    project.write("data.csv", "day,x\n1,2\n2,2\n")
    assert project.run(by_day).nodes[1].state == "succeeded"


def test_resources_bound_what_runs_at_once() -> None:
    def stage(cpu: float | None, memory: int | None = None) -> dict[str, Any]:
        return {"resources": {"cpu": cpu, "memory": memory}}

    room = _Room(nodes=4, cpu=2.0, memory=8 << 30)
    small, large = stage(1), stage(2)
    assert room.take(small) and not room.take(large) and room.take(stage(None)) and room.take(small)
    room.give_back(small)
    room.give_back(small)
    assert room.take(large)


def test_a_pipe_or_a_device_is_no_source(project: Project) -> None:
    os.mkfifo(project.root / "x.csv")
    for uri in ("x.csv", "/dev/zero"):
        result = project.run(p.plan(p.source("x", uri)))
        assert result.exit_code == 2
        assert "is a pipe or a device" in str(result.problems[0])


def test_a_stage_that_edits_its_source_fails_and_leaves_no_result(project: Project) -> None:
    project.write("data.csv", "a\n1\n")
    project.write("edit.py", "import sys; open('data.csv', 'a').write('2\\n'); open(sys.argv[1], 'w').write('x')")
    stage = p.stage("edit", "python edit.py {outputs.out}", ["data"], [p.output("out", "out")])
    result = project.run(p.plan(p.source("data", "data.csv"), stage))
    assert result.state == "failed"
    assert "'data' is not any more what this run has read" in (result.nodes[1].reason or "")
    assert not list((project.root / ".mlops").glob("cache/*.json"))


def test_a_source_that_is_touched_and_not_changed_is_the_same(project: Project) -> None:
    project.write("data.csv", "a\n1\n")
    project.write("touch.py", "import os, sys; os.utime('data.csv'); open(sys.argv[1], 'w').write('x')")
    stage = p.stage("touch", "python touch.py {outputs.out}", ["data"], [p.output("out", "out")])
    assert project.run(p.plan(p.source("data", "data.csv"), stage)).state == "succeeded"
