"""The pipeline as a whole: its name and environment, the versioning policy, its targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from ..plan import nodes as plan
from ..plan.place import Place
from ..ratchet.pairs import Revision
from .classes import Change, Class
from .code import first_difference, same_code
from .pair import Pair, differing

_WORDS = ("doc", "owner", "tags")
_COMPARED_ELSEWHERE = frozenset(
    {"name", "spec", "digest", "profile", "params", "version", "targets", "tests", "project", "graph", "image"}
)
_OFF = {
    "code": "nobody can tell later which code made a result",
    "data": "nobody can tell later which data made a result",
    "params": "nobody can tell later which params made a result",
    "metadata": "nobody can tell later when and where a result was made",
}


def pipeline_differs(pair: Pair) -> Iterator[Change]:
    """What has changed of the pipeline itself: its name, its versions, its targets, what stands beside the nodes."""
    then, now = pair.before.plan, pair.now.plan
    places = _place(pair.now), _place(pair.before)
    if then.name != now.name:
        why = "models and results are kept under its name"
        yield Change(Class.BREAKING, "pipeline", f"the pipeline is '{now.name}', was '{then.name}'", why, *places)
    for name in (f.name for f in fields(plan.Plan) if f.name not in _COMPARED_ELSEWHERE):
        old, new = getattr(then, name), getattr(now, name)
        if old == new:
            continue
        places = _place(pair.now, name), _place(pair.before, name)
        if name in _WORDS:
            what = "description" if name == "doc" else name
            yield Change(Class.COSMETIC, "pipeline", f"the {what} of the pipeline changed", "words for people", *places)
        else:
            message = f"{name} of the pipeline is {new or 'not said'}, was {old or 'not said'}"
            yield Change(Class.REDEPLOY, "pipeline", message, "what it is built with", *places)
    yield from _version(pair)
    yield from _targets(pair)
    yield from _files(pair)


def _version(pair: Pair) -> Iterator[Change]:
    then, now = pair.before.plan.version, pair.now.plan.version
    for name in differing(then, now):
        old, new = getattr(then, name), getattr(now, name)
        part = {"env_lock": "env", "require_clean": "code", "registry": "model", "registry_uri": "model"}.get(
            name, name
        )
        places = _place(pair.now, part, "version"), _place(pair.before, part, "version")
        message = f"{part} of version is not what it was"
        if name in ("store", "registry", "registry_uri"):
            message = f"the {'store' if name == 'store' else 'registry'} is {_said(new)}, was {_said(old)}"
            why = "who looks for models and results where they were finds none that are new"
            yield Change(Class.BREAKING, "version", message, why, *places)
        elif name == "require_clean" and not new:
            why = "what nobody has committed may be run"
            yield Change(Class.BREAKING, "version", "code need not be a clean commit any more", why, *places)
        elif name == "env_lock":
            why = "nobody can tell later which packages made a result"
            if new is None:
                yield Change(Class.BREAKING, "version", "the environment has no lock any more", why, *places)
            yield from _lock(pair, f"the lock is {_said(new)}, was {_said(old)}", *places)
        elif new == "off":
            yield Change(Class.BREAKING, "version", f"{name} is not versioned any more", _OFF[name], *places)
        else:
            yield Change(Class.REDEPLOY, "version", message, "more is held to than was", *places)
    if now.env_lock is not None and then.env_lock == now.env_lock:
        old_text, new_text = (r.model.project.text(now.env_lock) for r in (pair.before, pair.now))
        if old_text != new_text:
            line = first_difference(old_text or "", new_text or "")
            message = f"{now.env_lock} pins {_pins(old_text or '', new_text or '')}"
            yield from _lock(pair, message, Place(now.env_lock, line, 1), Place(now.env_lock, line, 1))


def _lock(pair: Pair, message: str, now: Place | None, was: Place | None) -> Iterator[Change]:
    """The lock is part of every key."""
    stages = pair.now.plan.of(plan.Stage)
    changes = [pair.remade(s.id, "environment", message, now, was) for s in stages]
    models = tuple(dict.fromkeys(m for c in changes for m in c.models))
    if models:
        yield Change(Class.RETRAIN, "environment", message, f"{', '.join(models)} made anew", now, was, models)
    elif changes:
        yield changes[0]


def _pins(old: str, new: str) -> str:
    then, now = (dict(re.findall(r"^([A-Za-z0-9._-]+)\s*==\s*([^\s;#\\]+)", t, re.MULTILINE)) for t in (old, new))
    said = [f"{n} {v}, was {then.get(n, 'not there')}" for n, v in now.items() if then.get(n) != v]
    said += [f"no {n}" for n in then if n not in now]
    return "; ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else "") or "other things"


def _targets(pair: Pair) -> Iterator[Change]:
    then, now = pair.before.plan.targets, pair.now.plan.targets
    for name in dict.fromkeys([*now, *then]):
        if then.get(name) == now.get(name):
            continue
        is_ = "is new" if name not in then else "is gone" if name not in now else "has other options"
        places = _target(pair.now, name), _target(pair.before, name)
        yield Change(Class.REDEPLOY, f"target {name}", f"target {name} {is_}", "where and how it is run", *places)


def _target(revision: Revision, name: str) -> Place | None:
    found = revision.model.targets.get(name)
    return revision.model.place(found.name.span) if found else None


def _files(pair: Pair) -> Iterator[Change]:
    """Files that travel and are no stage's code: of deploys, of checks, the requirements."""
    of_stages = {f for r in (pair.before, pair.now) for s in r.plan.of(plan.Stage) for f in s.code}
    lock = pair.now.plan.version.env_lock
    then, now = ({f.path: f.text for f in r.plan.project} for r in (pair.before, pair.now))
    for path in sorted({*then, *now} - of_stages - {lock}):
        if not same_code(path, then.get(path), now.get(path)):
            line = first_difference(then.get(path) or "", now.get(path) or "")
            places = (Place(path, line, 1) if path in now else None, Place(path, line, 1) if path in then else None)
            is_ = "is new" if path not in then else "is gone" if path not in now else "changed"
            yield Change(Class.REDEPLOY, path, f"{path} {is_}", "it travels with what is built", *places)


def _place(revision: Revision, part: str | None = None, block: str = "pipeline") -> Place | None:
    entity = revision.model.version if block == "version" else revision.model.pipeline
    if entity is None:
        entity, part = revision.model.pipeline, None
    if entity is None:
        return None
    attribute = entity.attributes.get(part) if part else None
    return revision.model.place(attribute.span if attribute else entity.name.span)


def _said(value: object) -> str:
    if isinstance(value, plan.Secret):
        return f'secret("{value.name}")'
    return f'"{value}"' if value is not None else "not said"
