"""What git knows of a folder."""

from __future__ import annotations

import os
from pathlib import Path

_SECONDS = 20


def tracked_files(folder: Path) -> frozenset[str] | None:
    """The files under a folder that git tracks, relative to it; nothing where there is no repository or no git."""
    if not in_repository(folder):
        return None
    from ..runtime.git import GitError, ask

    try:
        listed = ask(folder, "ls-files", "-z", seconds=_SECONDS)
    except GitError:
        return None
    return frozenset(os.fsdecode(name) for name in listed.split(b"\0") if name)


def top_of(folder: Path) -> Path | None:
    """The repository's own folder; nothing where there is no repository or no git."""
    from ..runtime.git import GitError, ask

    try:
        top = ask(folder, "rev-parse", "--show-toplevel", seconds=_SECONDS)
    except GitError:
        return None
    return Path(os.fsdecode(top).rstrip("\n")).resolve()


def in_repository(folder: Path) -> bool:
    """Whether a folder lies in a checkout, by what is on the disk: git itself is not asked."""
    return any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents))
