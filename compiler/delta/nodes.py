"""Sources, guards, deploys, and what watches: all nodes but the stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..plan import nodes as plan
from .classes import Change, Class
from .pair import Pair, differing, matched, meaning, place_of, written

_KINDS = (plan.Source, plan.Guard, plan.Deploy, plan.Monitor, plan.Trigger, plan.Notify)
_DATA = ("uri", "connection", "table", "query", "format", "version")
_PARTS = {"command": "run", "columns": "schema", "metrics": "model", "limit": "limit"}


def nodes_differ(pair: Pair) -> Iterator[Change]:
    """What has changed of sources, guards, deploys, monitors, triggers and notifications."""
    for kind in _KINDS:
        word = kind.__name__.lower()
        for was, now in matched(_told(pair.before.plan.of(kind)), _told(pair.now.plan.of(kind))):
            name = (now or was).id
            places = place_of(pair.now, name), place_of(pair.before, name)
            if was is None:
                yield _new(pair, word, now, places)
            elif now is None:
                yield from _gone(pair, word, was, places)
            else:
                yield from _differ(pair, word, was, now)


def _told(nodes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without what follows from others: the guard of a schema, the extract of a database's rows."""
    return tuple(n for n in nodes if not getattr(n, "implicit", False) and not getattr(n, "extracts", None))


def _new(pair: Pair, word: str, now: Any, places: tuple[Any, Any]) -> Change:
    message = f"{word} '{now.id}' is new"
    if isinstance(now, plan.Guard) and _sets_aside(now):
        return pair.remade(now.id, now.id, f"{message}, and may set rows aside", *places)
    why = {"guard": "it may stop what comes after", "trigger": "it starts runs"}.get(word, "files are made for it")
    return Change(Class.REDEPLOY, now.id, message, why, *places)


def _gone(pair: Pair, word: str, was: Any, places: tuple[Any, Any]) -> Iterator[Change]:
    message = f"{word} '{was.id}' is gone"
    if isinstance(was, plan.Deploy):
        why = f"'{was.alias}' moves no more" if was.alias else "nothing is deployed any more"
        yield Change(Class.BREAKING, was.id, message, why, *places)
    elif isinstance(was, plan.Guard):
        if _sets_aside(was):
            yield pair.remade(was.subject.partition(".")[0], was.id, f"{message}: it set rows aside", *places)
        elif was.id not in pair.loosened:
            yield Change(Class.REDEPLOY, was.id, message, "all that it asked is still asked", *places)
    else:
        yield Change(Class.REDEPLOY, was.id, message, "files are made without it", *places)


def _differ(pair: Pair, word: str, was: Any, now: Any) -> Iterator[Change]:
    differing_fields = differing(was, now)
    if isinstance(now, plan.Source) and "columns" in differing_fields:
        yield from _schema(pair, was, now)
        differing_fields.remove("columns")
    if isinstance(now, plan.Guard) and differing_fields:
        yield from _guard(pair, was, now)
        differing_fields = []
    for field in differing_fields:
        part = _PARTS.get(field, field)
        places = place_of(pair.now, now.id, part), place_of(pair.before, now.id, part)
        values = written(pair.now, now.id, part), written(pair.before, now.id, part)
        message = f"{part} of {word} '{now.id}' is {values[0]}, was {values[1]}"
        if values[0] == values[1]:
            message = f"{part} of {word} '{now.id}' is not what it was"
        if isinstance(now, plan.Source) and field in _DATA:
            yield pair.remade(now.id, now.id, message, *places)
        elif isinstance(now, plan.Deploy) and field in ("alias", "model"):
            why = "who asks the registry by the name that was gets no new versions"
            yield Change(Class.BREAKING, now.id, message, why, *places)
        elif not (isinstance(now, plan.Trigger) and now.id in pair.loosened and field in ("cooldown", "limit")):
            yield Change(Class.REDEPLOY, now.id, message, _WHY.get(word, "files are made otherwise"), *places)
    if was.doc != now.doc:
        places = place_of(pair.now, now.id), place_of(pair.before, now.id)
        message = f"{word} '{now.id}' is described otherwise"
        yield Change(Class.COSMETIC, now.id, message, "words for people", *places)


_WHY = {
    "deploy": "how models get into use, and not which",
    "trigger": "when runs start, and not what they make",
    "notify": "who is told",
    "monitor": "what is watched",
    "source": "how it is read, and not what",
}


def _guard(pair: Pair, was: plan.Guard, now: plan.Guard) -> Iterator[Change]:
    if (was.id in pair.loosened and not _sets_aside(now)) or _asked(was) == _asked(now):
        return
    places = place_of(pair.now, now.id), place_of(pair.before, now.id)
    if _sets_aside(was) or _sets_aside(now):
        yield pair.remade(now.id, now.id, f"guard '{now.id}' may set other rows aside", *places)
    elif was.id not in pair.loosened:
        yield Change(
            Class.REDEPLOY, now.id, f"guard '{now.id}' asks for more, or otherwise", "it may stop more", *places
        )


def _asked(guard: plan.Guard) -> Any:
    """What a guard asks; the order of its rules is none of it."""
    rules = sorted(repr((rule.text, meaning(rule.limits), rule.offending, rule.message)) for rule in guard.rules)
    return guard.subject, rules, guard.champion, sorted(repr(meaning(m)) for m in guard.measures)


def _sets_aside(guard: plan.Guard) -> bool:
    return any(limit.action == "quarantine" for rule in guard.rules for limit in rule.limits)


def _schema(pair: Pair, was: plan.Source, now: plan.Source) -> Iterator[Change]:
    old, new = ({c.name: c for c in s.columns} for s in (was, now))
    for name in dict.fromkeys([*new, *old]):
        places = _column(pair.now, now.id, name), _column(pair.before, now.id, name)
        message = f"column '{name}' of source '{now.id}'"
        if name not in old:
            why = "data without it is refused"
            yield Change(Class.BREAKING, now.id, f"{message} is asked for", why, *places)
        elif name in new and meaning(old[name]) != meaning(new[name]):
            if _tighter(old[name], new[name]):
                why = "data that passed may be refused"
                yield Change(Class.BREAKING, now.id, f"{message} takes less than it did", why, *places)
            elif now.id not in pair.loosened:
                why = "all that it asked is asked by a guard"
                yield Change(Class.REDEPLOY, now.id, f"{message} takes more than it did", why, *places)
        elif name not in new and now.id not in pair.loosened:
            why = "all that it asked is asked by a guard"
            yield Change(Class.REDEPLOY, now.id, f"{message} is not asked for any more", why, *places)


def _tighter(old: plan.Column, new: plan.Column) -> bool:
    return (
        old.type != new.type
        or (old.nullable and not new.nullable)
        or (new.unique and not old.unique)
        or (new.domain is not None and meaning(new.domain) != meaning(old.domain))
        or (new.pattern is not None and new.pattern != old.pattern)
    )


def _column(revision: Any, source: str, name: str) -> Any:
    entity = revision.model.entities.get(source)
    schema = entity.blocks.get("schema") if entity else None
    field = schema.fields.get(name) if schema else None
    return revision.model.place(field.span) if field is not None else place_of(revision, source, "schema")
