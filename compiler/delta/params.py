"""Params of two revisions: who starts runs may be refused, or may get another model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..plan import nodes as plan
from ..plan.place import Place
from ..ratchet.pairs import Revision
from .classes import Change, Class
from .pair import Pair, matched, shortened


def params_differ(pair: Pair) -> Iterator[Change]:
    """What has changed of params: for those who give them, and for the results that they are in."""
    old, new = (tuple(_Named(p.name, p) for p in r.plan.params) for r in (pair.before, pair.now))
    for was, now in matched(old, new):
        name = (now or was).id
        places = _place(pair.now, name), _place(pair.before, name)
        subject = f"param {name}"
        if now is None:
            yield Change(Class.BREAKING, subject, f"param '{name}' is gone", "who gives it is refused", *places)
        elif was is None:
            if now.param.value is None:
                why = "a run without it is refused"
                yield Change(Class.BREAKING, subject, f"param '{name}' is new and has no default", why, *places)
            else:
                yield Change(
                    Class.REDEPLOY, subject, f"param '{name}' is new", "who gives none gets its default", *places
                )
        else:
            yield from _differ(pair, was.param, now.param, places)


@dataclass(frozen=True)
class _Named:
    id: str
    param: plan.Param


def _place(revision: Revision, name: str) -> Place | None:
    found = revision.model.params.get(name)
    return revision.model.place(found.declaration.span) if found else None


def _differ(
    pair: Pair, was: plan.Param, now: plan.Param, places: tuple[Place | None, Place | None]
) -> Iterator[Change]:
    name, subject = now.name, f"param {now.name}"
    if was.type != now.type:
        message = f"param '{name}' is {now.type}, was {was.type}"
        yield Change(Class.BREAKING, subject, message, "values that were taken may be refused", *places)
    elif (was.low, was.high, was.choices) != (now.low, now.high, now.choices):
        if _narrower(was, now):
            message = f"param '{name}' takes fewer values than it did"
            yield Change(Class.BREAKING, subject, message, "values that were taken are refused", *places)
        else:
            message = f"param '{name}' takes more values than it did"
            yield Change(Class.REDEPLOY, subject, message, "what was taken is still taken", *places)
    if was.value != now.value:
        if now.value is None:
            message = f"param '{name}' has no default any more"
            yield Change(Class.BREAKING, subject, message, "a run without it is refused", *places)
            return
        message = f"param '{name}' is {_shown(now.value)}, was {_shown(was.value)}"
        users = [s.id for s in pair.now.plan.of(plan.Stage) if name in s.params or _asks(s.when, name)]
        changes = [pair.remade(user, subject, message, *places) for user in users]
        models = tuple(dict.fromkeys(m for c in changes for m in c.models))
        if models:
            yield replace(changes[0], kind=Class.RETRAIN, why=f"{', '.join(models)} made anew", models=models)
        else:
            yield Change(Class.REDEPLOY, subject, message, "no model depends on it", *places)
    if was.doc != now.doc:
        yield Change(Class.COSMETIC, subject, f"param '{name}' is described otherwise", "words for people", *places)


def _narrower(was: plan.Param, now: plan.Param) -> bool:
    """Whether some value that was taken is not taken now."""
    if now.choices:
        return not was.choices or not set(was.choices) <= set(now.choices)
    bounds_fit = (now.low is None or (was.low is not None and was.low >= now.low)) and (
        now.high is None or (was.high is not None and was.high <= now.high)
    )
    if was.choices:
        numbers = [c for c in was.choices if isinstance(c, int | float)]
        within = all((now.low is None or c >= now.low) and (now.high is None or c <= now.high) for c in numbers)
        return not within
    return not bounds_fit


def _asks(condition: Any, name: str) -> bool:
    if isinstance(condition, plan.Ref):
        return condition.scope == "param" and condition.name == name
    return any(_asks(part, name) for part in getattr(condition, "args", ()))


def _shown(value: Any) -> str:
    return "not given" if value is None else shortened(f'"{value}"' if isinstance(value, str) else f"{value}")
