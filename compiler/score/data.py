"""Data 1 to Data 7: tests of features and data."""

from __future__ import annotations

from ..plan.nodes import Guard, Plan, Source
from ..plan.nodes import Stage as StageNode
from .code_tests import tested_by_itself
from .facts import Facts
from .findings import Evidence, Finding, Test, lacking, met
from .reading import before, captures, evidence_of, learnt_from, trainers


def expectations_are_captured(facts: Facts) -> Finding:
    """Every way from data to a stage that learns passes a guard about values, or a schema."""
    plan = facts.plan
    held = {
        g.subject: Evidence(f"schema of {g.subject}", g.place) if g.implicit else evidence_of(g, rule)
        for g in plan.of(Guard)
        if (rule := captures(g))
    }
    learning = trainers(plan)
    if not learning:
        return lacking("no stage makes a model", 'outputs { model: model = "model.joblib" }')
    blind = next((s for s in learning if not s.inputs), None)
    if blind is not None:
        return lacking(f"stage {blind.name} has no inputs: what it learns from is not known", "inputs = [SOURCE]")
    seen: set[str] = set()
    loose: list[str] = []
    for stage in learning:
        _walk(plan, stage, held, seen, loose)
    found = tuple(held[name] for name in held if name in seen)
    if not loose:
        return met(*found)
    subject = loose[0] if len(loose) == 1 else learnt_from(plan)
    write = (
        f"guard {subject.rpartition('.')[2]}_sane on {subject} {{ nulls(COLUMN) <= 1%, COLUMN between LOW and HIGH }}"
    )
    missing = f"{', '.join(loose)}: nothing says what values are expected, before it is learnt from"
    return lacking(missing, write, *found)


def _walk(plan: Plan, stage: StageNode, held: dict[str, Evidence], seen: set[str], loose: list[str]) -> None:
    """Follows a stage's inputs back to where a guard stands, and names those that come from where none does."""
    for artifact in (a for entry in stage.inputs for a in entry.artifacts):
        if artifact in seen:
            continue
        seen.add(artifact)
        if artifact in held:
            continue
        name, _, output = artifact.rpartition(".")
        maker = plan.node(name) if name else None
        if isinstance(maker, StageNode):
            kind = next(o.kind for o in maker.outputs if o.name == output)
            if kind in ("metrics", "plot", "report"):
                continue
            if maker.inputs:
                _walk(plan, maker, held, seen, loose)
                continue
        loose.append(artifact)


def feature_code_is_tested(facts: Facts) -> Finding:
    """The code of every stage before training is imported or named by tests that run at every change."""
    plan = facts.plan
    earlier = {name for stage in trainers(plan) for name in before(plan, stage.id)}
    stages = tuple(s for s in plan.of(StageNode) if s.id in earlier)
    if not stages:
        read = [s.id for s in plan.of(Source)]
        what = "no stage makes features before training, so their code is that of training"
        return lacking(
            f"{what}; it reads {', '.join(read) or 'no source'}",
            'stage features { run = python("steps/features.py:features"), … }',
        )
    return tested_by_itself(facts, stages, "what makes features")


DATA = (
    Test(
        "Data 1",
        "What is expected of every feature is captured in a schema.",
        "A schema, or a guard rule about columns' values that blocks or sets rows aside, stands on every way "
        "from data to the stage that learns. A rule about the number of rows, or one with `else warn`, does "
        "not count.",
        2,
        expectations_are_captured,
    ),
    Test(
        "Data 2",
        "Every feature is of use.",
        "Whether a feature makes predictions better is found by leaving it out; no line of a spec says that.",
    ),
    Test(
        "Data 3",
        "No feature costs too much.",
        "What a feature costs to get, to keep and to wait for is known to those who pay for it.",
    ),
    Test(
        "Data 4",
        "Features keep to the rules for what may be used at all.",
        "Which columns may not be used, by law or by agreement, is nowhere in a spec.",
    ),
    Test(
        "Data 5",
        "Personal data is protected all along the pipeline.",
        "Who may read sources, store and models is decided by the systems that hold them.",
    ),
    Test(
        "Data 6",
        "A new feature is in use quickly.",
        "How long it took from an idea to its use is not recorded.",
    ),
    Test(
        "Data 7",
        "All code that makes features is tested.",
        "The Python, SQL or shell code of every stage before training is imported or named by a test file of "
        "the repository, and a workflow that starts at every change runs the tests.",
        3,
        feature_code_is_tested,
    ),
)
