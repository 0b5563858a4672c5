"""`act` runs what the GitHub target emits: every job in a folder of its own, artifacts handed on between them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan import nodes as n
from mlopsc.tests.engines.github_act import Repository
from mlopsc.tests.runtime import plans as p

SUM = """
import json, sys
source, total, times = sys.argv[1:]
n = sum(int(line) for line in open(source).read().split()[1:]) * int(times)
open(total, "w").write(str(n))
json.dump({"total": n, "type": len(times)}, open(total.replace("total.txt", "metrics.json"), "w"))
"""
TOTAL = (p.output("total", "total.txt"), p.output("metrics", "metrics.json", "metrics"))


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path).write("numbers.csv", "n\n1\n2\n")


def sums(*nodes: n.Node, **more) -> n.Plan:
    """numbers -> add -> what is given."""
    add = p.stage("add", "python steps/add.py {inputs.numbers} {outputs.total} {params.times}", ["numbers"], TOTAL)
    times = p.param("times", "int", 2, low=1, high=9)
    return p.plan(
        p.source("numbers", "numbers.csv"), replace(add, params=("times",)), *nodes, **{"params": [times], **more}
    )


def total_is(condition: str, value: float, id: str = "good") -> n.Guard:  # noqa: A002
    return p.guard(id, "add.metrics", [p.rule(f"total {condition} {value}", p.op(condition, p.metric("total"), value))])


def test_results_travel_from_job_to_job_and_the_report_is_kept(repository):
    table = p.table_guard(
        "sane", "numbers", {"m0": ("rows", "count(*)")}, [p.rule("rows >= 2", p.op(">=", p.measure_ref("m0"), 2))]
    )
    plan = sums(table, total_is(">=", 6), p.stage("show", "cat {inputs.total}", ["add.total"]))
    plan.graph.remove_edge("numbers", "add")  # the guard stands between, and yet `add` reads the source
    ran = repository.build(plan, steps__add=SUM).act()
    assert ran.code == 0, ran.log
    assert ran.jobs == dict.fromkeys(["numbers", "sane", "add", "good", "show", "report"], "success")
    assert ran.run["state"] == "succeeded"
    assert set(ran.states.values()) == {"succeeded"}
    assert ran.output("show") == "6\n"
    assert (ran.folder / "report" / "report.html").stat().st_size > 1000
    assert "| add | stage | ✅ succeeded |" in ran.log
    assert ran.record("add")["engine"] == {"name": "github", "run": "1"}
    # A job starts with what was handed to it and nothing else: the stage's results, not those of others.
    assert sorted(f.name for f in (ran.folder / "results-add").rglob("*") if f.is_file()) == [
        *("add.json", "add.log", "metrics.json", "total.txt")
    ]


def test_a_failed_stage_stops_what_comes_after_it_and_nothing_else(repository):
    plan = sums(
        p.stage("broken", "python -c 'raise SystemExit(7)'", ["add.total"], [p.output("x", "x.txt")]),
        p.stage("after", "cat {inputs.x}", ["broken.x"]),
        p.stage("other", "cat {inputs.total}", ["add.total"]),
    )
    ran = repository.build(plan, steps__add=SUM).act()
    assert ran.code == 1
    assert ran.jobs == {
        **dict.fromkeys(["numbers", "add", "other"], "success"),
        **dict.fromkeys(["broken", "report"], "failure"),
    }
    assert ran.run["state"] == "failed"
    assert ran.states["after"] == "skipped"
    assert ran.run["nodes"]["after"]["reason"] == "broken failed"
    assert "exit code 7" in ran.record("broken")["reason"]


def test_a_blocked_guard_stops_its_consumers_while_another_branch_goes_on(repository):
    plan = sums(
        total_is(">=", 100),
        p.stage("show", "cat {inputs.total}", {"total": "add.total", "metrics": "add.metrics"}),
        p.deploy("production", "add.total", metrics=("add.metrics",)),
        p.stage("other", "cat {inputs.numbers}", ["numbers"]),
    )
    ran = repository.build(plan, steps__add=SUM).act()
    assert ran.code == 1
    assert ran.jobs == {
        **dict.fromkeys(["numbers", "add", "other"], "success"),
        **dict.fromkeys(["good", "report"], "failure"),
    }
    assert ran.run["state"] == "blocked"
    assert ran.record("good")["verdict"] == "blocked"
    assert ran.run["nodes"]["production"]["reason"] == "good blocked"
    assert "| good | guard | ⛔ blocked |" in ran.log
    assert repository.remembered("registry") == []


PARAMS = ("month", "rate", "loss", "fast", "wait", "tags")


def test_inputs_reach_a_stage_typed_and_a_schedule_takes_the_defaults(repository):
    weekly = n.Event("schedule", cron="0 5 * * 1", zone="America/New_York")
    trigger = n.Trigger("weekly", "", (weekly,), None, None, None, None, p.HERE)
    call = p.call("steps/say.py:say", **dict.fromkeys(PARAMS, "params"))
    params = [
        p.param("month", "int", 1, low=1, high=12),
        p.param("rate", "float", 0.1),
        p.param("loss", "string", "log", choices=("log", "hinge")),
        p.param("fast", "bool", True),
        p.param("wait", "duration", 1800),
        p.param("tags", "list<string>", ("a", "b c")),
    ]
    stage = p.stage("say", call, params=PARAMS)
    say = "def say(**given):\n    print(sorted(given.items()))\n"
    repository.build(p.plan(stage, trigger, params=params), steps__say=say)

    ran = repository.act(inputs={"month": "7", "loss": "hinge", "fast": False, "tags": '["${{ github.token }}"]'})
    assert ran.code == 0, ran.log
    assert ran.record("say")["params"] == {
        "month": 7,
        "rate": 0.1,
        "loss": "hinge",
        "fast": False,
        "wait": 1800,
        "tags": ["${{ github.token }}"],
    }
    scheduled = repository.act("schedule")
    assert scheduled.code == 0, scheduled.log
    assert scheduled.record("say")["params"] == {q.name: q.value for q in params} | {"tags": ["a", "b c"]}
    refused = repository.act(inputs={"month": "13"})
    assert refused.jobs == {"say": "failure", "report": "failure"}
    assert "must be in 1..12" in refused.record("say")["reason"]


NASTY = "a'; touch PWNED; echo \"$(touch PWNED)`touch PWNED` ${{ secrets.TOKEN }} #"


def test_texts_of_the_spec_arrive_as_data(repository):
    doc = f"{NASTY}\n- run: touch PWNED\n\x85\u2028jobs: {{}}"
    steps = (
        p.stage("show", p.script("printf", "%s", NASTY), doc=doc),
        p.stage("given", p.script("printf", "%s", n.Slot("params", "text")), params=("text",), doc="${{"),
        p.stage("each[0]", p.script("printf", "%s", n.Slot("item", "x")), item=n.Item("x", NASTY, 0)),
    )
    params = [p.param("text", "string", "plain", doc=doc)]
    repository.build(p.plan(*steps, params=params, doc=doc, spec="a\nb: ${{ x }}.mlops"))
    ran = repository.act(inputs={"text": NASTY}, secrets={"TOKEN": "hush"})
    assert ran.code == 0, ran.log
    assert ran.jobs == dict.fromkeys(["show", "given", "each-0", "report"], "success")
    for name in ("show", "given", "each-0"):
        assert ran.output(name) == NASTY + "\n"
    assert not list(repository.base.rglob("PWNED"))
    assert "hush" not in ran.log


def test_a_default_that_looks_like_an_expression_is_not_evaluated(repository):
    stage = p.stage("given", p.script("printf", "%s", n.Slot("params", "text")), params=("text",))
    repository.build(p.plan(stage, params=[p.param("text", "string", NASTY), p.param("month", "int", 1)]))
    ran = repository.act(inputs={"params": '{"month": 3}'})
    assert ran.code == 0, ran.log
    assert ran.output("given") == NASTY + "\n"


def test_a_stage_left_out_by_its_condition_fails_nothing(repository):
    big = p.op(">", n.Ref("param", "times"), 5)
    plan = sums(
        p.stage("extra", "cat {inputs.total}", ["add.total"], [p.output("x", "x.txt")], when=big),
        p.stage("more", "cat {inputs.x}", ["extra.x"]),
        p.stage("last", "cat {inputs.total}", ["add.total"]),
    )
    ran = repository.build(plan, steps__add=SUM).act()
    assert ran.code == 0, ran.log
    assert ran.jobs == dict.fromkeys(["numbers", "add", "extra", "last", "report"], "success")
    assert (ran.states["extra"], ran.states["more"]) == ("skipped", "skipped")
    assert ran.run["state"] == "succeeded"


def test_copies_of_a_stage_are_jobs_and_their_consumer_gets_all(repository):
    write = "python -c 'import sys; open(sys.argv[1], \"w\").write(sys.argv[2])' {outputs.x} {item.c}"
    copies = [
        p.stage(f"each[{i}]", write, (), [p.output("x", "x.txt")], item=n.Item("c", c, i)) for i, c in enumerate("ab")
    ]
    join = p.stage("join", "cat {inputs.x}", {"x": ("each[0].x", "each[1].x")})
    ran = repository.build(p.plan(*copies, join)).act()
    assert ran.jobs == dict.fromkeys(["each-0", "each-1", "join", "report"], "success"), ran.log
    assert ran.output("join") == "ab\n"


def test_a_stage_is_tried_again_and_ended_at_its_timeout(repository):
    flaky = "import pathlib, sys\np = pathlib.Path('tried')\nif not p.exists():\n    p.touch()\n    sys.exit('first')\n"
    plan = p.plan(
        p.stage("flaky", "python steps/flaky.py", retries=n.Retries(2, 0.1)),
        p.stage("slow", "sleep 60", timeout=0.5),
    )
    ran = repository.build(plan, steps__flaky=flaky).act()
    assert ran.jobs == {"flaky": "success", "slow": "failure", "report": "failure"}, ran.log
    assert len(ran.record("flaky")["tries"]) == 2
    assert ran.record("slow")["reason"] == "took longer than its timeout"


def test_a_secret_reaches_its_stage_alone(repository):
    look = "import os\nprint(os.environ.get('TOKEN') == 'hush', 'HUB' in os.environ)\n"
    plan = p.plan(
        p.stage("with", "python steps/look.py", env=(("TOKEN", n.Secret("HUB")),)),
        p.stage("without", "python steps/look.py"),
    )
    ran = repository.build(plan, steps__look=look).act(secrets={"HUB": "hush"})
    assert ran.code == 0, ran.log
    assert ran.output("with") == "True True\n"
    assert ran.output("without") == "False False\n"


def test_the_champion_outlives_the_run(repository):
    better = p.rule("total >= champion.total", p.op(">=", p.metric("total"), n.Ref("champion", "total")))
    plan = sums(
        p.guard("better", "add.metrics", [better], champion="champion"),
        p.deploy("production", "add.total", metrics=("add.metrics",)),
        p.deploy("shadow", "add.total", metrics=("add.metrics",), alias="shadow"),
    )
    repository.build(plan, steps__add=SUM)
    for times, outcome, version in ((3, "succeeded", 1), (2, "blocked", 1), (4, "succeeded", 2)):
        ran = repository.act(inputs={"times": times})
        assert ran.run["state"] == outcome, ran.log
        moves = [repository.remembered(f) for f in repository.remembered("registry") if "/moves/" in f]
        assert {m["alias"]: m["to"] for m in moves} == {"champion": version, "shadow": version}
    assert ran.record("better")["baseline"]["champion"]["version"] == 1
    kept = [f.partition("/versions/")[2] for f in repository.remembered("registry") if "/versions/" in f]
    assert sorted(kept) == ["1.json", "1/total.txt", "2.json", "2/total.txt"]
    # The store's objects are the same bytes, which git keeps once.
    assert len(repository.remembered("objects")) == 2


def test_numbers_that_a_guard_judged_are_kept_with_the_model(repository):
    """The model comes from one stage and its numbers from another, which the deploy does not name."""
    judge = "import json, sys\njson.dump({'total': 7}, open(sys.argv[1], 'w'))\n"
    output = p.output("metrics", "metrics.json", "metrics")
    total = p.rule("total > 1", p.op(">", p.metric("total"), 1))
    plan = sums(
        p.stage("judge", "python steps/judge.py {outputs.metrics}", ["add.total"], [output]),
        p.guard("good", "judge.metrics", [total]),
        p.deploy("production", "add.total"),
    )
    ran = repository.build(plan, steps__add=SUM, steps__judge=judge).act()
    assert ran.code == 0, ran.log
    version = next(f for f in repository.remembered("registry") if f.endswith("versions/1.json"))
    assert repository.remembered(version)["metrics"]["judge.metrics"] == {"total": 7}


def test_a_guard_compares_with_the_run_before(repository):
    rising = p.rule("total > previous.total", p.op(">", p.metric("total"), n.Ref("previous", "total")))
    repository.build(sums(p.guard("rising", "add.metrics", [rising])), steps__add=SUM)
    states = [repository.act(inputs={"times": times}).run["state"] for times in (2, 2, 3)]
    assert states == ["succeeded", "blocked", "succeeded"]
    assert sorted({f.split("/")[1] for f in repository.remembered("runs")}) == ["3"]


def test_a_spec_in_a_folder_of_its_repository(repository):
    repository.write("ml/numbers.csv", "n\n5\n").write("ml/steps/add.py", SUM)
    ran = repository.build(sums(total_is(">=", 10)), {"root": "ml", "runs_on": "big"}).act(label="big")
    assert ran.code == 0, ran.log
    assert ran.jobs == dict.fromkeys(["numbers", "add", "good", "report"], "success")


def test_a_job_that_breaks_before_its_node_fails_the_run(repository):
    huge = n.Resources(None, 2**50, None)
    plan = p.plan(
        p.stage("huge", "true", resources=huge), p.stage("small", "true", resources=n.Resources(1, 2**20, None))
    )
    ran = repository.build(plan).act()
    assert ran.code == 1
    assert ran.jobs == {"huge": "failure", "small": "success", "report": "failure"}
    assert not (ran.folder / "record-huge").exists()


def test_a_result_of_an_earlier_run_is_restored_by_its_key(repository):
    repository.build(sums(total_is(">=", 1), p.stage("show", "cat {inputs.total}", ["add.total"])), steps__add=SUM)
    states = [repository.act(inputs={"times": times}).states["add"] for times in (2, 2, 3, 2)]
    assert states == ["succeeded", "restored", "succeeded", "restored"]
    kept = [c.name for c in (repository.base / "caches").iterdir()]
    assert len([name for name in kept if name.startswith("mlops-demo-add-")]) == 2, (
        "what is there already is not kept twice"
    )


QUARANTINE = """mlops 1
pipeline demo { owner = "ops@example.org" }
version { code = off }
source flights { uri = "flights.csv" }
guard sane on flights { delay between -60 and 1_500 else quarantine }
guard known on flights {
  origin in ["EWR", "JFK"] else quarantine
  rows == 4
}
stage copy {
  run     = "cp {inputs.flights} {outputs.rows}"
  inputs  = [flights]
  outputs { rows: table = "rows.csv" }
}
guard counted on copy.rows { rows == 3, delay < 9 else quarantine }
stage show { run = "cat {inputs.rows}", inputs = [copy.rows] }
"""


def test_what_guards_let_through_crosses_jobs_and_the_rest_is_kept(repository):
    rows = ["id,origin,delay", "1,EWR,5", "2,JFK,9999", "3,XXX,7", "4,JFK,9", "5,EWR,-3"]
    repository.write("flights.csv", "\n".join(rows) + "\n")
    repository.build(compile_plan(analyse(repository.write("demo.mlops", QUARANTINE).folder / "demo.mlops")).plan)
    for state in ("succeeded", "restored"):
        ran = repository.act()
        assert ran.code == 0, ran.log
        assert set(ran.jobs.values()) == {"success"}
        # `known` judges what `sane` let through, `copy` reads what both did, `show` what `counted` left of that.
        verdicts = {node: record["verdict"] for node, record in ran.run["nodes"].items() if record["kind"] == "guard"}
        assert verdicts == dict.fromkeys(["sane", "known", "counted"], "warned")
        assert ran.states["copy"] == ran.states["show"] == state
        if state == "succeeded":
            assert ran.output("show").splitlines() == [rows[0], rows[1], rows[5]]
        for guard, row in (("sane", 2), ("known", 3), ("counted", 4)):
            aside = ran.folder / f"results-{guard}" / guard / "quarantined.csv"
            assert aside.read_text().splitlines() == [rows[0], rows[row]]
            assert ran.record(guard)["quarantined"]["rows"] == 1
        kept = ran.folder / "results-known/known/kept/flights.csv"
        assert kept.read_text().splitlines() == [rows[0], rows[1], rows[4], rows[5]]


def test_rows_that_are_not_set_aside_need_no_results(repository):
    repository.write("flights.csv", "id,origin,delay\n1,EWR,5\n2,EWR,6\n3,EWR,6\n4,EWR,7\n")
    spec = QUARANTINE.replace("rows == 3", "rows == 4")
    repository.build(compile_plan(analyse(repository.write("demo.mlops", spec).folder / "demo.mlops")).plan)
    ran = repository.act()
    assert ran.code == 0, ran.log
    assert ran.record("sane")["verdict"] == "passed"
    assert ran.output("show").count("\n") == 5


def test_a_second_attempt_replaces_what_the_first_one_left(repository):
    repository.build(sums(total_is(">=", 6)), steps__add="raise SystemExit('not yet')")
    assert repository.act().run["state"] == "failed"
    repository.write("steps/add.py", SUM).commit()
    ran = repository.act(attempt_of=1)
    assert ran.code == 0, ran.log
    assert ran.run["state"] == "succeeded"


def test_no_job_runs_where_no_runner_has_the_label(repository):
    ran = repository.build(p.plan(p.stage("one", "true")), {"runs_on": "gone"}).act()
    assert ran.jobs == {}, "act skips such jobs and ends with 0; counting jobs is what tells"
