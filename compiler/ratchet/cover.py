"""Whether what was asked is still asked: by any rule on the same subject, in a guard or in a schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..semantics.model import Model
from .asks import STRENGTH, WHOLE, Ask, asks_of_guard, asks_of_schema, what_goes_without_saying
from .limits import Fact, all_follow, names_of


def asks_on(artifact: str, model: Model) -> tuple[Ask, ...]:
    """All that a spec asks of an artifact."""
    found = [a for g in model.guards.values() if g.subject.name == artifact for a in asks_of_guard(g)]
    if artifact in model.sources:
        found += asks_of_schema(model.sources[artifact], model)
    return tuple(found)


def is_covered(old: Ask, pool: Sequence[Ask]) -> bool:
    """Whether the pool asks for all that the old demand did, at least as hard."""
    return not _lost(old, [n for n in pool if not _weaker(n, old) and _same_rows(n, old) and not _thinner(n, old)])


def _lost(old: Ask, pool: Sequence[Ask]) -> bool:
    facts: list[Fact] = [f for n in pool if n.share == WHOLE for f in n.facts]
    known = [*facts, *what_goes_without_saying(facts, old.facts), *what_goes_without_saying(old.facts)]
    if all_follow(old.facts, known):
        return False
    return not any(n.share >= old.share and all_follow(old.facts, [*known, *n.facts]) for n in pool)


def _weaker(new: Ask, old: Ask) -> bool:
    return STRENGTH[new.action] < STRENGTH[old.action]


def _thinner(new: Ask, old: Ask) -> bool:
    """Whether slices are left out that were judged."""
    return 0 < old.support < new.support


def _same_rows(new: Ask, old: Ask) -> bool:
    """Whether every row that was looked at is looked at. Shares and numbers of the table need the very same rows."""
    if new.rows != old.rows:
        return False
    more = all_follow(new.where, old.where)
    return more and ((new.rows and new.share == WHOLE) or all_follow(old.where, new.where))


@dataclass(frozen=True)
class Version:
    """What a demand has become, and in what it is weaker."""

    new: Ask
    only_action: bool
    reasons: tuple[str, ...]


def kin_of(old: Ask, pool: Iterable[Ask]) -> Ask | None:
    """A demand that calls the same function of the same column in another way.

    Against something else, of another quantile, or of the whole and not by slices.
    """
    called = {_stem(n) for n in _names(old) if "(" in n}
    return next((n for n in pool if n.rows == old.rows and called & {_stem(m) for m in _names(n) if "(" in m}), None)


def _stem(name: str) -> str:
    return re.split(r"[,)]", name)[0]


def version_of(old: Ask, pool: Iterable[Ask]) -> Version | None:
    """The demand that is most like the old one and asks for less; nothing where none is about the same."""
    names = _names(old)
    alike = [n for n in pool if n.rows == old.rows and _about_the_same(_names(n), names)]
    versions = [(n, _reasons(old, n)) for n in alike]

    def distance(version: tuple[Ask, tuple[str, ...]]) -> tuple[bool, bool, int]:
        new, reasons = version
        elsewhere = (new.guard.name.text if new.guard else "") != (old.guard.name.text if old.guard else "")
        return _names(new) != names, elsewhere, len(reasons)

    if not versions:
        return None
    new, reasons = min(versions, key=distance)
    only_action = _weaker(new, old) and len(reasons) == 1
    return Version(new, only_action, reasons)


def _about_the_same(new: frozenset[str], old: frozenset[str]) -> bool:
    return bool(new) and (new <= old or old <= new)


def _names(ask: Ask) -> frozenset[str]:
    return frozenset[str]().union(*(names_of(f) for f in ask.facts))


def _reasons(old: Ask, new: Ask) -> tuple[str, ...]:
    found = []
    if _weaker(new, old):
        found.append(f"it {_PAST[old.action]}, and now it {_PRESENT[new.action]}")
    if not _same_rows(new, old):
        found.append("it is about other rows, or fewer")
    if _thinner(new, old):
        found.append(f"slices of fewer than {new.support} rows are left out, and it was {old.support}")
    if new.share < old.share:
        found.append(f"a share of {float(new.share):.6g} of the rows is enough, and it was {float(old.share):.6g}")
    if not all_follow(old.facts, [*new.facts, *what_goes_without_saying((*new.facts, *old.facts))]):
        found.append("its limit is wider")
    return tuple(found)


_PAST = {"warn": "warned", "quarantine": "put rows aside", "block": "blocked"}
_PRESENT = {"warn": "warns", "quarantine": "puts rows aside", "block": "blocks"}
