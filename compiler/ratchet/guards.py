"""Guards of two revisions: which are gone, which ask for less, which stand before less."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Note
from ..semantics.model import GuardModel
from . import rules
from .asks import STRENGTH, Ask, asks_of_guard
from .cover import Version, asks_on, is_covered, kin_of, version_of
from .findings import Finding
from .pairs import Revision, artifact_now, deploy_now


def guards_ask_for_less(before: Revision, now: Revision) -> Iterator[Finding]:
    """What the guards of before asked that nothing on their subject asks now, and deploys that do not wait for it."""
    for guard in before.model.guards.values():
        same = now.model.guards.get(guard.name.text)
        subject = artifact_now(guard.subject.name, before, now)
        if subject is None and same is not None:
            subject = same.subject.name
        pool = asks_on(subject, now.model) if subject is not None else ()
        asked = tuple(asks_of_guard(guard))
        lost = [ask for ask in asked if not is_covered(ask, pool)]
        if same is not None and subject is not None and same.subject.name != subject and lost:
            yield _moved(guard, same)
            continue
        # What a rule became is among those that were not there: one that stays as it was is no version of another.
        known = {a.text for a in asks_on(guard.subject.name, before.model)}
        fresh = tuple(a for a in pool if a.text not in known)
        gone = _by_rule([a for a in lost if version_of(a, fresh) is None])
        if same is None and len(gone) == len(_by_rule(list(asked))):
            yield _removed(guard, subject)
            continue
        for asks in _by_rule(lost).values():
            yield _lost_rule(asks, guard, same, fresh)
        if subject is not None:
            yield from _deploys_without(guard, subject, before, now)


def _by_rule(asks: list[Ask]) -> dict[int, list[Ask]]:
    found: dict[int, list[Ask]] = {}
    for ask in asks:
        found.setdefault(id(ask.rule), []).append(ask)
    return found


def _names(guard: GuardModel) -> tuple[str, ...]:
    return (guard.name.text, *((guard.template,) if guard.template else ()))


def _removed(guard: GuardModel, subject: str | None) -> Finding:
    count = len(guard.rules)
    message = f"guard '{guard.name.text}' is gone, and with it {count} rule{'s' if count != 1 else ''}"
    if subject is None:
        message += f"; so is '{guard.subject.name}', which it was on"
    return Finding(rules.GUARD_REMOVED, guard.name.span, message, names=_names(guard))


def _moved(guard: GuardModel, same: GuardModel) -> Finding:
    message = f"guard '{guard.name.text}' was on '{guard.subject.name}', and is on '{same.subject.name}' now"
    notes = (Note("it was here", guard.subject_span),)
    hint = f"put it back, or a guard with these rules on '{guard.subject.name}'"
    return Finding(rules.GUARD_MOVED, same.subject_span, message, notes, _names(guard), None, same, hint)


def _lost_rule(asks: list[Ask], guard: GuardModel, same: GuardModel | None, fresh: tuple[Ask, ...]) -> Finding:
    versions = [(ask, version_of(ask, fresh)) for ask in asks]
    old, version = next(((a, v) for a, v in versions if v is not None), (asks[0], None))
    if version is None:
        kin = kin_of(old, fresh)
        if kin is not None:
            return _asked_otherwise(old, kin, guard)
        return _rule_removed(old, guard, same, fresh)
    return _looser(old, version, guard)


def _looser(old: Ask, version: Version, guard: GuardModel) -> Finding:
    new = version.new
    notes = [Note("it was", old.span)]
    if new.guard is not None and new.guard.template is not None:
        notes.append(Note("its template is applied here", new.guard.span))
    names = _names(guard) if new.guard is None else ()
    if version.only_action:
        message = f"'{new.text}': {version.reasons[0]}"
        return Finding(rules.ACTION_WEAKENED, new.span, message, tuple(notes), names, new.rule, new.guard)
    why = [r for r in version.reasons if r != "its limit is wider"]
    message = f"'{new.text}' asks for less than '{old.text}' did" + (f": {', and '.join(why)}" if why else "")
    return Finding(rules.RULE_LOOSENED, new.span, message, tuple(notes), names, new.rule, new.guard)


def _asked_otherwise(old: Ask, new: Ask, guard: GuardModel) -> Finding:
    """What it compares with, or of what, is another: only a person can say which of the two asks for more."""
    reference = "against: " in new.text + old.text
    message = f"nothing asks any more for '{old.text}' of '{guard.subject.name}'; '{new.text}' is another question"
    if reference:
        message = f"'{new.text}' compares with something else than '{old.text}' did"
    hint = "bring it back beside the new one"
    notes = (Note("it was", old.span),)
    rule = rules.REFERENCE_CHANGED if reference else rules.RULE_REMOVED
    names = _names(guard) if new.guard is None else ()
    return Finding(rule, new.span, message, notes, names, new.rule, new.guard, hint)


def _rule_removed(old: Ask, guard: GuardModel, same: GuardModel | None, fresh: tuple[Ask, ...]) -> Finding:
    message = f"nothing asks any more for '{old.text}' of '{guard.subject.name}'"
    if same is None:
        return Finding(rules.RULE_REMOVED, old.span, message, names=_names(guard))
    notes = [Note("it was", old.span)]
    added = {a.text: a for a in fresh if a.guard is same}
    notes += [Note("this is new here, and may be what it became", a.span) for a in added.values()]
    return Finding(rules.RULE_REMOVED, same.name.span, message, tuple(notes), _names(guard), None, same)


def _deploys_without(guard: GuardModel, subject: str, before: Revision, now: Revision) -> Iterator[Finding]:
    """Deploys that waited for a guard that could stop them, and wait for none on its subject now."""
    if all(STRENGTH[a.action] == STRENGTH["warn"] for a in asks_of_guard(guard)):
        return
    behind = now.deploys_behind_any_on(subject)
    for name in sorted(before.deploys_behind(guard)):
        deploy = deploy_now(name, before, now)
        if deploy is not None and deploy not in behind:
            message = f"deploy '{deploy}' waited for guard '{guard.name.text}', and does so no more"
            notes = (Note("the guard was here", guard.name.span),)
            span = now.model.entities[deploy].name.span
            yield Finding(rules.GUARD_MOVED, span, message, notes, (deploy, *_names(guard)), hint="let it wait again")
