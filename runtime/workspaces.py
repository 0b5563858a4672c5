"""Folders below the store's tmp/, in which results are made: an owner holds a lock on its own while it lives.

So what a killed run left behind can be told from what another process is making now.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: leftovers of a killed run stay in tmp/ until they are removed by hand
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def workspace(tmp: Path, name: str, token: str) -> Iterator[Path]:
    """A folder of one's own, gone afterwards. `token` is in the environment of the programs in it."""
    folder = tmp / f"{name}-{secrets.token_hex(6)}.d"
    aside = folder.with_suffix("")
    aside.mkdir()
    with (aside / ".owner").open("w", encoding="utf-8") as owner:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(owner, fcntl.LOCK_EX)
        json.dump({"host": os.uname().nodename if hasattr(os, "uname") else "", "token": token}, owner)
        owner.flush()
        aside.rename(folder)  # so that no folder of this name is without an owner, wherever this is killed
        try:
            yield folder
        finally:
            _empty(folder)


def clear_leftovers(tmp: Path, end: Callable[[list[str]], None]) -> None:
    """Removes what killed runs left: what they wrote aside, and the workspaces of this machine whose owners are gone.

    `end` is given the tokens of the programs that they left behind, before anything is removed.
    """
    if fcntl is None or not tmp.is_dir():
        return
    _clear_asides(tmp)
    with contextlib.ExitStack() as locks:
        left: list[tuple[Path, str]] = []
        for folder in tmp.glob("*.d"):
            with contextlib.suppress(OSError, ValueError):
                owner = locks.enter_context((folder / ".owner").open(encoding="utf-8"))
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its owner lives
                about = json.load(owner)
                if about["host"] == os.uname().nodename:
                    left.append((folder, about["token"]))
        end([token for _, token in left])
        for folder, _ in left:
            _empty(folder)


def _empty(folder: Path) -> None:
    """Removes a workspace, the file that says whose it is at last: where this is killed on the way, or a program still
    writes, the next run goes on with it."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.name != ".owner":
                remove(path)
        if [path.name for path in folder.iterdir()] == [".owner"]:
            aside = folder.with_suffix("")  # without its owner it has no name of a workspace either
            folder.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)


def _clear_asides(tmp: Path) -> None:
    """Removes what was written aside and never renamed; what is younger than an hour may still be."""
    for path in tmp.iterdir():
        with contextlib.suppress(OSError):
            owned = path.suffix == ".d" and (path / ".owner").exists()
            if not owned and time.time() - path.stat().st_mtime > 3600:
                remove(path)


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
