"""What `mlops.lock` says a stage used, beside what it would use now.

Here are the records' values; the file is the command line's (`cli/lockfile.py`), for nodes that run in an engine have
no working tree to keep it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .context import Context, FailedNodeError
from .databases import is_database
from .digests import value_digest
from .events import Problem
from .keys import key_of, key_parts
from .object_sources import foreseen, is_object
from .params import shown
from .pipeline import producer
from .sources import local_artifact
from .web_sources import is_web

LOCK = "mlops.lock"

Locked = Mapping[str, Mapping[str, Any]]
"""The records of stages by id."""


def stage_entry(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a lock says of a stage, from the record of a run in which it succeeded or was restored."""
    parts = record["key_parts"]
    artifacts = {name.rpartition(".")[2]: a for name, a in record["artifacts"].items()}
    found = {
        "key": record["key"],
        "program": _written(parts),
        "environment": parts["lock"],
        "params": parts["params"],
        "code": parts["code"],
        "inputs": parts["inputs"],
        "outputs": {name: {"digest": a["digest"], "size": a["size"]} for name, a in artifacts.items()},
        "accepted": record.get("accepted"),
    }
    if accepted := found["accepted"]:
        found["accepted"] = {name: accepted[name] for name in ("by", "at", "why", "causes", "result")}
    return {name: value for name, value in found.items() if value is not None}


def source_entry(artifact: Mapping[str, Any]) -> dict[str, Any]:
    """What a lock says of a source, from what a run read."""
    found = {"version": artifact.get("version", artifact["digest"]), "files": artifact.get("files")}
    return {name: value for name, value in {**found, "size": artifact.get("size")}.items() if value is not None}


def _written(parts: Mapping[str, Any]) -> str:
    """The digest of what the spec itself says of a stage: its command, outputs, variables, image and item."""
    return value_digest({name: parts.get(name) for name in ("program", "outputs", "env", "image", "item", "lists")})


def why_not_locked(context: Context, chosen: list[str]) -> Iterator[Problem]:
    """What a run would use otherwise than the lock says, as far as it can be known beforehand.

    An input that another stage makes is what the lock says that this one made; `require_locked` sees to it when it is
    there, and to stages that a `when` may leave out."""
    locked, perhaps = context.locked or {}, _may_be_left_out(context)
    for name in chosen:
        stage = context.pipeline.nodes[name]
        if stage["is"] != "stage" or name in perhaps:
            continue
        if name not in locked:
            yield _problem(stage, "is not in mlops.lock: no run that succeeded had it")
            continue
        inputs = {i["name"]: [_version(context, a, locked) for a in i["artifacts"]] for i in stage["inputs"]}
        parts = key_parts(context, stage, inputs)
        known = all(v is not None for found in inputs.values() for v in found)
        if why := _difference(locked[name], parts, key_of(parts) if known else None):
            yield _problem(stage, f"is not as locked: {why}")
    for name in locked:
        if name not in context.pipeline.nodes and len(chosen) == len(context.pipeline.nodes):
            yield Problem(f"mlops.lock has '{name}', which the pipeline has not")


def _may_be_left_out(context: Context) -> set[str]:
    """The nodes of which a `when` decides if a run reaches them: they may have no record, and need none."""
    found: set[str] = set()
    for name, node in context.pipeline.nodes.items():
        if node.get("when") or not found.isdisjoint(context.pipeline.waits_for(name)):
            found.add(name)
    return found


def require_locked(context: Context, stage: Mapping[str, Any], key: str, parts: Mapping[str, Any]) -> None:
    """Fails a stage of a `--locked` run that would use something else than the lock says, now that all is known."""
    if context.locked is None:
        return
    found = context.locked.get(stage["id"])
    why = _difference(found, parts, key) if found is not None else "the lock has no such stage"
    if why:
        raise FailedNodeError(f"not as locked: {why}")


def _problem(stage: Mapping[str, Any], message: str) -> Problem:
    place = stage.get("place") or {}
    return Problem(message, stage["id"], place.get("file"), place.get("line"))


def _version(context: Context, artifact: str, locked: Locked) -> str | None:
    """The version of an artifact as far as it is known: nothing for what only a run can tell."""
    name, _, output = artifact.partition(".")
    node = context.pipeline.nodes[producer(artifact)]
    if context.pipeline.parted_by(artifact):
        return None
    if node["is"] == "stage":
        made = (locked.get(name) or {}).get("outputs") or {}
        return (made.get(output) or {}).get("digest")
    if is_database(node) or is_web(node):
        return None
    try:
        if is_object(node):
            return foreseen(context, node)[1]
        digest: str = local_artifact(node, context.root, context.store.fingerprints)[0]["digest"]
    except FailedNodeError:
        return None  # the run says why, at the source
    return digest


def _difference(entry: Mapping[str, Any], parts: Mapping[str, Any], key: str | None) -> str | None:
    """What differs, for people; nothing where nothing does. Inputs that are None are not known yet."""
    found = [
        *_changed("code", entry.get("code") or {}, parts["code"]),
        *_params(entry.get("params") or {}, parts["params"]),
        *_inputs(entry.get("inputs") or {}, parts["inputs"]),
    ]
    if entry.get("environment") != parts["lock"]:
        found.append("the environment's lock has changed")
    if entry.get("program") != _written(parts):
        found.append("the spec says otherwise what it runs")
    if not found and key is not None and key != entry.get("key"):
        found.append("its key is another")
    return ", ".join(found) or None


def _changed(what: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            how = "is new" if name not in then else "is gone" if name not in now else "has changed"
            yield f"{name} {how}" if what == "code" else f"{what} {name} {how}"


def _params(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if name in then and name in now and then[name] != now[name]:
            yield f"param {name} is {shown(now[name])}, locked is {shown(then[name])}"
    yield from _changed("param", dict.fromkeys(then, 0), dict.fromkeys(now, 0))


def _inputs(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if name not in then or name not in now:
            yield f"input {name} is {'new' if name in now else 'gone'}"
        elif not _same(then[name], now[name]):
            yield f"input {name} has other content"


def _same(then: list[str], now: list[str | None]) -> bool:
    return len(then) == len(now) and all(b in (a, None) for a, b in zip(then, now, strict=True))
