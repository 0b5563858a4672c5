"""A dry run: what would be done, with the exact commands, and what would be restored instead."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .context import Context, FailedNodeError
from .keys import key_of, key_parts
from .params import shown
from .programs import Values, command_argv, program_argv
from .sources import find_files, is_web, local_artifact
from .stages import lists_of
from .store import safe_id


def rehearse(context: Context, chosen: list[str]) -> None:
    """Tells the listener of each node, in order, what a run would do now."""
    known: dict[str, str | None] = {}  # artifact -> its digest, nothing where only a run can tell
    for name in chosen:
        node = context.pipeline.nodes[name]
        state, text = {"source": _source, "stage": _stage, "guard": _guard, "deploy": _deploy}[node["is"]](
            context, node, known
        )
        context.tell("planned", node=name, state=state, text=text)


def _source(context: Context, source: Mapping[str, Any], known: dict[str, str | None]) -> tuple[str, str]:
    if is_web(source):
        known[source["id"]] = None
        return "would_read", str(source["uri"])
    try:
        artifact = local_artifact(source, context.root, context.store.fingerprints)
    except FailedNodeError as e:
        return "would_fail", str(e)
    known[source["id"]] = artifact["digest"]
    return "would_read", f"{source['uri']} ({_count(artifact['files'], 'file')}, {_count(artifact['size'], 'byte')})"


def _stage(context: Context, stage: Mapping[str, Any], known: dict[str, str | None]) -> tuple[str, str]:
    digests = {i["name"]: [known.get(a) for a in i["artifacts"]] for i in stage["inputs"]}
    params = {name: context.params.get(name) for name in stage["params"]}
    entry = None
    if stage["cache"] and all(d is not None for found in digests.values() for d in found):
        parts = key_parts(
            stage,
            root=context.root,
            fingerprints=context.store.fingerprints,
            params=params,
            inputs={name: [d for d in found if d] for name, found in digests.items()},
            env_lock=context.pipeline.version.get("env_lock"),
        )
        entry = context.store.cached(key_of(parts))
    for o in stage["outputs"]:
        known[f"{stage['id']}.{o['name']}"] = entry["outputs"][o["name"]]["digest"] if entry else None
    if entry:
        return "would_restore", f"from run {entry['run']}"
    values = Values(
        run=context.run,
        inputs={i["name"]: [p for a in i["artifacts"] for p in _paths(context, a)] for i in stage["inputs"]},
        many=lists_of(context, stage),
        outputs={o["name"]: _result_path(context, stage, o) for o in stage["outputs"]},
        params=params,
        item=(stage.get("item") or {}).get("value"),
    )
    types = {p["name"]: p["type"] for p in context.pipeline.document["params"]}
    keep = context.folder / f"{safe_id(stage['id'])}.ipynb"
    argv = program_argv(stage, values, root=context.root, workspace=context.folder, types=types, keep=keep)
    settings = [f"{name}={shown(v) if isinstance(v, str) else '$' + v['name']}" for name, v in stage["env"]]
    return "would_run", shlex.join([*settings, *argv])


def _paths(context: Context, artifact: str) -> list[Path]:
    name, _, output = artifact.partition(".")
    node = context.pipeline.nodes[name]
    if node["is"] == "source":
        if is_web(node):
            return [context.folder / safe_id(name) / Path(node["uri"]).name]
        return [context.root / p for p in find_files(node, context.root)]
    return [_result_path(context, node, next(o for o in node["outputs"] if o["name"] == output))]


def _result_path(context: Context, stage: Mapping[str, Any], output: Mapping[str, Any]) -> Path:
    return context.folder / safe_id(stage["id"]) / str(output["path"])


def _guard(context: Context, guard: Mapping[str, Any], known: dict[str, str | None]) -> tuple[str, str]:
    return "would_check", f"{_count(len(guard['rules']), 'rule')} on {guard['subject']}"


def _deploy(context: Context, deploy: Mapping[str, Any], known: dict[str, str | None]) -> tuple[str, str]:
    moves = f"{deploy['alias']} to the new version of {deploy['model']}" if deploy.get("alias") else deploy["model"]
    if deploy.get("command") is None:
        return "would_deploy", moves
    values = Values(run=context.run, params=context.params, model=Path("MODEL"), previous=Path("PREVIOUS"))
    return "would_deploy", f"{moves}, then {shlex.join(command_argv(deploy['command'], values))}"


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}" + ("" if number == 1 else "s")
