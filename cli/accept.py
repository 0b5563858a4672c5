"""`mlopsc accept`"""

from __future__ import annotations

import getpass
import json
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..compiler.diagnostics import did_you_mean
from . import specs
from .compiling import lowered_of, profile_option
from .lockfile import Name, read_lock
from .locking import changed_lock, lock_acceptances, lock_path, pipeline_of
from .plan import text_of
from .stored import short_digest

if TYPE_CHECKING:
    from ..runtime.acceptances import Acceptance
    from ..runtime.context import Context
    from ..runtime.rehearsal import Planned


class Refused(click.ClickException):
    """There is nothing to accept, or nothing to put in its place; the message says why."""

    exit_code = 2


@dataclass(frozen=True)
class Work:
    """A spec with its store, and what a run of it would do now."""

    spec: Path
    profile: str | None
    context: Context
    planned: Mapping[str, Planned]

    def stages(self, stage: str) -> list[Planned]:
        """The stage of this name, or all copies of it. Wrong usage where there is none."""
        found = [p for p in self.planned.values() if p.kind == "stage"]
        named = [p for p in found if stage in (p.node, p.node.partition("[")[0])]
        if not named:
            names = [p.node for p in found]
            hint = did_you_mean(stage, names) or f"stages: {', '.join(names)}"
            raise click.UsageError(f"no stage named '{stage}'; {hint}")
        return named

    def locked(self, node: str) -> Name:
        return Name("stage", pipeline_of(self.spec, self.profile), node)


@click.command(short_help="Declare a change harmless: a stage keeps its result.")
@click.argument("stage", required=False)
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@click.option("--why", metavar="TEXT", help="Why the result stays valid. Asked for on a terminal.")
@click.option("--list", "listed", is_flag=True, help="List what was accepted, and which of it holds now.")
@click.option("--undo", is_flag=True, help="Take it back: the stage runs again.")
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    stage: str | None,
    spec: Path | None,
    why: str | None,
    listed: bool,
    undo: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Declare that what has changed of STAGE leaves its result as it is. The next run restores it, and says so.

    Who, when, why and what had changed are kept in the store and in mlops.lock. It holds for exactly this: a further
    change runs the stage again.
    """
    if listed:
        if undo or why is not None or (stage is not None and spec is not None):
            raise click.UsageError("--list goes with nothing but a spec")
        _list(_work(Path(stage) if stage else None, profile), as_json)
        return
    if stage is None:
        raise click.UsageError("name a stage, or --list")
    work = _work(spec, profile)
    named = work.stages(stage)
    if undo:
        _undo(work, stage, named, as_json)
        return
    found = _accepted(work, named, why)
    _say(found, as_json)


def _work(spec: Path | None, profile: str | None) -> Work:
    from ..compiler.plan.document import plan_document
    from ..runtime.context import Context
    from ..runtime.params import check_params
    from ..runtime.pipeline import Pipeline
    from ..runtime.rehearsal import rehearse
    from .stored import opened

    path = specs.the_spec(spec)
    pipeline = Pipeline(plan_document(lowered_of(path, profile=profile).plan))
    root = path.resolve().parent
    accepted = lock_acceptances(read_lock(lock_path(path)))
    context = Context(pipeline, root, opened(pipeline, root), "accept", accepted=accepted)
    context.params, problems = check_params(pipeline.document["params"], {})
    if problems:
        raise Refused("; ".join(map(str, problems)))
    return Work(path, profile, context, {p.node: p for p in rehearse(context, list(pipeline.nodes))})


# ---------------------------------------------------------------------- accept


def _accepted(work: Work, named: list[Planned], why: str | None) -> list[Acceptance]:
    """Accepts what has changed of all these stages, or of none."""
    from dataclasses import replace

    from ..runtime.acceptances import keep_acceptance
    from ..runtime.registry import now

    runs = [p for p in named if p.action != "restore"]
    if not runs:
        told = named[0].accepted
        said = told.told if told else "it is restored as it is"
        raise Refused(f"nothing to accept of {', '.join(p.node for p in named)}: {said}")
    found = [_acceptance(work, planned) for planned in runs]
    reason = _reason(why, found)
    by, at = _who(work.context.root), now()
    found = [replace(a, why=reason, by=by, at=at) for a in found]
    for accepted in found:
        keep_acceptance(work.context.store, accepted)
    with changed_lock(work.spec) as lock:
        for accepted in found:
            lock.set(work.locked(accepted.node), _locked(work, accepted))
    return found


def _acceptance(work: Work, planned: Planned) -> Acceptance:
    """What there is to accept of a stage, without who and why. Raises Refused."""
    from ..runtime.acceptances import Acceptance, digests_of
    from ..runtime.changes import causes

    stage, node = work.context.pipeline.nodes[planned.node], planned.node
    if not stage["cache"]:
        raise Refused(f"{node} always runs (cache = off): no result of it is ever restored")
    if planned.action in ("skip", "fail"):
        raise Refused(f"{node} would not run: {planned.text}")
    if planned.key is None or planned.parts is None:
        waits = next((text_of(c) for c in planned.causes if c.waits), "something before it runs")
        raise Refused(f"what {node} reads is not known yet: {waits}\nrun that first, or accept its change")
    entry, parts = _last_good(work, node)
    if planned.key == entry["key"]:
        raise Refused(f"nothing has changed of {node}")
    for part, what in (("outputs", "it has other outputs now"), ("item", "it is made for another item now")):
        if parts.get(part) != planned.parts.get(part):
            raise Refused(f"{node} cannot keep its result: {what}")
    changed = causes(work.context, stage, parts, planned.parts, _files(work.context, stage))
    texts = tuple(text_of(cause) for cause in changed)
    name = work.context.pipeline.name
    return Acceptance(node, planned.key, entry["key"], digests_of(entry), "", "", "", texts, name)


def _last_good(work: Work, node: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cache entry of the stage's last good result, and what it was made of: that of mlops.lock, else the last of
    this store. Raises Refused where there is none."""
    from ..runtime.acceptances import accepted_for
    from ..runtime.changes import last_of

    context, lock = work.context, read_lock(lock_path(work.spec))
    record = lock.record(work.locked(node)) if lock else None
    last = last_of(context, node)
    keys = [found["key"] for found in (record, last) if found]
    if not keys:
        raise Refused(f"{node} has no result yet")
    for key in keys:
        accepted = accepted_for(context, key)
        entry = context.store.cached(accepted.result if accepted else key)
        if entry is None:
            continue
        made = context.store.record(entry["run"], node) or {}
        for found in (made, last or {}):
            if found.get("key") == entry["key"] and found.get("key_parts"):
                return entry, found["key_parts"]
        raise Refused(f"what the result of {node} was made of is not known any more: run {entry['run']} is gone")
    raise Refused(f"the last result of {node} is not in {context.store.where}, as it was put there: it has to run")


def _files(context: Context, stage: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The digests of the files of the local sources that a stage reads."""
    from ..runtime.databases import is_database
    from ..runtime.object_sources import is_object
    from ..runtime.sources import local_artifact
    from ..runtime.web_sources import is_web

    found = {}
    for artifact in (a for i in stage["inputs"] for a in i["artifacts"]):
        node = context.pipeline.nodes.get(artifact)
        if node and node["is"] == "source" and not (is_database(node) or is_web(node) or is_object(node)):
            found[artifact] = local_artifact(node, context.root, context.store.fingerprints)[1]
    return found


def _reason(why: str | None, found: list[Acceptance]) -> str:
    if why is None and sys.stdin.isatty():
        for line in _lines(found):
            click.echo(line, err=True)
        why = click.prompt("why does the result stay valid", err=True)
    reason = " ".join((why or "").split())
    if not reason:
        raise click.UsageError("say why the result stays valid: --why TEXT; whoever reviews it reads that")
    return reason


def _who(root: Path) -> str:
    """`Ann <ann@example.org>` as git knows the user, else the login and the machine."""
    from ..runtime.git import answer_if_any

    name, mail = ((answer_if_any(root, "config", f"user.{part}") or "").strip() for part in ("name", "email"))
    if name or mail:
        return f"{name} <{mail}>" if name and mail else name or mail
    try:
        return f"{getpass.getuser()}@{platform.node()}"
    except (OSError, KeyError):  # a user id without a name, as in containers
        return f"somebody@{platform.node()}"


def _locked(work: Work, accepted: Acceptance) -> dict[str, Any]:
    """The record of mlops.lock: the stage as it is now, with the result that it keeps."""
    from ..runtime.locked import stage_entry

    entry = work.context.store.cached(accepted.result) or {"outputs": {}}
    artifacts = {f"{accepted.node}.{name}": kept for name, kept in entry["outputs"].items()}
    parts = work.planned[accepted.node].parts
    return stage_entry({"key": accepted.key, "key_parts": parts, "artifacts": artifacts, "accepted": accepted.plain()})


def _say(found: list[Acceptance], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([a.plain() for a in found], indent=1, ensure_ascii=False))
        return
    for line in _lines(found):
        click.echo(line)
    click.echo("kept in mlops.lock: commit it, so that others' runs accept it, too")


def _lines(found: list[Acceptance]) -> Iterator[str]:
    for accepted in found:
        results = ", ".join(f"{name} {short_digest(digest)}" for name, digest in accepted.outputs.items())
        yield f"{accepted.node} keeps {results}, although"
        yield from (f"  {cause}" for cause in accepted.causes)


# ---------------------------------------------------------------- list, undo


def _known(work: Work) -> dict[tuple[str, str], tuple[Acceptance, list[str]]]:
    """All acceptances of the pipeline by node and key, and where they are kept."""
    from ..runtime.acceptances import acceptance_of, kept_acceptances

    found: dict[tuple[str, str], tuple[Acceptance, list[str]]] = {}
    lock = read_lock(lock_path(work.spec))
    names = set(lock.names(pipeline_of(work.spec, work.profile))) if lock else set()
    for plain in work.context.accepted.values():
        accepted = acceptance_of(plain)
        if accepted and work.locked(accepted.node) in names:
            found[accepted.node, accepted.key] = accepted, ["mlops.lock"]
    for accepted in kept_acceptances(work.context.store):
        if accepted.pipeline == work.context.pipeline.name:
            found.setdefault((accepted.node, accepted.key), (accepted, []))[1].append("store")
    return dict(sorted(found.items(), key=lambda item: (item[1][0].at, item[0])))


def _list(work: Work, as_json: bool) -> None:
    found = list(_known(work).values())
    holds = {(p.node, p.accepted.key) for p in work.planned.values() if p.accepted}
    if as_json:
        told = [{**a.plain(), "holds": (a.node, a.key) in holds, "kept": where} for a, where in found]
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    if not found:
        click.echo("nothing was accepted")
    for accepted, where in found:
        state = "holds" if (accepted.node, accepted.key) in holds else "does not hold now"
        click.echo(f"{accepted.node}: {accepted.why}")
        click.echo(f"  by {accepted.by} at {accepted.at}; {state}; in {' and '.join(where)}")
        for cause in accepted.causes:
            click.echo(f"  {cause}")


def _undo(work: Work, stage: str, named: list[Planned], as_json: bool) -> None:
    """Takes back all that was accepted of the stages. Their records in the lock are again of what made the results."""
    from ..runtime.acceptances import drop_acceptance
    from ..runtime.locked import stage_entry

    nodes = {p.node for p in named}
    found = [(accepted, where) for accepted, where in _known(work).values() if accepted.node in nodes]
    if not found:
        raise Refused(f"nothing was accepted of {stage}")
    store = work.context.store
    with changed_lock(work.spec) as lock:
        for accepted, where in found:
            name = work.locked(accepted.node)
            if "mlops.lock" not in where or name not in lock.blocks:
                continue
            del lock.blocks[name]
            entry = store.cached(accepted.result)
            made = store.record(entry["run"], accepted.node) if entry else None
            if made and made.get("key") == accepted.result:
                lock.set(name, stage_entry(made))
    for accepted, _ in found:
        drop_acceptance(store, accepted)
    if as_json:
        click.echo(json.dumps([a.plain() for a, _ in found], indent=1, ensure_ascii=False))
        return
    for accepted, _ in found:
        click.echo(f"taken back: {accepted.node}: {accepted.why} (by {accepted.by})")
