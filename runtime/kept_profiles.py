"""Profiles that runs and versions keep: what a guard saw of its subject's columns, for later runs to compare with.

    runs/<run>/<guard>.profiles.json                    of every guard with a rule about drift
    registry/<model>/profiles/<version>/<guard>.json    those of the run that made the version

They travel with the records and with the registry, so that they are there wherever metrics to compare with are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .conditions import UnknownValueError
from .context import Context
from .pipeline import Pipeline
from .profiles import Profile
from .registry import ModelRegistry
from .store import Store, read_json, safe_id


def keep_with_run(context: Context, guard: Mapping[str, Any], profiles: Mapping[str, Profile]) -> None:
    """Writes down what this run saw."""
    found = {name: profile.plain() for name, profile in profiles.items()}
    document = {"format": 1, "guard": guard["id"], "subject": guard["subject"], "profiles": found}
    context.store.write_json(_of_run(context.store, context.run, guard["id"]), document)


def keep_with_version(context: Context, deploy: Mapping[str, Any], registry: ModelRegistry, number: int) -> None:
    """Keeps what guards before the deploy saw with the version. What is there already stays, as the version does."""
    before = context.pipeline.all_before(deploy["id"])
    for guard in context.pipeline.of("guard"):
        if guard["id"] in before and guard.get("drifts"):
            document = read_json(_of_run(context.store, context.run, guard["id"]))
            if document is not None:
                registry.keep(number, "profiles", document, guard["id"])


def of_version(registry: ModelRegistry, number: int, subject: str, name: str) -> Profile | None:
    """The profile of a column as the run saw it that made the version."""
    return _first(registry.kept(number, "profiles"), subject, name)


def of_last_good_run(context: Context, subject: str, name: str) -> tuple[str, Profile] | None:
    """The last run that succeeded and has a profile of the column, and that profile."""
    guards = [g["id"] for g in context.pipeline.of("guard")]
    for run in context.store.finished_runs():
        if not _is_earlier(run, context.run, context.pipeline):
            continue
        folder = context.store.results_folder(run)
        context.store.refresh(folder, ".profiles.json")
        own = [folder / f"{safe_id(g)}.profiles.json" for g in guards]
        paths = dict.fromkeys([*own, *sorted(folder.glob("*.profiles.json"))])
        found = _first({path.name: read_json(path) for path in paths}, subject, name)
        if found is not None:
            return run["run"], found
    return None


def _is_earlier(run: Mapping[str, Any], this: str, pipeline: Pipeline) -> bool:
    return (run["state"], run["pipeline"]) == ("succeeded", pipeline.name) and run["run"] != this


def _of_run(store: Store, run: str, guard: str) -> Path:
    return store.run_folder(run) / f"{safe_id(guard)}.profiles.json"


def _first(documents: Mapping[str, dict[str, Any] | None], subject: str, name: str) -> Profile | None:
    for file, document in documents.items():
        if document and document.get("subject") == subject and name in document.get("profiles", {}):
            try:
                return Profile.read(document["profiles"][name])
            except ValueError as e:
                raise UnknownValueError(f"{file}: {e}") from e
    return None
