"""A whole run: order, gates, records, and what the next run restores."""

from __future__ import annotations

import json

from mlopsc.compiler.plan import nodes as n

from . import plans as p
from .conftest import Project

SCRIPT = """
import os, shutil, sys
# Appends a line for each time it is run.
with open("ran.txt", "a") as f:
    f.write(os.path.basename(sys.argv[2]) + "\\n")
shutil.copy(sys.argv[1], sys.argv[2])
"""


def copying(project: Project) -> n.Plan:
    """data -> a -> b, and data -> c."""
    project.write("data.csv", "a,b\n1,2\n3,4\n")
    project.write("copy.py", SCRIPT)
    return p.plan(p.source("data", "data.csv"), copy("a", "data"), copy("b", "a.out"), copy("c", "data"))


def copy(name: str, artifact: str, **more: object) -> n.Stage:
    given = artifact.rpartition(".")[2]
    text = f"python copy.py {{inputs.{given}}} {{outputs.out}}"
    return p.stage(name, text, [artifact], [p.output("out", f"{name}.csv")], code=("copy.py",), **more)


def ran(project: Project) -> list[str]:
    path = project.root / "ran.txt"
    found = sorted(path.read_text().split()) if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def test_the_second_run_restores_what_has_not_changed(project: Project) -> None:
    plan = copying(project)
    result = project.run(plan)
    assert (result.state, result.exit_code) == ("succeeded", 0)
    assert project.output(result, "b/b.csv") == "a,b\n1,2\n3,4\n"
    assert ran(project) == ["a.csv", "b.csv", "c.csv"]
    assert project.states(plan) == {"data": "succeeded", "a": "restored", "b": "restored", "c": "restored"}
    assert ran(project) == []


def test_a_comment_changes_nothing_and_an_edit_runs_again(project: Project) -> None:
    plan = copying(project)
    project.run(plan)
    ran(project)
    project.write("copy.py", "# a comment\n\n" + SCRIPT)
    assert set(project.states(plan).values()) == {"succeeded", "restored"}
    assert ran(project) == []
    project.write("copy.py", SCRIPT + "\nprint('done')\n")
    project.run(plan)
    assert ran(project) == ["a.csv", "b.csv", "c.csv"]


def test_equal_outputs_stop_a_change_from_spreading(project: Project) -> None:
    project.write("data.csv", "x")
    project.write("same.py", "import sys; open(sys.argv[2], 'w').write('same')")
    project.write("copy.py", SCRIPT)
    first = p.stage("a", "python same.py {inputs.data} {outputs.out}", ["data"], [p.output("out", "a.csv")])
    plan = p.plan(p.source("data", "data.csv"), first, copy("b", "a.out"))
    project.run(plan)
    project.write("data.csv", "y")
    assert project.states(plan) == {"data": "succeeded", "a": "succeeded", "b": "restored"}


def test_a_blocked_guard_stops_its_consumers_and_no_others(project: Project) -> None:
    plan = copying(project)
    guard = p.table_guard(
        "sane", "a.out", {"m0": ("rows", "count(*)")}, [p.rule("rows >= 10", p.op(">=", p.measure_ref("m0"), 10))]
    )
    nodes = list(plan.nodes)
    plan = p.plan(*nodes[:2], guard, *nodes[2:], copy("d", "b.out"))
    result = project.run(plan)
    assert (result.state, result.exit_code) == ("blocked", 3)
    states = {r.id: r.state for r in result.nodes}
    assert states == {
        "data": "succeeded", "a": "succeeded", "sane": "blocked", "b": "skipped", "c": "succeeded", "d": "skipped",
    }  # fmt: skip
    record = next(r.record for r in result.nodes if r.id == "d")
    assert record["because"] == "sane"
    assert (result.folder / "a" / "a.csv").exists()


def failing(project: Project) -> n.Plan:
    project.write("data.csv", "x")
    project.write("copy.py", SCRIPT)
    project.write("fail.py", "import sys; print('what went wrong'); sys.exit(7)")
    bad = p.stage("bad", "python fail.py {inputs.data} {outputs.out}", ["data"], [p.output("out", "o")])
    return p.plan(p.source("data", "data.csv"), bad, copy("after", "bad.out"), copy("other", "data"))


def test_a_failed_stage_starts_nothing_new(project: Project) -> None:
    plan = failing(project)
    result = project.run(plan, jobs=1)
    assert (result.state, result.exit_code) == ("failed", 4)
    bad = next(r for r in result.nodes if r.id == "bad")
    assert bad.reason == "exit code 7: what went wrong"
    assert {r.id: r.state for r in result.nodes if r.id != "bad"} == {
        "data": "succeeded", "after": "skipped", "other": "skipped",
    }  # fmt: skip
    assert project.output(result, "bad.log") == "what went wrong\n"


def test_keep_going_runs_what_does_not_need_the_failed_stage(project: Project) -> None:
    assert project.states(failing(project), jobs=1, keep_going=True) == {
        "data": "succeeded", "bad": "failed", "after": "skipped", "other": "succeeded",
    }  # fmt: skip


def test_an_output_that_is_not_written_fails_the_stage(project: Project) -> None:
    project.write("nothing.py", "")
    plan = p.plan(p.stage("a", "python nothing.py", (), [p.output("out", "o.txt")]))
    result = project.run(plan)
    assert "did not write its output 'out' (o.txt)" in (result.nodes[0].reason or "")


def test_metrics_are_a_flat_object_of_numbers(project: Project) -> None:
    project.write("m.py", "import sys; open(sys.argv[1], 'w').write('{\"auc\": \"high\"}')")
    plan = p.plan(p.stage("a", "python m.py {outputs.m}", (), [p.output("m", "m.json", "metrics")]))
    assert "'auc' is a text, and no number" in (project.run(plan).nodes[0].reason or "")


def test_retries_survive_a_failed_try(project: Project) -> None:
    project.write(
        "flaky.py",
        """
        import pathlib, sys
        tries = pathlib.Path("tries"); seen = len(tries.read_text()) if tries.exists() else 0
        tries.write_text("x" * (seen + 1))
        if seen < 2: sys.exit(1)
        pathlib.Path(sys.argv[1]).write_text("done")
        """,
    )
    stage = p.stage(
        "a", "python flaky.py {outputs.o}", (), [p.output("o", "o.txt")], retries=n.Retries(2, 0.01), cache=False
    )
    result = project.run(p.plan(stage))
    assert result.state == "succeeded"
    assert len(result.nodes[0].record["tries"]) == 3
    assert [e.attempt for e in project.events if e.kind == "retry"] == [1, 2]


def test_a_timeout_ends_the_program_and_what_it_started(project: Project) -> None:
    project.write(
        "slow.py",
        """
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
        open("pid", "w").write(str(child.pid))
        time.sleep(60)
        """,
    )
    result = project.run(p.plan(p.stage("a", "python slow.py", timeout=0.7)))
    assert result.nodes[0].reason == "took longer than its timeout"
    assert result.seconds < 5
    pid = int((project.root / "pid").read_text())
    from .test_crash import is_alive

    assert not is_alive(pid)


def test_a_timeout_of_one_stage_leaves_the_others_alone(project: Project) -> None:
    project.write("sleep.py", "import sys, time; time.sleep(float(sys.argv[1]))")
    plan = p.plan(p.stage("long", "python sleep.py 2"), p.stage("late", "python sleep.py 30", timeout=0.5))
    assert project.states(plan) == {"long": "succeeded", "late": "failed"}


def test_when_decides_and_what_consumes_is_skipped(project: Project) -> None:
    project.write("data.csv", "x")
    project.write("copy.py", SCRIPT)
    condition = p.op("==", n.Ref("param", "full"), p.literal(True, "bool"))
    plan = p.plan(
        p.source("data", "data.csv"),
        copy("a", "data", when=condition),
        copy("b", "a.out"),
        params=[p.param("full", "bool", False)],
    )
    result = project.run(plan)
    assert {r.id: (r.state, r.reason) for r in result.nodes} == {
        "data": ("succeeded", None), "a": ("skipped", "when"), "b": ("skipped", "a was skipped"),
    }  # fmt: skip
    assert result.exit_code == 0
    assert project.states(plan, params={"full": True})["b"] == "succeeded"


def test_a_foreach_fans_out_and_its_consumer_gets_all(project: Project) -> None:
    project.write("write.py", "import sys; open(sys.argv[2], 'w').write(sys.argv[1])")
    project.write("join.py", "import sys; open(sys.argv[1], 'w').write(' '.join(open(f).read() for f in sys.argv[2:]))")
    copies = [
        p.stage(
            f"part[{i}]",
            "python write.py {item.city} {outputs.o}",
            (),
            [p.output("o", "o.txt")],
            item=n.Item("city", city, i),
        )
        for i, city in enumerate(["New York", "Oslo"])
    ]
    join = p.stage(
        "join",
        "python join.py {outputs.all} {inputs.parts}",
        {"parts": ("part[0].o", "part[1].o")},
        [p.output("all", "all.txt")],
    )
    result = project.run(p.plan(*copies, join))
    assert project.output(result, "join/all.txt") == "New York Oslo"
    assert (result.folder / "part-0" / "o.txt").read_text() == "New York"


def test_a_folder_is_an_output_and_is_restored(project: Project) -> None:
    project.write(
        "many.py",
        """
        import pathlib, sys
        out = pathlib.Path(sys.argv[1]); (out / "sub").mkdir(parents=True)
        (out / "a.txt").write_text("a"); (out / "sub" / "b.txt").write_text("b")
        """,
    )
    plan = p.plan(p.stage("a", "python many.py {outputs.all}", (), [p.output("all", "all", "dir")]))
    project.run(plan)
    result = project.run(plan)
    assert result.nodes[0].state == "restored"
    assert project.output(result, "a/all/sub/b.txt") == "b"


def test_a_damaged_result_is_made_again(project: Project) -> None:
    plan = copying(project)
    first = project.run(plan)
    kept = first.folder / "a" / "a.csv"
    kept.chmod(0o644)
    kept.write_text("broken by hand")
    second = project.run(plan)
    assert {r.id: r.state for r in second.nodes}["a"] == "succeeded"
    assert project.output(second, "a/a.csv") == "a,b\n1,2\n3,4\n"


def test_selection(project: Project) -> None:
    plan = copying(project)
    refused = project.run(plan, only=("b",))
    assert refused.exit_code == 2
    assert "a: has no result yet that 'b' could use" in str(refused.problems[0])
    assert project.states(plan, select=("+b",)) == {
        "data": "succeeded", "a": "succeeded", "b": "succeeded", "c": "skipped",
    }  # fmt: skip
    only_b = project.run(plan, only=("b",))
    assert {r.id: r.state for r in only_b.nodes} == {
        "data": "skipped", "a": "restored", "b": "restored", "c": "skipped",
    }  # fmt: skip
    assert project.states(plan, after=("a",))["c"] == "skipped"
    misspelt = project.run(plan, select=("+bb",))
    assert misspelt.exit_code == 2 and "no node named 'bb'" in str(misspelt.problems[0])


def test_a_dry_run_shows_exact_commands_and_runs_nothing(project: Project) -> None:
    plan = copying(project)
    result = project.run(plan, dry_run=True, run="r1")
    assert (result.state, result.exit_code) == ("planned", 0)
    texts = {e.node: e.text for e in project.events if e.kind == "planned"}
    out = project.root / ".mlops" / "runs" / "r1"
    assert texts["b"].endswith(f"copy.py {out / 'a' / 'a.csv'} {out / 'b' / 'b.csv'}")
    assert ran(project) == [] and not (project.root / ".mlops").exists()
    project.run(plan)
    project.run(plan, dry_run=True)
    assert {e.node: e.state for e in project.events if e.kind == "planned"}["b"] == "would_restore"


def test_every_record_is_whole_and_says_what_made_it(project: Project) -> None:
    result = project.run(copying(project))
    run = json.loads((result.folder / "run.json").read_text())
    record = run["nodes"]["b"]
    assert record["key_parts"]["inputs"] == {"out": [run["nodes"]["a"]["artifacts"]["a.out"]["digest"]]}
    assert set(record["key_parts"]["code"]) == {"copy.py"}
    assert run["state"] == "succeeded" and run["machine"]["python"]
    assert list((project.root / ".mlops" / "tmp").iterdir()) == []


def test_a_stage_may_be_called_run(project: Project) -> None:
    project.write("copy.py", SCRIPT)
    project.write("data.csv", "x")
    result = project.run(p.plan(p.source("data", "data.csv"), copy("run", "data"), copy("report", "run.out")))
    assert result.state == "succeeded"
    assert json.loads((result.folder / "run.json").read_text())["nodes"]["run"]["node"] == "run"


def test_an_output_stays_in_its_folder(project: Project) -> None:
    for path in ("../x", "/etc/x"):
        refused = project.run(p.plan(p.stage("a", "python -c pass", (), [p.output("o", path)])))
        assert "must lie in the folder of its results" in str(refused.problems[0])


def test_the_same_run_can_be_gone_on_with(project: Project) -> None:
    plan = copying(project)
    project.run(plan, run="mine")
    assert project.run(plan, run="mine").state == "succeeded"
    assert project.run(plan, run="../mine").exit_code == 2
