"""The store of a spec, and the runs in it, for the commands that look back."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import specs
from .compiling import lowered_of

if TYPE_CHECKING:
    from ..runtime.pipeline import Pipeline
    from ..runtime.registry import ModelRegistry
    from ..runtime.store import Store

Run = Mapping[str, Any]


class Unusable(click.ClickException):
    """The store cannot be used: wrong usage, as it is for `mlopsc run`."""

    exit_code = 2


def store_of(spec: Path | None, profile: str | None) -> tuple[Path, Store]:
    """The spec's path, and the store that its runs are in."""
    path, _, store = _pipeline_of(spec, profile)
    return path, store


def registries_of(spec: Path | None, profile: str | None) -> tuple[Path, Store, list[ModelRegistry]]:
    """The spec's path, its store, and the registries of its models."""
    from ..runtime.registries import all_registries

    path, pipeline, store = _pipeline_of(spec, profile)
    return path, store, all_registries(pipeline, store, path.resolve().parent)


def _pipeline_of(spec: Path | None, profile: str | None) -> tuple[Path, Pipeline, Store]:
    from ..compiler.plan.document import plan_document
    from ..runtime.pipeline import Pipeline

    path = specs.the_spec(spec)
    pipeline = Pipeline(plan_document(lowered_of(path, profile=profile).plan))
    return path, pipeline, opened(pipeline, path.resolve().parent)


def opened(pipeline: Pipeline, root: Path) -> Store:
    """The store of a pipeline whose spec lies in `root`."""
    from ..runtime.shared import open_store, why_unusable

    store = open_store(pipeline, root, os.environ.get("MLOPS_STORE"))
    if shut := why_unusable(store, write=False):
        raise Unusable("\n".join(filter(None, shut)))
    return store


def run_named(store: Store, name: str) -> Run:
    """The run of this id, of an unmistakable beginning of it, or the `last` one. Wrong usage where there is none."""
    runs = list(store.finished_runs())
    if name in ("last", "latest") and runs:
        return runs[0]
    found = [r for r in runs if r["run"] == name] or [r for r in runs if r["run"].startswith(name)]
    if len(found) == 1:
        return found[0]
    if not runs:
        raise click.UsageError(f"no run has come to its end in {store.where}")
    if found:
        raise click.UsageError(f"several runs begin with '{name}': {', '.join(r['run'] for r in found[:5])}")
    raise click.UsageError(f"no run '{name}'; the last ones: {', '.join(r['run'] for r in runs[:5])}")


def metrics_of(run: Run) -> dict[str, float]:
    """All metrics of a run: `train.metrics.accuracy` → number."""
    return {
        f"{node}.{output}.{name}": value
        for node, record in run["nodes"].items()
        for output, values in (record.get("metrics") or {}).items()
        for name, value in values.items()
    }


def digests_of(run: Run, kind: str) -> dict[str, str]:
    """The versions of the artifacts that nodes of this kind made: `train.model` → digest."""
    return {
        name: artifact.get("version", artifact["digest"])
        for record in run["nodes"].values()
        if record["kind"] == kind
        for name, artifact in (record.get("artifacts") or {}).items()
    }


def keep_reproduction(store: Store, then: Run, now: Run, *, same: bool, tolerance: float) -> None:
    """Writes down what became of a run that was made again: `reproductions/<time>-<run>.json`."""
    at = str(now["finished"])
    outcome = {
        "format": 1,
        "run": then["run"],
        "pipeline": then["pipeline"],
        "at": at,
        "same": same,
        "tolerance": tolerance,
        "machine": now["machine"],
        "digests": _side_by_side(digests_of(then, "stage"), digests_of(now, "stage")),
        "metrics": _side_by_side(metrics_of(then), metrics_of(now)),
    }
    store.write_json(store.folder / "reproductions" / f"{re.sub('[^0-9]', '', at)}-{then['run']}.json", outcome)


def _side_by_side(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [value, now.get(name)] for name, value in then.items()}


def reproductions_of(store: Store) -> list[Run]:
    """What became of runs that were made again, the latest first."""
    from ..runtime.store import read_json

    folder = store.folder / "reproductions"
    store.refresh(folder)
    found = [read_json(path) for path in folder.glob("*.json")]
    return sorted((r for r in found if r), key=lambda r: str(r["at"]), reverse=True)


def short_digest(digest: str | None) -> str:
    """A digest or version as people compare them: its first ten digits."""
    return "nothing" if digest is None else digest.rpartition(":")[2][:10]


def metric_text(value: object) -> str:
    """A metric for people: six digits of a fraction."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
