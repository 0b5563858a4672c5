"""How commands read and keep `mlops.lock`: whose records are in it, what a run puts there, and when it does."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..runtime.context import LETS_PASS
from ..runtime.events import RunResult
from ..runtime.locked import LOCK, source_entry, stage_entry
from .lockfile import Lock, Name, read_lock
from .specs import SUFFIX

if TYPE_CHECKING:
    from ..runtime.rehearsal import Planned

try:
    import fcntl
except ImportError:  # Windows: of two runs that end at the same moment, the later one's lock stays
    fcntl = None  # type: ignore[assignment]


def lock_path(spec: Path) -> Path:
    """The lock beside a spec. All specs of a folder share one."""
    return spec.resolve().parent / LOCK


def pipeline_of(spec: Path, profile: str | None) -> str:
    """Under which name a spec's records are kept: `flight_delay`, and with a profile `flight_delay@prod`."""
    return spec.resolve().stem + (f"@{profile}" if profile else "")


def locked_stages(spec: Path, profile: str | None) -> dict[str, dict[str, Any]]:
    """What a `--locked` run is held to. Wrong usage where there is no lock of this pipeline and profile."""
    path, pipeline = lock_path(spec), pipeline_of(spec, profile)
    lock = read_lock(path)
    if lock is None:
        raise click.UsageError(f"no {LOCK} in {path.parent}: {_WRITTEN}")
    names = [n for n in lock.names(pipeline) if n.kind == "stage"]
    if not names:
        raise click.UsageError(f"{path} has no record of {pipeline}: {_WRITTEN}")
    return {n.node: lock.record(n) or {} for n in names}


def _stages(lock: Lock | None) -> Iterator[tuple[Name, dict[str, Any]]]:
    """The records of all stages that are as a run wrote them."""
    for name in sorted(lock.blocks) if lock else ():
        if lock is not None and name.kind == "stage" and lock.whole(name):
            record = lock.record(name) or {}
            if "key" in record and isinstance(record.get("outputs"), dict):
                yield name, record


_WRITTEN = "a run that succeeds writes it; run once without --locked"


def lock_acceptances(lock: Lock | None) -> dict[str, dict[str, Any]]:
    """The acceptances of all records that are as a run wrote them, by key."""
    if lock is None or not any(line.startswith("accepted.") for body in lock.blocks.values() for line in body):
        return {}
    found = {}
    for name, record in _stages(lock):
        if accepted := record.get("accepted"):
            digests = {output: kept["digest"] for output, kept in record["outputs"].items()}
            found[record["key"]] = {**accepted, "node": name.node, "key": record["key"], "outputs": digests}
    return found


def not_locked(spec: Path, profile: str | None, nodes: Sequence[Planned]) -> tuple[str, ...] | None:
    """The stages of which mlops.lock says something else than what a run would do now, as far as that is known; nothing
    where it has no record of the pipeline."""
    lock = read_lock(lock_path(spec))
    names = [n for n in lock.names(pipeline_of(spec, profile)) if n.kind == "stage"] if lock else []
    if lock is None or not names:
        return None
    keys = {n.node: (lock.record(n) or {}).get("key") if lock.whole(n) else None for n in names}
    stages = {n.node: n.key for n in nodes if n.kind == "stage" and n.action in ("run", "may_run", "restore")}
    other = [node for node, key in stages.items() if key not in (None, keys.get(node))]
    return (*other, *(node for node in keys if node not in {n.node for n in nodes}))


def lock_keys(spec: Path) -> dict[str, str]:
    """The key of each stage's result in the lock beside a spec, of all its pipelines, by `flight_delay: train`; of an
    accepted one the key that it was made for."""
    return {
        f"{name.pipeline}: {name.node}": (record.get("accepted") or {}).get("result", record["key"])
        for name, record in _stages(read_lock(lock_path(spec)))
    }


def keep_lock(spec: Path, profile: str | None, result: RunResult, *, whole: bool) -> None:
    """Puts what a run used into the lock, where the run succeeded. Of a run of selected nodes, what it did itself.

    A lock that cannot be written makes no run fail: that is said, and the lock stays as it was.
    """
    if result.state != "succeeded":
        return
    pipeline = pipeline_of(spec, profile)
    nodes = {r.id for r in result.nodes}
    with changed_lock(spec) as lock:
        for name, entry in _entries(pipeline, (r.record for r in result.nodes)):
            lock.set(name, entry)
        there = {name: _spec_of(name, spec).exists() for name in {n.pipeline for n in lock.blocks} - {pipeline}}
        for name in list(lock.blocks):
            gone = whole and name.pipeline == pipeline and name.node not in nodes
            if gone or not there.get(name.pipeline, True):
                del lock.blocks[name]


def _entries(pipeline: str, records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Name, dict[str, Any]]]:
    for record in records:
        if record["state"] not in LETS_PASS or record.get("borrowed"):
            continue
        if record["kind"] == "stage":
            yield Name("stage", pipeline, record["node"]), stage_entry(record)
        elif record["kind"] == "source" and (artifact := record["artifacts"].get(record["node"])):
            yield Name("source", pipeline, record["node"]), source_entry(artifact)


def _spec_of(pipeline: str, beside: Path) -> Path:
    return beside.resolve().with_name(pipeline.partition("@")[0] + SUFFIX)


@contextlib.contextmanager
def changed_lock(spec: Path) -> Iterator[Lock]:
    """The lock beside a spec, to be changed: put in place of the file, whole, where its text is another then."""
    path = lock_path(spec)
    with _alone(path.parent):
        lock = read_lock(path) or Lock(path)
        yield lock
        text = lock.text()
        before = path.read_text("utf-8") if path.exists() else None  # with \n for whatever ends its lines
        if text != before and (lock.blocks or before is not None):
            try:
                _replace(path, text)
            except OSError as error:
                click.echo(f"note: {path} is not written: {(error.strerror or str(error)).lower()}", err=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else of this machine changes the lock of the folder meanwhile."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system that has no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    """Puts a text in place of a file, whole, with its permissions and its ends of lines."""
    target = path.resolve()
    old = target.read_bytes() if target.exists() else b""
    mode = target.stat().st_mode & 0o777 if old else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{LOCK}.", dir=target.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(text.replace("\n", "\r\n" if b"\r\n" in old else "\n").encode("utf-8"))
            f.flush()
            os.fsync(f.fileno())
        aside.chmod(mode)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
