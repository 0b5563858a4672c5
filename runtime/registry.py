"""Versions of a model, and the aliases that point at them: what a registry does, and the one that is built in.

    registry/<model>/versions/<n>.json    one file a version, never changed
    registry/<model>/versions/<n>/…       the model's files
    registry/<model>/provenance/<n>.json  where it comes from (provenance.py)
    registry/<model>/profiles/<n>/…       what guards saw of its run's columns (kept_profiles.py)
    registry/<model>/moves/<n>.json       one file a move of an alias, in order: the history, and the truth

A move is made by creating the next file of the history, which only one process can: compare and swap without a
lock, so that killing a process anywhere leaves the aliases where they were or where they should be.

The other registry is MLflow's (mlflow_registry.py); registries.py opens the one that a pipeline asks for.
"""

from __future__ import annotations

import errno
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .digests import path_digest
from .store import Store, finite, read_json, safe_id


class RegistryError(OSError):
    """A registry cannot be reached, or refuses; the message is for people, and names no secret."""


@dataclass(frozen=True)
class Alias:
    """Where an alias points. `settled` is false while the deployment that moved it is under way."""

    version: int | None
    previous: int | None
    settled: bool
    run: str
    move: int  # its number in the history


class ModelRegistry(ABC):
    """The versions of one model, and the history of its aliases, which is the truth about where they point.

    Versions are never changed. A move of an alias is one more entry of the history, which only one process can make.
    """

    model: str
    place: str  # where the registry is, for messages

    # --------------------------------------------------------------- versions

    @abstractmethod
    def register(
        self, kept: Mapping[str, Any], file_name: str, about: Mapping[str, Any], card: str = ""
    ) -> dict[str, Any]:
        """The version of these bytes with these metrics: the one that there is, or a new one that is told `about`.
        The bytes are in the store. `card` describes the version in Markdown, where the registry shows such a text."""

    @abstractmethod
    def versions(self) -> list[dict[str, Any]]:
        """All versions, the oldest first."""

    @abstractmethod
    def version(self, number: int) -> dict[str, Any] | None: ...

    @abstractmethod
    def file(self, number: int) -> Path | None:
        """The model's file or folder, put in place when it is asked for. Raises OSError where its bytes cannot be had,
        or are not those that were registered."""

    @abstractmethod
    def where(self, number: int) -> str:
        """Where the files of a version are kept, for people."""

    @abstractmethod
    def keep(self, number: int, kind: str, document: Mapping[str, Any], name: str = "") -> None:
        """Keeps a document with a version: its `provenance`, or one of its `profiles`. The first one stays."""

    @abstractmethod
    def kept(self, number: int, kind: str) -> dict[str, dict[str, Any]]:
        """The documents of a kind that are kept with a version, by name."""

    # ---------------------------------------------------------------- aliases

    @abstractmethod
    def moves(self) -> list[dict[str, Any]]:
        """The history of all aliases, the oldest move first."""

    @abstractmethod
    def add_move(self, move: Mapping[str, Any]) -> bool:
        """Adds the next move of the history. False: another process has added one of that number."""

    def aliases(self) -> dict[str, Alias]:
        """Where each alias points now."""
        return aliases_after(self.moves())

    def alias(self, name: str) -> Alias | None:
        """Where an alias points now; nothing where it never did."""
        return self.aliases().get(name)

    def move(
        self,
        name: str,
        to: int | None,
        *,
        expected: Alias | None,
        previous: int | None,
        run: str,
        why: str,
        settled: bool = True,
    ) -> bool:
        """Points the alias elsewhere if it is still as `expected`. False: another process moved it first."""
        while True:
            moves = self.moves()
            if aliases_after(moves).get(name) != expected:
                return False
            move = {
                "move": 1 + (moves[-1]["move"] if moves else 0),
                "alias": name,
                "from": expected.version if expected else None,
                "to": to,
                "previous": previous,
                "settled": settled,
                "run": run,
                "why": why,
                "at": now(),
            }
            if self.add_move(move):
                return True


def aliases_after(moves: list[dict[str, Any]]) -> dict[str, Alias]:
    """Where the aliases point after these moves."""
    found: dict[str, Alias] = {}
    for m in moves:
        found[m["alias"]] = Alias(m.get("to"), m.get("previous"), m["settled"], m["run"], m["move"])
    return {name: alias for name, alias in found.items() if alias.version is not None or not alias.settled}


class Registry(ModelRegistry):
    """The registry that is built in: files in the store."""

    def __init__(self, store: Store, model: str) -> None:
        self.store = store
        self.model = model
        self.folder = store.folder / "registry" / model
        self.place = store.where

    # --------------------------------------------------------------- versions

    def register(
        self, kept: Mapping[str, Any], file_name: str, about: Mapping[str, Any], card: str = ""
    ) -> dict[str, Any]:
        metrics = finite(about.get("metrics", {}))
        while True:
            versions = self.versions()
            for version in versions:
                if version["digest"] == kept["digest"] and version.get("metrics", {}) == metrics:
                    return version
            # A number is never given twice: aliases and their history name versions that were removed, too.
            named = [n for m in self.moves() for n in (m.get("from"), m.get("to"), m.get("previous")) if n is not None]
            number = 1 + max([*named, *(v["version"] for v in versions)], default=0)
            new = {
                "version": number,
                "model": self.model,
                "digest": kept["digest"],
                "file": f"versions/{number}/{file_name}",
                "created": now(),
                **about,
            }
            if self.store.create_json(self.folder / "versions" / f"{number}.json", new):
                return new

    def versions(self) -> list[dict[str, Any]]:
        return self._numbered("versions", "version")

    def version(self, number: int) -> dict[str, Any] | None:
        return self.store.read(self.folder / "versions" / f"{number}.json")

    def file(self, number: int) -> Path | None:
        version = self.version(number)
        if version is None:
            return None
        path, digest = self.folder / str(version["file"]), str(version["digest"])
        if not path.exists():
            self.store.place(digest, path)
        elif path_digest(path) != digest:
            # It may be a link to its object, which is then as damaged.
            self.store.drop_damaged(digest)
            if not self.store.has(digest):
                raise OSError(errno.EILSEQ, "is damaged: its bytes are not those that were registered", str(path))
            self.store.place(digest, path)
        return path

    def where(self, number: int) -> str:
        return str(self.folder / str((self.version(number) or {}).get("file", "")))

    def keep(self, number: int, kind: str, document: Mapping[str, Any], name: str = "") -> None:
        folder = self.folder / kind
        path = folder / str(number) / f"{safe_id(name)}.json" if name else folder / f"{number}.json"
        if not path.exists():
            self.store.create_json(path, document)

    def kept(self, number: int, kind: str) -> dict[str, dict[str, Any]]:
        folder = self.folder / kind
        self.store.refresh(folder)
        paths = {"": folder / f"{number}.json", **{p.stem: p for p in sorted((folder / str(number)).glob("*.json"))}}
        found = {name: read_json(path) for name, path in paths.items()}
        return {name: document for name, document in found.items() if document is not None}

    # ---------------------------------------------------------------- aliases

    def moves(self) -> list[dict[str, Any]]:
        return self._numbered("moves", "move")

    def add_move(self, move: Mapping[str, Any]) -> bool:
        return self.store.create_json(self.folder / "moves" / f"{move['move']}.json", move)

    def _numbered(self, kind: str, name: str) -> list[dict[str, Any]]:
        self.store.refresh(self.folder / kind)
        return _numbered(self.folder / kind, name)


def _numbered(folder: Path, name: str) -> list[dict[str, Any]]:
    """The files 1.json, 2.json … in order. One that is damaged is an error: to pass over it would change what an alias
    points at, or give its number to another."""
    found = []
    for path in folder.glob("*.json"):
        read = read_json(path)
        if read is None and _being_made(path):
            continue
        if read is None or str(read.get(name)) != path.stem:
            raise OSError(errno.EILSEQ, "is damaged; put it back from a copy, or remove it", str(path))
        found.append(read)
    return sorted(found, key=lambda f: int(f[name]))


def _being_made(path: Path) -> bool:
    """Whether a file is gone again, or has its name and not yet its text: see Store.create_json."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return True
    return stat.st_size == 0 and abs(time.time() - stat.st_mtime) < 2


def model_name(pipeline: str, artifact: str) -> str:
    """The model's name in the registry: `flight_delay.train.model`."""
    return f"{pipeline}.{artifact}".replace("[", "-").replace("]", "")


def now() -> str:
    """The time in UTC, to the millisecond."""
    t = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t % 1 * 1000):03d}Z"
