"""Stages and deploys as nodes of the plan."""

from __future__ import annotations

from ..diagnostics import Diagnostics
from ..plan import nodes as plan
from ..semantics.checks.deploys import deploy_slots
from ..semantics.commands import resolve_command
from ..semantics.entity import Entity
from ..semantics.model import Model, StageModel
from ..semantics.sources import secret_or_text
from ..syntax import tree
from .edges import Wiring


def lower_stages(model: Model, wiring: Wiring) -> tuple[plan.Stage, ...]:
    """One node a stage, or one for each element of its `foreach`."""
    found: list[plan.Stage] = []
    for name, stage in model.stages.items():
        items = [plan.Item(stage.item_name, v, i) for i, v in enumerate(stage.items)] if stage.item_name else [None]
        for item in items:
            own = name if item is None else f"{name}[{item.index}]"
            found.append(_stage(own, stage, item, model, wiring))
            for output in stage.outputs:
                wiring.produces(own, f"{own}.{output}")
    return tuple(found)


def _stage(id: str, stage: StageModel, item: plan.Item | None, model: Model, wiring: Wiring) -> plan.Stage:  # noqa: A002
    assert stage.program is not None and model.pipeline is not None
    entity, pipeline = stage.entity, model.pipeline
    inputs = []
    for ref in stage.inputs:
        artifacts = wiring.copies(ref.artifact)
        fanned = model.stages.get(model.artifacts[ref.artifact].producer)
        inputs.append(plan.Input(ref.name, artifacts, fanned is not None and fanned.item_name is not None))
        for artifact in artifacts:
            wiring.consumes(id, artifact)
    cache = entity.value("cache") or pipeline.value("cache")
    return plan.Stage(
        id=id,
        name=entity.name.text,
        doc="\n".join(entity.doc),
        program=stage.program,
        inputs=tuple(inputs),
        outputs=tuple(stage.outputs.values()),
        params=stage.params,
        resources=_resources(entity, pipeline),
        timeout=entity.seconds("timeout") or pipeline.seconds("timeout"),
        retries=_retries(entity.value("retries") or pipeline.value("retries")),
        image=entity.text("image") or pipeline.text("image"),
        env=tuple({**_env(pipeline), **_env(entity)}.items()),
        cache=not (isinstance(cache, tree.Path) and cache.text == "off"),
        when=stage.when,
        item=item,
        code=stage.code,
        place=model.place(entity.name.span),
    )


def _resources(*entities: Entity) -> plan.Resources:
    """The first of the entities that says a resource decides it."""

    def pick(name: str) -> int | float | None:
        for entity in entities:
            block, mapping = entity.blocks.get("resources"), entity.value("resources")
            value = block.value(name) if block else None
            if isinstance(mapping, tree.MapOf):
                value = next((e.value for e in mapping.entries if e.key.text == name), value)
            if isinstance(value, tree.Number | tree.Size):
                return value.value
        return None

    memory, gpu = pick("memory"), pick("gpu")
    return plan.Resources(
        pick("cpu"), int(memory) if memory is not None else None, int(gpu) if gpu is not None else None
    )


def _retries(value: tree.Expr | None) -> plan.Retries:
    if isinstance(value, tree.Number):
        return plan.Retries(int(value.value), 0)
    if (
        isinstance(value, tree.Every)
        and isinstance(value.count, tree.Number)
        and isinstance(value.pause, tree.Duration)
    ):
        return plan.Retries(int(value.count.value), value.pause.value)
    return plan.Retries(0, 0)


def _env(entity: Entity) -> dict[str, str | plan.Secret]:
    block, mapping = entity.blocks.get("env"), entity.value("env")
    pairs = [(n, a.value) for n, a in block.attributes.items()] if block else []
    pairs += [(e.key.text, e.value) for e in mapping.entries] if isinstance(mapping, tree.MapOf) else []
    found: dict[str, str | plan.Secret] = {}
    for name, value in pairs:
        known = secret_or_text(value)
        found[name] = known if known is not None else value.span.text
    return found


def lower_deploys(model: Model, wiring: Wiring) -> tuple[plan.Deploy, ...]:
    """Deploys wait for their model, and for every guard on what went into it or was computed from it.

    The second half matters where a stage of its own evaluates the model, or the predictions made with it: a guard on
    those numbers decides about the model, though no data flows from it into the deploy.
    """
    found = []
    for entity in model.of("deploy"):
        path = entity.value("model")
        assert isinstance(path, tree.Path)
        name = entity.name.text
        wiring.consumes(name, wiring.copies(path.text)[0])
        about = wiring.about(path.text)
        for artifact in [a for a in model.artifacts if a in about]:
            for copy in wiring.copies(artifact):
                for guard in wiring.guards.get(copy, ()):
                    wiring.waits_for_guard(name, guard)
        metrics = [
            a.name
            for a in model.artifacts.values()
            if a.name in about and a.kind == "metrics" and a.producer in model.stages
        ]
        found.append(
            plan.Deploy(
                id=name,
                doc="\n".join(entity.doc),
                model=wiring.copies(path.text)[0],
                metrics=tuple(copy for m in metrics for copy in wiring.copies(m)),
                alias=entity.text("alias"),
                command=_command(entity.value("run"), model),
                rollback=_command(entity.value("rollback"), model),
                timeout=entity.seconds("timeout"),
                place=model.place(entity.name.span),
            )
        )
    return tuple(found)


def _command(value: tree.Expr | None, model: Model) -> plan.Command | None:
    return resolve_command(value, deploy_slots(model), Diagnostics()) if isinstance(value, tree.Text) else None
