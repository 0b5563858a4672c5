"""What data went through on its way: the guards between a source and a model, and those that a deploy waits for."""

from __future__ import annotations

from collections.abc import Iterator

from ..semantics.entity import Entity
from ..semantics.model import GuardModel, Model
from ..syntax import tree


def deployed(model: Model) -> Iterator[tuple[Entity, str]]:
    """Each deploy whose model is known, with the name of that artifact."""
    for deploy in model.of("deploy"):
        path = deploy.value("model")
        if isinstance(path, tree.Path) and path.text in model.artifacts:
            yield deploy, path.text


def gates(artifact: str, model: Model) -> tuple[GuardModel, ...]:
    """The guards that a deploy of this artifact waits for: on what went into it, and on what was made from it."""
    about = about_model(artifact, model)
    return tuple(g for g in model.guards.values() if g.subject.name in about)


def about_model(artifact: str, model: Model) -> set[str]:
    """Every artifact whose guards decide about a model."""
    # The same walk as that of lowering, so that both mean the same guards; only a spec that deploys pays its import.
    from ..lower.edges import Wiring

    return Wiring(model).about(artifact)


def blocks(guard: GuardModel) -> bool:
    """Whether any rule of a guard can stop what comes after it."""
    return any(_blocks(rule) for rule in guard.rules)


def _blocks(rule: tree.RuleLine | tree.Expected) -> bool:
    if isinstance(rule, tree.RuleLine) and rule.first_action is not None:
        return any(a.text == "block" for a in (rule.first_action, *(b.action for b in rule.bands)))
    action = rule.otherwise.action if rule.otherwise else None
    return action is None or action.text == "block"


def unguarded_trainings(model: Model) -> Iterator[tuple[str, str]]:
    """Stages that make a model, each with a source that reaches it past no guard and no schema; each source once."""
    guarded = {g.subject.name for g in model.guards.values()}
    seen: set[str] = set()
    for stage_name, stage in model.stages.items():
        if not any(output.kind == "model" for output in stage.outputs.values()):
            continue
        waiting = [ref.artifact for ref in stage.inputs]
        while waiting:
            name = waiting.pop(0)
            if name in seen or name in guarded:
                continue
            seen.add(name)
            artifact = model.artifacts[name]
            if artifact.producer in model.stages:
                waiting += [ref.artifact for ref in model.stages[artifact.producer].inputs]
            elif not artifact.columns:
                yield stage_name, name
