"""A spec as it was at a git revision: it and the files that it names, taken from git's objects into a folder.

Nothing is checked out, and neither the index nor the working tree is touched.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..runtime.git import GitError, NoGitError, ask
from . import specs
from .git import in_repository

_LARGEST = 4 * 2**20  # bytes; of larger files only that they are there is of interest
_MOST = 20_000  # files outside of the spec's folder; with more, only specs are taken from there


class NoRevision(specs.Unreadable):
    """There is no repository, no git, or no such revision."""


@dataclass(frozen=True)
class Blob:
    """A file of a revision; a link has its target as content."""

    path: str
    digest: str
    size: int
    link: bool


@dataclass(frozen=True)
class Repository:
    """The git repository around a folder."""

    top: Path

    @staticmethod
    def around(folder: Path) -> Repository:
        """Raises NoRevision where there is none."""
        if not in_repository(folder):
            raise NoRevision(f"{folder.resolve()} is in no git repository: there is no revision to compare with")
        top = _git(folder.resolve(), "rev-parse", "--show-toplevel").decode(errors="surrogateescape").rstrip("\n")
        return Repository(Path(top))

    def commit(self, revision: str) -> str:
        """The commit that a branch, a tag or a digest names. Raises NoRevision where it names none."""
        if not revision.strip() or "\0" in revision:
            raise NoRevision("an empty name is no revision")
        try:
            found = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except NoRevision:
            hint = "name a branch, a tag or a commit; `git fetch` brings those of others"
            if (self.top / ".git" / "shallow").exists():
                hint = "the repository is shallow: `git fetch --unshallow` brings the rest"
            raise NoRevision(f"git knows no revision '{revision}': {hint}") from None
        return found.decode().strip()

    def path_of(self, file: Path) -> str:
        """A file's path from the top of the repository. The file itself may be a link."""
        resolved = file.parent.resolve() / file.name
        try:
            return resolved.relative_to(self.top.resolve()).as_posix()
        except ValueError:
            raise NoRevision(f"{file} is outside of the repository {self.top}") from None

    def files(self, commit: str) -> tuple[Blob, ...]:
        """All files of a commit; submodules are none."""
        listed = _git(self.top, "ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        found = []
        for entry in filter(None, listed.split(b"\0")):
            about, _, path = entry.partition(b"\t")
            mode, kind, digest, size = about.split()
            if kind == b"blob":
                found.append(Blob(os.fsdecode(path), digest.decode(), int(size), mode == b"120000"))
        return tuple(found)

    def contents(self, digests: list[str]) -> dict[str, bytes]:
        """The contents of blobs, read by one process."""
        given = "".join(f"{d}\n" for d in digests).encode()
        out = _git(self.top, "cat-file", "--batch", given=given) if digests else b""
        found, at = {}, 0
        while at < len(out):
            line = out.index(b"\n", at)
            digest, _, size = out[at:line].split()
            at = line + 1 + int(size)
            found[digest.decode()] = out[line + 1 : at]
            at += 1
        return found


def spec_at(repository: Repository, commit: str, spec: Path, folder: Path) -> Path | None:
    """Writes the spec of a commit into a folder, with what it may name; says where it lies there, or nothing.

    A spec that was moved since is found by the name of its pipeline.
    """
    blobs = repository.files(commit)
    path = repository.path_of(spec)
    if all(b.path != path for b in blobs):
        moved = _of_same_pipeline(repository, blobs, spec)
        if moved is None:
            return None
        path = moved
    home = f"{PurePosixPath(path).parent}/".removeprefix("./")
    outside = [b for b in blobs if not b.path.startswith(home)]
    wanted = [b for b in blobs if b.path.startswith(home) or b.path.endswith(specs.SUFFIX)]
    _write(repository, blobs if len(outside) <= _MOST else tuple(wanted), folder)
    return folder / path


def _of_same_pipeline(repository: Repository, blobs: tuple[Blob, ...], spec: Path) -> str | None:
    name = _pipeline(specs.read(spec).text)
    candidates = [b for b in blobs if b.path.endswith(specs.SUFFIX) and not b.link and b.size <= _LARGEST]
    contents = repository.contents([b.digest for b in candidates])
    same = [b.path for b in candidates if name and _pipeline(contents[b.digest].decode(errors="replace")) == name]
    return same[0] if len(same) == 1 else None


def _pipeline(text: str) -> str | None:
    match = re.search(r"^[ \t]*pipeline[ \t]+(\w+)", text, re.MULTILINE)
    return match[1] if match else None


def _write(repository: Repository, blobs: tuple[Blob, ...], folder: Path) -> None:
    contents = repository.contents([b.digest for b in blobs if b.size <= _LARGEST])
    links = []
    for blob in blobs:
        place = folder / blob.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if blob.link:
            links.append((place, os.fsdecode(contents.get(blob.digest, b""))))
        else:
            place.write_bytes(contents.get(blob.digest, b""))
    for place, target in links:  # One that leads out of the repository leads nowhere.
        lands = Path(os.path.normpath(place.parent / target))
        if target and not Path(target).is_absolute() and lands.is_relative_to(folder):
            place.symlink_to(target)


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes:
    try:
        return ask(folder, *arguments, given=given, seconds=120)
    except NoGitError:
        raise NoRevision("there is no git on this machine: it knows what the spec was") from None
    except GitError as error:
        raise NoRevision(f"git {arguments[0]} failed: {error}") from None
