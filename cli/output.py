"""Writing what a build made: all of it or nothing, and never over somebody's own work.

Beside the files of a target lies `.mlopsc-TARGET.json`, the digests of what was written. By it a later build knows
which files it may replace or remove, and `--check` tells a stale file from one that was edited by hand.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import click

from .. import __version__
from ..backends.base import OutputFile

FORMAT = 1


class Refused(click.ClickException):
    """A build that would overwrite what it did not write, or that cannot write."""

    exit_code = 2


@dataclass(frozen=True)
class Manifest:
    """What an earlier build wrote into a folder: paths to digests."""

    pipeline: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One file that is not as a build would write it. kind: missing, stale, extra, edited, foreign."""

    path: str
    kind: str


_WORDS = {
    "missing": "not there",
    "stale": "older than the spec",
    "extra": "no longer made",
    "edited": "edited by hand",
    "foreign": "not made by mlopsc",
}


def describe(difference: Difference, folder: Path) -> str:
    return f"{folder / difference.path}: {_WORDS[difference.kind]}"


def manifest_name(target: str) -> str:
    return f".mlopsc-{target}.json"


def compare(folder: Path, target: str, files: Iterable[OutputFile]) -> list[Difference]:
    """What a build would change in a folder, by path."""
    before = _read_manifest(folder, target)
    wanted = {f.path: f for f in files}
    found: list[Difference] = []
    for path, file in wanted.items():
        there = _content(folder / path)
        if there is None:
            found.append(Difference(path, "missing"))
        elif there != file.content:
            found.append(Difference(path, _whose(before, path, there)))
        elif file.executable and os.name == "posix" and not os.access(folder / path, os.X_OK):
            found.append(Difference(path, "stale"))
    for path in before.files.keys() - wanted.keys():
        there = _content(folder / path)
        if there is not None:
            kind = "extra" if _digest(there) == before.files[path] else "edited"
            found.append(Difference(path, kind))
    return sorted(found, key=lambda d: d.path)


def refuse_loss(folder: Path, target: str, pipeline: str, files: Iterable[OutputFile], *, force: bool) -> None:
    """Raises Refused where `write` would, as far as that can be told without writing."""
    if force:
        return
    before = _read_manifest(folder, target)
    if before.pipeline not in ("", pipeline):
        raise Refused(
            f"{folder} holds the pipeline '{before.pipeline}', this is '{pipeline}': "
            f"choose another folder with -o, or replace it with --force"
        )
    guarded = [d for d in compare(folder, target, files) if d.kind in ("edited", "foreign")]
    if guarded:
        said = "\n".join(f"  {describe(d, folder)}" for d in guarded)
        raise Refused(f"these files would be lost:\n{said}\nmove them away, or build with --force to replace them")


def write(folder: Path, target: str, pipeline: str, files: Iterable[OutputFile], *, force: bool) -> list[Difference]:
    """Makes the folder's files of a target equal to `files`; returns what was different.

    Raises Refused, with nothing changed, where a file was edited by hand or is not ours (unless `force`), where the
    folder holds another pipeline, or where it cannot be written.
    """
    wanted = list(files)
    refuse_loss(folder, target, pipeline, wanted, force=force)
    changes = compare(folder, target, wanted)
    manifest = OutputFile(manifest_name(target), _manifest_bytes(pipeline, target, wanted))
    changed = {d.path for d in changes}
    moved = [f for f in wanted if f.path in changed]
    gone = sorted(changed - {f.path for f in wanted})
    if changes or _content(folder / manifest.path) != manifest.content:
        _replace(folder, [*moved, manifest], gone)
    return changes


def _replace(folder: Path, files: list[OutputFile], gone: list[str]) -> None:
    """Writes everything aside, then moves it in; what cannot be finished is taken back."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".mlopsc-", dir=folder))
    except OSError as error:
        raise Refused(f"cannot write to {folder}: {(error.strerror or str(error)).lower()}") from None
    undo: list[tuple[Path, Path | None]] = []
    try:
        for i, file in enumerate(files):
            new = aside / f"new-{i}"
            new.write_bytes(file.content)
            new.chmod(0o755 if file.executable else 0o644)
        for i, path in enumerate([*(f.path for f in files), *gone]):
            place, old = folder / path, aside / f"old-{i}"
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_dir() and not place.is_symlink():
                raise IsADirectoryError(0, "is a directory", str(place))
            if place.exists() or place.is_symlink():
                place.replace(old)
                undo.append((place, old))
            if i < len(files):
                (aside / f"new-{i}").replace(place)
                undo.append((place, None))
    except BaseException as error:
        _take_back(undo)
        if isinstance(error, OSError):
            where = error.filename2 or error.filename or folder
            raise Refused(f"nothing was written: {where}: {(error.strerror or str(error)).lower()}") from None
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _remove_empty(folder, gone)


def _take_back(undo: list[tuple[Path, Path | None]]) -> None:
    for place, old in reversed(undo):
        with suppress(OSError):
            if old is None:
                place.unlink()
            else:
                old.replace(place)


def _remove_empty(folder: Path, gone: list[str]) -> None:
    for path in gone:
        for parent in list((folder / path).parents):
            if parent == folder:
                break
            try:
                parent.rmdir()
            except OSError:
                break


def _whose(before: Manifest, path: str, there: bytes) -> str:
    if path not in before.files:
        return "foreign"
    return "stale" if before.files[path] == _digest(there) else "edited"


def _read_manifest(folder: Path, target: str) -> Manifest:
    raw = _content(folder / manifest_name(target))
    if raw is None:
        return Manifest()
    try:
        document = json.loads(raw)
        if document["format"] != FORMAT:
            return Manifest()
        files = {str(path): str(digest) for path, digest in document["files"].items()}
        # A manifest that somebody changed must not lead out of the folder.
        safe = {path: digest for path, digest in files.items() if ".." not in Path(path).parts and path[0] != "/"}
        return Manifest(str(document["pipeline"]), safe)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return Manifest()


def _manifest_bytes(pipeline: str, target: str, files: list[OutputFile]) -> bytes:
    document = {
        "format": FORMAT,
        "made by": f"mlopsc {__version__}; do not edit, `mlopsc build --check` reads it",
        "pipeline": pipeline,
        "target": target,
        "files": {f.path: _digest(f.content) for f in sorted(files, key=lambda f: f.path)},
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
