"""What a stage's program gets, of every kind of program, and what becomes of what it prints."""

from __future__ import annotations

import json

import pytest
from mlopsc.compiler.plan import nodes as n

from . import plans as p
from .conftest import Project

ARGV = "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"

HOSTILE = [
    'it\'s "quoted"',
    "two\nlines",
    "$(touch owned) `touch owned` ; touch owned && $HOME",
    "{{ dag_run.conf }} {inputs.x} ${{ secrets.X }}",
    "--flag=1 -x",
    "%s %(x)s \\n \\",
    "",
    "日本 🛫",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_param_is_one_argument_whatever_it_contains(project: Project, value: str) -> None:
    project.write("argv.py", ARGV)
    program = p.script("python", "argv.py", n.Slot("outputs", "o"), n.Slot("params", "x"), "last")
    plan = p.plan(
        p.stage("a", program, (), [p.output("o", "o.json")], params=("x",)), params=[p.param("x", "string", "")]
    )
    result = project.run(plan, params={"x": value})
    assert json.loads(project.output(result, "a/o.json")) == [value, "last"]
    assert not (project.root / "owned").exists()


def test_an_item_reaches_the_program_as_it_is(project: Project) -> None:
    project.write("argv.py", ARGV)
    stage = p.stage(
        "a[0]",
        "python argv.py {outputs.o} {item.city} x{item.city}",
        (),
        [p.output("o", "o.json")],
        item=n.Item("city", "New York; ls", 0),
    )
    assert json.loads(project.output(project.run(p.plan(stage)), "a-0/o.json")) == ["New York; ls", "xNew York; ls"]


def test_the_environment_names_inputs_outputs_params_and_the_run(project: Project) -> None:
    project.write("data.csv", "x")
    project.write(
        "env.py",
        """
        import json, os
        found = {k: v for k, v in os.environ.items() if k.startswith(("MLOPS_INPUT", "MLOPS_P", "MLOPS_R", "MODE"))}
        json.dump(found, open(os.environ["MLOPS_OUTPUT_O"], "w"))
        """,
    )
    stage = p.stage(
        "a", "python env.py", ["data"], [p.output("o", "o.json")], params=("rate", "full"), env=(("MODE", "fast"),)
    )
    plan = p.plan(
        p.source("data", "data.csv"), stage, params=[p.param("rate", "float", 0.1), p.param("full", "bool", True)]
    )
    assert json.loads(project.output(project.run(plan, run="r1"), "a/o.json")) == {
        "MLOPS_INPUT_DATA": str(project.root / "data.csv"),
        "MLOPS_PARAM_FULL": "true",
        "MLOPS_PARAM_RATE": "0.1",
        "MLOPS_RUN_ID": "r1",
        "MODE": "fast",
    }


def test_a_python_function_gets_typed_values_by_name(project: Project) -> None:
    project.write("steps/near.py", "WORD = 'near'")
    project.write(
        "steps/train.py",
        """
        import pickle
        from near import WORD

        class Model:
            pass

        def train(data, parts, rate, names, day, model):
            text = repr([data.read_text(), [p.name for p in parts], rate, names, day, WORD])
            model.write_text(text)
            pickle.dumps(Model())
        """,
    )
    for name in ("data.csv", "parts/1.csv", "parts/2.csv"):
        project.write(name, "x")
    arguments = {"data": "inputs", "parts": "inputs", "rate": "params", "names": "params", "day": "params"}
    stage = p.stage(
        "train",
        p.call("steps/train.py:train", **arguments, model="outputs"),
        ["data", "parts"],
        [p.output("model", "m.txt")],
        params=("rate", "names", "day"),
    )
    params = [
        p.param("rate", "float", 1),
        p.param("names", "list<string>", ("a", "b")),
        p.param("day", "date", "2026-01-31"),
    ]
    plan = p.plan(p.source("data", "data.csv"), p.source("parts", "parts/*.csv"), stage, params=params)
    assert project.output(project.run(plan), "train/m.txt") == repr(
        ["x", ["1.csv", "2.csv"], 1.0, ["a", "b"], __import__("datetime").date(2026, 1, 31), "near"]
    )


def test_a_traceback_starts_in_the_users_file(project: Project) -> None:
    project.write("bad.py", "def f():\n    raise ValueError('no rows')\n")
    result = project.run(p.plan(p.stage("a", p.call("bad.py:f"))))
    assert result.nodes[0].reason == "exit code 1: ValueError: no rows"
    log = project.output(result, "a.log")
    assert "call.py" not in log and 'bad.py", line 2, in f' in log


def test_sql_reads_inputs_as_tables_and_writes_the_output(project: Project) -> None:
    pytest.importorskip("duckdb")
    project.write("data.csv", "city,n\nOslo,3\nRome,5\n")
    project.write("top.sql", "-- the larger ones\nSELECT city FROM data WHERE n >= getvariable('least');\n")
    stage = p.stage(
        "top", n.SqlFile("top.sql"), ["data"], [p.output("out", "top.csv", "table", "csv")], params=("least",)
    )
    plan = p.plan(p.source("data", "data.csv"), stage, params=[p.param("least", "int", 4)])
    assert project.output(project.run(plan), "top/top.csv") == "city\nRome\n"
    project.write("top.sql", "SELECT town FROM data")
    result = project.run(p.plan(p.source("data", "data.csv"), p.stage("top", *stage_parts(stage), code=("top.sql",))))
    assert result.state == "failed" and "town" in project.output(result, "top.log")


def stage_parts(stage: n.Stage) -> tuple[n.Program, list[str], tuple[n.Output, ...]]:
    return stage.program, [a for i in stage.inputs for a in i.artifacts], stage.outputs


def test_a_secret_is_hidden_in_logs_and_is_no_part_of_the_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM_TOKEN", "s3cr3t-value")
    project.write("say.py", "import os; print('token', os.environ['TOKEN'])")
    plan = p.plan(p.stage("a", "python say.py", env=(("TOKEN", n.Secret("UPSTREAM_TOKEN")),)))
    result = project.run(plan)
    assert project.output(result, "a.log") == "token ***\n"
    assert [e.text for e in project.events if e.kind == "log"] == ["token ***"]
    assert not [f for f in result.folder.rglob("*") if f.is_file() and "s3cr3t" in f.read_text()]
    monkeypatch.setenv("UPSTREAM_TOKEN", "rotated")
    assert project.run(plan).nodes[0].state == "restored"


def test_everything_that_would_stop_the_run_is_found_at_once(project: Project) -> None:
    project.write("steps.py", "import os\nimport no_such_module_here\n")
    plan = p.plan(
        p.source("data", "data/*.csv"),
        p.stage("a", "no-such-program {inputs.data}", ["data"], env=(("T", n.Secret("NOT_SET")),)),
        p.stage("b", "python missing.py"),
        p.stage("c", p.call("steps.py:f"), code=("steps.py",)),
        params=[p.param("month", "int", 1, low=1, high=12), p.param("name", "string")],
    )
    result = project.run(plan, params={"month": "13", "mont": 1})
    assert (result.state, result.exit_code) == ("refused", 2)
    messages = [x.message for x in result.problems]
    assert messages[:6] == [
        "no param named 'mont'",
        "param 'month' must be in 1..12, not 13",
        "param 'name' has no value; give it with --set name=…",
        f"no file matches data/*.csv in {project.root}",
        "the secret NOT_SET (as T) is not set in the environment",
        "the program 'no-such-program' is not installed",
    ]
    assert messages[6:] == [
        "there is no file missing.py",
        "steps.py:2 imports no_such_module_here, which this interpreter lacks",
    ]
    assert not (project.root / ".mlops").exists()


def test_what_is_left_running_does_not_hold_the_stage(project: Project) -> None:
    project.write(
        "leave.py",
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)']); print('done')",
    )
    result = project.run(p.plan(p.stage("a", "python leave.py")))
    assert result.state == "succeeded" and result.seconds < 4


def test_progress_bars_and_odd_bytes_are_lines(project: Project) -> None:
    project.write("bar.py", r"import sys; sys.stdout.buffer.write(b'10%\r50%\r100%\n\xff\xfe\nend')")
    project.run(p.plan(p.stage("a", "python bar.py")))
    assert [e.text for e in project.events if e.kind == "log"] == ["100%", "��", "end"]


def test_a_very_long_document_still_reaches_the_function(project: Project) -> None:
    project.write("f.py", "def f(text, o):\n    o.write_text(str(len(text)))\n")
    stage = p.stage("a", p.call("f.py:f", text="params", o="outputs"), (), [p.output("o", "o")], params=("text",))
    plan = p.plan(stage, params=[p.param("text", "string", "")])
    # The same value is in the environment too, where Linux takes 128 KiB.
    assert project.output(project.run(plan, params={"text": "x" * 120_000}), "a/o") == "120000"
