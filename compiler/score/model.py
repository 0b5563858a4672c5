"""Model 1 to Model 7: tests of how a model is made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..plan.nodes import Condition, Deploy, Guard, Literal, Op, Plan, Ref, Rule, Stage
from .facts import Facts
from .findings import Evidence, Finding, Test, by_hand, lacking, met
from .reading import (
    QUALITY,
    blocks,
    evidence_of,
    function_of,
    gates,
    is_quality,
    is_seed,
    judged,
    measures,
    on_predictions,
    trainers,
)

PEOPLE = frozenset(
    [
        "age",
        "age_group",
        "birth_year",
        "citizenship",
        "country_of_birth",
        "disability",
        "ethnic_group",
        "ethnicity",
        "gender",
        "language",
        "marital_status",
        "nationality",
        "race",
        "religion",
        "sex",
        "sexual_orientation",
    ]
)
SIMPLE = frozenset(
    [
        "always",
        "baseline",
        "chance",
        "constant",
        "dummy",
        "guess",
        "heuristic",
        "linear",
        "majority",
        "mean",
        "median",
        "naive",
        "prior",
        "random",
        "rule",
        "simple",
        "simpler",
    ]
)
_FLIP = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}


def hyperparameters_are_tuned(facts: Facts) -> Finding:
    """Every param of training is searched in each run, or other values of it were tried in recorded runs."""
    plan = facts.plan
    stages = trainers(plan)
    if not stages:
        return lacking("no stage makes a model", "")
    searched = [s for s in stages if s.item is not None and not is_seed(s.item.variable) and _is_chosen_from(plan, s)]
    declared = {p.name: p for p in plan.params}
    open_ = sorted(
        {n for s in stages for n in s.params if n in declared and not is_seed(n) and declared[n].type != "date"}
    )
    if searched and not open_:
        item = searched[0].item
        assert item is not None
        values = ", ".join(str(s.item.value) for s in searched if s.item is not None)
        return met(
            Evidence(f"{searched[0].name} tries {item.variable} = {values}, and a stage chooses", searched[0].place)
        )
    if not open_:
        return lacking(
            "training takes no param, and what its code sets itself is not known",
            "param learning_rate: float = 0.1 in 0.001..1.0",
        )
    recorded = [r["params"] for r in facts.runs if facts.is_fresh(r["finished"]) and _has_metrics(r)]
    tried = {name: {str(params[name]) for params in recorded if name in params} for name in open_}
    few = [name for name, values in tried.items() if len(values) < 3]
    if few:
        missing = f"recorded runs of the last 90 days tried fewer than three values of {', '.join(few)}"
        return lacking(missing, f"mlopsc run --set {few[0]}=VALUE")
    automatic = f"foreach {open_[0]} in [ … ]   # in the stage, and a stage after it that chooses"
    shown = ", ".join(f"{len(values)} of {n}" for n, values in tried.items())
    return by_hand(
        Evidence(f"values tried in recorded runs: {shown}"), missing="each value was tried by hand", write=automatic
    )


def _is_chosen_from(plan: Plan, stage: Stage) -> bool:
    """Whether a stage takes all copies of a `foreach`, at least three, and makes one model of them."""
    for other in plan.of(Stage):
        for entry in other.inputs:
            ours = [a for a in entry.artifacts if a.rpartition(".")[0] == stage.id]
            if ours and entry.many and len(entry.artifacts) >= 3 and any(o.kind == "model" for o in other.outputs):
                return True
    return False


def _has_metrics(run: Mapping[str, Any]) -> bool:
    return any(record.get("metrics") for record in run["nodes"].values())


def a_simpler_model_is_not_better(facts: Facts) -> Finding:
    """A rule that stops every deploy asks for more than another number of the same file."""
    plan = facts.plan
    write = f"guard beats_the_simple on {judged(plan)} {{ accuracy >= baseline_accuracy + 0.01 }}"
    deploys = plan.of(Deploy)
    if not deploys:
        return lacking("no model is deployed, so nothing is stopped", write)
    found = []
    for deploy in deploys:
        rule = next((evidence_of(g, r) for g in gates(plan, deploy) for r in g.rules if beats_a_baseline(g, r)), None)
        if rule is None:
            what = "no rule compares with the number of a simpler model, written by the stage that judges"
            return lacking(f"{what}; the model in use is no simpler one", write)
        found.append(rule)
    return met(*found)


def beats_a_baseline(guard: Guard, rule: Rule) -> bool:
    """`accuracy >= baseline + 0.02`, and the same with columns of predictions: one number asked to be better than
    another, and by no negative margin."""
    texts = {m.id: m.text for m in measures(guard, rule)}
    return any(_beats(limit.condition, texts) for limit in rule.limits if limit.action == "block")


def _beats(condition: Condition, texts: Mapping[str, str]) -> bool:
    if not isinstance(condition, Op) or condition.op not in _FLIP or len(condition.args) != 2:
        return False
    left, right = condition.args
    return _is_above(left, condition.op, right, texts) or _is_above(right, _FLIP[condition.op], left, texts)


def _is_above(ours: Condition, op: str, theirs: Condition, texts: Mapping[str, str]) -> bool:
    """Whether one number is held to be better than that of a simpler model: more of it, or less of an error."""
    other = _with_margin(theirs, upwards=op in (">=", ">"))
    if not isinstance(ours, Ref) or other is None or ours.scope != other.scope:
        return False
    if ours.scope == "metric":
        return _is_simple(other.name) and not _is_simple(ours.name)
    text, simple = texts.get(ours.name, ""), texts.get(other.name, "")
    same = function_of(text) == function_of(simple) and function_of(text) in QUALITY
    return same and _is_simple(simple) and not _is_simple(text)


def _is_simple(name: str) -> bool:
    """Whether a name says that it is about a simpler model: `baseline_auc`, `accuracy(late, always)`."""
    return not SIMPLE.isdisjoint(re.split(r"[^a-z]+", name.lower()))


def _with_margin(side: Condition, *, upwards: bool) -> Ref | None:
    """The number that is to be beaten, where the margin on it makes that harder or leaves it."""
    if isinstance(side, Ref):
        return side
    if not isinstance(side, Op) or len(side.args) != 2:
        return None
    ref, margin = side.args
    if isinstance(ref, Literal) and side.op in ("+", "*"):
        ref, margin = margin, ref
    if not isinstance(ref, Ref) or not isinstance(margin, Literal) or not isinstance(margin.value, int | float):
        return None
    by = float(margin.value)
    harder = {"+": by >= 0, "-": by <= 0, "*": by >= 1, "/": by <= 1}
    easier = {"+": by <= 0, "-": by >= 0, "*": by <= 1, "/": by >= 1}
    return ref if (harder if upwards else easier).get(side.op, False) else None


def quality_holds_on_slices(facts: Facts) -> Finding:
    """A rule about every slice of the predictions stops every deploy."""
    return _by_slice(facts, None)


def quality_holds_for_people(facts: Facts) -> Finding:
    """The same, by a column that says something of people."""
    return _by_slice(facts, PEOPLE)


def _by_slice(facts: Facts, columns: frozenset[str] | None) -> Finding:
    plan = facts.plan
    by = "COLUMN" if columns is None else "gender"
    write = on_predictions(plan, "fair", f"accuracy(TRUTH, PREDICTED) by {by} >= 0.75")
    what = "`by` a column" if columns is None else "`by` a column about people"
    deploys = plan.of(Deploy)
    if not deploys:
        return lacking("no model is deployed, so nothing is stopped", write)
    found = []
    for deploy in deploys:
        rules = list(_sliced(plan, deploy, columns))
        if not rules:
            return lacking(f"no rule that stops deploy {deploy.id} is about quality {what}", write)
        found += rules
    return met(*dict.fromkeys(found))


def _sliced(plan: Plan, deploy: Deploy, columns: frozenset[str] | None) -> Iterator[Evidence]:
    for guard in gates(plan, deploy):
        for rule in guard.rules:
            for measure in measures(guard, rule) if blocks(rule) else ():
                if measure.by and is_quality(measure) and (columns is None or measure.by.lower() in columns):
                    yield evidence_of(guard, rule)


MODEL = (
    Test(
        "Model 1",
        "Every model's specification is reviewed and checked in.",
        "Git shows that a spec is checked in, and not who has read it before: that is a setting of the place "
        "where the repository lies.",
    ),
    Test(
        "Model 2",
        "What is measured offline goes with what matters in use.",
        "What matters in use (money, time, satisfaction) is measured outside of the pipeline.",
    ),
    Test(
        "Model 3",
        "All hyperparameters have been tuned.",
        "A full point: training has no param but those that a `foreach` tries, at least three values of "
        "them, and a later stage chooses a model. Half a point: recorded runs of the last 90 days tried at "
        "least three values of every param of training. Seeds are left out.",
        1,
        hyperparameters_are_tuned,
    ),
    Test(
        "Model 4",
        "What a stale model costs is known.",
        "It is found by asking old models about new data, which no record shows.",
    ),
    Test(
        "Model 5",
        "A simpler model is not better.",
        "A rule that blocks, before every deploy, asks one number to be better than that of a simpler model, by a "
        "margin that is not negative: `accuracy >= baseline_accuracy + 0.01`, or the same with columns of predictions. "
        "Its name has to say what it is, by one of these words: "
        + ", ".join(sorted(SIMPLE))
        + ". `better than champion` does not count: the model in use is no simpler one.",
        1,
        a_simpler_model_is_not_better,
    ),
    Test(
        "Model 6",
        "A model is good enough on all important slices.",
        "A rule that blocks, before every deploy, is about a function of predictions `by` a column.",
        1,
        quality_holds_on_slices,
    ),
    Test(
        "Model 7",
        "A model is fair to all whom it is about.",
        "A rule as for Model 6, `by` a column that says something of people: " + ", ".join(sorted(PEOPLE)) + ".",
        1,
        quality_holds_for_people,
    ),
)
