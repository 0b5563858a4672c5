"""Monitor 1 to Monitor 7: tests of what is in use.

A monitor, a notification or a trigger counts only where a target of the spec carries it: a number that nobody computes
tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..features import Feature
from ..plan.nodes import Deploy, Event, Guard, Monitor, Notify, Plan, Rule, Source, Trigger
from .facts import Facts
from .findings import Evidence, Finding, Test, lacking, met
from .reading import (
    DRIFT,
    QUALITY,
    after_training,
    before,
    blocks,
    captures,
    evidence_of,
    gates,
    learnt_from,
    measures,
    on_predictions,
    producer,
    refs,
    trainers,
)

_SLOW = ("latency", "seconds", "duration", "throughput", "memory", "ram", "rss", "ms")


def _only_where_carried(facts: Facts, feature: Feature, missing: str, write: str) -> Finding:
    """What is missing; and what to write only where every target of the spec would carry it."""
    if feature in facts.everywhere:
        return lacking(missing, write)
    who = "not every target of this spec carries" if feature in facts.carried else "no target of this spec carries"
    return lacking(f"{missing}; {who} that (`mlopsc targets`)", "")


def changes_upstream_are_told(facts: Facts) -> Finding:
    """Every source has a schema or a guard that blocks, and whoever is to know is notified."""
    plan = facts.plan
    told = [n for n in plan.of(Notify) if "blocked" in n.events]
    if not told or Feature.NOTIFY not in facts.carried:
        missing = "nobody is notified of a blocked run" if not told else f"notify {told[0].id} is sent by no target"
        write = 'notify owners { events = [failed, blocked], webhook = secret("WEBHOOK") }'
        return _only_where_carried(facts, Feature.NOTIFY, missing, write)
    sources = [s for s in plan.of(Source) if s.extracts is None]
    checked = {g.subject: evidence_of(g, rule) for g in plan.of(Guard) if (rule := captures(g)) and blocks(rule)}
    loose = [s.id for s in sources if s.id not in checked]
    if loose or not sources:
        missing = (
            f"{', '.join(loose)} may change unseen: no schema"
            if loose
            else "no source is declared: what comes from where is not known"
        )
        return lacking(missing, "schema { COLUMN: float }   # in the source")
    return met(Evidence(f"notify {told[0].id} tells of blocked runs", told[0].place), *checked.values())


def invariants_hold_in_training_and_serving(facts: Facts) -> Finding:
    """Guards about values stand before training, and on what the model is asked about."""
    plan = facts.plan
    earlier = {name for stage in trainers(plan) for name in before(plan, stage.id)}
    training = [(g, r) for g in plan.of(Guard) if g.id in earlier and (r := captures(g))]
    if not training:
        write = f"guard features_sane on {learnt_from(plan)} {{ nulls(COLUMN) <= 1% }}"
        return lacking("no rule about values stands before training", write)
    seen = evidence_of(*training[0])
    watched = {m.current for m in plan.of(Monitor) if _is_served(plan, m.current)}
    serving = [(g, r) for g in plan.of(Guard) if g.subject in watched and (r := captures(g))]
    if serving and Feature.MONITOR in facts.carried:
        return met(seen, evidence_of(*serving[0]))
    missing = "what the model is asked about in use is watched by no monitor with a guard on it"
    found = _only_where_carried(
        facts, Feature.MONITOR, missing, "monitor live every 1d { current = served }   # and a guard on served"
    )
    return lacking(found.missing, found.write, seen)


def training_and_serving_agree(facts: Facts) -> Finding:
    """A monitor measures how far what is served has moved from what was learnt from, and a trigger acts on it."""
    found = _watched(facts, DRIFT)
    learnt = {a for s in trainers(facts.plan) for entry in s.inputs for a in entry.artifacts}
    of_training = [(m, e) for m, e in found if m.reference in learnt]
    if of_training:
        return met(*(e for _, e in of_training))
    write = f"monitor live every 1d {{ current = served, reference = {learnt_from(facts.plan)}, drift = psi(COLUMN) }}"
    missing = "no trigger acts on a drift function between what is served and what was learnt from"
    return _only_where_carried(facts, Feature.MONITOR, missing, write)


def models_are_not_too_stale(facts: Facts) -> Finding:
    """A trigger looks at the age of the model."""
    for trigger, event in _events(facts.plan):
        if event.kind == "age" and Feature.ON_AGE in facts.carried:
            return met(Evidence(f"trigger {trigger.id}: {event.text or 'age'}", trigger.place))
    deploy = next(iter(facts.plan.of(Deploy)), None)
    missing = "no trigger looks at the age of the model; a schedule does not notice that it has stopped"
    return _only_where_carried(
        facts, Feature.ON_AGE, missing, f"on age({deploy.model if deploy else 'train.model'}) > 30d   # in a trigger"
    )


def models_are_numerically_stable(facts: Facts) -> Finding:
    """A rule that blocks bounds a number of the predictions, row by row, before every deploy: NaN breaks it."""
    plan = facts.plan
    write = on_predictions(plan, "finite", "PREDICTED between LOW and HIGH")
    deploys = plan.of(Deploy)
    if not deploys:
        return lacking("no model is deployed, so nothing is stopped", write)
    found = []
    for deploy in deploys:
        rule = next((evidence_of(g, r) for g in gates(plan, deploy) for r in g.rules if _bounds(g, r)), None)
        if rule is None:
            return lacking(f"no rule bounds the rows of the predictions before deploy {deploy.id}", write)
        found.append(rule)
    return met(*found)


def _bounds(guard: Guard, rule: Rule) -> bool:
    return (
        blocks(rule)
        and guard.subject_kind == "table"
        and any(m.text.startswith("rows that break") and " between " in m.text for m in measures(guard, rule))
    )


def computing_has_not_become_slower(facts: Facts) -> Finding:
    """A rule that blocks compares a time, a rate or a memory of the metrics with that of the model before."""
    plan = facts.plan
    for guard in plan.of(Guard):
        for rule in guard.rules if guard.subject_kind == "metrics" else ():
            found = [r for limit in rule.limits if limit.action == "block" for r in refs(limit.condition)]
            ours = {r.name for r in found if r.scope == "metric" and _is_cost(r.name)}
            if ours & {r.name for r in found if r.scope in ("champion", "previous")}:
                return met(evidence_of(guard, rule))
    write = "training_seconds <= previous.training_seconds * 1.5   # in a guard on metrics that the stage writes"
    return lacking(
        "no rule compares a time, a rate or a memory with the run before; a `timeout` sees only the worst", write
    )


def _is_cost(name: str) -> bool:
    return any(word in _SLOW for word in name.lower().split("_"))


def quality_in_use_has_not_fallen(facts: Facts) -> Finding:
    """A monitor measures quality on what was served, and a trigger acts on it."""
    found = _watched(facts, QUALITY)
    if found:
        return met(*(e for _, e in found))
    write = "monitor live every 1d { current = served, accuracy = accuracy(TRUTH, PREDICTED) }"
    missing = "no trigger acts on the quality of what was answered in use"
    return _only_where_carried(facts, Feature.MONITOR, missing, write)


def _watched(facts: Facts, functions: tuple[str, ...]) -> list[tuple[Monitor, Evidence]]:
    """The monitors with a number of these functions that a trigger acts on, where a target carries both."""
    if not {Feature.MONITOR, Feature.ON_MONITOR} <= facts.carried:
        return []
    asked = {r.name for _, e in _events(facts.plan) if e.condition for r in refs(e.condition) if r.scope == "monitor"}
    return [
        (monitor, Evidence(f"monitor {monitor.id}: {name} = {text}", monitor.place))
        for monitor in facts.plan.of(Monitor)
        for name, text in monitor.numbers
        if _is_served(facts.plan, monitor.current)
        and f"{monitor.id}.{name}" in asked
        and any(f"{f}(" in text.replace(" ", "") for f in functions)
    ]


def _is_served(plan: Plan, artifact: str) -> bool:
    """Whether data can be that of use: it is not what was learnt from, and not what training and judging made."""
    name = producer(artifact) or artifact
    return name not in after_training(plan) and all(name not in before(plan, s.id) for s in trainers(plan))


def _events(plan: Plan) -> Iterator[tuple[Trigger, Event]]:
    for trigger in plan.of(Trigger):
        for event in trigger.events:
            yield from ((trigger, part) for part in (event.parts or (event,)))


MONITOR = (
    Test(
        "Monitor 1",
        "Whoever depends on something is told when it changes.",
        "Every source has a schema or a guard about values that blocks, and a `notify` of `blocked`, which a "
        "target carries, tells of it.",
        2,
        changes_upstream_are_told,
    ),
    Test(
        "Monitor 2",
        "What must hold of data holds in training and in use.",
        "A rule about values stands before training, and one on the `current` data of a monitor that a target carries.",
        2,
        invariants_hold_in_training_and_serving,
    ),
    Test(
        "Monitor 3",
        "Training and use compute the same features.",
        "A monitor that a target carries has a drift function of served data, with what was learnt from as "
        "its reference, and a trigger acts on the number.",
        2,
        training_and_serving_agree,
    ),
    Test(
        "Monitor 4",
        "Models are not too stale.",
        "A trigger that a target carries is `on age(…)`.",
        1,
        models_are_not_too_stale,
    ),
    Test(
        "Monitor 5",
        "The model is numerically stable.",
        "A rule that blocks, before every deploy, has `COLUMN between LOW and HIGH` on a table made after "
        "training: NaN and infinity break it.",
        1,
        models_are_numerically_stable,
    ),
    Test(
        "Monitor 6",
        "Computing has become neither slower nor larger.",
        "A rule that blocks compares a metric, whose name has one of "
        + ", ".join(_SLOW)
        + " among its words, with `champion` or `previous`.",
        2,
        computing_has_not_become_slower,
    ),
    Test(
        "Monitor 7",
        "Predictions in use have become no worse.",
        "A monitor that a target carries has a function of predictions, and a trigger acts on the number.",
        2,
        quality_in_use_has_not_fallen,
    ),
)
