"""How far a column has moved from its reference: numbers of two profiles.

`psi` and `js` are Evidently's. Where the reference has more than 20 different numbers, both sides are counted in bins
of equal width from the smallest number of both to the largest, as many as Sturges' rule asks for (`numpy.histogram`
with `bins="sturges"`, where whole numbers have bins at least 1 wide); otherwise, and for texts, each value is a bin.
For `psi` an empty bin counts as a share of 0.0001, or as a millionth of the smallest share where that is 0.0001 or
less. `js` is the distance, the root of the divergence to base e.

`ks` is the statistic of `scipy.stats.ks_2samp`, `wasserstein` is `scipy.stats.wasserstein_distance`, in the column's
own unit (Evidently divides it by the reference's standard deviation, so that its numbers are others). `chi2` is the
p-value of `scipy.stats.chisquare`, with the reference's counts scaled to as many rows as expected ones, as Evidently
has it. A value that the reference lacks has an expectation of 0, and makes it 0; where both have one value and the
same, scipy has no p-value, and ours is 1.

Nulls are left out. From exact profiles the numbers are exact. Otherwise the values of a piece are taken as spread
evenly between its ends, and `low` and `high` say between which bounds the exact number lies. Texts that were put
together have no such bounds.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from .chi_squared import chi_squared_above
from .conditions import UnknownValueError, number_text
from .profiles import MOST, Piece, Profile

SHOWN = 5  # bins that a report shows
_FEW = 20  # different numbers: so many, and no more, are bins by themselves


@dataclass(frozen=True)
class Drift:
    """A measured number, the bounds of the exact one (nothing where they are not known), and what moved most."""

    value: float
    low: float | None
    high: float | None
    moved: list[dict[str, Any]] = field(default_factory=list)


def measure(function: str, reference: Profile, current: Profile) -> Drift:
    """The drift of `current` from `reference`. Raises UnknownValueError with the reason where there is none."""
    for profile, whose in ((current, "the column"), (reference, "the reference")):
        if profile.odd:
            what = "number is" if profile.odd == 1 else "numbers are"
            raise UnknownValueError(f"{profile.odd} {what} NaN or infinite in {whose}")
        if not profile.rows:
            rest = "its values are all nothing" if profile.nulls else "there are no rows to measure"
            raise UnknownValueError(f"{whose} has no value: {rest}")
    if reference.kind != current.kind:
        raise UnknownValueError(f"the reference has {reference.kind}, and the column has {current.kind}")
    if function in ("ks", "wasserstein") and current.kind != "numbers":
        raise UnknownValueError(f"'{function}' wants numbers, and the column has {current.kind}")
    return _FUNCTIONS[function](reference, current)


# ----------------------------------------------------------------- psi, js, chi2


@dataclass(frozen=True)
class _Bin:
    """Rows of the reference and of the column in one bin: about, at least, at most."""

    name: str
    reference: tuple[float, int, int]
    current: tuple[float, int, int]


def _psi(reference: Profile, current: Profile) -> Drift:
    return _divergence(reference, current, _psi_term, filled=True)


def _js(reference: Profile, current: Profile) -> Drift:
    found = _divergence(reference, current, _js_term, filled=False)
    value, low, high = (None if v is None else math.sqrt(max(0.0, v) / 2) for v in (found.value, found.low, found.high))
    assert value is not None
    return Drift(value, low, high, found.moved)


def _psi_term(p: float, q: float) -> float:
    return (p - q) * math.log(p / q)


def _js_term(p: float, q: float) -> float:
    middle = (p + q) / 2
    return sum(x * math.log(x / middle) for x in (p, q) if x > 0)


def _divergence(reference: Profile, current: Profile, term: Callable[[float, float], float], *, filled: bool) -> Drift:
    bins, bounded = _bins(reference, current)
    sides = [
        _shares([getattr(b, side) for b in bins], profile.rows, filled)
        for side, profile in (("reference", reference), ("current", current))
    ]
    terms = [term(p[0], q[0]) for p, q in zip(*sides, strict=True)]
    low = high = None
    if bounded:
        low, high = (math.fsum(b) for b in zip(*(_term_bounds(term, p, q) for p, q in zip(*sides, strict=True)),
                                               strict=True))  # fmt: skip
    order = sorted(range(len(bins)), key=lambda i: -terms[i])[:SHOWN]
    moved = [_moved("values", bins[i].name, bins[i].reference[0] / reference.rows, bins[i].current[0] / current.rows)
             for i in order if terms[i] > 0]  # fmt: skip
    return Drift(math.fsum(terms), low, high, moved)


def _shares(counts: Sequence[tuple[float, int, int]], rows: int, filled: bool) -> list[tuple[float, float, float]]:
    """Counts as shares: about, at least, at most; empty bins filled as Evidently does."""
    if not filled:
        return [(a / rows, b / rows, c / rows) for a, b, c in counts]
    about = _filling(min(c[0] for c in counts if c[0]) / rows)
    fewest = _filling(min(max(c[1], 1) for c in counts if c[2]) / rows)
    return [(a / rows or about, b / rows or min(about, fewest), c / rows or about) for a, b, c in counts]


def _filling(smallest: float) -> float:
    return smallest / 10**6 if smallest <= 0.0001 else 0.0001


def _term_bounds(
    term: Callable[[float, float], float], p: tuple[float, float, float], q: tuple[float, float, float]
) -> tuple[float, float]:
    """The least and the most that a term can be. It is convex, and 0 where both shares are equal."""
    most = max(term(a, b) for a in p[1:] for b in q[1:])
    if p[1] > q[2]:
        return term(p[1], q[2]), most
    if q[1] > p[2]:
        return term(p[2], q[1]), most
    return 0.0, most


def _bins(reference: Profile, current: Profile) -> tuple[list[_Bin], bool]:
    """Rows by bin, and whether their bounds are known."""
    if reference.kind == "numbers" and len(reference.pieces) > _FEW:
        edges = _edges(reference, current)
        sides = [_histogram(profile.pieces, edges) for profile in (reference, current)]
        names = [f"{number_text(a)} to {number_text(b)}" for a, b in pairwise(edges)]
        return [_Bin(name, a, b) for name, a, b in zip(names, *sides, strict=True)], True
    return [
        _Bin(name, (a, a, a), (b, b, b)) for name, a, b in _categories(reference, current)
    ], reference.exact and current.exact  # fmt: skip


def _edges(reference: Profile, current: Profile) -> list[float]:
    """Bins of equal width by Sturges' rule, to the last bit as numpy computes them."""
    smallest, largest = (
        min(reference.pieces[0].low, current.pieces[0].low),
        max(reference.pieces[-1].high, current.pieces[-1].high),
    )
    span = largest - smallest
    width = span / (math.log2(reference.rows + current.rows) + 1.0)
    if reference.whole and current.whole:
        width = max(width, 1)
    if not 0 < width < math.inf:
        raise UnknownValueError("its numbers lie too close together or too far apart for bins")
    count = math.ceil(span / width)
    step = span / count
    edges = [i * step + smallest for i in range(count)] + [largest]
    if any(a >= b for a, b in pairwise(edges)):
        raise UnknownValueError("its numbers lie too close together for bins")
    return edges


def _histogram(pieces: Iterable[Piece], edges: Sequence[float]) -> list[tuple[float, int, int]]:
    last = len(edges) - 2
    about, least, most = ([0.0] * (last + 1), [0] * (last + 1), [0] * (last + 1))
    for piece in pieces:
        first, final = (min(bisect_right(edges, v) - 1, last) for v in (piece.low, piece.high))
        if first == final:
            about[first] += piece.rows
            least[first] += piece.rows
        for i in range(first, final + 1):
            most[i] += piece.rows
            if first != final:
                inside = min(edges[i + 1], piece.high) - max(edges[i], piece.low)
                about[i] += piece.rows * inside / (piece.high - piece.low)
    return list(zip(about, least, most, strict=True))


def _categories(reference: Profile, current: Profile) -> list[tuple[str, int, int]]:
    """Each value with its rows in both. Where there were too many texts to keep, values are groups of texts."""
    shift = 0 if reference.exact and current.exact else max(reference.shift, current.shift)
    before, now = (profile.at(shift) for profile in (reference, current))
    found = []
    for key in dict.fromkeys((*before, *now)):
        piece = before.get(key) or now[key]
        name = number_text(piece.low) if piece.single and isinstance(piece.low, float) else str(piece.low)
        a, b = (side[key].rows if key in side else 0 for side in (before, now))
        found.append((name, a, b))
    return found


def _chi2(reference: Profile, current: Profile) -> Drift:
    if current.kind == "numbers" and not (reference.exact and current.exact):
        raise UnknownValueError(f"'chi2' compares categories, and the column has more than {MOST} different numbers")
    groups = _categories(reference, current)
    scale = current.rows / reference.rows
    terms = [(now - before * scale) ** 2 / (before * scale) if before else math.inf for _, before, now in groups]
    order = sorted(range(len(groups)), key=lambda i: -terms[i])[:SHOWN]
    moved = [_moved("values", groups[i][0], groups[i][1] / reference.rows, groups[i][2] / current.rows)
             for i in order if terms[i] > 0]  # fmt: skip
    value = chi_squared_above(math.fsum(terms) if math.inf not in terms else math.inf, len(groups) - 1)
    exact = reference.exact and current.exact
    return Drift(value, value if exact else None, value if exact else None, moved)


# -------------------------------------------------------------- ks, wasserstein


@dataclass(frozen=True)
class _At:
    """Shares of the rows up to a point: about, just before it and at it; and bounds up to the next point."""

    before: float
    upto: float
    least: float
    most: float


def _shares_upto(profile: Profile, points: Sequence[float]) -> list[_At]:
    found, done, index, rows = [], 0, 0, profile.rows
    for x in points:
        while index < len(profile.pieces) and profile.pieces[index].high < x:
            done += profile.pieces[index].rows
            index += 1
        piece = profile.pieces[index] if index < len(profile.pieces) else None
        if piece is None or x < piece.low:
            found.append(_At(done / rows, done / rows, done / rows, done / rows))
        elif piece.single or x == piece.high:
            after = (done + piece.rows) / rows
            found.append(_At(done / rows if piece.single else after, after, after, after))
        else:
            inside = (done + piece.rows * (x - piece.low) / (piece.high - piece.low)) / rows
            found.append(_At(inside, inside, done / rows, (done + piece.rows) / rows))
    return found


def _both(reference: Profile, current: Profile) -> tuple[list[float], list[_At], list[_At]]:
    points = sorted({v for profile in (reference, current) for p in profile.pieces for v in (p.low, p.high)})
    return points, _shares_upto(reference, points), _shares_upto(current, points)


def _ks(reference: Profile, current: Profile) -> Drift:
    points, before, now = _both(reference, current)
    far = [abs(a.upto - b.upto) for a, b in zip(before, now, strict=True)]
    low = max(0.0, *(max(a.least - b.most, b.least - a.most) for a, b in zip(before, now, strict=True)))
    high = max(max(a.most - b.least, b.most - a.least) for a, b in zip(before, now, strict=True))
    worst = max(range(len(far)), key=lambda i: round(far[i], 12))  # the first of those that are as far
    moved = [_moved("values", f"up to {number_text(points[worst])}", before[worst].upto, now[worst].upto)]
    return Drift(max(far), low, high, moved if far[worst] else [])


def _wasserstein(reference: Profile, current: Profile) -> Drift:
    points, before, now = _both(reference, current)
    areas = []
    for i in range(len(points) - 1):
        left, right = before[i].upto - now[i].upto, before[i + 1].before - now[i + 1].before
        areas.append(_mean_distance(left, right) * (points[i + 1] - points[i]))
    value = math.fsum(areas)
    if not math.isfinite(value):
        raise UnknownValueError("its numbers lie too far apart")
    # Rows of one piece spread evenly are at most half its width, on average, from where they are.
    error = math.fsum(p.rows / s.rows * (p.high - p.low) / 2 for s in (reference, current) for p in s.pieces)
    moved = [
        {"share of rows": f"{share:.0%}", "reference": _quantile(reference, share), "now": _quantile(current, share)}
        for share in (0.05, 0.25, 0.5, 0.75, 0.95)
    ]
    return Drift(value, max(0.0, value - error), value + error, moved if value else [])


def _mean_distance(left: float, right: float) -> float:
    """The mean distance from 0 of what goes straight from one number to another."""
    if left * right >= 0:
        return abs(left + right) / 2
    return (left * left + right * right) / (2 * (abs(left) + abs(right)))


def _quantile(profile: Profile, share: float) -> float:
    """The smallest kept value up to which at least that share of the rows lies."""
    done, wanted = 0, share * profile.rows
    for piece in profile.pieces:
        done += piece.rows
        if done >= wanted:
            break
    return float(piece.high)


def _moved(what: str, name: str, before: float, now: float) -> dict[str, Any]:
    return {what: name, "reference": f"{before:.1%}", "now": f"{now:.1%}"}


_FUNCTIONS: dict[str, Callable[[Profile, Profile], Drift]] = {
    "psi": _psi,
    "ks": _ks,
    "js": _js,
    "chi2": _chi2,
    "wasserstein": _wasserstein,
}
