"""Where a spec asks its target for what."""

from __future__ import annotations

from collections.abc import Iterator

from ..features import Feature, Use
from ..plan import nodes as plan
from ..semantics.entity import Entity
from ..semantics.model import Model
from ..semantics.sources import scheme_of
from ..source import Span
from ..syntax import tree

_PROGRAMS: dict[type, Feature] = {
    plan.Command: Feature.COMMAND,
    plan.PythonCall: Feature.PYTHON_FUNCTION,
    plan.Notebook: Feature.NOTEBOOK,
    plan.SqlFile: Feature.SQL,
}
_EVENTS = {
    "change": Feature.ON_CHANGE,
    "finished": Feature.ON_FINISHED,
    "age": Feature.ON_AGE,
}


def uses_of(model: Model) -> tuple[Use, ...]:
    """Every feature that the spec uses, outside of guard rules, with the text that asks for it."""
    found: list[Use] = []
    for param in model.params.values():
        found.append(Use(Feature.PARAMS, param.declaration.name.span))
    found += _defaults(model)
    for source in model.of("source"):
        found += _source(source, model)
    for stage in model.stages.values():
        found.append(Use(_PROGRAMS[type(stage.program)], _value_span(stage.entity, "run")))
        found += _stage(stage.entity)
    found += _versioning(model)
    for deploy in model.of("deploy"):
        names = {"alias": Feature.DEPLOY_ALIAS, "run": Feature.DEPLOY_COMMAND, "rollback": Feature.ROLLBACK}
        found += [Use(f, _name_span(deploy, n)) for n, f in names.items() if n in deploy.attributes]
    found += [Use(Feature.MONITOR, m.name.span) for m in model.of("monitor")]
    for trigger in model.of("trigger"):
        found += _trigger(trigger)
    found += [Use(Feature.NOTIFY, n.name.span) for n in model.of("notify")]
    return tuple(found)


def _name_span(entity: Entity, name: str) -> Span:
    return entity.attributes[name].name.span


def _value_span(entity: Entity, name: str) -> Span:
    return entity.attributes[name].value.span


def _defaults(model: Model) -> Iterator[Use]:
    if model.pipeline is not None:
        yield from _stage(model.pipeline)


def _stage(entity: Entity) -> Iterator[Use]:
    """What a stage asks, and what a pipeline asks for all its stages."""
    names = {"retries": Feature.RETRIES, "timeout": Feature.TIMEOUT, "image": Feature.IMAGE, "when": Feature.WHEN}
    for name, feature in names.items():
        if name in entity.attributes:
            yield Use(feature, _name_span(entity, name))
    resources = entity.blocks.get("resources")
    for name, attribute in (resources.attributes if resources else {}).items():
        yield Use(Feature.GPU if name == "gpu" else Feature.RESOURCES, attribute.name.span)
    env = entity.blocks.get("env")
    values = [a.value for a in env.attributes.values()] if env else []
    mapping = entity.value("env")
    values += [e.value for e in mapping.entries] if isinstance(mapping, tree.MapOf) else []
    for value in values:
        yield Use(Feature.SECRET if isinstance(value, tree.Call) else Feature.ENVIRONMENT, value.span)
    for loop in entity.others:
        if isinstance(loop, tree.Foreach):
            yield Use(Feature.FOREACH, loop.variable.span)


def _source(entity: Entity, model: Model) -> Iterator[Use]:
    source = model.sources[entity.name.text]
    if "connection" in entity.attributes:
        yield Use(Feature.DATABASE_SOURCE, _value_span(entity, "connection"))
    elif source.uri is not None:
        scheme = scheme_of(source.uri)
        feature = Feature.LOCAL_SOURCE if scheme is None else Feature.OBJECT_SOURCE
        if scheme in ("http", "https"):
            feature = Feature.HTTP_SOURCE
        yield Use(feature, _value_span(entity, "uri"))
    elif "uri" in entity.attributes:
        yield Use(Feature.SECRET_ADDRESS, _value_span(entity, "uri"))
    if source.version != "content":
        yield Use(Feature.PINNED_SOURCE, _value_span(entity, "version"))


def _versioning(model: Model) -> Iterator[Use]:
    version = model.version
    if version is None:
        return
    store = version.text("store")
    if store is not None and scheme_of(store) is not None:
        yield Use(Feature.REMOTE_STORE, _value_span(version, "store"))
    if isinstance(version.value("code"), tree.Call):
        yield Use(Feature.CLEAN_CODE, _value_span(version, "code"))
    lineage = version.value("lineage")
    if isinstance(lineage, tree.Call):
        yield Use(Feature.LINEAGE_FILE if lineage.args else Feature.LINEAGE_ENDPOINT, lineage.span)
        for entry in lineage.named:
            if isinstance(entry.value, tree.Call):
                yield Use(Feature.SECRET, entry.value.span)
    registry = version.value("model")
    if isinstance(registry, tree.Call) and isinstance(registry.args[0], tree.Text):
        mlflow = registry.args[0].value == "mlflow"
        yield Use(Feature.MLFLOW_REGISTRY if mlflow else Feature.LOCAL_REGISTRY, registry.span)
        for entry in registry.named if mlflow else ():
            if isinstance(entry.value, tree.Text) and entry.value.value.startswith("sqlite"):
                yield Use(Feature.MLFLOW_FILE, entry.value.span)


def _trigger(entity: Entity) -> Iterator[Use]:
    for statement in entity.others:
        if isinstance(statement, tree.On):
            yield from _event(statement.event)
        elif isinstance(statement, tree.Per):
            yield Use(Feature.TRIGGER_BOUNDS, statement.name.span)
    for name in ("cooldown", "limit"):
        if name in entity.attributes:
            yield Use(Feature.TRIGGER_BOUNDS, _name_span(entity, name))
    for name in ("debounce", "delivery"):
        if name in entity.attributes:
            yield Use(Feature.TRIGGER_DELIVERY, _name_span(entity, name))


def _event(event: tree.Expr | tree.Schedule) -> Iterator[Use]:
    if isinstance(event, tree.Schedule):
        yield Use(Feature.SCHEDULE, event.cron.span)
        if event.zone is not None:
            yield Use(Feature.SCHEDULE_ZONE, event.zone.span)
    elif isinstance(event, tree.Binary) and event.op == "and":
        yield from _event(event.left)
        yield from _event(event.right)
    elif isinstance(event, tree.Binary):
        age = isinstance(event.left, tree.Call)
        yield Use(Feature.ON_AGE if age else Feature.ON_MONITOR, event.span)
    elif isinstance(event, tree.Call):
        yield Use(_EVENTS.get(event.function.text, Feature.SCHEDULE), event.span)
    else:
        yield Use(Feature.MANUAL, event.span)
