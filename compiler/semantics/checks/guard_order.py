"""The order that guards with a second table ask for: the other table is there, and judged, before they begin."""

from __future__ import annotations

from collections import defaultdict

from ...diagnostics import Diagnostics
from ...source import Span
from ...syntax import tree
from .. import rules
from ..model import GuardModel, Model
from ..others import other_tables


def guards_have_an_order(model: Model, diagnostics: Diagnostics) -> None:
    """No guard waits for itself through the tables that it compares with. Each circle is reported once."""
    waits = _Waits(model)
    seen: set[frozenset[str]] = set()
    for name, guard in model.guards.items():
        for table in other_tables(guard):
            path = waits.path(name, table.text)
            if path and frozenset(path) not in seen:
                seen.add(frozenset(path))
                _report(guard, path, table.span, diagnostics)


def _report(guard: GuardModel, path: list[str], span: Span, diagnostics: Diagnostics) -> None:
    shown = " waits for ".join(path)
    message = f"guard '{guard.name.text}' waits for itself: {shown}"
    hint = "compare with a table that does not come after the guard, or guard a later output"
    diagnostics.report(rules.CYCLE, span, message, hint=hint)


class _Waits:
    """Who waits for whom, as `lower/edges.py` wires it: consumers for the guards of what they read."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._rank = {name: rank for rank, name in enumerate(model.guards)}
        self._on: dict[str, list[str]] = defaultdict(list)
        self._parting: dict[str, list[str]] = defaultdict(list)
        for name, guard in model.guards.items():
            self._on[guard.subject.name].append(name)
            if any(_sets_aside(rule) for rule in guard.rules):
                self._parting[guard.subject.name].append(name)

    def path(self, guard: str, table: str) -> list[str]:
        """From the guard through the table back to the guard; empty where there is no such way."""
        came: dict[str, str] = {}
        waiting = [guard]
        start = [n for n in self._readers_wait_for(table) if n != guard or self._subject(guard) != table]
        while waiting:
            node = waiting.pop(0)
            for before in start if node == guard else self._before(node):
                if before == guard:
                    return [*_trail(came, node, guard), guard]
                if before not in came:
                    came[before] = node
                    waiting.append(before)
        return []

    def _subject(self, guard: str) -> str:
        return self.model.guards[guard].subject.name

    def _before(self, node: str) -> list[str]:
        if node in self.model.guards:
            guard = self.model.guards[node]
            found = [guard.subject.producer, *self._parted_before(node, guard)]
            for table in other_tables(guard):
                if table.text != guard.subject.name:
                    found += self._readers_wait_for(table.text)
            return found
        stage = self.model.stages.get(node)
        return [n for ref in stage.inputs for n in self._readers_wait_for(ref.artifact)] if stage else []

    def _parted_before(self, name: str, guard: GuardModel) -> list[str]:
        """Guards on the same subject that come first and may set rows aside."""
        return [other for other in self._parting[guard.subject.name] if self._rank[other] < self._rank[name]]

    def _readers_wait_for(self, artifact: str) -> list[str]:
        found = self.model.artifacts.get(artifact)
        return [*self._on[artifact], *([found.producer] if found else [])]


def _trail(came: dict[str, str], node: str, guard: str) -> list[str]:
    found = [node]
    while found[-1] != guard:
        found.append(came[found[-1]])
    return found[::-1]


def _sets_aside(rule: tree.RuleLine | tree.Expected) -> bool:
    actions = [rule.otherwise.action] if rule.otherwise else []
    return any(a is not None and a.text == "quarantine" for a in actions)
