"""What a rule lets through, as facts that can be compared: does one follow from others?

A fact about one measured name is the set of values that it lets through, so that `x between 1 and 5` follows from
`x in [2, 3]`, and from `x >= 2` and `x <= 4` together. A fact about several names is a sum that must not be negative:
`auc >= champion.auc - 0.01` is `auc - champion.auc + 0.01 >= 0`. Numbers are exact fractions, so that `0.8` and `80%`
are equal and nothing is loosened by rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Union

from ..semantics.canonical import Value

_BASELINES = ("champion.", "previous.")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A set of values: those between two ends, of `only` where it is said, and never those of `never`."""

    low: Fraction | str | None = None
    high: Fraction | str | None = None
    low_open: bool = False
    high_open: bool = False
    only: frozenset[Value] | None = None
    never: frozenset[Value] = frozenset()

    def __contains__(self, value: Value) -> bool:
        if value in self.never or (self.only is not None and value not in self.only):
            return False
        return _beyond(value, self.low, self.low_open, 1) and _beyond(value, self.high, self.high_open, -1)

    def __and__(self, other: Allowed) -> Allowed:
        low, low_open = _tighter(self.low, self.low_open, other.low, other.low_open, 1)
        high, high_open = _tighter(self.high, self.high_open, other.high, other.high_open, -1)
        only = self.only if other.only is None else other.only if self.only is None else self.only & other.only
        return Allowed(low, high, low_open, high_open, only, self.never | other.never)

    def whole_numbers(self) -> Allowed:
        """The ends as those of whole numbers: above 9 is from 10."""
        low, high = self.low, self.high
        if isinstance(low, Fraction):
            low = Fraction(floor(low) + 1 if self.low_open else ceil(low))
        if isinstance(high, Fraction):
            high = Fraction(ceil(high) - 1 if self.high_open else floor(high))
        return Allowed(low, high, only=self.only, never=self.never)

    @property
    def values(self) -> frozenset[Value] | None:
        """All of its values, where they can be counted."""
        if self.only is not None:
            return frozenset(v for v in self.only if v in self)
        if self.low is not None and type(self.low) is type(self.high):
            if self.low == self.high:
                return frozenset([self.low] if self.low in self else [])
            if _less(self.high, self.low):
                return frozenset()
        return None

    def within(self, other: Allowed) -> bool:
        """Whether the other lets through whatever this one does."""
        values = self.values
        if values is not None:
            return all(v in other for v in values)
        if other.only is not None or any(v in self for v in other.never):
            return False
        low_open = self.low_open or self.low in self.never
        high_open = self.high_open or self.high in self.never
        return _covers(self.low, low_open, other.low, other.low_open, 1) and _covers(
            self.high, high_open, other.high, other.high_open, -1
        )


def _less(a: Fraction | str | None, b: Fraction | str | None) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a < b
    return isinstance(a, Fraction) and isinstance(b, Fraction) and a < b


def _beyond(value: Value, end: Fraction | str | None, end_is_open: bool, side: int) -> bool:
    """Whether a value lies inside of an end: above the low one (side 1), below the high one (-1)."""
    if end is None:
        return True
    if isinstance(value, bool) or type(value) is not type(end):
        return False
    return (value == end and not end_is_open) or (_less(end, value) if side > 0 else _less(value, end))


def _tighter(
    a: Fraction | str | None, a_open: bool, b: Fraction | str | None, b_open: bool, side: int
) -> tuple[Fraction | str | None, bool]:
    if a is None or b is None:
        return (b, b_open) if a is None else (a, a_open)
    if a == b:
        return a, a_open or b_open
    return (b, b_open) if _beyond(b, a, True, side) else (a, a_open)


def _covers(
    end: Fraction | str | None, end_is_open: bool, other: Fraction | str | None, other_is_open: bool, side: int
) -> bool:
    """Whether an end of a set lies inside of the same end of another."""
    if other is None:
        return True
    if end is None:
        return False
    return _beyond(end, other, other_is_open and not end_is_open, side)


@dataclass(frozen=True, slots=True)
class OfOne:
    """One measured name, and the values that are let through."""

    name: str
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Sum:
    """Names times their factors, and a constant: together not negative, or, where `strict`, positive.

    The factor of the first name is 1 or -1, so that equal facts are equal, and it is a number of the subject's own:
    where factors differ, they are those of what it is compared with.
    """

    terms: tuple[tuple[str, Fraction], ...]
    constant: Fraction
    strict: bool

    def follows_from(self, other: Sum) -> bool:
        """Whether it holds wherever the other does. Names whose factors differ are taken to be positive."""
        if [n for n, _ in self.terms] != [n for n, _ in other.terms]:
            return False
        more = [mine - theirs for (_, mine), (_, theirs) in zip(self.terms, other.terms, strict=True)]
        room = self.constant - other.constant
        return all(m >= 0 for m in more) and (room > 0 or (room == 0 and (other.strict or not self.strict)))


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows are equal in these columns."""

    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Said:
    """Anything else: it follows from itself alone."""

    text: str


Fact = Union[OfOne, Sum, Unique, Said]


def names_of(fact: Fact) -> frozenset[str]:
    """What a fact is about: facts about the same are versions of each other."""
    if isinstance(fact, OfOne):
        return frozenset([fact.name])
    if isinstance(fact, Sum):
        return frozenset(name for name, _ in fact.terms)
    if isinstance(fact, Unique):
        return frozenset(f"unique {c}" for c in fact.columns)
    return frozenset([fact.text])


def follows(fact: Fact, known: Iterable[Fact]) -> bool:
    """Whether a fact holds wherever all of the known ones do."""
    known = tuple(known)
    if isinstance(fact, OfOne):
        together = Allowed()
        for other in known:
            if isinstance(other, OfOne) and other.name == fact.name:
                together = together & other.allowed
        return together.within(fact.allowed)
    if isinstance(fact, Sum):
        return any(isinstance(other, Sum) and fact.follows_from(other) for other in known)
    if isinstance(fact, Unique):
        return any(isinstance(other, Unique) and other.columns <= fact.columns for other in known)
    return fact in known


def all_follow(facts: Sequence[Fact], known: Iterable[Fact]) -> bool:
    known = tuple(known)
    return all(follows(fact, known) for fact in facts)


def sum_fact(terms: Mapping[str, Fraction], constant: Fraction, strict: bool) -> Fact | None:
    """The fact that names times factors, plus a constant, are not negative; nothing where no name is left."""
    left = sorted(((n, f) for n, f in terms.items() if f), key=lambda t: (t[0].startswith(_BASELINES), t[0]))
    if not left:
        return None
    scale = abs(left[0][1])
    scaled = tuple((name, factor / scale) for name, factor in left)
    constant /= scale
    if len(scaled) > 1:
        return Sum(scaled, constant, strict)
    (name, factor), end = scaled[0], -constant / scaled[0][1]
    if factor > 0:
        return OfOne(name, Allowed(low=end, low_open=strict))
    return OfOne(name, Allowed(high=end, high_open=strict))
