"""What a guard compares its subject with: the model version now in the alias, or the last good run.

A model is never compared with itself. Where the baseline's model has the very bytes of the model under test, there is
nothing to say about the one in terms of the other: the outcome is `same model`. It counts as passed, since deploying
these bytes again changes nothing, whether their stage was restored or ran and made them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .conditions import NoBaselineError, UnknownValueError
from .context import LETS_PASS, Context
from .digests import path_digest
from .pipeline import producer
from .registries import registry_of
from .registry import model_name


@dataclass(frozen=True)
class Baseline:
    """The numbers to compare with, the run that they come from, and what the record tells of it.

    `same` says why its model is the one under test, and is empty where it is another.
    """

    run: str
    metrics: Mapping[str, Any]
    told: dict[str, Any] = field(default_factory=dict)
    same: str = ""

    whose: str = "the champion"

    def is_another_model(self) -> None:
        """Raises NoBaselineError where the model would be compared with itself."""
        if self.same:
            raise NoBaselineError("same model", self.same)


def champion(context: Context, guard: Mapping[str, Any]) -> Baseline:
    """The version that the alias points at. Raises NoBaselineError while there is none."""
    name = guard.get("champion") or "champion"
    deploy = _deploy_of(context, guard, name)
    model = model_name(context.pipeline.name, deploy["model"]) if deploy else ""
    registry = registry_of(context, model)
    alias = registry.alias(name) if deploy else None
    # While a deployment is under way, or when it was killed, what was served before it is still the champion.
    number = None if alias is None else alias.version if alias.settled else alias.previous
    version = registry.version(number) if number is not None else None
    if deploy is None or version is None:
        raise NoBaselineError("no champion", "no version has the alias yet")
    same = _same(context, guard, deploy["model"], version["digest"], f"version {number}, the {name}")
    told = {"alias": name, "model": model, "version": number}
    return Baseline(version["run"], _of_subject(version["metrics"], guard["subject"]), told, same)


def previous(context: Context, guard: Mapping[str, Any]) -> Baseline:
    """The last run that succeeded. Raises NoBaselineError while there is none."""
    subject, store = guard["subject"], context.store
    node, _, output = subject.partition(".")
    for run in store.finished_runs():
        if run["state"] != "succeeded" or run["run"] == context.run or run["pipeline"] != context.pipeline.name:
            continue
        record = store.record(run["run"], node)
        if record and record["state"] in LETS_PASS and subject in record.get("artifacts", {}):
            same = ""
            deploy = _deploy_of(context, guard, guard.get("champion"))
            if deploy is not None:
                about = store.record(run["run"], producer(deploy["model"])) or {}
                digest = about.get("artifacts", {}).get(deploy["model"], {}).get("digest")
                same = _same(context, guard, deploy["model"], digest, f"that of run {run['run']}")
            metrics = record.get("metrics", {}).get(output, {})
            return Baseline(run["run"], metrics, {"run": run["run"]}, same, "the previous run")
    raise NoBaselineError("no previous run", "no run before this one has succeeded")


def table_of(context: Context, baseline: Baseline, subject: str) -> tuple[Path, str]:
    """The file of an artifact as the baseline's run made it, and its digest. Raises UnknownValueError if it is gone."""
    record = context.store.record(baseline.run, producer(subject))
    artifact = (record or {}).get("artifacts", {}).get(subject)
    if artifact is None or "file" not in artifact:
        raise UnknownValueError(f"{baseline.whose} has no {subject}: run {baseline.run} wrote none down")
    path, digest = context.store.folder / artifact["file"], artifact["digest"]
    if not path.exists() and context.store.has(digest):
        context.store.place(digest, path)
    if not path.exists():
        raise UnknownValueError(f"{subject} of {baseline.whose} is gone from the store (run {baseline.run})")
    if path_digest(path) != digest:
        raise UnknownValueError(f"{subject} of {baseline.whose} is not what run {baseline.run} made: its bytes changed")
    return path, digest


def _same(context: Context, guard: Mapping[str, Any], model: str, digest: str | None, whose: str) -> str:
    """Why the model under test is the one with this digest; nothing where it is another, or is yet to be made."""
    maker = producer(model)
    if maker not in context.pipeline.all_before(guard["id"]):
        return ""
    record = context.store.record(context.run, maker)
    if record is None or record.get("artifacts", {}).get(model, {}).get("digest") != digest:
        return ""
    learnt = "was restored" if record["state"] == "restored" else "ran and made the same bytes again"
    return f"{model} is itself {whose} ({maker} {learnt})"


def _deploy_of(context: Context, guard: Mapping[str, Any], alias: str | None) -> Mapping[str, Any] | None:
    """The deploy that moves the alias; among several, the one whose model the guarded numbers are about."""
    subject = guard["subject"]
    found = [d for d in context.pipeline.of("deploy") if alias in (None, d.get("alias"))]
    found.sort(key=lambda d: (subject not in d["metrics"], producer(d["model"]) != producer(subject)))
    return found[0] if found else None


def _of_subject(metrics: Mapping[str, dict[str, Any]], subject: str) -> dict[str, Any]:
    if subject in metrics:
        return metrics[subject]
    return {name: value for each in metrics.values() for name, value in each.items()}
