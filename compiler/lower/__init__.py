"""Model to plan: defaults filled in, `foreach` expanded, guards put between their subjects and every consumer."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..features import Use
from ..plan import nodes as plan
from ..semantics.model import Model
from .databases import extracted
from .edges import Wiring
from .events import lower_monitors, lower_notifications, lower_triggers
from .guards import lower_guards
from .options import lower_options
from .stages import lower_deploys, lower_stages
from .tests import lower_tests
from .uses import uses_of
from .versioning import lower_versioning

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Lowered:
    """A plan, and where its spec asks for which feature of a target."""

    plan: plan.Plan
    uses: tuple[Use, ...]


def lower(model: Model) -> Lowered:
    """The plan of a model without errors."""
    assert model.pipeline is not None
    pipeline = model.pipeline
    wiring = Wiring(model)
    stages = lower_stages(model, wiring)
    guards, guard_uses = lower_guards(model, wiring)
    deploys = lower_deploys(model, wiring)
    extracts = extracted(model, wiring)
    nodes: list[plan.Node] = [*model.sources.values(), *extracts, *stages, *guards, *deploys]
    watchers: list[plan.Node] = [*lower_monitors(model), *lower_triggers(model), *lower_notifications(model)]
    graph = _ordered(nodes, wiring.edges())
    for watcher in watchers:
        graph.add_node(watcher.id, node=watcher)
    requirements = pipeline.text("requirements")
    lowered = plan.Plan(
        name=pipeline.name.text,
        doc="\n".join(pipeline.doc),
        owner=pipeline.text("owner"),
        tags=_texts(pipeline.value("tags")),
        python=pipeline.text("python"),
        requirements=requirements,
        image=pipeline.text("image"),
        spec=model.file_name(model.root),
        digest=_digest(model),
        profile=model.profile,
        params=tuple(p.param for p in model.params.values()),
        version=lower_versioning(model),
        targets={name: lower_options(entity) for name, entity in model.targets.items()},
        tests=lower_tests(model),
        project=_project(model, stages, guards, deploys, requirements),
        graph=graph,
    )
    return Lowered(lowered, (*uses_of(model), *guard_uses))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item.value for item in value.items) if value is not None else ()


def _digest(model: Model) -> str:
    """Of every spec file's text, the profile and the settings: what the output is made from."""
    digest = hashlib.sha256()
    for file in model.files:
        for part in (model.file_name(file.source), file.source.text):
            digest.update(f"{len(part.encode())}:".encode() + part.encode())
    digest.update(repr((model.profile, model.settings)).encode())
    return f"sha256:{digest.hexdigest()}"


def _project(
    model: Model,
    stages: tuple[plan.Stage, ...],
    guards: tuple[plan.Guard, ...],
    deploys: tuple[plan.Deploy, ...],
    requirements: str | None,
) -> tuple[plan.ProjectFile, ...]:
    """The project's text files that stages, guards and deploys run, and the lock and requirements files."""
    from ..code import local_code

    paths = {path for stage in stages for path in stage.code}
    own = (check for guard in guards for check in guard.checks if isinstance(check, plan.PythonCheck))
    paths.update(path for check in own for path in check.code)
    paths.update(table.file for guard in guards for table in guard.tables if table.file)
    for deploy in deploys:
        for command in (deploy.command, deploy.rollback):
            for word in command.words if command else ():
                part = word.parts[0]
                if isinstance(part, str) and model.project.is_file(part):
                    paths.update(local_code(model.project, part))
    lock = lower_versioning(model).env_lock
    paths.update(p for p in (requirements, lock) if p)
    texts = ((path, model.project.text(path)) for path in sorted(paths) if not path.startswith(("/", "..")))
    return tuple(plan.ProjectFile(path, text) for path, text in texts if text is not None)


def _ordered(nodes: list[plan.Node], edges: dict[tuple[str, str], tuple[str, ...]]) -> nx.DiGraph[str]:
    """The graph, its nodes in topological order, ties in the order given."""
    import networkx as nx

    place = {node.id: i for i, node in enumerate(nodes)}
    after: dict[str, list[str]] = {node.id: [] for node in nodes}
    waits = dict.fromkeys(after, 0)
    for tail, head in edges:
        after[tail].append(head)
        waits[head] += 1
    ready = [place[n] for n, count in waits.items() if count == 0]
    heapq.heapify(ready)
    graph: nx.DiGraph[str] = nx.DiGraph()
    while ready:
        node = nodes[heapq.heappop(ready)]
        graph.add_node(node.id, node=node)
        for head in after[node.id]:
            waits[head] -= 1
            if waits[head] == 0:
                heapq.heappush(ready, place[head])
    assert len(graph) == len(nodes), "the checks leave no circle"
    order = list(graph)
    rank = {node: i for i, node in enumerate(order)}
    for tail, head in sorted(edges, key=lambda e: (rank[e[1]], rank[e[0]])):
        graph.add_edge(tail, head, artifacts=edges[tail, head])
    return graph
