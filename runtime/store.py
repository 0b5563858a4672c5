"""The store: objects by content, results by key, records by run. Many processes may share one.

    objects/sha256/ab/abcdef…   written once, read-only
    cache/<key>.json            key of a stage's result -> its outputs
    plans/<digest>.json         what runs were told to do
    runs/<run>/<node>.json      what a node did, written last; beside it its log and its outputs
    registry/<model>/           see registry.py
    reproductions/              what became of runs that were made again, by cli/stored.py
    fetched/                    what was read from elsewhere, by its etag (fetched.py)
    outlines/, last/            what tells a change by name and line (outlines.py, changes.py)
    tmp/                        what is being made (workspaces.py)
    fingerprints.json           digests of files elsewhere, by what the file system says of them

A file appears whole or not at all: it is written aside, flushed to disk, and renamed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .copies import copy_file
from .digests import file_digest, path_digest, tree_digest, tree_files, tree_listing
from .fingerprints import Fingerprints
from .same import in_full, node_again, same_as
from .workspaces import clear_leftovers, remove, workspace

if TYPE_CHECKING:
    from .holdings import Holdings


@dataclass(frozen=True)
class Kept:
    """A file or folder in the store. `mtime` (of a folder the sum over its files) tells whether it was touched."""

    digest: str
    size: int
    mtime: int

    def plain(self) -> dict[str, Any]:
        """As records and entries hold it."""
        return {"digest": self.digest, "size": self.size, "mtime": self.mtime}


class Store:
    """A store in a folder. `shared.py` has the one that a folder is only the working copy of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.runs = self.folder / "runs"
        self.cache = self.folder / "cache"
        self.tmp = self.folder / "tmp"
        self._as_made: set[tuple[Any, ...]] = set()
        self.fingerprints = Fingerprints(self.folder / "fingerprints.json")

    def _make(self) -> None:
        if not self.tmp.is_dir():
            self.tmp.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError), (self.folder / ".gitignore").open("x", encoding="utf-8") as f:
                f.write("# Results, records and models: kept here, not in git.\n*\n")

    @property
    def where(self) -> str:
        """Where it lies, as people write it."""
        return str(self.folder)

    def check(self, *, write: bool) -> None:
        """Raises StoreError where the store cannot be used. A folder shows by itself."""

    def holdings(self) -> Holdings:
        """All that is in it."""
        from .holdings import Holdings

        return Holdings(self)

    # ------------------------------------------------------------ plain files

    def read(self, path: Path) -> dict[str, Any] | None:
        """The JSON object in a file of the store, nothing where there is none."""
        return read_json(path)

    def fetch(self, path: Path) -> Path:
        """The path of a file of the store, which is here if it is anywhere."""
        return path

    def refresh(self, folder: Path, suffix: str = ".json") -> None:
        """Brings the small files below a folder of the store to their latest state, where others may write them."""

    @staticmethod
    def json_text(value: Any) -> str:
        """A value as the store's files hold it: a line for each of its parts, and for each node of a run."""
        try:
            return _in_lines(value)
        except (TypeError, ValueError):  # a number that JSON has no word for, or a mapping of another kind
            return _in_lines(finite(value))

    def write_json(self, path: Path, value: Any) -> None:
        """Puts a JSON file in place of what is there, whole."""
        self.write_text(path, self.json_text(value))

    def write_text(self, path: Path, text: str) -> None:
        """Puts a file in place of what is there, whole."""
        with self._aside(text) as aside:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.replace(path)
            _sync_folder(path.parent)

    def create_json(self, path: Path, value: Any) -> bool:
        """Writes a JSON file that nobody has written yet. False: somebody has, and theirs stays."""
        with self._aside(self.json_text(value)) as aside:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(aside, path)
            except FileExistsError:
                return False
            except OSError:  # a file system without hard links: the name is taken first, then filled
                try:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
                except FileExistsError:
                    return False
                aside.replace(path)
            _sync_folder(path.parent)
            return True

    @contextlib.contextmanager
    def _aside(self, text: str) -> Iterator[Path]:
        self._make()
        aside = self.tmp / secrets.token_hex(8)
        try:
            with aside.open("x", encoding="utf-8", errors="surrogateescape") as f:  # a patch may hold any bytes
                f.write(text)
                _sync(f)
            yield aside
        finally:
            aside.unlink(missing_ok=True)

    # ---------------------------------------------------------------- objects

    def object_path(self, digest: str) -> Path:
        """Where an object lies, if it is there."""
        kind, _, hex_ = digest.partition(":")
        return self.folder / "objects" / kind / hex_[:2] / hex_

    def put(self, path: Path) -> Kept:
        """Keeps a file or a folder for good and takes it away from where it was."""
        if not path.is_dir():
            return self._put_file(path)
        real = path.parent.resolve() / path.name
        # All before any is taken away: links name others.
        apart = {name: self._apart(p, (real / name).parent) for name, p in tree_files(path).items()}
        files = {name: self._put_file(p) for name, p in apart.items()}
        digest = self.keep_listing({name: kept.digest for name, kept in files.items()})
        return Kept(digest, sum(k.size for k in files.values()), sum(k.mtime for k in files.values()))

    def keep_listing(self, digests: dict[str, str]) -> str:
        """Keeps the folder that is made of these objects, by path; returns its digest."""
        self._make()
        digest = tree_digest(digests)
        listing = self.tmp / secrets.token_hex(8)
        listing.write_text(tree_listing(digests), "utf-8")
        self._into_place(listing, self.object_path(digest))
        return digest

    def _put_file(self, path: Path) -> Kept:
        path = self._apart(path, path.parent.resolve())
        digest = file_digest(path)
        target = self.object_path(digest)
        self._into_place(path, target)
        stat = target.stat()
        return Kept(digest, stat.st_size, stat.st_mtime_ns)

    def _apart(self, path: Path, folder: Path) -> Path:
        """A file that goes by no other name, to be taken away: itself, or a copy of what is linked to elsewhere.
        `folder` is where it is when no link leads to it."""
        if not path.is_symlink() and path.parent.resolve() == folder and path.stat().st_nlink == 1:
            return path
        self._make()
        copy = self.tmp / secrets.token_hex(8)
        copy_file(path, copy)
        return copy

    def _into_place(self, path: Path, target: Path) -> None:
        if target.exists() and file_digest(target) == file_digest(path):
            path.unlink()
            return
        path.chmod(0o644)  # a copy of a result is as read-only as the result
        with path.open("rb+") as f:
            _sync(f)
        path.chmod(0o444)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        _sync_folder(target.parent)

    def whole(self, kept: Mapping[str, Any]) -> bool:
        """Whether an object is there as it was put. Its bytes are read only where its times say that it was touched."""
        digest: str = kept["digest"]
        path = self.object_path(digest)
        try:
            digests = read_listing(path).values() if digest.startswith("tree:") else [digest]
            stats = [self.object_path(d).stat() for d in digests]
            if (sum(s.st_size for s in stats), sum(s.st_mtime_ns for s in stats)) == (kept["size"], kept["mtime"]):
                return True
            return all(file_digest(self.object_path(d)) == d for d in digests)
        except OSError:
            return False

    def as_made(self, path: Path, digest: str) -> bool:
        """Whether the bytes at a path are those of the digest. What is not is taken away, from the objects, too. Read
        once by a process, as long as the file system says that nothing was touched."""
        files = tree_files(path).values() if path.is_dir() else [path]
        seen = (digest, *((f.stat().st_ino, f.stat().st_size, f.stat().st_mtime_ns) for f in files))
        if seen in self._as_made:
            return True
        if path_digest(path) == digest:
            self._as_made.add(seen)
            return True
        self.drop_damaged(digest)
        remove(path)
        return False

    def drop_damaged(self, digest: str) -> None:
        """Takes away what of an object is not what its name says, so that it is made again."""
        with contextlib.suppress(OSError, ValueError):
            listing = self.object_path(digest)
            whole = listing.name == file_digest(listing).removeprefix("sha256:")
            parts = read_listing(listing).values() if whole and digest.startswith("tree:") else ()
            damaged = [p for d in {*parts} if file_digest(p := self.object_path(d)) != d]
            for path in damaged if whole else [listing]:
                path.unlink()

    def has(self, digest: str) -> bool:
        """Whether an object is there, to be placed."""
        return self.object_path(digest).exists()

    def here(self, kept: Mapping[str, Any]) -> bool:
        """Whether an object can be used as it was put."""
        return self.whole(kept)

    def share(self, digests: Iterable[str]) -> None:
        """Lets others have these objects, before something that they can read names them."""

    def place(self, digest: str, path: Path) -> None:
        """Makes an object appear under a name: a hard link where possible, else a copy (copies.py)."""
        if not digest.startswith("tree:"):
            self._link(self.object_path(digest), path)
            return
        aside = self.tmp / secrets.token_hex(8)
        for name, each in read_listing(self.object_path(digest)).items():
            self._link(self.object_path(each), aside / name)
        aside.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        aside.replace(path)

    def _link(self, source: Path, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._make()
        aside = self.tmp / secrets.token_hex(8)
        try:
            os.link(source, aside)
        except OSError:
            copy_file(source, aside)
        aside.replace(path)
        # A rename between two links of one file does nothing, and leaves the first.
        aside.unlink(missing_ok=True)

    # ------------------------------------------------------------------ cache

    def known(self, key: str) -> dict[str, Any] | None:
        """The entry of a result that a run would find; nothing is fetched."""
        return self.cached(key)

    def cached(self, key: str) -> dict[str, Any] | None:
        """The entry of a result that is wholly there."""
        entry = read_json(self._entry_path(key))
        try:
            return entry if entry and all(self.whole(kept) for kept in entry["outputs"].values()) else None
        except (KeyError, TypeError, AttributeError):
            return None  # damaged: it is made again

    def remember(self, key: str, entry: Mapping[str, Any]) -> None:
        """Keeps the entry of a result whose objects are there."""
        self.write_json(self._entry_path(key), entry)

    def _entry_path(self, key: str) -> Path:
        return self.cache / f"{_hex(key)}.json"

    # ---------------------------------------------------------------- records

    def run_folder(self, run: str) -> Path:
        """Where the records of a run lie."""
        return self.runs / run

    def record_path(self, run: str, node: str) -> Path:
        """Where the record of a node lies."""
        return self.runs / run / f"{safe_id(node)}.json"

    def record(self, run: str, node: str) -> dict[str, Any] | None:
        """What a run says of a node; of one that did nothing, what the run that it is the same as says."""
        found = read_json(self.record_path(run, node))
        if found is None and (whole := read_json(self.runs / run / "run.json")) and (other := same_as(whole)):
            there = read_json(self.record_path(other, node))
            return node_again(whole, there) if there else None
        return found

    def drop(self, path: Path) -> None:
        """Takes a small file of the store away."""
        path.unlink(missing_ok=True)

    def drop_record(self, run: str, node: str) -> None:
        """Takes back what a run said of a node."""
        self.drop(self.record_path(run, node))

    def records_of(self, node: str) -> Iterator[dict[str, Any]]:
        """The records of a node in all runs."""
        found = (read_json(path) for path in self.runs.glob(f"*/{safe_id(node)}.json"))
        yield from (record for record in found if record)

    def finished_runs(self) -> Iterator[dict[str, Any]]:
        """What `run.json` says of the runs that were brought to an end, the latest first."""
        if not self.runs.is_dir():
            return
        read = (read_json(folder / "run.json") for folder in self.runs.iterdir())
        found = {r["run"]: r for r in read if r}
        for run in sorted(found.values(), key=lambda r: (r["finished"], r["run"]), reverse=True):
            other = same_as(run)
            yield in_full(run, found.get(other)) if other else run

    def results_folder(self, run: Mapping[str, Any]) -> Path:
        """Where the results, the report and the patch of a finished run are: its own folder, or that of the run in
        which they were made when it did nothing."""
        return self.run_folder(same_as(run) or run["run"])

    # -------------------------------------------------------------- workspace

    @contextlib.contextmanager
    def workspace(self, name: str, token: str = "") -> Iterator[Path]:
        """A folder of one's own under tmp/, gone afterwards. `token` is in the environment of the programs in it."""
        self._make()
        with workspace(self.tmp, name, token) as folder:
            yield folder

    def clear_leftovers(self, end: Callable[[list[str]], None]) -> None:
        """Removes what runs that were killed on this machine left under tmp/. `end` is given the tokens of the programs
        that they left behind, and ends them first: one that goes on would write into a folder that is being removed."""
        clear_leftovers(self.tmp, end)


def why_no_run_id(run: str) -> str | None:
    """Why a text cannot name a run: the name is a folder's too."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+:=@-]{0,199}", run):
        return None
    return f"'{run}' cannot name a run: up to 200 letters, digits and _ . + : = @ - only, and no dot or sign first"


def safe_id(node: str) -> str:
    """A node's id as a file name: `train[0]` is `train-0`. Ids hold no `-`, so no two fall together."""
    if node == "run":
        return "run-"  # run.json is the whole run's
    return node.replace("[", "-").replace("]", "")


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file, nothing where there is none."""
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError):
        return None  # only a file that was damaged by hand: ours are whole
    return found if isinstance(found, dict) else None


# Without indents, which would have Python's own encoder in place of the one in C: ten times as slow.
_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _in_lines(value: Any, indent: str = " ") -> str:
    if not isinstance(value, dict) or not value:
        return _encoded(value) + "\n"
    parts = []
    for name, part in value.items():
        if indent == " " and part and isinstance(part, dict) and all(isinstance(p, dict) for p in part.values()):
            parts.append(f"{_encoded({name: None})[1:-5]}{_in_lines(part, '  ')[:-1]}")
        else:
            parts.append(_encoded({name: part})[1:-1])
    return f"{{\n{indent}" + f",\n{indent}".join(parts) + f"\n{indent[1:]}}}\n"


def finite(value: Any) -> Any:
    """The value as JSON can hold it: NaN and the infinities, which other readers than Python refuse, as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return value


def read_listing(path: Path) -> dict[str, str]:
    """The digests of a folder's files by their paths, from the listing that stands for it."""
    lines = (line.partition(" ") for line in path.read_text("utf-8").splitlines())
    return {json.loads(name): digest for digest, _, name in lines}


def _hex(key: str) -> str:
    return key.removeprefix("sha256:")


def _sync(f: IO[Any]) -> None:
    f.flush()
    os.fsync(f.fileno())


def _sync_folder(folder: Path) -> None:
    # The name of a new file is on disk only when its folder is; some systems cannot open a folder, nor need it.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
