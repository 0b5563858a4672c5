"""Which nodes a run carries out, and where the results of the others come from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from .context import LETS_PASS, Context
from .events import Problem, RunOptions
from .nodes import write_record
from .pipeline import Pipeline


def select(pipeline: Pipeline, options: RunOptions) -> tuple[list[str], list[Problem]]:
    """The ids to run, in plan order. Always among them are the sources and guards that a selected node waits for.

    A guard judges what this run uses: its verdict in another run may be of other data.
    """
    wanted = [*options.select, *options.only, *(f"{name}+" for name in options.after)]
    if not wanted:
        return list(pipeline.nodes), []
    chosen: set[str] = set()
    problems: list[Problem] = []
    for text in wanted:
        name = text.removeprefix("+").removesuffix("+")
        named = _named(pipeline, name)
        if not named:
            close = difflib.get_close_matches(name, pipeline.nodes, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(pipeline.nodes)}"
            problems.append(Problem(f"no node named '{name}' to select", hint=hint))
        for node in named:
            chosen.add(node)
            chosen |= pipeline.all_before(node) if text.startswith("+") else set()
            chosen |= pipeline.all_after(node) if text.endswith("+") else set()
    left = list(chosen)
    while left:
        looked = {b for b in pipeline.waits_for(left.pop()) if pipeline.nodes[b]["is"] in ("source", "guard")}
        left += looked - chosen
        chosen |= looked
    return [n for n in pipeline.nodes if n in chosen], problems


def _named(pipeline: Pipeline, name: str) -> list[str]:
    # The name of a `foreach` means all its copies.
    return [id_ for id_, node in pipeline.nodes.items() if name in (id_, node.get("name"))]


def borrow(context: Context, chosen: list[str]) -> list[Problem]:
    """Brings what selected nodes need and this run does not make from the last run that has it."""
    needed = {b for node in chosen for b in context.pipeline.waits_for(node)} - set(chosen)
    problems = []
    for node in (n for n in context.pipeline.nodes if n in needed):
        found = _last_record(context, node)
        if found is None:
            problems.append(
                Problem(f"has no result yet that '{_consumer(context.pipeline, node, chosen)}' could use", node,
                        hint=f"select it too, with everything before: '+{node}'")
            )  # fmt: skip
        elif found["run"] != context.run:
            _adopt(context, node, found)
    return problems


def _consumer(pipeline: Pipeline, node: str, chosen: list[str]) -> str:
    return next(c for c in chosen if node in pipeline.waits_for(c))


def _last_record(context: Context, node: str) -> dict[str, Any] | None:
    found = [record for record in context.store.records_of(node) if record.get("state") in LETS_PASS]
    found.sort(key=lambda r: (r.get("finished", ""), r["run"]), reverse=True)
    return next((record for record in found if _usable(context, record)), None)


def _usable(context: Context, record: Mapping[str, Any]) -> bool:
    return all(context.store.here(a) for a in record.get("artifacts", {}).values() if "file" in a)


def _adopt(context: Context, node: str, found: Mapping[str, Any]) -> None:
    artifacts = {}
    for name, artifact in found.get("artifacts", {}).items():
        artifacts[name] = artifact
        if "file" in artifact:
            place = f"runs/{context.run}/" + artifact["file"].split("/", 2)[2]
            context.store.place(artifact["digest"], context.store.folder / place)
            artifacts[name] = {**artifact, "file": place}
    kept = {k: v for k, v in found.items() if k not in ("run", "log", "engine")}
    reason = f"taken from run {found['run']}"
    write_record(context, node, {**kept, "state": "restored", "from_run": found["run"], "reason": reason,
                                 "borrowed": True, "artifacts": artifacts})  # fmt: skip
