"""Infra 1 to Infra 7: tests of what the pipeline runs on."""

from __future__ import annotations

from ..features import Feature
from ..plan.nodes import Deploy, Stage
from ..plan.place import Place
from .code_tests import tested_by_itself
from .facts import Facts
from .findings import Evidence, Finding, Test, by_hand, lacking, met
from .reading import evidence_of, judged, quality_rules, trainers


def training_is_reproducible(facts: Facts) -> Finding:
    """A recorded run was made again and was the same; a full point where a workflow does that by itself."""
    automatic = next(((w, o) for w, o in facts.ordered("reproduce") if w.by_itself), None)
    found = made_again(facts)
    if found is None:
        return lacking(why_not_made_again(facts), "mlopsc reproduce last")
    if automatic is None:
        return by_hand(found, missing="it was made again by hand", write="- run: mlopsc run && mlopsc reproduce last")
    workflow, order = automatic
    return met(found, Evidence("runs mlopsc reproduce", Place(workflow.path, order.line, 1)))


def made_again(facts: Facts) -> Evidence | None:
    """The latest attempt to make a run again, where it is fresh and gave the same."""
    last = facts.reproductions[0] if facts.reproductions else None
    if last is None or not last["same"] or not facts.is_fresh(last["at"]) or last["tolerance"] > CLOSE:
        return None
    how = f"metrics within {last['tolerance']:.2%}" if last["tolerance"] else "to the bit"
    return Evidence(f"made again on {last['at'][:10]}, {how}", run=last["run"])


def why_not_made_again(facts: Facts) -> str:
    last = facts.reproductions[0] if facts.reproductions else None
    if last is None:
        return "no run was made again from its record"
    if not last["same"]:
        return f"run {last['run']} was made again on {last['at'][:10]}, and was not the same"
    if not facts.is_fresh(last["at"]):
        return f"the last time that a run was made again was {last['at'][:10]}, more than 90 days ago"
    return (
        f"run {last['run']} was made again within {last['tolerance']:.1%}, and more than {CLOSE:.0%} is another result"
    )


CLOSE = 0.01
"""How far apart metrics may be, relative to their size, for a run that was made again to count as the same."""


def training_code_is_tested(facts: Facts) -> Finding:
    stages = trainers(facts.plan)
    return tested_by_itself(facts, stages, "what makes the model") if stages else lacking("no stage makes a model", "")


def the_pipeline_is_tested_whole(facts: Facts) -> Finding:
    """A workflow runs the whole pipeline at every change; half a point for a recorded run from sources to deploy."""
    for workflow, order in facts.ordered("run"):
        whole = not {"--only", "--from", "--dry-run", "-n"} & {w.partition("=")[0] for w in order.words}
        if workflow.by_itself and whole:
            return met(Evidence("runs the pipeline", Place(workflow.path, order.line, 1)))
    run = facts.last_run
    write = "- run: mlopsc run" if run else "mlopsc run"
    if run is None:
        return lacking(facts.why_no_run, write)
    expected = {n.id for n in facts.plan.nodes if isinstance(n, Stage | Deploy)}
    done = {name for name, record in run["nodes"].items() if record["state"] in ("succeeded", "restored")}
    if not expected or expected - done:
        what = f"run {run['run']} left out {', '.join(sorted(expected - done))}" if expected else "there is no stage"
        return lacking(what, write)
    if not any(r["kind"] == "guard" and r.get("verdict") == "passed" for r in run["nodes"].values()):
        return lacking(f"run {run['run']} was judged by no guard", write)
    seen = Evidence("all stages and deploys, and guards that passed", run=run["run"])
    return by_hand(seen, missing="no workflow runs the whole pipeline by itself", write="- run: mlopsc run")


def quality_is_validated(facts: Facts) -> Finding:
    """Before every deploy a rule about the model's quality can stop it."""
    plan = facts.plan
    write = f"guard good_enough on {judged(plan)} {{ accuracy >= 0.8, accuracy >= champion.accuracy - 0.01 }}"
    deploys = plan.of(Deploy)
    if not deploys:
        return lacking("no model is deployed", 'deploy production { model = train.model, alias = "champion" }')
    found: list[Evidence] = []
    for deploy in deploys:
        rules = [evidence_of(g, r) for g, r in quality_rules(plan, deploy)]
        if not rules:
            return lacking(f"no rule about quality stops deploy {deploy.id}", write, *found)
        found += rules
    return met(*dict.fromkeys(found))


def models_can_be_rolled_back(facts: Facts) -> Finding:
    """Every deploy has a command that takes it back; half a point for an alias that was moved back of late."""
    deploys = facts.plan.of(Deploy)
    if not deploys:
        return lacking("no model is deployed", "")
    without = [d for d in deploys if d.command is None or d.rollback is None or Feature.ROLLBACK not in facts.carried]
    if not without:
        return met(*(Evidence(f"deploy {d.id} is taken back by its rollback when it fails", d.place) for d in deploys))
    write = 'run = "python rollout.py {model}", rollback = "python rollout.py {previous}"   # in the deploy'
    for model in facts.models:
        for move in reversed(model.moves):
            if str(move.get("why", "")).startswith("rolled back") and facts.is_fresh(move["at"]):
                seen = Evidence(f"{move['alias']} of {model.name} was moved back on {move['at'][:10]}")
                return by_hand(seen, missing=f"deploy {without[0].id} is not taken back by itself", write=write)
    missing = f"deploy {without[0].id} has no `run` with a `rollback`, and no alias was moved back by hand in 90 days"
    return lacking(missing, write)


INFRA = (
    Test(
        "Infra 1",
        "Training is reproducible.",
        "Half a point: `mlopsc reproduce` made a run again in the last 90 days, and it was the same (metrics "
        "within 1%). A full point: a workflow that starts by itself does that.",
        1,
        training_is_reproducible,
    ),
    Test(
        "Infra 2",
        "The code of the model is unit tested.",
        "The files that training stages run are imported or named by a test file of the repository, and a "
        "workflow that starts at every change runs the tests. Tests of a spec's policy are not tests of the "
        "model's code.",
        3,
        training_code_is_tested,
    ),
    Test(
        "Infra 3",
        "The pipeline is tested as a whole.",
        "A full point: a workflow that starts by itself runs `mlopsc run` on the spec. Half a point: a run "
        "of the last 90 days with every stage and deploy, and a guard that passed, is in the store.",
        1,
        the_pipeline_is_tested_whole,
    ),
    Test(
        "Infra 4",
        "A model's quality is validated before it is served.",
        "Before every deploy stands a rule that blocks by the model's metrics, by a function of its "
        "predictions, or by expected answers.",
        1,
        quality_is_validated,
    ),
    Test(
        "Infra 5",
        "A model can be debugged, step by step, on one example.",
        "Whether one example can be followed through training or an answer is a matter of the model's code.",
    ),
    Test(
        "Infra 6",
        "New models are tried on a little of the real traffic first.",
        "What a deploy's command does, and what serves the model, lies outside of spec and records.",
    ),
    Test(
        "Infra 7",
        "A served model can be taken back, quickly and safely.",
        "A full point: every deploy has a `run` and a `rollback` that a target carries. Half a point: an "
        "alias was moved back by `mlopsc models rollback` in the last 90 days. That it could be does not "
        "count: the paper asks to practise it.",
        2,
        models_can_be_rolled_back,
    ),
)
