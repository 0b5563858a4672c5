"""What git knows of a folder."""

from __future__ import annotations

import os
from pathlib import Path


def tracked_files(folder: Path) -> frozenset[str] | None:
    """The files under a folder that git tracks, relative to it; nothing where there is no repository or no git."""
    if not any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents)):
        return None
    import subprocess

    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"],
            cwd=folder,
            capture_output=True,
            timeout=20,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return frozenset(os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
