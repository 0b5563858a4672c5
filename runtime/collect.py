"""What the store holds, what of it nothing reaches, and whether it is what it should be.

Reached is what the records of the kept runs name, what a version in the registry holds, and the cache entries of the
keys in those records and in the lock in git. Everything younger than a grace is kept whatever reaches it: a run may be
about to write it down, here or on another machine.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .digests import path_digest
from .holdings import Holdings
from .registries import built_in_registries
from .registry import ModelRegistry, Registry
from .same import same_as
from .store import Store, read_json, read_listing

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
    held = store.holdings()
    now = held.now()
    registries = [*built_in_registries(store), *(r for r in registries or () if not isinstance(r, Registry))]
    runs = held.runs()
    given_up = _given_up(store, registries, runs, keep_runs, older_than, grace, now)
    kept = [f for f in runs if f not in given_up]
    reached = _reached(held, registries, kept)
    reached.keys |= {_hex(key) for key in locked}
    accepted = _accepted(held, reached, now - grace)
    results = held.files("cache")
    entries = [e for e, file in results.items() if e.stem not in reached.keys and now - file.touched > grace]
    _add_entries(held, reached, results.keys() - {*entries})
    outlines = held.files("outlines")
    _add_outlines(held, reached)
    others = [
        path
        for files, names in (
            (outlines, reached.outlines),
            (held.files("plans"), reached.plans),
            (held.files("accepted"), accepted),
        )
        for path, file in files.items()
        if path.stem not in names and now - file.touched > grace
    ]
    others += [
        path
        for path, file in held.files("fetched").items()
        if now - file.touched > grace and (read_json(path) or {}).get("digest") not in reached.digests
    ]
    objects = {
        path: file.size
        for path, file in held.objects().items()
        if _digest_of(path) not in reached.digests and now - file.touched > grace
    }
    return Garbage(
        runs=tuple(given_up),
        entries=tuple(entries),
        objects=tuple(objects),
        others=tuple(others),
        size=sum(objects.values()),
        kept_runs=tuple(f.name for f in kept),
    )


def remove(store: Store, garbage: Garbage) -> None:
    """Takes the garbage away: what names others first, so that nothing ever names what is gone."""
    held = store.holdings()
    for folder in garbage.runs:
        held.take_away_run(folder)
    held.take_away(garbage.entries)
    held.take_away(garbage.others)
    # A result that came meanwhile may name bytes that were there already.
    reached = _Reached()
    _add_entries(held, reached, held.files("cache"))
    held.take_away([o for o in garbage.objects if _digest_of(o) not in reached.digests])


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
    held = store.holdings()
    objects = held.objects()
    return {
        "runs": held.count_runs(),
        "results": len(held.files("cache")),
        "objects": len(objects),
        "bytes": sum(file.size for file in objects.values()),
    }


def _digest_of(path: Path) -> str:
    return f"{path.parent.parent.name}:{path.name}"


def _given_up(
    store: Store,
    registries: Sequence[ModelRegistry],
    runs: Mapping[Path, float],
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
    found = []
    for folder, at in runs.items():
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


def _reached(held: Holdings, registries: Sequence[ModelRegistry], runs: list[Path]) -> _Reached:
    reached = _Reached()
    for folder in runs:
        for record in held.read([*folder.glob("*.json")]):
            _add(reached, record)
    for record in held.read(held.files("last")):
        _add(reached, record)
    for registry in registries:
        for version in registry.versions():
            reached.digests |= set(_digests(version))
    return reached


def _accepted(held: Holdings, reached: _Reached, since: float) -> set[str]:
    """The acceptances that hold for a key that is reached, or are new; what they restore is reached by them."""
    found = set()
    for path, file in held.files("accepted").items():
        if path.stem in reached.keys or file.touched > since:
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


def _add_entries(held: Holdings, reached: _Reached, entries: Collection[Path]) -> None:
    """What the results that stay name, and the files of all folders that are reached."""
    for entry in held.read(entries):
        reached.digests |= set(_digests(entry))
    trees = [d for d in reached.digests if d.startswith("tree:")]
    held.bring_listings(trees)
    for digest in trees:
        with contextlib.suppress(FileNotFoundError, ValueError):
            reached.digests |= {*read_listing(held.store.object_path(digest)).values()}


def _add_outlines(held: Holdings, reached: _Reached) -> None:
    """The outlines that others name."""
    for name in list(reached.outlines):
        found = read_json(held.store.folder / "outlines" / f"{name}.json")
        if found and found.get("kind") == "files":
            reached.outlines |= {d.rpartition(":")[2] for d in _digests(found)}


def report(store: Store, garbage: Garbage) -> str:
    """The garbage as JSON."""
    name = store.holdings().name
    found = {kind: [name(p) for p in getattr(garbage, kind)] for kind in ("runs", "entries", "objects", "others")}
    return json.dumps({**found, "bytes": garbage.size}, indent=1)
