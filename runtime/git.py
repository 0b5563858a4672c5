"""Asking git about a folder: every question of ours goes through here, but the one of `cli/fresh.py`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# A hook of git says by these which repository it runs for, relative to another folder than ours.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


class GitError(Exception):
    """What git said instead of an answer, in one line."""


class NoGitError(GitError):
    """There is no git on this machine, or it cannot be started."""


def ask(
    folder: Path,
    *arguments: str,
    given: bytes | None = None,
    seconds: float | None = None,
    any_owner: bool = False,
    env: dict[str, str] | None = None,
) -> bytes:
    """What git answers to `git ARGUMENTS…` in a folder. Raises GitError.

    `given` is what it reads, `seconds` how long it may take, `any_owner` whether a checkout of another user is one.
    """
    own = {k: v for k, v in os.environ.items() if k not in _OF_HOOKS}
    try:
        done = subprocess.run(
            ["git", *(("-c", "safe.directory=*") if any_owner else ()), *arguments],
            cwd=folder,
            input=given,
            capture_output=True,
            check=False,
            timeout=seconds,
            env={**own, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", **(env or {})},
        )
    except OSError as error:
        raise NoGitError(f"git cannot be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} did not end within {seconds:g} seconds") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = lines[0].removeprefix("fatal: ").removeprefix("error: ") if lines else "it failed without a word"
        raise GitError(said)
    return done.stdout


def answer(folder: Path, *arguments: str) -> str:
    """What git says of the code that runs here. Raises GitError.

    A checkout that another user made, as in a container, is one: its code is what runs anyway.
    """
    return ask(folder, *arguments, any_owner=True).decode("utf-8", "surrogateescape")


def answer_if_any(folder: Path, *arguments: str, **env: str) -> str | None:
    """As `answer`; nothing where git is not there or refuses."""
    try:
        return ask(folder, *arguments, any_owner=True, env=env).decode("utf-8", "surrogateescape")
    except GitError:
        return None
