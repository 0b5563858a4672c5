"""Questions about a plan that several tests ask: what learns, what stands before it, what a rule is about."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ..plan.nodes import Comparison, Condition, Deploy, Guard, Measure, Op, Plan, PythonCheck, Ref, Rule, Stage
from .findings import Evidence

QUALITY = ("accuracy", "precision", "recall", "f1", "auc", "log_loss", "mae", "rmse", "r2")
"""Functions of guard rules that say how good predictions are."""

DRIFT = ("psi", "ks", "js", "chi2", "wasserstein")

_NOT_ABOUT_VALUES = ("rows that repeat", "freshness(", "overlap(", "size")


def evidence_of(guard: Guard, rule: Rule) -> Evidence:
    """A rule as evidence: its guard, its text and its line."""
    return Evidence(f"guard {guard.id}: {' '.join(rule.text.split())}", rule.place)


def is_seed(name: str) -> bool:
    """Whether a param is what random numbers begin with."""
    return "seed" in name.lower() or "random_state" in name.lower()


# ------------------------------------------------------------------ the graph


def producer(artifact: str) -> str:
    """The stage that makes an artifact; nothing for a source."""
    return artifact.rpartition(".")[0]


def trainers(plan: Plan) -> tuple[Stage, ...]:
    """The stages that learn: they make a model, and no model went into it."""
    makers = [s for s in plan.of(Stage) if any(o.kind == "model" for o in s.outputs)]
    names = {s.id for s in makers}
    return tuple(s for s in makers if not names & before(plan, s.id))


def before(plan: Plan, node: str) -> frozenset[str]:
    """All that is done before a node."""
    import networkx as nx

    return frozenset(nx.ancestors(plan.graph, node))


def after_training(plan: Plan) -> frozenset[str]:
    """The stages that learn, and all that comes after one of them."""
    import networkx as nx

    found: set[str] = set()
    for stage in trainers(plan):
        found |= {stage.id, *nx.descendants(plan.graph, stage.id)}
    return frozenset(found)


def gates(plan: Plan, deploy: Deploy) -> tuple[Guard, ...]:
    """The guards about the model that a deploy waits for: on what was made by training or after it."""
    waits, later = before(plan, deploy.id), after_training(plan)
    return tuple(g for g in plan.of(Guard) if g.id in waits and producer(g.subject) in later)


def judged(plan: Plan) -> str:
    """The metrics that a guard could stand on, for what to write: their artifact's name."""
    for stage in plan.of(Stage):
        for output in stage.outputs:
            if output.kind == "metrics":
                return f"{stage.name}.{output.name}"
    return "train.metrics"


def predictions(plan: Plan) -> str | None:
    """A table made after training, for what to write; nothing where there is none."""
    later = after_training(plan)
    for stage in plan.of(Stage):
        for output in stage.outputs:
            if output.kind == "table" and stage.id in later:
                return f"{stage.name}.{output.name}"
    return None


def on_predictions(plan: Plan, name: str, rule: str) -> str:
    """What to write for a guard on predictions: first of all the table, where no stage writes one."""
    table = predictions(plan)
    if table is None:
        return 'outputs { predictions: table = "predictions.parquet" }   # in the stage that judges, for guards on it'
    return f"guard {name} on {table} {{ {rule} }}"


def learnt_from(plan: Plan) -> str:
    """A table that is learnt from, for what to write."""
    for stage in trainers(plan):
        for entry in stage.inputs:
            return entry.artifacts[0]
    return "prepare.features"


# ------------------------------------------------------------------ the rules


def blocks(rule: Rule) -> bool:
    """Whether what breaks the rule stops what comes after."""
    return any(limit.action == "block" for limit in rule.limits)


def holds_back(rule: Rule) -> bool:
    """Whether what breaks the rule goes no further: the whole, or the rows."""
    return any(limit.action in ("block", "quarantine") for limit in rule.limits)


def refs(condition: Condition) -> Iterator[Ref]:
    """The numbers that a condition reads."""
    if isinstance(condition, Ref):
        yield condition
    elif isinstance(condition, Op):
        for part in condition.args:
            yield from refs(part)


def blocking_refs(rule: Rule) -> tuple[Ref, ...]:
    """The numbers that decide whether the rule blocks."""
    return tuple(r for limit in rule.limits if limit.action == "block" for r in refs(limit.condition))


def measures(guard: Guard, rule: Rule) -> tuple[Measure, ...]:
    """What the rule measures."""
    by_id = {m.id: m for m in guard.measures}
    return tuple(by_id[r.name] for limit in rule.limits for r in refs(limit.condition) if r.scope == "measure")


def check_of(guard: Guard, ref: Ref) -> PythonCheck | Comparison | None:
    """The program or the comparison that gives a number of a rule."""
    return next((c for c in guard.checks if ref.scope == "check" and c.id == ref.name), None)


def about_values(measure: Measure) -> bool:
    """Whether it says something of what stands in columns, and not of how many rows there are or how old they are."""
    return measure.text not in ("rows", "columns") and not measure.text.startswith(_NOT_ABOUT_VALUES)


def captures(guard: Guard) -> Rule | None:
    """A rule that lets no unexpected values of a table through."""
    if guard.subject_kind != "table":
        return None
    return next((r for r in guard.rules if holds_back(r) and any(map(about_values, measures(guard, r)))), None)


@cache
def function_of(text: str) -> str:
    """The function whose number a measure is: `accuracy` of `accuracy(late, predicted)`."""
    return text.partition("(")[0].strip()


def is_quality(measure: Measure) -> bool:
    """Whether a measure says how good predictions are."""
    return function_of(measure.text) in QUALITY


def quality_rules(plan: Plan, deploy: Deploy) -> Iterator[tuple[Guard, Rule]]:
    """The rules that stop a deploy by how good its model is."""
    for guard in gates(plan, deploy):
        for rule in guard.rules:
            if blocks(rule) and _about_quality(guard, rule):
                yield guard, rule


def _about_quality(guard: Guard, rule: Rule) -> bool:
    found = blocking_refs(rule)
    if guard.subject_kind == "metrics":
        return any(r.scope == "metric" for r in found)
    if any(isinstance(check_of(guard, r), Comparison) for r in found):
        return True
    return any(is_quality(m) or m.text.startswith("expected") for m in measures(guard, rule))


def against_the_one_in_use(guard: Guard, rule: Rule) -> bool:
    """Whether the rule compares with the model in use, or with the run before."""
    found = blocking_refs(rule)
    return any(r.scope in ("champion", "previous") or isinstance(check_of(guard, r), Comparison) for r in found)
