"""Where data comes from, and the digest that stands for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
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


def write(path: str) -> Callable[[Project], object]:
    return lambda project: project.write(path, "a\n1\n")


def link(path: str) -> Callable[[Project], object]:
    return lambda project: (project.root / path).symlink_to("nowhere")


def odd_name(project: Project) -> None:
    (project.write("d/x.csv", "").parent / os.fsdecode(b"\xff.csv")).touch()


@pytest.mark.parametrize(
    ("uri", "prepare", "why"),
    [
        ("d/*.csv", [write("d/a.csv"), link("d/b.csv")], "d/b.csv is a link to nothing"),
        ("d", [write("d/a.csv"), link("d/b.csv")], "d/b.csv is a link to nothing"),
        ("d", [write("d/a.csv"), lambda p: os.mkfifo(p.root / "d/b.csv")], "d/b.csv is a pipe, a socket or a device"),
        ("d", [lambda p: (p.root / "d").mkdir()], "the folder d is empty"),
        (".", [write("a.csv")], "the folder . holds the store, which every run changes"),
        ("d/*.csv", [odd_name], "\\udcff.csv is no name"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_of_a_source_is_not_passed_over(
    project: Project, uri: str, prepare: list[Callable[[Project], object]], why: str
) -> None:
    for each in prepare:
        each(project)
    result = project.run(counting(project, p.source("data", uri)))
    assert why in (result.nodes[0].reason or ""), result.problems


@pytest.mark.parametrize("uri", ["d/**/*.csv", "d/*/*.csv", "d"])
def test_a_folder_that_may_not_be_read_is_told(uri: str) -> None:
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "project")
        project.write("d/a.csv", "")
        project.write("d/free/a.csv", "")
        locked = project.write("d/sub/b.csv", "").parent
        plan = counting(project, p.source("data", uri))
        for path in (Path(folder), project.root):
            path.chmod(0o777)
        locked.chmod(0)
        if user == 0:  # who may read everything
            os.seteuid(65534)
        try:
            result = project.run(plan)
        finally:
            os.seteuid(user)
            locked.chmod(0o755)
    assert (result.nodes[0].reason or "").endswith("d/sub: permission denied"), result


def test_a_pattern_that_grows_while_a_guard_looks_ends_the_guard(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlopsc.runtime import nodes

    project.write("d/a.csv", "a\n1\n")
    check = nodes.check_guard

    def meanwhile(*given: Any) -> Any:
        found = check(*given)
        project.write("d/b.csv", "a\n1\n")
        return found

    rule = p.rule("size >= 0", p.op(">=", n.Ref("file", "size"), 0))
    plan = p.plan(p.source("data", "d/*.csv"), p.guard("g", "data", [rule], subject_kind="file"))
    with monkeypatch.context() as patched:
        patched.setattr(nodes, "check_guard", meanwhile)
        result = project.run(plan)
    assert result.nodes[1].verdict == "error"
    assert "'data' is not any more what this run has read" in (result.nodes[1].reason or "")
    assert project.run(plan).nodes[1].verdict == "passed"


def test_edits_within_one_tick_of_the_clock_are_seen(project: Project) -> None:
    path = project.write("data.csv", "a\n1\n")
    plan = counting(project, p.source("data", "data.csv"))
    seen = set()
    for number in range(10, 30):
        path.write_text(f"a\n{number}\n")
        os.utime(path, ns=(10**18, 10**18))
        result = project.run(plan)
        seen.add(result.nodes[0].record["artifacts"]["data"]["digest"])  # type: ignore[index]
    assert len(seen) == 20


def test_a_link_to_another_file_is_another_source(project: Project) -> None:
    for name in ("one", "two"):
        os.utime(project.write(name, name), ns=(10**18, 10**18))
    (project.root / "data").symlink_to("one")
    plan = counting(project, p.source("data", "data"))
    first = project.run(plan).nodes[0].record["artifacts"]["data"]["digest"]  # type: ignore[index]
    (project.root / "data").unlink()
    (project.root / "data").symlink_to("two")
    assert project.run(plan).nodes[0].record["artifacts"]["data"]["digest"] != first  # type: ignore[index]


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
