"""Certificates: what a run that succeeded looked at, so that the next one can see that nothing has changed (fresh.py).

A run gets one where its plan asks for nothing but what lies in files here: not for the web, a database, the time, an
earlier run or a program's answer. The registry in the store is files, too: a deploy changes nothing once its alias
points at the version, and guards that compare with the champion say the same again. What the run looked at must be
older than it by two seconds: a file that was written meanwhile may not be what was read, and one that was written just
before could be written again within the same tick of the clock. Files of the store are only ever replaced whole.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runtime.events import NodeResult, RunResult
from ..runtime.locked import LOCK
from ..runtime.outlines import outline_path
from ..runtime.pipeline import Pipeline, sets_aside
from ..runtime.registries import is_mlflow
from ..runtime.registry import Registry, model_name
from ..runtime.same import in_full
from ..runtime.shared import open_store
from ..runtime.sources import find_files, is_glob
from ..runtime.store import Store, read_json, read_listing, safe_id
from . import fresh
from .outcome import render_outcome
from .terminal import ansi, plain

if TYPE_CHECKING:
    from ..compiler.driver import Analysis

_SETTLED = 2_000_000_000  # nanoseconds
# SQL that may answer otherwise tomorrow, or the next time.
_BY_THE_CLOCK = re.compile(r"current_|localtime|\b(?:now|today|random|uuid|age)\s*\(|get_current", re.IGNORECASE)


class _NoneError(Exception):
    """This run gets no certificate."""


@dataclass
class _Seen:
    """What was looked at. `before`: nanoseconds; what was touched later may not be what was read."""

    before: int
    files: dict[str, None] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)
    absent: dict[str, None] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)

    def path(self, path: str) -> None:
        """A path that was asked for: what is there, or that nothing is."""
        if os.path.lexists(path):
            self.settled(path)
            self.files[path] = None
        else:
            self.absent[path] = None

    def folder(self, path: str) -> None:
        """A folder whose names were listed."""
        self.settled(path)
        self.folders[path] = None

    def settled(self, path: str) -> None:
        stat = Path(path).stat()
        if max(stat.st_mtime_ns, stat.st_ctime_ns) + _SETTLED > self.before:
            raise _NoneError

    def lines(self) -> Iterator[str]:
        for kind, paths, said in (("files", self.files, fresh.signatures), ("kept", self.kept, fresh.sizes)):
            yield f"{kind}\t" + "\t".join(paths) + "\t\t" + said(list(paths))
        if self.absent:
            yield "absent\t" + "\t".join(self.absent) + "\t\t"
        for folder in self.folders:
            yield f"folder\t{folder}\t{fresh.names_in(folder)}"


def keep_certificate(
    result: RunResult, plan: Mapping[str, Any], analysis: Analysis, spec: Path, profile: str | None, began: int
) -> None:
    """Leaves the certificate of a run that began, and read its first file, at this time (nanoseconds); none where the
    next run could be another although no file changes. What hinders it is no matter of the run's."""
    with suppress(_NoneError, OSError, KeyError, TypeError, ValueError):
        _keep(result, Pipeline(plan), analysis, spec, profile, began)


def _keep(
    result: RunResult, pipeline: Pipeline, analysis: Analysis, spec: Path, profile: str | None, began: int
) -> None:
    root = spec.resolve().parent
    store = Store(root / ".mlops")
    key = fresh.key_of(str(spec), profile)
    summary = read_json(store.run_folder(result.run) / "run.json") or {}
    _require(os.name == "posix" and key is not None and result.state == "succeeded")
    _require("lineage" not in summary and not is_mlflow(pipeline))  # others are to be told of every run
    _require(open_store(pipeline, root, None).folder == store.folder)
    nodes: Mapping[str, Mapping[str, Any]] = summary["nodes"]
    for node in pipeline.document["nodes"]:
        _require(_stays(node, nodes))
    seen = _Seen(began)
    _project(seen, analysis, pipeline, root)
    _machine(seen, pipeline)
    git = _git(seen, pipeline, root)
    _stored(seen, store, pipeline, summary)
    short = {**{k: v for k, v in summary.items() if k != "nodes"}, "run": fresh.RUN, "same_as": result.run}
    short.update(started=fresh.AT, finished=fresh.AT, trigger=None)
    told = _again(result, in_full(short, summary))
    record = json.dumps(short, indent=1, ensure_ascii=False) + "\n"
    outcomes = [render_outcome(told, paint).replace("0.0s", fresh.SECONDS, 1) for paint in (plain, ansi)]
    lines = list(seen.lines())
    _require(not any("\n" in line for line in lines))
    head = [fresh.FORMAT, str(key), result.run, git, *(_hex(text) for text in (record, *outcomes))]
    body = "\n".join([*head, *lines]) + "\n"
    store.write_text(Path(fresh.certificate_path(str(store.folder), str(key))), f"{body}end {fresh.checksum(body)}\n")


def _require(holds: bool) -> None:
    if not holds:
        raise _NoneError


def _hex(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").hex()


# -------------------------------------------------------------------- the plan


def _stays(node: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the node would do again what it did, as long as no file changes."""
    if node["is"] == "notify":
        return False  # whoever is told is told of every run
    if node["is"] not in ("source", "stage", "guard", "deploy"):
        return True
    record = records[node["id"]]
    if record["state"] not in ("succeeded", "restored"):
        return False
    if node["is"] == "deploy":
        # The first run moves the alias, and the next one finds it there. Without an alias a command runs every time.
        return record["state"] == "restored" if node.get("alias") else not node.get("command")
    if node["is"] == "source":
        return bool(node.get("uri")) and "://" not in node["uri"] and not node.get("connection")
    if node["is"] == "stage":
        secrets = any(not isinstance(value, str) for _, value in node["env"])
        return bool(node["cache"]) and not node.get("when") and not secrets
    return _judges_alike(node, records)


def _judges_alike(guard: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> bool:
    drifts = guard.get("drifts") or ()
    against = {
        *re.findall(r'"scope": "(previous|champion)"', json.dumps(guard["rules"])),
        *(d["against"] for d in drifts),
    }
    if "previous" in against or guard.get("dialect") or guard.get("checks") or sets_aside(guard):
        return False
    # A model that ran and is the champion's is told of as made again; the next time it is restored.
    made = any(r["kind"] == "stage" and r["state"] != "restored" for r in records.values())
    dated = any(rule.get("relaxed") for rule in guard["rules"])
    clock = any("freshness" in m["text"] or _BY_THE_CLOCK.search(m["sql"]) for m in guard["measures"])
    clock = clock or bool(_BY_THE_CLOCK.search(json.dumps(drifts)))
    return not (("champion" in against and made) or dated or clock or _BY_THE_CLOCK.search(guard["query"]))


# ------------------------------------------------------------- what was looked at


def _project(seen: _Seen, analysis: Analysis, pipeline: Pipeline, root: Path) -> None:
    """Specs, code, sources, and all else that the compiler and the runtime asked of the project."""
    for file in analysis.files:
        seen.path(str(Path(file.source.path).absolute()))
    for asked, there in analysis.model.project.asked.items():
        path = str(root / asked)
        _require(not there or os.path.lexists(path))
        seen.path(path)
    files = [f for node in pipeline.nodes.values() for f in _files_of(node)]
    for name in dict.fromkeys([*files, *filter(None, [pipeline.version.get("env_lock")])]):
        seen.path(str(root / name))
    for source in pipeline.of("source"):
        _source(seen, source, root)


def _files_of(node: Mapping[str, Any]) -> Iterator[str]:
    yield from node.get("code", ())
    if file := (node.get("program") or {}).get("file"):
        yield file
    yield from (table["file"] for table in node.get("tables", ()) if table.get("file"))


def _source(seen: _Seen, source: Mapping[str, Any], root: Path) -> None:
    uri: str = source["uri"]
    found = [root / name for name in find_files(source, root)]
    if is_glob(uri):
        parts = Path(uri).parts
        fixed = next(n for n, part in enumerate(parts) if is_glob(part))
        for folder in _folders(root.joinpath(*parts[:fixed]), deep=fixed < len(parts) - 1):
            seen.folder(folder)
    for path in found:
        if path.is_dir():
            for folder in _folders(path, deep=True):
                seen.folder(folder)
                for entry in os.scandir(folder):
                    if not entry.is_dir():
                        seen.path(entry.path)
        else:
            seen.path(str(path))
    _require(bool(found))


def _folders(top: Path, *, deep: bool) -> Iterable[str]:
    if not deep:
        return [str(top)]
    found = [folder for folder, _, _ in os.walk(top, followlinks=True)]
    _require(len(found) < 10_000)  # links round in circles, or a pattern over half a disk
    return found


def _machine(seen: _Seen, pipeline: Pipeline) -> None:
    """The interpreter's packages, mlopsc itself, and the programs that stages start."""
    for place in dict.fromkeys(sys.path):
        seen.path(place or str(Path.cwd()))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "mlopsc" and (file := getattr(module, "__file__", None)):
            seen.path(file)
    for node in pipeline.nodes.values():
        for command in (node.get("program"), node.get("command"), node.get("rollback")):
            if command and command.get("words"):
                first = command["words"][0]["parts"][0]
                if isinstance(first, str) and os.sep not in first:
                    _on_path(seen, first)


def _on_path(seen: _Seen, program: str) -> None:
    """Where the system looks for a program, up to where it finds it."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = f"{folder}/{program}"
        seen.path(path)
        if os.access(path, os.X_OK):
            return


def _git(seen: _Seen, pipeline: Pipeline, root: Path) -> str:
    """What git says now, and the files that differ from the commit."""
    _require(not pipeline.version.get("require_clean"))  # which asks git more than is asked here
    if pipeline.version.get("code") == "off":
        return "-"
    said = fresh.Git(str(root)).said()
    top = next((p for p in (root, *root.parents) if (p / ".git").exists()), root)
    for entry in said.split(b"\0"):
        fields = {b"1": 8, b"2": 9, b"u": 10, b"?": 1}.get(entry[:1])
        if fields is not None and entry[1:2] == b" ":
            path = str(top / os.fsdecode(entry.split(b" ", fields)[-1]))
            if path == str(root / LOCK):  # which the run itself may have written; see _stored
                continue
            seen.path(path)
    return said.hex()


def _stored(seen: _Seen, store: Store, pipeline: Pipeline, summary: Mapping[str, Any]) -> None:
    """What the run has left in the store, and the next one would find there."""
    folder, run = store.folder, store.run_folder(summary["run"])
    lock = folder.parent / LOCK
    (seen.files if lock.exists() else seen.absent)[str(lock)] = None
    files = [run / "run.json", run, folder / summary["plan"], folder / "last" / pipeline.name]
    kept = []
    for stage in pipeline.of("stage"):
        record = summary["nodes"][stage["id"]]
        path = store.cache / f"{record['key'].removeprefix('sha256:')}.json"
        entry = read_json(path) or {}
        files += [path, folder / "last" / pipeline.name / f"{safe_id(stage['id'])}.json"]
        files += [outline_path(store, digest) for digest in record["key_parts"]["code"].values()]
        for o in stage["outputs"]:
            artifact = record["artifacts"][f"{stage['id']}.{o['name']}"]
            # Another process may have made it anew, and otherwise, since this one did.
            _require(entry["outputs"][o["name"]]["digest"] == artifact["digest"] and store.whole(artifact))
            kept.append(store.object_path(artifact["digest"]))
            if artifact["digest"].startswith("tree:"):
                kept += map(store.object_path, read_listing(kept[-1]).values())
            _shown(seen, folder / artifact["file"])
    files += [run / f"{safe_id(g['id'])}.profiles.json" for g in pipeline.of("guard") if g.get("drifts")]
    seen.files.update(dict.fromkeys(map(str, files)))
    seen.kept.update(dict.fromkeys(map(str, kept)))
    for deploy in pipeline.of("deploy"):
        registry = Registry(store, model_name(pipeline.name, deploy["model"]))
        _registered(seen, registry, summary["nodes"][deploy["id"]]["version"])


def _shown(seen: _Seen, path: Path) -> None:
    """A file or a folder where the store shows what it keeps."""
    if not path.is_dir():
        seen.kept[str(path)] = None
        return
    for folder in _folders(path, deep=True):
        seen.folders[folder] = None
        seen.kept.update(dict.fromkeys(entry.path for entry in os.scandir(folder) if not entry.is_dir()))


def _registered(seen: _Seen, registry: Registry, number: int) -> None:
    """All that the registry says of a model, and the files of the version that is deployed."""
    seen.folder(str(registry.folder))
    for kind in ("versions", "moves", "profiles", "provenance"):
        top = registry.folder / kind
        if not top.is_dir():
            seen.path(str(top))
            continue
        # The files of versions have other names in the store, and so other times: see _shown.
        for folder in _folders(top, deep=kind != "versions"):
            seen.folder(folder)
            for entry in os.scandir(folder):
                if not entry.is_dir():
                    seen.path(entry.path)
    version = registry.version(number)
    _require(version is not None)
    _shown(seen, registry.folder / str((version or {})["file"]))


# ---------------------------------------------------------------- what is printed


def _again(result: RunResult, told: Mapping[str, Any]) -> RunResult:
    """The result of the next run, as it would tell it."""
    nodes = tuple(
        NodeResult(n.id, n.kind, told["nodes"][n.id]["state"], 0.0, n.reason, n.verdict, told["nodes"][n.id])
        for n in result.nodes
    )
    return RunResult(fresh.RUN, result.state, result.exit_code, 0.0, nodes, result.folder, result.report)
