"""What of one revision is what of the other: by name, and where a name is gone, by what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..plan import nodes as plan
from ..semantics.model import GuardModel, Model

if TYPE_CHECKING:
    from ..driver import Analysis


@dataclass(frozen=True)
class Revision:
    """A spec at one revision: what it says, and the plan that is made of it."""

    model: Model
    plan: plan.Plan

    @staticmethod
    def of(analysis: Analysis) -> Revision:
        """Of a spec without errors, but for files that are missing: git may not keep them."""
        from ..lower import lower

        for name, stage in analysis.model.stages.items():
            if stage.program is None:
                analysis.model.stages[name] = replace(stage, program=plan.Command((), ""))
        return Revision(analysis.model, lower(analysis.model).plan)

    def deploys_behind(self, guard: GuardModel) -> frozenset[str]:
        """The deploys that wait for a guard."""
        return self._deploys_after([i for i in self.plan.graph if i.split("[")[0] == guard.name.text])

    def deploys_behind_any_on(self, artifact: str) -> frozenset[str]:
        """The deploys that wait for some guard on an artifact; its schema is one, too."""
        guards = self.plan.of(plan.Guard)
        return self._deploys_after([g.id for g in guards if re.sub(r"\[\d+\]", "", g.subject) == artifact])

    def _deploys_after(self, nodes: list[str]) -> frozenset[str]:
        import networkx as nx

        behind = set[str]().union(*(nx.descendants(self.plan.graph, i) for i in nodes))
        return frozenset(n for n in behind if isinstance(self.plan.node(n), plan.Deploy))


def artifact_now(name: str, before: Revision, now: Revision) -> str | None:
    """The artifact that one of before is now; nothing where it is gone."""
    if name in now.model.artifacts:
        return name
    old = before.model.artifacts[name]
    new = [a for n, a in now.model.artifacts.items() if n not in before.model.artifacts and a.kind == old.kind]
    if name in before.model.sources:
        same = [a for a in new if _is_same_source(before.model.sources[name], now.model.sources.get(a.name))]
    else:
        output = name.split(".", 1)[-1]
        gone = old.producer not in now.model.stages
        same = [a for a in new if gone and a.name.split(".", 1)[-1] == output]
        same = [a for a in same if a.producer in now.model.stages]
    return same[0].name if len(same) == 1 else None


def _is_same_source(old: plan.Source, new: plan.Source | None) -> bool:
    if new is None:
        return False
    return replace(new, id=old.id, doc=old.doc, place=old.place, columns=old.columns, version=old.version) == old


def deploy_now(name: str, before: Revision, now: Revision) -> str | None:
    """The deploy that one of before is now: of its name, or, renamed, the new one that moves the same alias."""
    deploys = {d.id: d for d in now.plan.of(plan.Deploy)}
    if name in deploys:
        return name
    old = before.plan.node(name)
    assert isinstance(old, plan.Deploy)
    known = {d.id for d in before.plan.of(plan.Deploy)}
    same = [d for d in deploys.values() if d.id not in known and d.alias == old.alias]
    return same[0].id if len(same) == 1 else None
