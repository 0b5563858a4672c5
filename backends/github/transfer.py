"""Steps that carry things between jobs and between runs: records, results, the cache of results."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from ...compiler.plan import nodes as n
from .actions import CACHE_RESTORE, CACHE_SAVE, DOWNLOAD, UPLOAD
from .memory import compares
from .parts import NOT_LEFT_OUT, RAN, Ran, Step, job_id, may_be_left_out, stored_as
from .settings import RUN, Settings


def fetch(before: Iterable[Ran], plan: n.Plan, node: Ran, settings: Settings) -> list[Step]:
    """What the node's decision needs of those before it: their records, and the results that it reads."""
    read = {holder for artifact in _reads(plan, node) for holder in _holders(plan, node, artifact)}
    # A guard may stand between the node and who made what it reads.
    known = {*(b.id for b in before), *read, *_models_compared(plan, node), *_profiles_kept(plan, node)}
    nodes = (plan.node(name) for name in sorted(known, key=plan.ranks.__getitem__))
    found = [b for b in nodes if isinstance(b, RAN)]
    names = [results_name(b) if b.id in read and _hands_over(b) else record_name(b) for b in found]
    if not names:
        return []
    what = {"name": names[0]} if len(names) == 1 else {"pattern": f"{{{','.join(names)}}}", "merge-multiple": True}
    return [
        {
            "name": "Fetch what it waits for",
            "uses": DOWNLOAD.uses,
            "with": {**what, "path": settings.run_folder},
        }
    ]


def _reads(plan: n.Plan, node: Ran) -> tuple[str, ...]:
    """The artifacts that the node opens."""
    if isinstance(node, n.Stage):
        return tuple(artifact for given in node.inputs for artifact in given.artifacts)
    if isinstance(node, n.Guard):
        return (node.subject, *(artifact for table in node.tables for artifact in table.artifacts))
    return (node.model, *node.metrics, *_judged(plan, node)) if isinstance(node, n.Deploy) else ()


def _holders(plan: n.Plan, node: Ran, artifact: str) -> Iterator[str]:
    """The nodes that may have made what the node sees of an artifact: its producer, and guards that took rows out."""
    yield artifact.partition(".")[0]
    if not isinstance(node, n.Guard):
        yield from (source.id for source in plan.of(n.Source) if source.extracts == artifact)
    for guard in plan.of(n.Guard):
        if guard.subject == artifact and guard.sets_aside and plan.ranks[guard.id] < plan.ranks[node.id]:
            yield guard.id


def _models_compared(plan: n.Plan, node: Ran) -> list[str]:
    """Who makes the models that a guard compares with earlier ones: none is compared with itself."""
    if not isinstance(node, n.Guard) or not compares(node):
        return []
    before = _all_before(plan, node)
    return [maker for d in plan.of(n.Deploy) if (maker := d.model.partition(".")[0]) in before]


def _profiles_kept(plan: n.Plan, node: Ran) -> list[str]:
    """The guards whose profiles of columns a deploy keeps with the version."""
    if not isinstance(node, n.Deploy):
        return []
    before = _all_before(plan, node)
    return [g.id for g in plan.of(n.Guard) if g.id in before and g.drifts]


def _all_before(plan: n.Plan, node: Ran) -> set[str]:
    before: set[str] = set()
    left = [node.id]
    while left:
        new = set(plan.waits_for(left.pop())) - before
        before |= new
        left += new
    return before


def _judged(plan: n.Plan, deploy: n.Deploy) -> list[str]:
    """The numbers that guards before the deploy have judged; they are kept with the model's version."""
    before = _all_before(plan, deploy)
    return [g.subject for g in plan.of(n.Guard) if g.id in before and g.subject_kind == "metrics"]


def hand_on(node: Ran, settings: Settings) -> list[Step]:
    """The record goes to all who wait, whatever it says; the results only when there are any to trust.

    Both artifacts begin at the folder of the run: two paths, since a single one would itself become the beginning.
    """
    where = f"{settings.run_folder}/{stored_as(node.id)}"
    record = f"{where}.json\n{where}.log\n"
    if isinstance(node, n.Guard) and node.drifts:
        record += f"{where}.profiles.json\n"
    steps = [upload("Keep the record", record_name(node), record, settings, "always()")]
    if _hands_over(node):
        there = NOT_LEFT_OUT if may_be_left_out(node) else None
        steps.append(upload("Keep the results", results_name(node), f"{record}{where}/\n", settings, there))
    return steps


def upload(name: str, artifact: str, path: str, settings: Settings, when: str | None) -> Step:
    step: Step = {"name": name}
    if when:
        step["if"] = when
    step["uses"] = UPLOAD.uses
    step["with"] = {
        "name": artifact,
        "path": path,
        "include-hidden-files": True,
        "if-no-files-found": "ignore" if when == "always()" else "error",
        "overwrite": True,  # a second attempt replaces what the first one left
        "retention-days": settings.retention_days,
    }
    return step


def record_name(node: Ran) -> str:
    return f"record-{job_id(node.id)}"


def results_name(node: Ran) -> str:
    return f"results-{job_id(node.id)}"


def _hands_over(node: Ran) -> bool:
    if isinstance(node, n.Guard):
        return node.sets_aside  # what it let through, and what it set aside
    # Local sources come with the repository.
    return bool(node.outputs) if isinstance(node, n.Stage) else isinstance(node, n.Source) and _is_file_of_run(node)


def _is_file_of_run(source: n.Source) -> bool:
    return source.extracts is not None or (source.uri or "").startswith(("http://", "https://"))


def restore(plan: n.Plan, node: Ran, settings: Settings) -> list[Step]:
    """The stage's results of earlier runs, for the runtime to find the one that has the same key."""
    if not isinstance(node, n.Stage) or not node.cache:
        return []
    name = f"mlops-{plan.name}-{job_id(node.id)}-"
    what = {"path": _cached(settings), "key": f"{name}{RUN}", "restore-keys": name}
    return [{"name": "Restore results of earlier runs", "uses": CACHE_RESTORE.uses, "with": what}]


def save(plan: n.Plan, node: Ran, settings: Settings) -> list[Step]:
    """Under a name that stands for what is there, so that nothing is kept twice."""
    if not isinstance(node, n.Stage) or not node.cache:
        return []
    entries = f"{settings.store}/cache/*.json"
    name = f"mlops-{plan.name}-{job_id(node.id)}-${{{{ hashFiles('{entries}') }}}}"
    folders = " ".join(shlex.quote(path) for path in _cached(settings).split("\n"))
    what = {"path": _cached(settings), "key": name}
    # A stage without outputs has no objects.
    forget = f"mkdir -p {folders} && find {folders} -type f -mtime +{settings.retention_days} -delete"
    steps: list[Step] = [
        {"name": "Forget old results", "run": forget},
        {"name": "Keep results for later runs", "uses": CACHE_SAVE.uses, "with": what},
    ]
    if may_be_left_out(node):
        steps = [{"name": step["name"], "if": NOT_LEFT_OUT, **step} for step in steps]
    return steps


def _cached(settings: Settings) -> str:
    return f"{settings.store}/cache\n{settings.store}/objects"
