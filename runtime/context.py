"""What every node of a run is given: the plan, the store, the params, and the artifacts made so far."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .children import Children
from .events import Event, Listener, ignore
from .metrics import BadMetricsError, parse_metrics
from .openlineage import Lineage, lineage_of
from .pipeline import Pipeline
from .store import Store, safe_id

LETS_PASS = ("succeeded", "restored")


class FailedNodeError(Exception):
    """The node failed; the message is the reason that goes into its record, and `detail` what a library said of it."""

    def __init__(self, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.detail = detail


@dataclass
class Context:
    pipeline: Pipeline
    root: Path
    store: Store
    run: str
    params: Mapping[str, Any] = field(default_factory=dict)
    children: Children = field(default_factory=Children)
    listener: Listener = ignore
    trigger: str | None = None
    engine: Mapping[str, str] = field(default_factory=dict)
    any_environment: bool = False  # stages may run with other packages than the lock pins; their keys say so
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    schemas: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # columns of tables, for lineage events
    accepted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by key, from mlops.lock
    locked: Mapping[str, Mapping[str, Any]] | None = None  # of a run that must use what mlops.lock says: its stages
    listings: dict[str, Any] = field(default_factory=dict)  # of sources in object stores, as the preflight saw them
    _speaking: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def lineage(self) -> Lineage | None:
        """What tells the run to other tools, where somebody is to be told."""
        return lineage_of(self)

    @cached_property
    def foreign(self) -> dict[str, str | None]:
        """The packages that are not installed as the lock pins them, where stages may run all the same: they are part
        of what their results are made of. A name has its installed version, or nothing."""
        from .environment import lock_differences

        found = lock_differences(self) if self.any_environment else ()
        return {each.package: each.installed for each in found}

    @property
    def folder(self) -> Path:
        """Of this run's records, logs and outputs."""
        return self.store.run_folder(self.run)

    def tell(self, kind: str, **what: Any) -> None:
        with self._speaking:
            self.listener(Event(kind, time.time(), self.run, **what))

    # -------------------------------------------------------------- artifacts

    def artifact(self, name: str, reader: str | None = None) -> dict[str, Any]:
        """What was written down about an artifact of this run: its digest and where it is.

        Guards that set rows aside put the others in its place. `reader` is the guard that asks, which sees what the
        guards before it left; every other reader sees what all of them left.
        """
        for guard in reversed(self.pipeline.parted_by(name, reader)):
            parted = self.store.record(self.run, guard)
            if parted is not None and name in parted.get("artifacts", {}):
                rest: dict[str, Any] = parted["artifacts"][name]
                return rest
        maker = self.pipeline.maker(name, reader)
        record = self.store.record(self.run, maker)
        if record is None or name not in record.get("artifacts", {}):
            raise FailedNodeError(f"there is no '{name}' in run {self.run}")
        found: dict[str, Any] = record["artifacts"][name]
        return found

    def paths(self, name: str, reader: str | None = None) -> list[Path]:
        """The files (or the folder) of an artifact, as `reader` sees it."""
        artifact = self.artifact(name, reader)
        if "file" not in artifact:
            return [self.root / p for p in artifact["paths"]]
        path = self._kept(name, artifact)
        return [path / m for m in artifact["members"]] if "members" in artifact else [path]

    def _kept(self, name: str, artifact: Mapping[str, Any]) -> Path:
        """Where the store shows what it keeps of an artifact."""
        path: Path = self.store.folder / artifact["file"]
        if not path.exists():  # records can travel ahead of the files that they name
            if not self.store.has(artifact["digest"]):
                raise FailedNodeError(f"'{name}' is in no place that this machine can see: {path}")
            self.store.place(artifact["digest"], path)
        return path

    def verified(self, name: str, reader: str | None = None) -> list[Path]:
        """The files of an artifact, read to see that they are what was made: a disk may have changed them since.

        Raises FailedNodeError that names what is damaged; it is taken away, so that the next run makes it anew.
        """
        paths, artifact = self.paths(name, reader), self.artifact(name, reader)
        if "file" in artifact and not self.store.as_made(path := self._kept(name, artifact), artifact["digest"]):
            raise FailedNodeError(
                f"'{name}' is damaged: the bytes of {path} are not what was made; "
                "it is taken out of the store, and the next run makes it anew"
            )
        return paths

    def metrics(self, name: str) -> dict[str, float]:
        return read_metrics(self.paths(name)[0])

    def log_path(self, node: str) -> Path:
        return self.folder / f"{safe_id(node)}.log"


def version_of(artifact: Mapping[str, Any]) -> str:
    """What tells one state of an artifact from another: what its source goes by, else the digest of its bytes."""
    return str(artifact.get("version") or artifact.get("digest", ""))


def read_metrics(path: Path) -> dict[str, float]:
    """A metrics file: one flat JSON object of numbers. Raises FailedNodeError that says what it is instead."""
    try:
        return parse_metrics(path.read_text("utf-8-sig"))
    except UnicodeDecodeError as e:
        raise FailedNodeError(f"{path.name} is no text in UTF-8 (byte {e.start + 1})") from e
    except BadMetricsError as e:
        raise FailedNodeError(f"{path.name} holds no metrics: {e}") from e
