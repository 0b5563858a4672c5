"""A store that many machines share: the truth lies at a URI, and a folder on this machine is its working copy.

The layout is that of a store in a folder (store.py), and besides it

    ended/<run>    the digest of that run's run.json: what says which runs there are, in one listing
    store.json     made by the first run

What is made here is written into the folder first, then sent: objects, then the cache entry that names them, and the
record last. So a machine may be killed at any time: what is not sent yet is named by nothing there, and is sent by the
next run here. A result is asked for there, and its objects are fetched when they are used; bytes that are not those of
their digest are taken away there, and made anew. The registry's versions and moves are made there by a write that one
of many machines wins.
"""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import json
import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .digests import file_digest, text_digest
from .pipeline import Pipeline
from .remote import Remote, StoreError
from .store import Store, read_json, read_listing

if TYPE_CHECKING:
    from .holdings import Holdings

TOUCHED = 3600.0  # seconds after which a result that is used is said to be: gc takes nothing that is younger than a day
_SENT_LATER = ("last", "outlines", "plans")
_ENDED = ".ended"  # in the folder of runs: which of them there are
_SEEN = ".seen"  # in a folder of the working copy: which state of which file there is here


def open_store(pipeline: Pipeline, root: Path, given: str | Path | None) -> Store:
    """The pipeline's store: where is given (MLOPS_STORE), else where the plan says, below the root. Nothing is asked of
    a store at a URI yet. Its working copy lies below `.mlops/`, or below what MLOPS_CACHE says."""
    where = str(given or pipeline.version.get("store") or ".mlops")
    protocol, sign, path = where.partition("://")
    if not sign:
        return Store(root / where)
    if protocol in ("file", "local"):
        from urllib.request import url2pathname  # costs more than all else here, and is seldom wanted

        return Store(root / url2pathname(path))
    name = re.sub(r"[^A-Za-z0-9]+", "-", path.rpartition("@")[2]).strip("-")[:40]
    digest = hashlib.sha256(where.rstrip("/").encode()).hexdigest()[:10]
    base = Path(os.environ.get("MLOPS_CACHE") or root / ".mlops")
    return SharedStore(base / f"{protocol}-{name}-{digest}", Remote(where))


class SharedStore(Store):
    def __init__(self, folder: Path, remote: Remote) -> None:
        super().__init__(folder)
        self.remote = remote
        self._lock = threading.Lock()
        self._there: set[str] = set()  # digests of which it is known that they are there
        self._looked: set[str] = set()  # runs whose records are here as they are there
        self._unsent: dict[str, None] = {}
        self._names: dict[str, frozenset[str]] = {}

    @property
    def where(self) -> str:
        return self.remote.uri

    def check(self, *, write: bool) -> None:
        self.remote.check(write=write)

    def holdings(self) -> Holdings:
        from .holdings import SharedHoldings

        return SharedHoldings(self)

    # ------------------------------------------------------------ plain files

    def write_text(self, path: Path, text: str) -> None:
        super().write_text(path, text)
        name = self._name(path)
        if name.startswith("runs/") and path.suffix in (".json", ".html") and not path.name.endswith(".profiles.json"):
            self._send_record(path, text)
        elif name.startswith(("accepted/", "fetched/", "reproductions/")):
            self.remote.write(name, text.encode())
        elif name.startswith(("runs/", *_SENT_LATER)):
            with self._lock:
                self._unsent[name] = None

    def write_json(self, path: Path, value: Any) -> None:
        if path.name == "run.json" and "plan" in value:
            with self._lock:
                self._unsent[value["plan"]] = None
        super().write_json(path, value)

    def create_json(self, path: Path, value: Any) -> bool:
        name, text = self._name(path), self.json_text(value)
        if name.startswith("registry/") and not self.remote.create(name, text.encode()):
            return False
        if name.startswith("registry/"):
            super().write_text(path, text)
            return True
        made = super().create_json(path, value)
        if made and name.startswith(_SENT_LATER):
            with self._lock:
                self._unsent[name] = None
        return made

    def read(self, path: Path) -> dict[str, Any] | None:
        if path.exists() or path.parent.name != "accepted" or path.name in self._names_in("accepted"):
            self.fetch(path)
        return read_json(path)

    def _names_in(self, folder: str) -> frozenset[str]:
        """What there was in a folder when it was first asked: most of what a run looks for is in none, and one listing
        says so for all."""
        with self._lock:
            if folder not in self._names:
                self._names[folder] = frozenset(self.remote.names(folder))
            return self._names[folder]

    def fetch(self, path: Path) -> Path:
        if not path.exists() and (data := self.remote.read(self._name(path))) is not None:
            self._keep(path, data)
        return path

    def drop(self, path: Path) -> None:
        self.remote.delete([self._name(path)])
        super().drop(path)

    def refresh(self, folder: Path, suffix: str = ".json") -> None:
        seen_path = folder / _SEEN
        seen = read_json(seen_path) or {}
        base = self._name(folder)
        found = {n: item.version for n, item in self.remote.names(base).items() if n.endswith(suffix)}
        lacking = [n for n, version in found.items() if seen.get(n) != version or not (folder / n).exists()]
        for name, data in self.remote.read_many([f"{base}/{n}" for n in lacking]).items():
            self._keep(self.folder / name, data)
        gone = [n for n in seen if n.endswith(suffix) and n not in found]
        for name in gone:
            (folder / name).unlink(missing_ok=True)
        if lacking or gone:
            others = {n: v for n, v in seen.items() if not n.endswith(suffix)}
            super().write_text(seen_path, json.dumps({**others, **found}))

    def _keep(self, path: Path, data: bytes) -> None:
        super().write_text(path, data.decode("utf-8", "surrogateescape"))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _send_record(self, path: Path, text: str) -> None:
        """What waits is sent first, with what lies beside a record: its log, its notebook. The record comes last."""
        with self._lock:
            names, self._unsent = [*self._unsent], {}
        beside = [self._name(p) for p in path.parent.glob(f"{path.stem}.*") if p.suffix in (".log", ".ipynb")]
        files = {n: self.folder / n for n in dict.fromkeys([*names, *beside]) if (self.folder / n).is_file()}
        self.remote.write_many({n: p.read_bytes() for n, p in files.items()})
        data = text.encode("utf-8", "surrogateescape")
        self.remote.write(self._name(path), data)
        if path.name == "run.json":
            self.remote.write(f"ended/{path.parent.name}", text_digest(text).encode())

    # ---------------------------------------------------------------- objects

    def has(self, digest: str) -> bool:
        return self._bring([digest])

    def here(self, kept: Mapping[str, Any]) -> bool:
        if self.whole(kept):
            return True
        self.drop_damaged(kept["digest"])
        return self._bring([kept["digest"]])

    def place(self, digest: str, path: Path) -> None:
        self.has(digest)
        super().place(digest, path)

    def as_made(self, path: Path, digest: str) -> bool:
        if super().as_made(path, digest):
            return True
        with contextlib.suppress(OSError):  # damaged here: it is fetched anew
            if self._bring([digest]):
                super().place(digest, path)
                return super().as_made(path, digest)
        return False

    def share(self, digests: Iterable[str]) -> None:
        new = [d for d in dict.fromkeys(digests) if d not in self._there]
        files: dict[str, Path] = {}
        for digest in new:
            path = self.object_path(digest)
            if path.exists():
                files[self._name(path)] = path
                parts = read_listing(path).values() if digest.startswith("tree:") else ()
                files.update((self._name(p), p) for p in map(self.object_path, parts) if p.exists())
        self.remote.send(files)
        self._there.update(new)

    def _lacking_parts(self, digests: Iterable[str]) -> list[str]:
        parts: dict[str, None] = {}
        for digest in digests:
            if digest.startswith("tree:"):
                parts.update(dict.fromkeys(read_listing(self.object_path(digest)).values()))
        return [p for p in parts if not self.object_path(p).exists()]

    def _bring(self, digests: Collection[str]) -> bool:
        """Fetches what is not here: first files and listings of folders, then the files of these. False: not all is
        there."""
        whole = self._fetch([d for d in digests if not self.object_path(d).exists()])
        return whole and self._fetch(self._lacking_parts(digests))

    def bring_files(self, digests: Iterable[str]) -> None:
        """Has these objects here, of folders their listings alone; not those that are not there."""
        self._fetch([d for d in digests if not self.object_path(d).exists()])

    def _fetch(self, digests: Collection[str]) -> bool:
        if not digests:
            return True
        self._make()
        asides = {d: self.tmp / secrets.token_hex(8) for d in digests}
        try:
            names = {self._name(self.object_path(d)): aside for d, aside in asides.items()}
            all_there = len(self.remote.bring(names)) == len(names)
            for digest, aside in asides.items():
                if aside.exists() and not self._take(digest, aside):
                    all_there = False
            return all_there
        finally:
            for aside in asides.values():
                aside.unlink(missing_ok=True)

    def _take(self, digest: str, aside: Path) -> bool:
        """Puts what was fetched in place, if its bytes are those of its digest. Read twice before it is given up: a
        transfer may err, too."""
        name, path = self._name(self.object_path(digest)), self.object_path(digest)
        for last in (False, True):
            if file_digest(aside).rpartition(":")[2] == path.name:
                self._into_place(aside, path)
                return True
            if not last:
                self.remote.bring({name: aside})
        told = f"{self.where}/{name} is damaged: its bytes are not those of its name; it is taken away and made anew"
        print(f"warning: {told}", file=sys.stderr)
        self.remote.delete([name])
        self._there.discard(digest)
        return False

    # ------------------------------------------------------------------ cache

    def known(self, key: str) -> dict[str, Any] | None:
        made_here = super().cached(key)
        if made_here is None and self._entry_path(key).name in self._names_in("cache"):
            return self._entry(key)
        return made_here

    def cached(self, key: str) -> dict[str, Any] | None:
        entry = self._entry(key)
        if entry is None:
            made_here = super().cached(key)
            if made_here is not None:  # and not sent before the machine went, or taken away there since
                self.remember(key, made_here)
            return made_here
        outputs = entry["outputs"]
        self._say_used(key, entry)
        kept_here = (read_json(self._entry_path(key)) or {}).get("outputs") or {}
        for name, kept in outputs.items():
            before = kept_here.get(name) or {}
            if not self.whole(before if before.get("digest") == kept["digest"] else kept):
                self.drop_damaged(kept["digest"])
        digests = [kept["digest"] for kept in outputs.values()]
        if not self._bring(digests):
            self.remote.delete([self._name(self._entry_path(key))])  # what it names is not there any more
            return None
        self._there.update(digests)
        entry = {**entry, "outputs": {name: self._as_here(kept) for name, kept in outputs.items()}}
        if entry["outputs"] != kept_here:
            super().remember(key, entry)
        return entry

    def remember(self, key: str, entry: Mapping[str, Any]) -> None:
        super().remember(key, entry)
        self.share(kept["digest"] for kept in entry["outputs"].values())
        self.remote.write(self._name(self._entry_path(key)), self.json_text(entry).encode())

    def _entry(self, key: str) -> dict[str, Any] | None:
        data = self.remote.read(self._name(self._entry_path(key)))
        try:
            entry = json.loads(data) if data is not None else None
            return entry if entry and all("digest" in kept for kept in entry["outputs"].values()) else None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _say_used(self, key: str, entry: Mapping[str, Any]) -> None:
        used = entry.get("used") or calendar.timegm(time.strptime(entry["at"][:19], "%Y-%m-%dT%H:%M:%S"))
        if time.time() - used > TOUCHED:
            text = self.json_text({**entry, "used": int(time.time())})
            self.remote.write(self._name(self._entry_path(key)), text.encode())

    def _as_here(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Size and times as this machine's disk has them: what tells later that nothing was touched."""
        path = self.object_path(kept["digest"])
        parts = read_listing(path).values() if kept["digest"].startswith("tree:") else [kept["digest"]]
        stats = [self.object_path(d).stat() for d in parts]
        return {**kept, "size": sum(s.st_size for s in stats), "mtime": sum(s.st_mtime_ns for s in stats)}

    # ---------------------------------------------------------------- records

    def record(self, run: str, node: str) -> dict[str, Any] | None:
        with self._lock:
            looked = run in self._looked
            self._looked.add(run)
        if not looked:
            self.refresh(self.run_folder(run))
        return super().record(run, node)

    def drop_record(self, run: str, node: str) -> None:
        if self.record(run, node) is not None:
            super().drop_record(run, node)

    def records_of(self, node: str) -> Iterator[dict[str, Any]]:
        yield from (run["nodes"][node] for run in self.finished_runs() if node in run["nodes"])
        yield from super().records_of(node)

    def finished_runs(self) -> Iterator[dict[str, Any]]:
        seen = read_json(self.runs / _ENDED) or {}
        found = {run: item.version for run, item in self.remote.names("ended").items()}
        paths = {run: self.run_folder(run) / "run.json" for run in found}
        lacking = [r for r, version in found.items() if seen.get(r) != version or not paths[r].exists()]
        for name, data in self.remote.read_many([self._name(paths[r]) for r in lacking]).items():
            self._keep(self.folder / name, data)
        if lacking or seen.keys() - found.keys():
            super().write_text(self.runs / _ENDED, json.dumps(found))
        read = [r for r in map(read_json, paths.values()) if r]
        yield from sorted(read, key=lambda r: (r["finished"], r["run"]), reverse=True)


def why_unusable(store: Store, *, write: bool) -> tuple[str, str] | None:
    """Why the store cannot be used, and what to do; asked before anything runs."""
    try:
        store.check(write=write)
    except StoreError as e:
        return str(e), e.hint
    return None
