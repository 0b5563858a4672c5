"""Who waits for whom. A guard stands between its subject and every consumer of it, without being told."""

from __future__ import annotations

from collections import defaultdict

from ..semantics.model import Model


class Wiring:
    """Copies of stages and guards, and the edges between nodes, gathered while the nodes are made."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.producer: dict[str, str] = {name: name for name in model.sources}
        self.guards: dict[str, list[str]] = defaultdict(list)  # by the artifact they stand on
        self._outputs: dict[str, list[str]] = defaultdict(list)  # artifacts by the stage that makes them
        for name, artifact in model.artifacts.items():
            self._outputs[artifact.producer].append(name)
        self._parting: set[str] = set()
        self._consumers: list[tuple[str, str]] = []  # node, artifact
        self._gates: list[tuple[str, str]] = []  # node, guard
        self.extracts: dict[str, str] = {}  # the node that writes a database source to a file, by source

    def copies(self, artifact: str) -> tuple[str, ...]:
        """The artifacts that a name of the spec stands for: more than one behind a `foreach`."""
        found = self.model.artifacts[artifact]
        stage = self.model.stages.get(found.producer)
        if stage is None or stage.item_name is None:
            return (artifact,)
        output = artifact.split(".", 1)[1]
        return tuple(f"{found.producer}[{i}].{output}" for i in range(len(stage.items)))

    def produces(self, node: str, artifact: str) -> None:
        self.producer[artifact] = node

    def guards_on(self, guard: str, artifact: str, *, parts: bool = False) -> None:
        """`parts`: it may set rows aside, and guards that follow on the artifact judge those that it lets through."""
        self.guards[artifact].append(guard)
        if parts:
            self._parting.add(guard)

    def consumes(self, node: str, artifact: str) -> None:
        self._consumers.append((node, artifact))

    def compares_with(self, guard: str, artifact: str) -> None:
        """A guard reads another table as its consumers do: when all guards on it are done. Its own is no other."""
        if guard not in self.guards.get(artifact, ()):
            self.consumes(guard, artifact)

    def is_consumed(self, artifact: str) -> bool:
        """Whether anything but a guard reads it."""
        return any(artifact == read for _, read in self._consumers)

    def waits_for_guard(self, node: str, guard: str) -> None:
        self._gates.append((node, guard))

    def edges(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Tail and head of each edge, with the artifacts that pass; an edge of order alone has none."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for artifact, guards in self.guards.items():
            tail = self.producer[artifact]
            for guard in guards:
                found[tail, guard].append(artifact)
                tail = guard if guard in self._parting else tail
        for artifact, extract in self.extracts.items():
            for tail in self.guards.get(artifact) or [self.producer[artifact]]:
                found[tail, extract].append(artifact)
        for node, artifact in self._consumers:
            extract_of = self.extracts.get(artifact)
            for tail in [extract_of] if extract_of else self.guards.get(artifact) or [self.producer[artifact]]:
                if artifact not in found[tail, node]:
                    found[tail, node].append(artifact)
        for node, guard in self._gates:
            found.setdefault((guard, node), [])
        return {edge: tuple(artifacts) for edge, artifacts in found.items()}

    def about(self, model: str) -> set[str]:
        """Every artifact that says something of a model: what went into it, and what came of it and of its siblings."""
        found = self._ancestors(model)
        for sibling in self._outputs[self.model.artifacts[model].producer]:
            found |= self._descendants(sibling)
        return found

    def _ancestors(self, artifact: str) -> set[str]:
        """Every artifact that went into this one, itself included, with whatever else those stages made."""
        stages: set[str] = set()
        found: set[str] = set()
        waiting = [artifact]
        while waiting:
            current = waiting.pop()
            found.add(current)
            producer = self.model.artifacts[current].producer
            if producer in stages or producer not in self.model.stages:
                continue
            stages.add(producer)
            found.update(self._outputs[producer])
            waiting += [ref.artifact for ref in self.model.stages[producer].inputs]
        return found

    def _descendants(self, artifact: str) -> set[str]:
        """Every artifact that was made from this one: evaluations, reports."""
        consumers: dict[str, list[str]] = defaultdict(list)
        for name, stage in self.model.stages.items():
            for ref in stage.inputs:
                consumers[ref.artifact].append(name)
        found: set[str] = set()
        waiting = [artifact]
        while waiting:
            for consumer in consumers[waiting.pop()]:
                made = [a for a in self._outputs[consumer] if a not in found]
                found.update(made)
                waiting += made
        return found
