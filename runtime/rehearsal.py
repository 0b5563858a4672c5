"""A rehearsal: what a run would do now and why, with the exact commands, and what would be restored instead.

Nothing is run and nothing is written. What only a run can tell (the bytes that a program will write, what the web
answers) is said to be unknown: a stage behind it may run, and is restored when its inputs turn out to be as they were.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import extracts
from .acceptances import Acceptance, known_result
from .amounts import counted
from .changes import Cause, causes, last_of, let_pass, was_alike
from .conditions import UnknownValueError, evaluate
from .context import Context, FailedNodeError
from .databases import is_database
from .deploys import judged_by, withdrawn
from .keys import key_of, key_parts
from .object_sources import foreseen, is_object, paths_in
from .params import shown
from .programs import Values, command_argv, program_argv
from .registries import registry_of
from .registry import model_name
from .sources import find_files, lists_of, local_artifact
from .store import finite, safe_id
from .web_sources import is_web, unchanged, web_name


@dataclass(frozen=True)
class Planned:
    """What would be done with a node. action: read, run, may_run, restore, skip, check, deploy,
    may_deploy, keep, fail.

    `skip` is said of a stage whose `when` is false, and of what waits for it; `keep` of a deploy whose alias already
    points at the version that it would move it to. `causes` says why a stage runs; `key` is that of its result, and
    nothing where an input is not known yet.
    """

    node: str
    kind: str
    action: str
    text: str
    causes: tuple[Cause, ...] = ()
    key: str | None = None
    digest: str | None = None  # of a source, as it is now
    accepted: Acceptance | None = None  # by whose word a result is restored that was made for another key
    parts: Mapping[str, Any] | None = None  # of the key of a stage


def rehearse(context: Context, chosen: list[str]) -> list[Planned]:
    """What would be done with each node, in order; the listener is told, too."""
    known = _Known()
    found = []
    for name in chosen:
        node = context.pipeline.nodes[name]
        planned = _left_out(context, node, known) or {
            "source": _source,
            "stage": _stage,
            "guard": _guard,
            "deploy": _deploy,
        }[node["is"]](context, node, known)
        found.append(planned)
        if planned.action in ("skip", "fail"):
            known.stopped[name] = planned
        state = "run" if planned.action == "may_run" else planned.action
        context.tell("planned", node=name, state=f"would_{state}", text=planned.text)
    return found


class _Known:
    """What is known of the artifacts before the run."""

    def __init__(self) -> None:
        self.digests: dict[str, str | None] = {}  # nothing where only a run can tell
        self.files: dict[str, Mapping[str, str]] = {}  # of local sources
        self.metrics: dict[str, Mapping[str, float]] = {}  # by artifact, of what would be restored
        self.stopped: dict[str, Planned] = {}  # the nodes that would not be reached, or would fail
        self.undecided: dict[str, str] = {}  # nodes that only a run can tell whether it reaches, and why


def _left_out(context: Context, node: Mapping[str, Any], known: _Known) -> Planned | None:
    """A node that would not be reached; nothing where it would be, or where only a run can tell."""
    name, kind = node["id"], node["is"]
    for before in context.pipeline.waits_for(name):
        if stopped := known.stopped.get(before):
            return Planned(name, kind, "skip", f"{before} {'would fail' if stopped.action == 'fail' else 'is skipped'}")
        if before in known.undecided:
            known.undecided[name] = f"{before} may be skipped"
    if kind != "stage" or not node.get("when"):
        return None

    def lookup(scope: str, asked: str) -> Any:
        if scope == "param":
            return context.params.get(asked)
        artifact, _, number = asked.rpartition(".")
        if artifact not in known.metrics:
            raise UnknownValueError(f"{artifact} is made anew")
        return known.metrics[artifact].get(number)

    try:
        return None if evaluate(node["when"], lookup) is True else Planned(name, kind, "skip", "its 'when' is false")
    except UnknownValueError as error:
        known.undecided[name] = f"its 'when' is decided by the run: {error}"
        return None


def _source(context: Context, source: Mapping[str, Any], known: _Known) -> Planned:
    if is_database(source):
        known.digests[source.get("extracts") or source["id"]] = (
            extracts.foreseen(context, source) if source.get("extracts") else None
        )
        where = source.get("table") or "its query"
        return Planned(source["id"], "source", "read", f"{where}, into a file" if source.get("extracts") else where)
    if is_web(source):
        have = None if source["version"].startswith("column:") else unchanged(context, source)
        known.digests[source["id"]] = digest = have["digest"] if have else None
        text = f"{source['uri']}{', unchanged' if have else ''}"
        return Planned(source["id"], "source", "read", text, digest=digest)
    if is_object(source):
        return _object_source(context, source, known)
    try:
        artifact, files = local_artifact(source, context.root, context.store.fingerprints)
    except FailedNodeError as e:
        return Planned(source["id"], "source", "fail", str(e))
    known.digests[source["id"]] = artifact["digest"]
    known.files[source["id"]] = files
    text = f"{source['uri']} ({counted(artifact['files'], 'file')}, {counted(artifact['size'], 'byte')})"
    return Planned(source["id"], "source", "read", text, digest=artifact["digest"])


def _object_source(context: Context, source: Mapping[str, Any], known: _Known) -> Planned:
    """A listing tells which objects a run would fetch, and where there are none what they are made of."""
    try:
        files, digest = foreseen(context, source)
    except FailedNodeError as e:
        return Planned(source["id"], "source", "fail", str(e))
    known.digests[source["id"]] = digest
    if source["version"] in ("etag", "mtime"):
        known.files[source["id"]] = {name: found or "not fetched yet" for name, found in files.items()}
    new = sum(found is None for found in files.values())
    text = f"{source['uri']} ({counted(len(files), 'object')}, {new or 'none'} to fetch)"
    return Planned(source["id"], "source", "read", text, digest=digest)


def _stage(context: Context, stage: Mapping[str, Any], known: _Known) -> Planned:
    digests = {i["name"]: [known.digests.get(a) for a in i["artifacts"]] for i in stage["inputs"]}
    whole = all(d is not None for found in digests.values() for d in found)
    parts = key_parts(context, stage, digests)
    key = key_of(parts) if whole else None
    looked = known_result(context, key, look_only=True) if key is not None and stage["cache"] else None
    entry, accepted = looked or (None, None)
    for o in stage["outputs"]:
        known.digests[f"{stage['id']}.{o['name']}"] = entry["outputs"][o["name"]]["digest"] if entry else None
        if entry and o["name"] in entry.get("metrics", {}):
            known.metrics[f"{stage['id']}.{o['name']}"] = entry["metrics"][o["name"]]
    why = _why(context, stage, parts, known)
    place = stage["place"]
    undecided = known.undecided.get(stage["id"])
    if undecided is not None:
        why = (*why, Cause("when", undecided, place["file"], place["line"], waits=True))
    if entry:
        action = "restore" if undecided is None else "may_run"
        said = f", {accepted.told}" if accepted else ""
        text = f"from run {entry['run']}{said}"
        return Planned(stage["id"], "stage", action, text, why, key, accepted=accepted, parts=parts)
    why = why or (Cause("gone", "its last result is not in the store any more"),)
    certain = whole or (any(not c.waits for c in why) and not was_alike(context, stage, parts))
    action = "run" if certain and undecided is None else "may_run"
    return Planned(stage["id"], "stage", action, _command(context, stage), why, key, parts=parts)


def _why(context: Context, stage: Mapping[str, Any], parts: Mapping[str, Any], known: _Known) -> tuple[Cause, ...]:
    last = last_of(context, stage["id"])
    if last is None:
        return (Cause("first", "has no result yet"),)
    found = causes(context, stage, last["key_parts"], parts, known.files)
    if not stage["cache"]:
        place = stage["place"]
        return (*found, Cause("cache", "always runs: cache = off", place["file"], place["line"]))
    return found


def _command(context: Context, stage: Mapping[str, Any]) -> str:
    values = Values(
        run=context.run,
        inputs={i["name"]: [p for a in i["artifacts"] for p in _paths(context, a)] for i in stage["inputs"]},
        many=lists_of(context, stage),
        outputs={o["name"]: _result_path(context, stage, o) for o in stage["outputs"]},
        params={name: context.params.get(name) for name in stage["params"]},
        item=(stage.get("item") or {}).get("value"),
    )
    types = {p["name"]: p["type"] for p in context.pipeline.document["params"]}
    keep = context.folder / f"{safe_id(stage['id'])}.ipynb"
    argv = program_argv(stage, values, root=context.root, workspace=context.folder, types=types, keep=keep)
    settings = [f"{name}={shown(v) if isinstance(v, str) else '$' + v['name']}" for name, v in stage["env"]]
    return shlex.join([*settings, *argv])


def _paths(context: Context, artifact: str) -> list[Path]:
    name, _, output = artifact.partition(".")
    node = context.pipeline.nodes[name]
    if node["is"] == "source":
        if is_database(node):
            return [context.folder / safe_id(name) / f"{safe_id(name)}.{node['format']}"]
        if is_web(node):
            return [context.folder / safe_id(name) / web_name(node["uri"])]
        if is_object(node):
            return paths_in(context, node)
        return [context.root / p for p in find_files(node, context.root)]
    return [_result_path(context, node, next(o for o in node["outputs"] if o["name"] == output))]


def _result_path(context: Context, stage: Mapping[str, Any], output: Mapping[str, Any]) -> Path:
    return context.folder / safe_id(stage["id"]) / str(output["path"])


def _guard(context: Context, guard: Mapping[str, Any], known: _Known) -> Planned:
    known.digests[guard["subject"]] = let_pass(context, guard, known.digests.get(guard["subject"]))
    return Planned(guard["id"], "guard", "check", f"{counted(len(guard['rules']), 'rule')} on {guard['subject']}")


def _deploy(context: Context, deploy: Mapping[str, Any], known: _Known) -> Planned:
    version, moves, action = _version(context, deploy, known), deploy["model"], "deploy"
    if deploy["id"] in known.undecided:
        action = "may_deploy"
    if alias := deploy.get("alias"):
        registry = registry_of(context, model_name(context.pipeline.name, deploy["model"]))
        now = registry.aliases().get(alias)
        if version is not None and now is not None and now.settled and now.version == version:
            return Planned(deploy["id"], "deploy", "keep", f"{alias} already points at version {version}")
        if version is not None and withdrawn(registry, alias, version) is not None:
            return Planned(deploy["id"], "deploy", "keep", f"version {version} was taken out of {alias} by hand")
        target = "the new version" if version is None else f"version {version}"
        moves = f"{alias} to {target} of {deploy['model']}"
        if now is not None and now.version is not None:
            moves += f", from version {now.version}"
            action = "may_deploy" if known.digests.get(deploy["model"]) is None else action
    if deploy.get("command") is not None:
        values = Values(run=context.run, params=context.params, model=Path("MODEL"), previous=Path("PREVIOUS"))
        moves += f", then {shlex.join(command_argv(deploy['command'], values))}"
    return Planned(deploy["id"], "deploy", action, moves)


def _version(context: Context, deploy: Mapping[str, Any], known: _Known) -> int | None:
    """The registered version that the model would be; nothing where it is a new one, or only a run can tell."""
    digest, judged = known.digests.get(deploy["model"]), judged_by(context, deploy)
    if digest is None or any(m not in known.metrics for m in judged):
        return None
    metrics = finite({m: dict(known.metrics[m]) for m in judged})
    versions = registry_of(context, model_name(context.pipeline.name, deploy["model"])).versions()
    same = (v for v in versions if v["digest"] == digest and v.get("metrics", {}) == metrics)
    return next((int(v["version"]) for v in same), None)


_OF_KIND = {"source": _source, "stage": _stage, "guard": _guard, "deploy": _deploy}
