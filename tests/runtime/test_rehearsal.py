"""A rehearsal says what the run then does: node by node, on pipelines and histories drawn at random."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.rehearsal import Planned

from . import plans as p
from .conftest import Project

# What may become of a node of which this was said.
HAPPENS = {
    "read": {"succeeded"},
    "restore": {"restored"},
    "run": {"succeeded"},
    "may_run": {"succeeded", "restored"},
    "skip": {"skipped"},
    "check": {"succeeded"},
    "deploy": {"succeeded"},
    "may_deploy": {"succeeded", "restored"},
    "keep": {"restored"},
}
# Sums the digits of its inputs; `modulo` lets another input give the same output.
SUM = """import pathlib, sys
from helper_{name} import LEAST
out, rate, *given = sys.argv[1:]
total = LEAST + int(rate) + sum(int(pathlib.Path(g).read_text()) for g in given)
pathlib.Path(out).write_text(str(total // 3))
"""
TRAIN = """import json, pathlib, sys
given, model, metrics = sys.argv[1:]
pathlib.Path(model).write_text(pathlib.Path(given).read_text())
pathlib.Path(metrics).write_text(json.dumps({"score": float(pathlib.Path(given).read_text())}))
"""


def said_and_done(project: Project, plan: n.Plan, **options: object) -> dict[str, tuple[str, str]]:
    """For each node what was said before the run, and what became of it; every one as it was said."""
    said = {x.node: x for x in project.run(plan, dry_run=True, **options).planned}
    done = {r.id: r.state for r in project.run(plan, **options).nodes}
    assert said.keys() == done.keys()
    for name, planned in said.items():
        waits = any(c.kind == "when" for c in planned.causes)
        assert done[name] in HAPPENS[planned.action] | ({"skipped"} if waits else set()), (name, planned, done)
    return {name: (planned.action, done[name]) for name, planned in said.items()}


def summing(name: str, *inputs: str, **more: object) -> n.Stage:
    command = f"python {name}.py {{outputs.out}} {{params.rate_{name}}} " + " ".join(
        f"{{inputs.{a.rpartition('.')[2] if '.' not in a else a.partition('.')[0]}}}" for a in inputs
    )
    named = {a.partition(".")[0]: a for a in inputs}
    code = (f"{name}.py", f"helper_{name}.py")
    outputs = [p.output("out", "out.txt")]
    return p.stage(name, command, named, outputs, code=code, params=(f"rate_{name}",), **more)


def diamond() -> n.Plan:
    """Two stages from a source, one that takes both, one that learns from it, and a deploy."""
    train = p.stage(
        "train", "python train.py {inputs.c} {outputs.model} {outputs.metrics}", {"c": "c.out"},
        [p.output("model", "model.txt", "model"), p.output("metrics", "metrics.json", "metrics")], code=("train.py",),
    )  # fmt: skip
    return p.plan(
        p.source("data", "data.txt"), summing("a", "data"), summing("b", "data"), summing("c", "a.out", "b.out"),
        train, p.deploy("production", "train.model", metrics=("train.metrics",)),
        params=[p.param(f"rate_{s}", "int", 0) for s in "abc"],
    )  # fmt: skip


@pytest.fixture
def laid(project: Project) -> Project:
    project.write("data.txt", "30")
    project.write("train.py", TRAIN)
    for name in "abc":
        project.write(f"{name}.py", SUM.format(name=name))
        project.write(f"helper_{name}.py", "LEAST = 0\n")
    return project


@pytest.mark.parametrize("seed", range(6))
def test_whatever_changed_the_run_does_what_was_said(laid: Project, seed: int) -> None:
    """Inputs, helpers, params and comments change and change back, so that some results are of earlier runs."""
    chance, plan = random.Random(seed), diamond()
    rates = {f"rate_{s}": 0 for s in "abc"}
    seen = set()
    for _ in range(8):
        for _ in range(chance.randint(0, 2)):
            name = chance.choice("abc")
            match chance.randrange(4):
                case 0:
                    laid.write("data.txt", str(chance.choice((30, 31, 36))))
                case 1:
                    laid.write(f"helper_{name}.py", f"LEAST = {chance.choice((0, 1, 6))}\n")
                case 2:
                    rates[f"rate_{name}"] = chance.choice((0, 1, 6))
                case 3:
                    laid.write(f"{name}.py", f"# {chance.random()}\n{SUM.format(name=name)}")
        seen |= {said for said, _ in said_and_done(laid, plan, params=dict(rates)).values()}
    assert {"restore", "run"} <= seen


def test_a_result_of_earlier_inputs_is_not_said_to_run(laid: Project) -> None:
    """'c' has another helper than last time, the one of the first run; what comes before it runs, and ends alike."""
    plan = diamond()
    laid.run(plan)
    laid.write("helper_c.py", "LEAST = 6\n")
    laid.run(plan)
    laid.write("helper_c.py", "LEAST = 0\n")
    laid.write("a.py", SUM.format(name="a") + "print('more')\n")
    found = said_and_done(laid, plan)
    assert found["a"] == ("run", "succeeded")
    assert found["c"] == ("may_run", "restored")


def test_a_deploy_of_the_version_that_is_in_use_changes_nothing(laid: Project) -> None:
    plan = diamond()

    def deploy() -> Planned:
        return next(x for x in laid.run(plan, dry_run=True).planned if x.node == "production")

    assert deploy().text == "champion to the new version of train.model"
    assert said_and_done(laid, plan)["production"] == ("deploy", "succeeded")
    assert deploy().text == "champion already points at version 1"
    assert said_and_done(laid, plan)["production"] == ("keep", "restored")
    laid.write("data.txt", "60")
    assert said_and_done(laid, plan)["production"] == ("may_deploy", "succeeded")
    laid.write("data.txt", "30")
    assert deploy().text == "champion to version 1 of train.model, from version 2"
    assert said_and_done(laid, plan)["production"] == ("deploy", "succeeded")


def test_a_stage_that_is_left_out_is_said_to_be(laid: Project) -> None:
    full = p.op("==", n.Ref("param", "full"), p.literal(True, "bool"))
    plan = p.plan(
        p.source("data", "data.txt"), summing("a", "data", when=full), summing("b", "a.out"),
        params=[p.param("full", "bool", False), *(p.param(f"rate_{s}", "int", 0) for s in "ab")],
    )  # fmt: skip
    assert said_and_done(laid, plan) == {
        "data": ("read", "succeeded"), "a": ("skip", "skipped"), "b": ("skip", "skipped"),
    }  # fmt: skip
    assert said_and_done(laid, plan, params={"full": True})["b"] == ("run", "succeeded")


def test_a_condition_on_metrics_is_decided_where_they_are_known(laid: Project) -> None:
    good = p.op(">=", n.Ref("metric", "train.metrics.score"), 5)
    plan = diamond()
    extra = replace(summing("b", "train.model", when=good), id="more", name="more")
    whole = p.plan(*plan.nodes, extra, params=plan.params)
    assert said_and_done(laid, whole)["more"] == ("may_run", "succeeded")
    assert said_and_done(laid, whole)["more"] == ("restore", "restored")
    laid.write("data.txt", "3")
    assert said_and_done(laid, whole)["more"] == ("may_run", "skipped")
    assert said_and_done(laid, whole)["more"] == ("skip", "skipped")


def test_a_result_whose_bytes_are_gone_is_said_to_be_made_again(laid: Project, tmp_path: Path) -> None:
    plan = diamond()
    laid.run(plan)
    for file in (tmp_path / ".mlops/objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.unlink()
    assert said_and_done(laid, plan)["a"] == ("run", "succeeded")
