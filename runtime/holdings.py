"""All that a store holds, with sizes and ages, and how it is taken away: what collect.py asks of a store.

Of a store that many machines share, what counts is what lies there and when it was written by the clock there. Names go
before what they name, so that a machine that reads meanwhile finds a thing whole or not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .digests import file_digest
from .remote import StoreError
from .store import Store, read_json

if TYPE_CHECKING:
    from .shared import SharedStore

_AT_ONCE = 8  # objects that are read from elsewhere at a time


@dataclass(frozen=True)
class File:
    size: int  # bytes
    touched: float  # seconds of the epoch, by the clock of `Holdings.now`


class Holdings:
    """Those of a store in a folder. All paths are below the store's folder."""

    def __init__(self, store: Store) -> None:
        self.store: Store = store

    def now(self) -> float:
        """The time by the clock that ages are told by, in seconds of the epoch."""
        return time.time()

    def name(self, path: Path) -> str:
        """Where a file lies, as people write it."""
        return path.as_posix()

    def runs(self) -> dict[Path, float]:
        """The folders of all runs, and when each ended; of one that has not, when it was touched. Their records can be
        read."""
        runs = self.store.runs
        found = sorted(f for f in runs.iterdir() if f.is_dir()) if runs.is_dir() else []
        return {f: _touched(end if (end := f / "run.json").exists() else f) for f in found}

    def count_runs(self) -> int:
        return len(self.runs())

    def files(self, folder: str) -> dict[Path, File]:
        """The small files in a folder of the store, to be read with `read`."""
        return _listed((self.store.folder / folder).rglob("*.json"))

    def objects(self) -> dict[Path, File]:
        return _listed((self.store.folder / "objects").glob("*/*/*"))

    def read(self, paths: Collection[Path]) -> Iterator[Mapping[str, Any]]:
        """What is in small files, nothing of those that are gone or damaged."""
        yield from (found for path in paths if (found := read_json(path)))

    def bring_listings(self, digests: Collection[str]) -> None:
        """Has the listings of these folders in the store's folder, where they are anywhere."""

    def damaged(self) -> Iterator[Path]:
        """The objects whose bytes are not what their name says. All are read."""
        yield from (path for path in self.objects() if not _is_whole(path))

    def repair(self, path: Path) -> None:
        """Takes a damaged object away."""
        path.unlink(missing_ok=True)

    def take_away(self, paths: Collection[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)

    def take_away_run(self, folder: Path) -> None:
        with contextlib.suppress(OSError):
            aside = self.store.tmp / f"gone-{folder.name}"
            folder.rename(aside)  # at once, for those who list the runs
            for path in aside.rglob("*"):
                if path.is_dir() and not path.is_symlink():
                    path.chmod(0o755)
            shutil.rmtree(aside, ignore_errors=True)


class SharedHoldings(Holdings):
    """Those of a store at a URI. What lies only in the working copy here is none of them."""

    def __init__(self, store: SharedStore) -> None:
        super().__init__(store)
        self._shared = store
        self._remote = store.remote

    def now(self) -> float:
        try:
            return self._remote.now()
        except StoreError:  # one may look there, and not write
            return time.time()

    def name(self, path: Path) -> str:
        return f"{self._remote.uri}/{self._name(path)}"

    def count_runs(self) -> int:
        return len({name.partition("/")[0] for name in self._remote.names("runs")})

    def runs(self) -> dict[Path, float]:
        touched: dict[str, float] = {}
        ended: dict[str, float] = {}
        for name, item in self._remote.names("runs").items():
            run, _, rest = name.partition("/")
            touched[run] = max(item.time, touched.get(run, 0.0))
            if rest == "run.json":
                ended[run] = item.time
        self.store.refresh(self.store.runs)
        return {self.store.runs / run: ended.get(run, at) for run, at in sorted(touched.items())}

    def files(self, folder: str) -> dict[Path, File]:
        found = self._listed(folder)
        if folder not in ("cache", "plans"):  # entries are read as they are there, of plans the names are enough
            self.store.refresh(self.store.folder / folder)
        return {path: file for path, file in found.items() if path.suffix == ".json"}

    def objects(self) -> dict[Path, File]:
        return self._listed("objects")

    def read(self, paths: Collection[Path]) -> Iterator[Mapping[str, Any]]:
        entries = {path for path in paths if path.parent == self.store.cache}
        for data in self._remote.read_many([self._name(p) for p in entries]).values():
            with contextlib.suppress(ValueError, RecursionError):
                if isinstance(found := json.loads(data), dict):
                    yield found
        yield from super().read([p for p in paths if p not in entries])

    def bring_listings(self, digests: Collection[str]) -> None:
        self._shared.bring_files(digests)

    def damaged(self) -> Iterator[Path]:
        paths = [*self.objects()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from (path for path, whole in zip(paths, pool.map(self._is_whole, paths), strict=True) if not whole)

    def repair(self, path: Path) -> None:
        """Takes a damaged object away there; one that is whole in the working copy here takes its place."""
        self._remote.delete([self._name(path)])
        if _is_whole(path):
            self._remote.send({self._name(path): path})
        else:
            path.unlink(missing_ok=True)

    def take_away(self, paths: Collection[Path]) -> None:
        self._remote.delete([self._name(p) for p in paths])
        super().take_away(paths)

    def take_away_run(self, folder: Path) -> None:
        # Without its mark nobody lists the run.
        base = self._name(folder)
        self._remote.delete([f"ended/{folder.name}"])
        self._remote.delete([f"{base}/{name}" for name in self._remote.names(base)])
        super().take_away_run(folder)

    def _listed(self, folder: str) -> dict[Path, File]:
        base = self.store.folder / folder
        return {base / n: File(item.size, item.time) for n, item in sorted(self._remote.names(folder).items())}

    def _is_whole(self, path: Path) -> bool:
        digest = hashlib.sha256()
        try:
            for block in self._remote.blocks(self._name(path)):
                digest.update(block)
        except FileNotFoundError:
            return True  # taken away meanwhile: nothing is wrong with what is not there
        return digest.hexdigest() == path.name

    def _name(self, path: Path) -> str:
        return path.relative_to(self.store.folder).as_posix()


def _listed(paths: Iterable[Path]) -> dict[Path, File]:
    found = {}
    for path in sorted(paths):
        with contextlib.suppress(OSError):
            if path.is_file():
                found[path] = File(path.stat().st_size, _touched(path))
    return found


def _touched(path: Path) -> float:
    try:
        stat = path.stat()
    except OSError:
        return time.time()
    return max(stat.st_mtime, stat.st_ctime)


def _is_whole(path: Path) -> bool:
    try:
        return file_digest(path).removeprefix("sha256:") == path.name
    except OSError:
        return False
