"""A folder at a URI that fsspec knows, and what a store asks of it: whole files, listings, a write that one wins.

fsspec brings the protocol, and the credentials come from where its library for that protocol finds them: environment
variables, files in the home folder, the machine's own role. None of them passes through here.

On object stores (S3, Google, Azure) a file appears whole by itself. Elsewhere it is written aside and renamed.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")
PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "fsspec paramiko"),
    "smb": "fsspec smbprotocol",
    "hdfs": "fsspec pyarrow",
}
_MARK = "store.json"  # there since the first run; also what credentials and conditions are tried on
_MARKED = b'{"format": 1}\n'
_LARGE = 1 << 20  # bytes from which it pays to ask whether a file is there before it is sent


class StoreError(OSError):
    """The store cannot be reached, or refuses. The message says it to people; `hint`, what to do, may be empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Item:
    """A file as a listing tells it. `time` is when it was written by the store's clock, in seconds of the epoch; 0
    where the store does not say. `version` changes when the bytes do."""

    size: int
    time: float
    version: str


class Remote:
    """Names are relative, with slashes. All methods raise StoreError; several threads may call them."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")
        self.protocol = uri.partition("://")[0]
        self._lock = threading.Lock()
        self._opened: tuple[Any, str] | None = None
        self._exclusive: bool | None = None

    @property
    def uri(self) -> str:
        """The URI as people may see it, without a password."""
        parts = urlsplit(self._uri)
        return self._uri.replace(f"{parts.username or ''}:{parts.password}@", "", 1) if parts.password else self._uri

    # ------------------------------------------------------------------ files

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; nothing where there is none."""
        with self._telling(), contextlib.suppress(FileNotFoundError):
            found: bytes = self._system.cat_file(self._at(name), **self._small)
            return found
        return None

    def read_many(self, names: Collection[str]) -> dict[str, bytes]:
        """The bytes of those that are there, several at once."""
        if not names:
            return {}
        paths = {self._at(n): n for n in names}
        with self._telling():
            found = self._system.cat(list(paths), on_error="return", **self._small)
            for value in found.values():
                if isinstance(value, BaseException) and not isinstance(value, FileNotFoundError):
                    raise value
        by_path = {path.lstrip("/"): name for path, name in paths.items()}
        return {by_path[path.lstrip("/")]: value for path, value in found.items() if isinstance(value, bytes)}

    def write(self, name: str, data: bytes) -> None:
        """Puts a file in place of what is there, whole."""
        self.write_many({name: data})

    def write_many(self, files: Mapping[str, bytes]) -> None:
        """Puts files in place of what is there, each whole, several at once."""
        if not files:
            return
        with self._telling(writes=True), self._aside(files) as places:
            self._system.pipe({places[name]: data for name, data in files.items()})

    def create(self, name: str, data: bytes) -> bool:
        """Writes a file that nobody has written yet. False: somebody has, and theirs stays. Of many machines that try
        at once, one succeeds. Raises StoreError where the store cannot promise that."""
        if not self._is_exclusive():
            raise StoreError(
                f"{self.uri} lets two machines write one file at once, and then no alias can be moved safely",
                "use a store at s3://, gs:// or az:// that honours conditional writes, or a folder",
            )
        return self._create(name, data)

    def names(self, folder: str) -> dict[str, Item]:
        """All files below a folder by their names relative to it."""
        base = self._at(folder)
        with self._telling(), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found = self._system.find(base, detail=True)
            prefix = base.lstrip("/") + "/"
            return {p.lstrip("/").removeprefix(prefix): _item(about) for p, about in found.items()}
        return {}

    def delete(self, names: Collection[str]) -> None:
        """Takes files away; one that is gone already is no error."""
        with self._telling(writes=True):
            for some in _parts(sorted(names), 1000):
                try:
                    self._system.rm([self._at(n) for n in some])
                except FileNotFoundError:
                    for name in some:
                        with contextlib.suppress(FileNotFoundError):
                            self._system.rm_file(self._at(name))

    # ----------------------------------------------------------- larger files

    def send(self, files: Mapping[str, Path]) -> None:
        """Uploads local files. A large one that is there with the same size stays: names are digests."""
        wanted = {n: p for n, p in files.items() if p.stat().st_size < _LARGE or not self._has(n, p.stat().st_size)}
        if not wanted:
            return
        with self._telling(writes=True), self._aside(wanted) as places:
            self._system.put([str(p) for p in wanted.values()], [places[n] for n in wanted])

    def bring(self, files: Mapping[str, Path]) -> set[str]:
        """Downloads files to local paths; returns the names of those that were there."""
        if not files:
            return set()
        with self._telling():
            try:
                self._system.get([self._at(n) for n in files], [str(p) for p in files.values()])
                return set(files)
            except FileNotFoundError:
                if len(files) == 1:
                    return set()
        found = set()
        for name, path in files.items():
            # Under another name: what was begun above may still be written to.
            aside = path.with_name(f"{path.name}-again")
            if self.bring({name: aside}):
                aside.replace(path)
                found.add(name)
        return found

    def blocks(self, name: str) -> Iterator[bytes]:
        """A file's bytes, a part at a time."""
        with self._telling(), self._system.open(self._at(name), "rb") as f:
            while block := f.read(1 << 22):
                yield block

    def _has(self, name: str, size: int) -> bool:
        with self._telling(), contextlib.suppress(FileNotFoundError):
            return int(self._system.info(self._at(name)).get("size") or -1) == size
        return False

    # ------------------------------------------------------------- the store

    def check(self, *, write: bool) -> None:
        """Raises StoreError where there is no such place, or its door is shut; with `write`, where one may
        only look."""
        if write:
            with contextlib.suppress(FileNotFoundError):
                self._is_exclusive()
                return
        elif self.read(_MARK) is not None or self._has_bucket():
            return
        raise StoreError(f"{self.uri}: there is no bucket '{self._bucket}'", "create it, or correct the store")

    def now(self) -> float:
        """The store's own time, in seconds of the epoch: ages of files are told by it."""
        self.write("clock", b"")
        with self._telling(), contextlib.suppress(FileNotFoundError):
            return _item(self._system.info(self._at("clock"))).time or time.time()
        return time.time()

    def _is_exclusive(self) -> bool:
        """Whether a conditional write is one. Found by trying: there are servers that do not know the condition, and
        overwrite."""
        with self._lock:
            known = self._exclusive
        if known is None:
            known = not self._create(_MARK, _MARKED) or not self._create(_MARK, _MARKED)
            with self._lock:
                self._exclusive = known
        return known

    def _create(self, name: str, data: bytes) -> bool:
        with self._telling(writes=True):
            for attempt in range(8):
                try:
                    self._system.pipe_file(self._at(name), data, mode="create")
                    return True
                except FileExistsError:
                    # An answer may be lost on its way, and the request be made again.
                    return name != _MARK and self.read(name) == data
                except OSError as e:
                    # S3's word for "somebody is at it this moment": whether they succeed is not known yet.
                    if "ConditionalRequestConflict" not in str(e) or attempt == 7:
                        raise
                    time.sleep(0.05 * 2**attempt)
        return False

    def _has_bucket(self) -> bool:
        with self._telling():
            return self.protocol not in OBJECT_STORES or bool(self._system.exists(self._bucket))

    @property
    def _bucket(self) -> str:
        return self._root.strip("/").partition("/")[0]

    @contextlib.contextmanager
    def _aside(self, names: Iterable[str]) -> Iterator[dict[str, str]]:
        """Where files are written to; they are in place when the block ends."""
        if self.protocol in OBJECT_STORES:
            yield {name: self._at(name) for name in names}
            return
        places = {name: self._at(f"tmp/{secrets.token_hex(8)}") for name in names}
        self._system.makedirs(self._at("tmp"), exist_ok=True)
        yield places
        for name, place in places.items():
            path = self._at(name)
            self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._system.mv(place, path)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    @property
    def _system(self) -> Any:
        return self._open()[0]

    @property
    def _small(self) -> dict[str, int]:
        """How s3fs is told that a file is small: else it asks for the size first, to read large ones in parts."""
        return {"max_concurrency": 1} if self.protocol in ("s3", "s3a") else {}

    @property
    def _root(self) -> str:
        return self._open()[1]

    def _open(self) -> tuple[Any, str]:
        with self._lock:
            if self._opened is None:
                try:
                    from fsspec.core import url_to_fs  # type: ignore[import-untyped,unused-ignore]

                    system, root = url_to_fs(self._uri, use_listings_cache=False, skip_instance_cache=True)
                except ImportError as e:
                    package = PACKAGES.get(self.protocol, "fsspec")
                    message = f"a store at {self.protocol}:// needs {package}, which this interpreter lacks"
                    raise StoreError(message, f"pip install {package}") from e
                except ValueError as e:
                    raise StoreError(f"{self.uri}: {e}") from e
                self._opened = system, str(root).rstrip("/")
            return self._opened

    @contextlib.contextmanager
    def _telling(self, *, writes: bool = False) -> Iterator[None]:
        """What a library says of its troubles, said of this store."""
        try:
            yield
        except (StoreError, FileExistsError):
            raise
        except FileNotFoundError:
            if writes and self.protocol in OBJECT_STORES:  # nothing has to be there for a write but the bucket
                hint = "create it, or correct the store"
                raise StoreError(f"{self.uri}: there is no bucket '{self._bucket}'", hint) from None
            raise
        except Exception as e:
            raise _told(self.uri, e) from e


def _told(uri: str, error: Exception) -> StoreError:
    said = " ".join(str(error).split()) or type(error).__name__
    kind = type(error).__name__
    if isinstance(error, PermissionError):
        return StoreError(f"{uri}: access is refused: {said}", "give the environment credentials that may use it")
    if "Credential" in kind or "credentials" in said.lower():
        hint = "they are read from the environment"
        if uri.startswith(("s3:", "s3a:")):
            hint += ": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        return StoreError(f"{uri}: no credentials are found here: {said}", hint)
    return StoreError(f"{uri}: {said}")


def _item(about: Mapping[str, Any]) -> Item:
    at = next((about[k] for k in ("LastModified", "mtime", "last_modified", "updated") if about.get(k)), 0.0)
    seconds = at.timestamp() if hasattr(at, "timestamp") else float(at) if isinstance(at, int | float) else 0.0
    size = int(about.get("size") or 0)
    version = next((str(about[k]) for k in ("ETag", "etag", "generation", "md5Hash") if about.get(k)), "")
    return Item(size, seconds, version or f"{size}-{seconds}")


def _parts(names: list[str], most: int) -> Iterator[list[str]]:
    for start in range(0, len(names), most):
        yield names[start : start + most]
