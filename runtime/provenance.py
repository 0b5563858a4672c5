"""Where a model version comes from, as an in-toto statement with SLSA's predicate of provenance.

Formats: in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) and SLSA
Provenance v1 (https://slsa.dev/spec/v1.0/provenance). The statement is not signed: whoever signs, signs this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .acceptances import accepted_in
from .context import Context
from .digests import file_digest, tree_files
from .pipeline import producer
from .registry import ModelRegistry, now
from .surroundings import commit_of

BUILD_TYPE = "urn:mlopsc:stage:1"


def keep_provenance(context: Context, deploy: Mapping[str, Any], registry: ModelRegistry, number: int) -> None:
    """Keeps the statement with a version, once."""
    if not registry.kept(number, "provenance") and (file := registry.file(number)) is not None:
        registry.keep(number, "provenance", _statement(context, deploy, file))


def provenance_of(registry: ModelRegistry, number: int) -> dict[str, Any] | None:
    """The statement that is kept with a version."""
    return registry.kept(number, "provenance").get("")


def _statement(context: Context, deploy: Mapping[str, Any], file: Path) -> dict[str, Any]:
    stage = context.store.record(context.run, producer(deploy["model"])) or {}
    document, engine = context.pipeline.document, dict(context.engine)
    builder = f"urn:mlopsc:engine:{engine.get('name', 'local')}"
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": list(_subjects(file)),
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "spec": document["spec"],
                    "specDigest": document["digest"],
                    "profile": document.get("profile"),
                    "stage": producer(deploy["model"]),
                    "params": stage.get("params") or {},
                },
                "internalParameters": {"key": stage.get("key"), **_accepted(context, deploy)},
                "resolvedDependencies": list(_dependencies(context, _as_made(context, stage))),
            },
            "runDetails": {
                "builder": {"id": builder},
                "metadata": {
                    # A restored result was made by the run that it was restored from.
                    "invocationId": stage.get("from_run") or context.run,
                    "startedOn": _time(stage.get("started")),
                    "finishedOn": _time(stage.get("finished")),
                },
            },
        },
    }


def _accepted(context: Context, deploy: Mapping[str, Any]) -> dict[str, Any]:
    """The results behind the model that were not made by what the run would have run, by whose word, and why."""
    maker = producer(deploy["model"])
    behind = context.pipeline.all_before(maker) | {maker}
    found = accepted_in({n: context.store.record(context.run, n) or {} for n in context.pipeline.nodes if n in behind})
    return {"accepted": found} if found else {}


def _as_made(context: Context, stage: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record of the run that made a result: what it was made of is there, where a change was accepted since."""
    if not stage.get("accepted"):
        return stage
    made = context.store.record(str(stage.get("from_run")), stage["node"]) or {}
    return made if made.get("key") == stage["accepted"]["result"] else {}


def _subjects(file: Path) -> Iterator[dict[str, Any]]:
    files = {f"{file.name}/{name}": p for name, p in tree_files(file).items()} if file.is_dir() else {file.name: file}
    for name, path in files.items():
        yield {"name": name, "digest": {"sha256": file_digest(path).removeprefix("sha256:")}}


def _dependencies(context: Context, stage: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What went into the result: the commit, the files of the program by meaning, the lock, the inputs."""
    commit = commit_of(context)
    if commit is not None:
        yield {"uri": "git+local", "digest": {"gitCommit": commit}}
    parts = stage.get("key_parts") or {}
    for name, digest in (parts.get("code") or {}).items():
        yield {"uri": name, "digest": _digest(digest), "annotations": {"part": "code"}}
    if parts.get("lock"):
        lock = context.pipeline.version["env_lock"]
        yield {"uri": lock, "digest": _digest(parts["lock"]), "annotations": {"part": "environment"}}
    for name, digests in (parts.get("inputs") or {}).items():
        for digest in digests:
            yield {"name": name, "digest": _digest(digest), "annotations": {"part": "data"}}


def _digest(digest: str) -> dict[str, str]:
    # A folder's digest is that of its listing, which has no name among in-toto's algorithms.
    kind, _, value = digest.partition(":")
    return {"sha256" if kind == "sha256" else "mlopscTree": value}


def _time(at: Any) -> str:
    """Without fractions of a second, as the format asks."""
    return f"{str(at or now())[:19]}Z"
