"""Two revisions side by side: where something stands in each, and which models come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from ..plan import nodes as plan
from ..plan.place import Place
from ..ratchet.pairs import Revision
from ..semantics.entity import Entity
from .classes import Change, Class

_LONGEST = 48  # characters of a value in a message
_OF_NO_MEANING = frozenset({"id", "name", "place", "doc", "text"})


@dataclass(frozen=True)
class Pair:
    """A spec at two revisions, each without errors."""

    before: Revision
    now: Revision
    loosened: set[str] = field(default_factory=set)  # what the ratchet has spoken about

    def retrains(self, node: str) -> tuple[str, ...]:
        """The models that come of a node; of a pipeline that makes none, the outputs."""
        return tuple(dict.fromkeys([*_results(self.now, node), *_results(self.before, node)]))

    def remade(self, node: str, subject: str, message: str, now: Place | None, was: Place | None) -> Change:
        """A change of what a node's result is made of."""
        models = self.retrains(node)
        if models:
            return Change(Class.RETRAIN, subject, message, f"{', '.join(models)} made anew", now, was, models)
        return Change(Class.REDEPLOY, subject, message, "it runs again, and no model comes of it", now, was)


def _results(revision: Revision, node: str) -> Iterator[str]:
    import networkx as nx

    graph = revision.plan.graph
    if node not in graph:
        return
    stages = [s for s in revision.plan.of(plan.Stage) if s.id == node or s.id in nx.descendants(graph, node)]
    any_model = any(o.kind == "model" for s in revision.plan.of(plan.Stage) for o in s.outputs)
    yield from (f"{s.name}.{o.name}" for s in stages for o in s.outputs if o.kind == "model" or not any_model)


def entity_of(revision: Revision, name: str) -> Entity | None:
    """What is declared under a name."""
    return revision.model.entities.get(name)


def place_of(revision: Revision, name: str, part: str | None = None) -> Place | None:
    """Where a node stands, or the attribute or block `part` of it; the pipeline's, where it has that from there."""
    model = revision.model
    entity = entity_of(revision, name)
    for owner in (entity, model.pipeline if part else None):
        if owner is not None and part is not None:
            found = owner.attributes.get(part) or owner.blocks.get(part)
            if found is not None:
                return model.place(found.span)
    if entity is not None:
        return model.place(entity.name.span)
    if name in model.guards:
        return model.place(model.guards[name].name.span)
    return None


def written(revision: Revision, name: str, part: str) -> str:
    """An attribute as it is written."""
    entity = entity_of(revision, name)
    value = (entity.value(part) if entity else None) or (
        revision.model.pipeline.value(part) if revision.model.pipeline else None
    )
    return shortened(value.span.text) if value is not None else "not said"


def shortened(text: str) -> str:
    """In one line, and not too long for a message."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST else f"{one_line[: _LONGEST - 1]}…"


def meaning(value: Any) -> Any:
    """A value of the plan without what means nothing: places, docs, and commands' texts beside their words."""
    if isinstance(value, tuple | list):
        return tuple(meaning(v) for v in value)
    if hasattr(value, "__dataclass_fields__"):
        return (type(value).__name__, *((f.name, meaning(getattr(value, f.name))) for f in _meant(value)))
    return value


def _meant(value: Any) -> Iterator[Any]:
    named = not isinstance(value, plan.Output | plan.Input | plan.Argument | plan.Column | plan.Slot | plan.Ref)
    return (f for f in fields(value) if f.name not in _OF_NO_MEANING or (f.name == "name" and not named))


def differing(old: Any, new: Any) -> list[str]:
    """The names of the fields of two nodes of a kind that mean something else."""
    return [f.name for f in _meant(new) if meaning(getattr(old, f.name)) != meaning(getattr(new, f.name))]


def matched(old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    """Nodes of a kind by id: those of both, those that are gone, those that are new, in the order of now."""
    then, there = {n.id: n for n in old}, {n.id: n for n in new}
    for name in dict.fromkeys([*there, *then]):
        yield then.get(name), there.get(name)
