"""Programs that misbehave: nothing of the user's is lost, and the next run goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.digests import path_digest

from .conftest import Project
from .plans import output, param, plan, script, source, stage

FILE = output("o", "o.txt")
FOLDER = output("d", "d", "dir")


def sh(text: str, *outputs: n.Output, **more: Any) -> n.Stage:
    return stage("s", script("sh", "-c", text), outputs=outputs or (FILE,), **more)


def test_what_a_program_leaves_running_neither_holds_the_run_nor_writes_to_its_result(project: Project) -> None:
    busy = (
        'setsid sh -c "while :; do echo x; echo late >>$MLOPS_OUTPUT_O; sleep 0.01; done" & echo done >$MLOPS_OUTPUT_O'
    )
    begun = time.monotonic()
    result = project.run(plan(sh(busy)))
    assert result.exit_code == 0
    assert time.monotonic() - begun < 8
    said = [e.text for e in project.events if e.kind == "log"]
    assert "what it left running was ended" in said
    before = project.output(result, "s/o.txt")
    time.sleep(0.2)
    assert project.output(result, "s/o.txt") == before


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("mkfifo $MLOPS_OUTPUT_X", "file", "is a pipe"),
        ("mkfifo f; ln -s $PWD/f $MLOPS_OUTPUT_X", "file", "is a pipe"),
        ("mkdir $MLOPS_OUTPUT_X", "metrics", "is a folder and should be a file"),
        ("echo > $MLOPS_OUTPUT_X", "dir", "is a file and should be a folder"),
        ("mkdir $MLOPS_OUTPUT_X; mkfifo $MLOPS_OUTPUT_X/f", "dir", "f is a pipe"),
        ("mkdir $MLOPS_OUTPUT_X; ln -s nowhere $MLOPS_OUTPUT_X/f", "dir", "f is a link to nothing"),
        ("ln -s x $MLOPS_OUTPUT_X", "file", "did not write its output 'x'"),
    ],
)
def test_what_cannot_be_kept_is_named(project: Project, text: str, kind: str, why: str) -> None:
    result = project.run(plan(sh(text, output("x", "x", kind))))
    assert result.exit_code == 4
    assert why in (result.nodes[0].reason or "")
    assert not list((project.root / ".mlops/tmp").iterdir())


def test_a_result_shares_nothing_with_the_file_it_was_linked_from(project: Project) -> None:
    mine = project.write("x.csv", "a\n1\n")
    copy = plan(source("x", "x.csv"), sh("ln $MLOPS_INPUT_X $MLOPS_OUTPUT_O", inputs=["x"]))
    result = project.run(copy)
    assert mine.stat().st_nlink == 1
    assert mine.stat().st_mode & 0o200
    mine.write_text("a\n2\n", "utf-8")
    assert project.output(result, "s/o.txt") == "a\n1\n"


def test_a_folder_given_as_a_link_stays_where_it_is(project: Project) -> None:
    mine = project.write("mine/a.txt", "1")
    result = project.run(plan(sh("ln -s $PWD/mine $MLOPS_OUTPUT_D", FOLDER)))
    assert project.output(result, "s/d/a.txt") == "1"
    assert mine.read_text("utf-8") == "1"


def test_links_in_a_folder_become_what_they_name(project: Project) -> None:
    text = "cd $MLOPS_OUTPUT_D; mkdir r; echo 1 >r/a; ln -s a r/b; ln r/a r/c; ln -s r l; ln -s .. r/up"
    made = plan(sh(f"mkdir $MLOPS_OUTPUT_D; {text}", FOLDER))
    for state in ("succeeded", "restored"):
        result = project.run(made)
        assert result.nodes[0].state == state
        assert {project.output(result, f"s/d/{p}") for p in ("r/a", "r/b", "r/c", "l/a", "l/b")} == {"1\n"}


def test_a_folder_behind_a_link_is_part_of_a_source(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/more").symlink_to("../real")
    (tmp_path / "data/round").symlink_to(".")
    (tmp_path / "real/a").write_text("1", "utf-8")
    before = path_digest(tmp_path / "data")
    (tmp_path / "real/a").write_text("2", "utf-8")
    assert path_digest(tmp_path / "data") != before


def test_a_text_that_no_program_can_be_given_is_refused(project: Project) -> None:
    for bad in ("a\0b", "\ud800"):
        result = project.run(plan(sh("true", params=("p",)), params=[param("p", "string", "a")]), params={"p": bad})
        assert result.exit_code == 2
        assert "no program can be given" in str(result.problems[0])


def test_a_damaged_cache_entry_is_made_again(project: Project) -> None:
    made = plan(sh("echo 1 >$MLOPS_OUTPUT_O"))
    project.run(made)
    entry = next((project.root / ".mlops/cache").iterdir())
    for text in ("", '{"outputs"', "{}", '{"outputs": 1}', '{"outputs": {"o": {}}}', "[" * 100_000, '{"outputs": {}}'):
        entry.write_text(text, "utf-8")
        assert project.states(made) == {"s": "succeeded"}, text
    assert project.states(made) == {"s": "restored"}


def test_metrics_may_start_with_a_byte_order_mark_and_may_not_be_a_well(project: Project) -> None:
    metrics = output("m", "m.json", "metrics")
    bom = """printf '\\357\\273\\277{"a": 1}' >$MLOPS_OUTPUT_M"""
    assert project.states(plan(sh(bom, metrics))) == {"s": "succeeded"}
    deep = "head -c 200000 /dev/zero | tr '\\0' '[' >$MLOPS_OUTPUT_M"
    assert project.states(plan(sh(deep, metrics))) == {"s": "failed"}


def test_a_stage_that_writes_into_its_input_fails_and_the_input_is_made_again(project: Project) -> None:
    bad = "chmod u+w $MLOPS_INPUT_O; echo 2 >$MLOPS_INPUT_O; cat $MLOPS_INPUT_O >$MLOPS_OUTPUT_P"
    first = sh("echo 1 >$MLOPS_OUTPUT_O")
    second = stage("t", script("sh", "-c", bad), inputs=["s.o"], outputs=[output("p", "p")])
    result = project.run(plan(first, second))
    assert "changed its input o.txt" in (result.nodes[1].reason or "")
    good = stage(
        "t", script("sh", "-c", "cat $MLOPS_INPUT_O >$MLOPS_OUTPUT_P"), inputs=["s.o"], outputs=[output("p", "p")]
    )
    result = project.run(plan(first, good))
    assert [n.state for n in result.nodes] == ["succeeded", "succeeded"]
    assert project.output(result, "t/p") == "1\n"


def test_a_store_that_cannot_be_written_ends_the_run_with_words(project: Project) -> None:
    project.write(".mlops", "a file\n")
    result = project.run(plan(sh("echo 1 >$MLOPS_OUTPUT_O")))
    assert (result.state, result.exit_code) == ("failed", 4)
    assert "the run cannot be written down" in str(result.problems[0])
    assert "not a directory" in str(result.problems[0])


def test_secrets_of_several_lines_within_each_other_and_without_a_line_end_are_hidden(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "-----BEGIN-----\nfirst-line\nsecond-line\n")
    monkeypatch.setenv("SHORT", "hunter2")
    monkeypatch.setenv("LONG", "hunter2-and-more")
    project.write(
        "s.py",
        """
        import os, sys
        print(os.environ["KEY"], os.environ["LONG"])
        for _ in range(40):
            sys.stdout.write("x" * 60_001 + os.environ["LONG"])
            sys.stdout.flush()
        open(os.environ["MLOPS_OUTPUT_O"], "w").close()
        """,
    )
    env = tuple((name, n.Secret(name)) for name in ("SHORT", "KEY", "LONG"))
    result = project.run(plan(stage("s", script("python", "s.py"), outputs=[FILE], env=env)))
    assert result.exit_code == 0
    log = project.output(result, "s.log")
    assert len(log) > 40 * 60_000
    assert not any(secret in log for secret in ("first-line", "second-line", "hunter2", "and-more", "BEGIN"))
    assert log.count("***") >= 44
