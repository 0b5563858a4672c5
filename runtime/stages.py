"""Stages: restored when the same was done before, else run, tried again where the plan says so, and kept."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .acceptances import known_result
from .changes import keep_last
from .children import Ended, InterruptedRunError, new_token, run_program
from .context import Context, FailedNodeError, read_metrics
from .databases import connections
from .digests import tree_files
from .interpreters import where_it_ran
from .keys import key_of, key_parts
from .locked import require_locked
from .openlineage import hidden as hidden_by_lineage
from .outlines import code_outline, keep_outline, lock_outline, outline_path
from .programs import Values, program_argv, program_environment
from .registry import now
from .seeds import seed_of, seeds
from .sources import lists_of, require_as_read
from .store import safe_id


def run_stage(context: Context, stage: Mapping[str, Any], *, retry: bool) -> dict[str, Any]:
    """What the stage did. A failure is described by the state, for its tries are part of the record."""
    parts = stage_key_parts(context, stage)
    key = key_of(parts)
    _keep_outlines(context, parts)
    record: dict[str, Any] = {"key": key, "key_parts": parts, "params": parts["params"]}
    require_locked(context, stage, key, parts)
    if stage["cache"] and (known := known_result(context, key)) is not None:
        entry, accepted = known
        # An object may be cleared away between the look and the use, and an entry damaged: then it is made again.
        with contextlib.suppress(FileNotFoundError, KeyError):
            found = place_outputs(context, stage, entry)
            if accepted is None:
                keep_last(context, stage["id"], key, parts)
            else:  # what the result was made of stays what a change is told against
                record.update(reason=accepted.told, accepted=accepted.plain())
            return {**record, "state": "restored", "from_run": entry["run"], **found}
    found = _tries(context, stage, key, 1 + stage["retries"]["count"] if retry else 1)
    if found["state"] == "succeeded":
        keep_last(context, stage["id"], key, parts)
    return {**record, **found}


def _keep_outlines(context: Context, parts: Mapping[str, Any]) -> None:
    """What tells a later change of the code or of the lock by name and line."""
    store = context.store
    for file, digest in parts["code"].items():
        if not outline_path(store, digest).exists():
            keep_outline(store, digest, code_outline(context.root / file))
    lock = parts["lock"]
    if lock is not None and not outline_path(store, lock).exists():
        keep_outline(store, lock, lock_outline(context.root / context.pipeline.version["env_lock"]))


def stage_key_parts(context: Context, stage: Mapping[str, Any]) -> dict[str, Any]:
    artifacts = {i["name"]: [context.artifact(a) for a in i["artifacts"]] for i in stage["inputs"]}
    inputs = {name: [a.get("version", a["digest"]) for a in found] for name, found in artifacts.items()}
    return key_parts(context, stage, inputs)


def _tries(context: Context, stage: Mapping[str, Any], key: str, allowed: int) -> dict[str, Any]:
    tries: list[dict[str, Any]] = []
    record: dict[str, Any] = {"tries": tries}
    for attempt in range(1, allowed + 1):
        context.tell("node_started", node=stage["id"], attempt=attempt)
        started, begun, used = now(), time.monotonic(), Used()
        try:
            record.update(_one_try(context, stage, key, used))
            record.update(state="succeeded", reason=None)
        except FailedNodeError as e:
            record.update(state="failed", reason=str(e))
        timing = {"started": started, "seconds": round(time.monotonic() - begun, 3), "reason": record["reason"]}
        tries.append({**timing, **used.of_try})
        record.update(used.of_stage)
        if record["state"] == "succeeded" or attempt == allowed:
            break
        delay = float(stage["retries"]["delay"])
        context.tell("retry", node=stage["id"], attempt=attempt, text=record["reason"], delay=delay)
        if context.children.asked.wait(delay):
            raise InterruptedRunError
    return record


@dataclass
class Used:
    """What is known of a try only when its program has started, and belongs into the record however it ends."""

    of_try: dict[str, Any] = field(default_factory=dict)
    of_stage: dict[str, Any] = field(default_factory=dict)


def _one_try(context: Context, stage: Mapping[str, Any], key: str, used: Used) -> dict[str, Any]:
    token = new_token()
    with context.store.workspace(safe_id(stage["id"]), token) as workspace:
        values = replace(stage_values(context, stage, workspace), seed=seed_of(key))
        for path in values.outputs.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        require_as_read(context, {a for i in stage["inputs"] for a in i["artifacts"]})
        before = file_times(p for paths in _given(context, stage) for p in paths)
        ended = _run(context, stage, values, workspace, token, used)
        if ended.code != 0 or ended.timed_out:
            last = next((line for line in reversed(ended.last_lines) if line.strip()), "")
            raise FailedNodeError(f"{ended.reason}: {last}" if last and not ended.timed_out else ended.reason)
        if changed := changed_file(before):
            raise FailedNodeError(
                f"it changed its input {changed}, which is the result of another stage: copy it first"
            )
        require_as_read(context, {a for i in stage["inputs"] for a in i["artifacts"]})
        metrics = {o["name"]: read_metrics(p) for o, p in _made(stage, values) if o["kind"] == "metrics"}
        kept = {o["name"]: context.store.put(p).plain() for o, p in _made(stage, values)}
    entry = {"key": key, "node": stage["id"], "run": context.run, "at": now(), "outputs": kept, "metrics": metrics}
    placed = place_outputs(context, stage, entry)
    context.store.remember(key, entry)
    return placed


def stage_values(context: Context, stage: Mapping[str, Any], workspace: Path) -> Values:
    """What the stage's placeholders stand for. Outputs are written below `workspace`."""
    inputs = {i["name"]: [p for a in i["artifacts"] for p in context.paths(a)] for i in stage["inputs"]}
    return Values(
        run=context.run,
        inputs=inputs,
        many=lists_of(context, stage),
        outputs={o["name"]: workspace / "out" / o["path"] for o in stage["outputs"]},
        params={name: context.params.get(name) for name in stage["params"]},
        item=(stage.get("item") or {}).get("value"),
    )


def _run(context: Context, stage: Mapping[str, Any], values: Values, workspace: Path, token: str, used: Used) -> Ended:
    env, hidden = program_environment(stage, values, token, context.environ)
    hidden += [*connections(context), *hidden_by_lineage(context)]
    types = {p["name"]: p["type"] for p in context.pipeline.document["params"]}
    notebook = context.folder / f"{safe_id(stage['id'])}.ipynb"
    argv = program_argv(stage, values, root=context.root, workspace=workspace, types=types, keep=notebook)
    used.of_stage = {"seeds": seeds(values.params, env), **where_it_ran(context, argv, env)}
    with context.log_path(stage["id"]).open("ab") as log:
        ended = run_program(
            argv,
            cwd=context.root,
            env=env,
            log=log,
            on_line=lambda line: context.tell("log", node=stage["id"], text=line),
            children=context.children,
            timeout=stage.get("timeout"),
            hidden=hidden,
        )
    if ended.usage is not None:
        used.of_try = {"cpu": ended.usage.cpu, "memory": ended.usage.memory}
    return ended


def _given(context: Context, stage: Mapping[str, Any]) -> Iterator[list[Path]]:
    """What other stages made, and the stage is given."""
    for artifact in (a for i in stage["inputs"] for a in i["artifacts"]):
        if "file" in context.artifact(artifact):
            yield context.verified(artifact)


def file_times(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """The files at and below paths that are given to a program, as they are. They are the store's: permissions alone
    do not keep a program that runs as root from writing into them."""
    files = [f for p in paths for f in (tree_files(p).values() if p.is_dir() else [p])]
    return {f: (f.stat().st_size, f.stat().st_mtime_ns) for f in files}


def changed_file(before: Mapping[Path, tuple[int, int]]) -> str | None:
    """The name of a file that was written to since. One that is gone was a link, and is made again."""
    for path, stat in before.items():
        with contextlib.suppress(FileNotFoundError):
            if (path.stat().st_size, path.stat().st_mtime_ns) != stat:
                return path.name
    return None


def _made(stage: Mapping[str, Any], values: Values) -> list[tuple[Mapping[str, Any], Path]]:
    made = [(o, values.outputs[o["name"]]) for o in stage["outputs"]]
    for o, path in made:
        if why := _why_no_output(o, path):
            raise FailedNodeError(why)
    return made


def _why_no_output(o: Mapping[str, Any], path: Path) -> str | None:
    """Why what lies where an output should be cannot be kept as it."""
    name = f"its output '{o['name']}'"
    if not path.exists():
        return f"exit code 0, but it did not write {name} ({o['path']})"
    if not path.is_dir():
        if o["kind"] == "dir":
            return f"{name} is a file and should be a folder"
        return None if path.is_file() else f"{name} ({o['path']}) is a pipe, a socket or a device and should be a file"
    if o["kind"] == "metrics":
        return f"{name} ({o['path']}) is a folder and should be a file"
    for each in path.rglob("*"):
        if not (each.is_file() or each.is_dir()):
            what = "a link to nothing" if each.is_symlink() else "a pipe, a socket or a device"
            return f"{name}: {each.relative_to(path)} is {what}, which cannot be kept"
    return None


def place_outputs(context: Context, stage: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Makes the outputs of a cache entry appear in this run; returns the artifacts and metrics for the record."""
    artifacts = {}
    for o in stage["outputs"]:
        kept = entry["outputs"][o["name"]]
        place = f"runs/{context.run}/{safe_id(stage['id'])}/{o['path']}"
        context.store.place(kept["digest"], context.store.folder / place)
        artifacts[f"{stage['id']}.{o['name']}"] = {**kept, "kind": o["kind"], "file": place}
    return {"artifacts": artifacts, "metrics": entry.get("metrics", {})}
