"""Deploys: register the model, move the alias, run the command; all of it, or nothing.

While the command runs the alias already points at the new version, but is not settled: guards still compare with
what was served before. A deployment that was killed is taken up again by the next run.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .acceptances import accepted_in
from .children import Ended, new_token, run_program
from .context import Context, FailedNodeError, version_of
from .databases import connections
from .digests import path_digest
from .events import FAILED, system_reason
from .kept_profiles import keep_with_version
from .model_card import card
from .openlineage import hidden as hidden_by_lineage
from .programs import Values, command_argv, program_environment
from .provenance import keep_provenance
from .registries import registry_of
from .registry import Alias, ModelRegistry, model_name
from .surroundings import commit_of


def run_deploy(context: Context, deploy: Mapping[str, Any]) -> dict[str, Any]:
    """What the deploy did. Raises FailedNodeError after everything is back where it was."""
    artifact = context.artifact(deploy["model"])
    path = context.paths(deploy["model"])[0]
    registry = registry_of(context, model_name(context.pipeline.name, deploy["model"]))
    _keep_bytes(context, artifact["digest"], path)
    about, records = _about(context, deploy), {n: context.store.record(context.run, n) for n in context.pipeline.nodes}
    run = {"nodes": {n: r for n, r in records.items() if r is not None}}
    described = card(registry.model, {**about, "digest": artifact["digest"]}, run, context.pipeline.document)
    version = registry.register(artifact, path.name, about, described)
    number: int = version["version"]
    _model_file(registry, number)  # before anything points at it
    keep_with_version(context, deploy, registry, number)
    keep_provenance(context, deploy, registry, number)
    done = {"model": registry.model, "version": number, "alias": deploy.get("alias")}
    if not deploy.get("alias"):
        _run_or_roll_back(context, deploy, registry, number, None)
        return done
    return {**done, **_move(context, deploy, registry, number)}


def _about(context: Context, deploy: Mapping[str, Any]) -> dict[str, Any]:
    """What is written down with a version: its numbers, what judged it, and what it was made of."""
    before = context.pipeline.all_before(deploy["id"])
    records = {n: r for n in context.pipeline.nodes if n in before and (r := context.store.record(context.run, n))}
    data = {
        name: version_of(artifact)
        for r in records.values()
        if r["kind"] == "source"
        for name, artifact in (r.get("artifacts") or {}).items()
    }
    return {
        "metrics": {m: context.metrics(m) for m in judged_by(context, deploy)},
        "run": context.run,
        "pipeline": context.pipeline.name,
        "spec": context.pipeline.document["spec"],
        "digest_of_spec": context.pipeline.document["digest"],
        "params": dict(context.params),
        "commit": commit_of(context),
        "data": data,
        "verdicts": {name: r["verdict"] for name, r in records.items() if r["kind"] == "guard"},
        **({"accepted": accepted} if (accepted := accepted_in(records)) else {}),
    }


def _keep_bytes(context: Context, digest: str, path: Path) -> None:
    """Where every node has a machine of its own, a file comes under its name in the run, without its object."""
    if path_digest(path) != digest:
        context.store.drop_damaged(digest)
        raise FailedNodeError(
            f"{path} is not what the run made: its bytes have changed since; run again to make it anew"
        )
    if context.store.object_path(digest).exists():
        return
    with context.store.workspace("deploy") as workspace:
        copy = workspace / path.name
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, copy)
        if context.store.put(copy).digest != digest:
            raise FailedNodeError(f"{path.name} is not what the run made: its bytes changed on the way")


def judged_by(context: Context, deploy: Mapping[str, Any]) -> list[str]:
    """The metrics that are kept with the version: those of its stage, and those that guards before the deploy judged,
    so that the next run's guards can compare with them."""
    before = context.pipeline.all_before(deploy["id"])
    guarded = [
        g["subject"] for g in context.pipeline.of("guard") if g["id"] in before and g["subject_kind"] == "metrics"
    ]
    return list(dict.fromkeys([*deploy["metrics"], *guarded]))


def _move(context: Context, deploy: Mapping[str, Any], registry: ModelRegistry, number: int) -> dict[str, Any]:
    name = deploy["alias"]
    before = registry.alias(name)
    if before is not None and before.version == number and before.settled:
        return {
            "state": "restored",
            "reason": f"{name} already points at version {number}",
            "previous": before.previous,
        }
    why = withdrawn(registry, name, number)
    if why is not None:
        return {
            "state": "restored",
            "reason": f"version {number} was taken out of {name} by hand ({why}), which no run undoes: "
            f"mlopsc models promote {number} --alias {name}",
            "previous": before.previous if before else None,
        }
    # A deployment that was killed half-way left its new version in the alias: what was served is the one before.
    served = before.version if before and before.settled else before.previous if before else None
    moved = registry.move(
        name,
        number,
        expected=before,
        previous=served,
        run=context.run,
        why=f"deploy {deploy['id']}",
        settled=deploy.get("command") is None,
    )
    if not moved:
        raise FailedNodeError(f"{name} was moved by another run at the same time; nothing was changed")
    if deploy.get("command") is not None:
        now = registry.alias(name)
        _run_or_roll_back(context, deploy, registry, number, served, now)
        settled = registry.move(
            name, number, expected=now, previous=served, run=context.run, why="the command succeeded"
        )
        if not settled and (found := registry.alias(name)) and found.version != number:
            raise FailedNodeError(f"{name} was moved to version {found.version} by another run meanwhile")
    return {"previous": served}


def withdrawn(registry: ModelRegistry, name: str, number: int) -> str | None:
    """Why the alias was moved by hand away from this very version, if that was its last move."""
    last = next((m for m in reversed(registry.moves()) if m["alias"] == name), None)
    if last is None or last["run"] or last["from"] != number or last["to"] == number:
        return None
    return str(last["why"])


def _run_or_roll_back(
    context: Context,
    deploy: Mapping[str, Any],
    registry: ModelRegistry,
    number: int,
    served: int | None,
    moved: Alias | None = None,
) -> None:
    if deploy.get("command") is None:
        return
    try:
        ended = _run(context, deploy, deploy["command"], _model_file(registry, number), _file(registry, served))
    except OSError as e:
        ended = Ended(FAILED, why=system_reason(e))
    if ended.code == 0 and not ended.timed_out:
        return
    back = ""
    if moved is not None:
        registry.move(
            deploy["alias"],
            served,
            expected=moved,
            previous=None,
            run=context.run,
            why=f"the command failed: {ended.reason}",
        )
        back = f"; {deploy['alias']} is back at {f'version {served}' if served else 'no version'}"
    raise FailedNodeError(f"{ended.reason}{back}{_roll_back(context, deploy, registry, number, served)}")


def _roll_back(
    context: Context, deploy: Mapping[str, Any], registry: ModelRegistry, number: int, served: int | None
) -> str:
    if deploy.get("rollback") is None:
        return ""
    if _names_previous(deploy["rollback"]):
        if served is None:
            return "; nothing to roll back to: this was the first version"
        if _file(registry, served) is None:
            return f"; not rolled back: the files of version {served} are gone"
    try:
        ended = _run(context, deploy, deploy["rollback"], _model_file(registry, number), _file(registry, served))
    except OSError as e:
        ended = Ended(FAILED, why=system_reason(e))
    return "; rolled back" if ended.code == 0 and not ended.timed_out else f"; the rollback failed too: {ended.reason}"


def _model_file(registry: ModelRegistry, number: int) -> Path:
    """The file of the version that is deployed, which must be there."""
    try:
        if (path := registry.file(number)) is not None:
            return path
    except FileNotFoundError:
        pass
    except OSError as e:
        raise FailedNodeError(f"the files of version {number} of {registry.model}: {system_reason(e)}") from None
    raise FailedNodeError(f"the files of version {number} of {registry.model} are gone from {registry.place}")


def _file(registry: ModelRegistry, number: int | None) -> Path | None:
    """The file of the version before; nothing where there is none any more."""
    try:
        return None if number is None else registry.file(number)
    except OSError:
        return None


def _names_previous(command: Mapping[str, Any]) -> bool:
    parts = [p for word in command["words"] for p in word["parts"]]
    return any(not isinstance(p, str) and p["scope"] == "previous" for p in parts)


def _run(
    context: Context,
    deploy: Mapping[str, Any],
    command: Mapping[str, Any],
    model: Path | None,
    previous: Path | None,
) -> Ended:
    values = Values(run=context.run, params=context.params, model=model, previous=previous)
    token = new_token()
    env, hidden = program_environment(deploy, values, token, context.environ)
    hidden += hidden_by_lineage(context)
    hidden += connections(context)
    with context.store.workspace(deploy["id"], token), context.log_path(deploy["id"]).open("ab") as log:
        return run_program(
            command_argv(command, values),
            cwd=context.root,
            env=env,
            log=log,
            on_line=lambda line: context.tell("log", node=deploy["id"], text=line),
            children=context.children,
            timeout=deploy.get("timeout"),
            hidden=hidden,
            leave=True,  # it may have started the server
        )
