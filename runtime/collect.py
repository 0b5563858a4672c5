"""What the store holds, what of it nothing reaches, and whether it is what it should be.

Reached is what the records of the kept runs name, what a version in the registry holds, and the cache entries of the
keys in those records and in the lock in git. Everything younger than a grace is kept whatever reaches it: a run may be
about to write it down.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .digests import file_digest, path_digest
from .registries import built_in_registries
from .registry import ModelRegistry, Registry
from .same import same_as
from .store import Store, read_json

GRACE = 86400.0  # seconds


@dataclass(frozen=True)
class Garbage:
    """What may go: folders of runs, cache entries, objects, and outlines, plans and notes of downloads that nothing
    names."""

    runs: tuple[Path, ...] = ()
    entries: tuple[Path, ...] = ()
    objects: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    size: int = 0  # bytes of the objects
    kept_runs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.runs or self.entries or self.objects or self.others)


@dataclass
class _Reached:
    digests: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    plans: set[str] = field(default_factory=set)
    outlines: set[str] = field(default_factory=set)


def find_garbage(
    store: Store,
    *,
    registries: Sequence[ModelRegistry] | None = None,
    keep_runs: int | None = None,
    older_than: float | None = None,
    grace: float = GRACE,
    locked: Iterable[str] = (),
) -> Garbage:
    """What nothing reaches any more. `locked` are the keys of the results that a lock in git names, `registries` those
    that are not in the store, too.

    `keep_runs` gives up all runs but the last N that came to their end, `older_than` (seconds) those that ended longer
    ago; a run whose model has an alias is never given up, and neither is one that has no end yet and was touched within
    the grace.
    """
    now = time.time()
    registries = [*built_in_registries(store), *(r for r in registries or () if not isinstance(r, Registry))]
    given_up = _given_up(store, registries, keep_runs, older_than, grace, now)
    kept = [f for f in _folders(store.runs) if f not in given_up]
    reached = _reached(store, registries, kept)
    reached.keys |= {_hex(key) for key in locked}
    accepted = _accepted(store, reached, now - grace)
    entries = [e for e in store.cache.glob("*.json") if e.stem not in reached.keys and now - _touched(e) > grace]
    for entry in store.cache.glob("*.json"):
        if entry not in entries:
            reached.digests |= set(_digests(read_json(entry) or {}))
    _add_parts(store, reached)
    objects = [o for o in _objects(store) if _digest_of(o) not in reached.digests and now - _touched(o) > grace]
    others = [
        path
        for folder, names in (("outlines", reached.outlines), ("plans", reached.plans), ("accepted", accepted))
        for path in sorted((store.folder / folder).glob("*.json"))
        if path.stem not in names and now - _touched(path) > grace
    ]
    others += [
        path
        for path in sorted((store.folder / "fetched").glob("*.json"))
        if (read_json(path) or {}).get("digest") not in reached.digests and now - _touched(path) > grace
    ]
    return Garbage(
        runs=tuple(given_up),
        entries=tuple(entries),
        objects=tuple(objects),
        others=tuple(others),
        size=sum(o.stat().st_size for o in objects),
        kept_runs=tuple(f.name for f in kept),
    )


def remove(store: Store, garbage: Garbage) -> None:
    """Takes the garbage away: what names others first, so that nothing ever names what is gone."""
    for folder in garbage.runs:
        with contextlib.suppress(OSError):
            aside = store.tmp / f"gone-{folder.name}"
            folder.rename(aside)  # at once, for those who list the runs
            for path in aside.rglob("*"):
                if path.is_dir() and not path.is_symlink():
                    path.chmod(0o755)
            shutil.rmtree(aside, ignore_errors=True)
    for path in (*garbage.entries, *garbage.others, *garbage.objects):
        path.unlink(missing_ok=True)


def damaged(store: Store) -> Iterator[Path]:
    """The objects whose bytes are not what their name says. All are read."""
    for path in _objects(store):
        try:
            found = file_digest(path).removeprefix("sha256:")
        except OSError:
            found = ""
        if found != path.name:
            yield path


def damaged_versions(store: Store) -> Iterator[tuple[Registry, int]]:
    """The versions of models whose files are here, and are not what was registered. All are read."""
    for registry in built_in_registries(store):
        for version in registry.versions():
            path = Path(registry.where(version["version"]))
            with contextlib.suppress(FileNotFoundError):
                if path_digest(path) != version["digest"]:
                    yield registry, version["version"]


def contents(store: Store) -> dict[str, int]:
    """How much is in the store: runs, results by key, objects and their bytes."""
    objects = _objects(store)
    return {
        "runs": len(_folders(store.runs)),
        "results": sum(1 for _ in store.cache.glob("*.json")),
        "objects": len(objects),
        "bytes": sum(o.stat().st_size for o in objects),
    }


def _folders(runs: Path) -> list[Path]:
    return sorted(f for f in runs.iterdir() if f.is_dir()) if runs.is_dir() else []


def _objects(store: Store) -> list[Path]:
    return sorted(p for p in (store.folder / "objects").glob("*/*/*") if p.is_file())


def _digest_of(path: Path) -> str:
    return f"{path.parent.parent.name}:{path.name}"


def _touched(path: Path) -> float:
    try:
        stat = path.stat()
    except OSError:
        return time.time()
    return max(stat.st_mtime, stat.st_ctime)


def _given_up(
    store: Store,
    registries: Sequence[ModelRegistry],
    keep_runs: int | None,
    older_than: float | None,
    grace: float,
    now: float,
) -> list[Path]:
    if keep_runs is None and older_than is None:
        return []
    held = _runs_of_aliases(registries)
    ended = list(store.finished_runs())
    last = {r["run"] for r in ended[:keep_runs]} if keep_runs is not None else set()
    times = {r["run"]: _touched(store.run_folder(r["run"]) / "run.json") for r in ended}
    found = []
    for folder in _folders(store.runs):
        at = times.get(folder.name, _touched(folder))
        old = older_than is None or now - at > older_than
        if folder.name not in last and folder.name not in held and old and now - at > grace:
            found.append(folder)
    needed = {other for r in ended if store.run_folder(r["run"]) not in found and (other := same_as(r))}
    return [folder for folder in found if folder.name not in needed]


def _runs_of_aliases(registries: Sequence[ModelRegistry]) -> set[str]:
    """The runs that made the versions which an alias points at, or would go back to."""
    found = set()
    for registry in registries:
        pointed = {n for alias in registry.aliases().values() for n in (alias.version, alias.previous)}
        found |= {str(v["run"]) for v in registry.versions() if v["version"] in pointed and v.get("run")}
    return found


def _reached(store: Store, registries: Sequence[ModelRegistry], runs: list[Path]) -> _Reached:
    reached = _Reached()
    for folder in runs:
        for path in folder.glob("*.json"):
            _add(reached, read_json(path) or {})
    for path in (store.folder / "last").rglob("*.json"):
        _add(reached, read_json(path) or {})
    for registry in registries:
        for version in registry.versions():
            reached.digests |= set(_digests(version))
    return reached


def _accepted(store: Store, reached: _Reached, since: float) -> set[str]:
    """The acceptances that hold for a key that is reached, or are new; what they restore is reached by them."""
    found = set()
    for path in (store.folder / "accepted").glob("*.json"):
        if path.stem in reached.keys or _touched(path) > since:
            found.add(path.stem)
            reached.keys |= {_hex(str(key)) for key in _values(read_json(path) or {}, "result")}
    return found


def _hex(key: str) -> str:
    return key.removeprefix("sha256:")


def _add(reached: _Reached, record: Mapping[str, Any]) -> None:
    digests = set(_digests(record))
    reached.digests |= digests
    reached.outlines |= {d.rpartition(":")[2] for d in digests}
    reached.keys |= {_hex(str(k)) for k in _values(record, "key")}
    reached.plans |= {Path(str(p)).stem for p in _values(record, "plan")}


def _digests(value: Any) -> Iterator[str]:
    """Every digest in a record, wherever it stands."""
    if isinstance(value, str):
        if value.startswith(("sha256:", "tree:")):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _digests(each)
    elif isinstance(value, list):
        for each in value:
            yield from _digests(each)


def _values(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if name in value:
            yield value[name]
        for each in value.values():
            yield from _values(each, name)


def _add_parts(store: Store, reached: _Reached) -> None:
    """The files of the folders that are reached, and the outlines that name others."""
    for digest in [d for d in reached.digests if d.startswith("tree:")]:
        with contextlib.suppress(OSError, ValueError):
            lines = store.object_path(digest).read_text("utf-8").splitlines()
            reached.digests |= {line.partition(" ")[0] for line in lines}
    for name in list(reached.outlines):
        found = read_json(store.folder / "outlines" / f"{name}.json")
        if found and found.get("kind") == "files":
            reached.outlines |= {d.rpartition(":")[2] for d in _digests(found)}


def report(garbage: Garbage) -> str:
    """The garbage as JSON."""
    found = {name: [p.as_posix() for p in getattr(garbage, name)] for name in ("runs", "entries", "objects", "others")}
    return json.dumps({**found, "bytes": garbage.size}, indent=1)
