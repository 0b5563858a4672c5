"""`code = git(require: clean)`: a run starts from a commit, with nothing beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .context import Context
from .events import Problem
from .git import GitError, NoGitError, answer
from .surroundings import LEFT_BEHIND

_SHOWN = 10  # files in a message
_MUST = "code must be a clean commit"
_OTHERWISE = "a profile without `require: clean` runs what is not committed, and keeps it with the run"


def why_unclean(context: Context, chosen: Iterable[str]) -> list[Problem]:
    """Why the code of a run is not that of a commit, where the policy requires it to be."""
    if not context.pipeline.version.get("require_clean"):
        return []
    root = context.root
    try:
        top = answer(root, "rev-parse", "--show-toplevel").removesuffix("\n")
    except NoGitError:
        return [Problem(f"{_MUST}, and there is no git here to say so", hint="install git, where this runs")]
    except GitError as error:
        outside = "not a git repository" in str(error)
        said = "this folder is not in a git repository" if outside else f"git says: {error}"
        return [Problem(f"{_MUST}, and {said}", hint=f"run it in a checkout ({root} is none); {_OTHERWISE}")]
    try:
        answer(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except GitError:
        return [Problem(f"{_MUST}, and there is no commit yet", hint="git add --all && git commit")]
    try:
        found = [*_differing(context, Path(top)), *_unknown(context, Path(top), chosen)]
    except GitError as error:
        return [Problem(f"{_MUST}, and git cannot say whether it is: {error}")]
    if not found:
        return []
    shown = "".join(f"\n  {what}: {path}" for what, path in found[:_SHOWN])
    more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    message = f"{_MUST}, and {_count(len(found))} not as committed:{shown}{more}"
    return [Problem(f"{message}\n  git add and git commit it; {_OTHERWISE}")]


def _differing(context: Context, top: Path) -> Iterator[tuple[str, str]]:
    """What git says is not as in the commit, as seen from the project, without what runs leave behind."""
    said = answer(
        context.root, "status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=none", "--", "."
    )
    entries = iter(said.split("\0"))
    for entry in filter(None, entries):
        state, path = entry[:2], top / entry[3:]
        if "R" in state or "C" in state:
            next(entries, None)  # the name that it had
        if path.is_relative_to(context.store.folder.resolve()) or set(LEFT_BEHIND) & set(path.parts):
            continue
        yield _word(state), _seen(path, context.root)


def _word(state: str) -> str:
    if state == "??":
        return "new"
    return "gone" if "D" in state else "renamed" if "R" in state else "changed"


def _unknown(context: Context, top: Path, chosen: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Code of the chosen stages that `git status` is silent about: ignored, or told not to be looked at."""
    nodes = [context.pipeline.nodes[name] for name in chosen]
    code = {f for n in nodes if n["is"] == "stage" for f in n["code"] if (context.root / f).is_file()}
    code |= {f for f in (context.pipeline.version.get("env_lock"),) if f and (context.root / f).is_file()}
    if not code:
        return
    listed = answer(context.root, "ls-files", "-v", "-z", "--full-name", "--", *sorted(code))
    known = {str(top / entry[2:]): entry[0] for entry in listed.split("\0") if entry}
    fresh = {path for what, path in _differing(context, top) if what == "new"}
    for file in sorted(code):
        tag = known.get(str((context.root / file).resolve()))
        if tag is None and file not in fresh and not _in_submodule(context.root / file, top):
            yield "not in git, which ignores it", file
        elif tag is not None and (tag.islower() or tag == "S"):
            yield "git was told not to look at it (git update-index --no-assume-unchanged --no-skip-worktree)", file


def _in_submodule(file: Path, top: Path) -> bool:
    """A submodule answers for its own files: the repository above sees whether it has changes."""
    for folder in file.resolve().parents:
        if folder == top:
            return False
        if (folder / ".git").exists():
            return True
    return False


def _seen(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root.resolve())).as_posix() + ("/" if path.is_dir() else "")


def _count(number: int) -> str:
    return "this file is" if number == 1 else f"{number} files are"
