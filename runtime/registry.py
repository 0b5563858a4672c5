"""Versions of a model, and the aliases that point at them.

    registry/<model>/versions/<n>.json    one file a version, never changed
    registry/<model>/versions/<n>/…       the model's files
    registry/<model>/provenance/<n>.json  where it comes from (provenance.py)
    registry/<model>/moves/<n>.json       one file a move of an alias, in order: the history, and the truth

A move is made by creating the next file of the history, which only one process can: compare and swap without a
lock, so that killing a process anywhere leaves the aliases where they were or where they should be.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .store import Store, finite, read_json


@dataclass(frozen=True)
class Alias:
    """Where an alias points. `settled` is false while the deployment that moved it is under way."""

    version: int | None
    previous: int | None
    settled: bool
    run: str
    move: int  # its number in the history


class Registry:
    def __init__(self, store: Store, model: str) -> None:
        self.store = store
        self.model = model
        self.folder = store.folder / "registry" / model

    # --------------------------------------------------------------- versions

    def register(self, kept: Mapping[str, Any], file_name: str, about: Mapping[str, Any]) -> dict[str, Any]:
        """The version of these bytes with these metrics: the one that there is, or a new one that is told `about`."""
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
        """All versions, the oldest first."""
        return _numbered(self.folder / "versions", "version")

    def version(self, number: int) -> dict[str, Any] | None:
        return read_json(self.folder / "versions" / f"{number}.json")

    def file(self, number: int) -> Path | None:
        """The model's file or folder, put in place when it is asked for."""
        version = self.version(number)
        if version is None:
            return None
        path = self.folder / str(version["file"])
        if not path.exists():
            self.store.place(version["digest"], path)
        return path

    # ---------------------------------------------------------------- aliases

    def moves(self) -> list[dict[str, Any]]:
        """The history of all aliases, the oldest move first."""
        return _numbered(self.folder / "moves", "move")

    def aliases(self) -> dict[str, Alias]:
        found: dict[str, Alias] = {}
        for m in self.moves():
            found[m["alias"]] = Alias(m.get("to"), m.get("previous"), m["settled"], m["run"], m["move"])
        return {name: alias for name, alias in found.items() if alias.version is not None or not alias.settled}

    def alias(self, name: str) -> Alias | None:
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
            if self.alias(name) != expected:
                return False
            number = 1 + (moves[-1]["move"] if moves else 0)
            move = {
                "move": number,
                "alias": name,
                "from": expected.version if expected else None,
                "to": to,
                "previous": previous,
                "settled": settled,
                "run": run,
                "why": why,
                "at": now(),
            }
            if self.store.create_json(self.folder / "moves" / f"{number}.json", move):
                return True


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
