"""Profiles: what a column's values looked like, small enough to keep with a run and with a model's version.

A profile is a partition of the values into pieces, each with how many rows it has. A piece of one value knows it; where
all are, the profile is exact, and nothing was lost. The partition is a fixed grid over keys of the values, coarsened by
dropping low bits, and only until no more than `MOST` pieces are left:

- the key of a number is the 64 bits of its IEEE 754 form, so pieces are as fine, relatively, for small numbers as for
  large ones;
- the key of a text is the first 60 bits of its MD5, so which texts are put together where there are too many is
  arbitrary, and the same in every run.

Which pieces there are depends on the values alone, and nothing is rounded. So profiles merge exactly, in any order: the
profile of two tables is that of all their rows.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Union

MOST = 8192  # pieces
FORMAT = 1
_NEGATIVE = -(1 << 63)  # the key of the zero below zero, which is counted as the other one
Value = Union[float, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Values that are not told apart, from `low` to `high`, and how many rows have one of them.

    `key` is that of the value, or of the first that the piece could hold. Of several texts no ends are known: `high` is
    then nothing.
    """

    key: int
    low: Any
    high: Any
    rows: int

    @classmethod
    def of(cls, value: Value, rows: int) -> Piece:
        return cls(key_of(value), value, value, rows)

    @property
    def single(self) -> bool:
        return bool(self.low == self.high)


@dataclass(frozen=True, slots=True)
class Profile:
    """The values of one column.

    `kind` is numbers or texts; `rows` have a value, `nulls` have none, `odd` have a NaN or an infinity. `whole` says
    that the column is of a type for whole numbers. `shift` is how many low bits of the keys were dropped; pieces are in
    order of `low`. `least` and `most` are the smallest and the largest number.
    """

    kind: str
    rows: int
    whole: bool
    nulls: int
    odd: int
    shift: int
    least: float | None
    most: float | None
    pieces: tuple[Piece, ...]

    @classmethod
    def of(
        cls,
        kind: str,
        pieces: Iterable[Piece],
        *,
        shift: int = 0,
        whole: bool = False,
        nulls: int = 0,
        odd: int = 0,
        ends: Iterable[float] = (),
    ) -> Profile:
        """The profile of these pieces, on the finest grid that is small enough and drops no fewer bits than `shift`.

        `ends` are the smallest and largest numbers, where pieces of one value do not tell.
        """
        given = tuple(pieces)
        found = _on_grid(given, kind, shift)
        while len(found) > MOST:
            shift += 1
            found = _on_grid(found.values(), kind, shift)
        least = most = None
        if kind == "numbers" and given:
            numbers = [*ends, *(p.low for p in given if p.single)]
            least, most = min(numbers), max(numbers)
            found = {k: p if p.single else _clipped(p, least, most) for k, p in found.items()}
        kept = tuple(sorted(found.values(), key=lambda p: p.low))
        exact = all(p.single for p in kept)
        return cls(kind, sum(p.rows for p in kept), whole, nulls, odd, 0 if exact else shift, least, most, kept)

    @classmethod
    def of_values(cls, values: Iterable[Any]) -> Profile:
        """The profile of a few values: texts, numbers, or truths, and None where there is none."""
        given = list(values)
        there = [v for v in given if v is not None]
        texts = any(isinstance(v, str | bool) for v in there)
        if texts:
            plain: list[Any] = [str(v).lower() if isinstance(v, bool) else v for v in there]
        else:
            plain = [float(v) + 0.0 for v in there if abs(v) < float("inf")]
        return cls.of(
            "texts" if texts else "numbers",
            (Piece.of(v, 1) for v in plain),
            whole=not texts and all(isinstance(v, int) for v in there),
            nulls=len(given) - len(there),
            odd=len(there) - len(plain),
        )

    @property
    def exact(self) -> bool:
        """Whether no two values were put together."""
        return all(p.single for p in self.pieces)

    def merged(self, other: Profile) -> Profile:
        """The profile of the rows of both. Both are of one kind."""
        return Profile.of(
            self.kind,
            (*self.pieces, *other.pieces),
            shift=max(self.shift, other.shift),
            whole=self.whole and other.whole,
            nulls=self.nulls + other.nulls,
            odd=self.odd + other.odd,
            ends=[e for e in (self.least, self.most, other.least, other.most) if e is not None],
        )

    def at(self, shift: int) -> dict[int, Piece]:
        """The pieces by key, on a grid as coarse as this or coarser."""
        return _on_grid(self.pieces, self.kind, shift)

    def plain(self) -> dict[str, Any]:
        """As JSON holds it: rows by value, and rows by key on the grid for the pieces of several values."""
        number = (lambda v: int(v) if v == int(v) and abs(v) < 2**53 else v) if self.kind == "numbers" else str
        ends = [] if self.least is None or self.most is None else [number(self.least), number(self.most)]
        return {
            "format": FORMAT,
            "kind": self.kind,
            "whole": self.whole,
            "rows": self.rows,
            "nulls": self.nulls,
            "odd": self.odd,
            "ends": ends,
            "values": [number(p.low) for p in self.pieces if p.single],
            "rows_of_values": [p.rows for p in self.pieces if p.single],
            "shift": self.shift,
            "groups": [p.key >> self.shift for p in self.pieces if not p.single],
            "rows_of_groups": [p.rows for p in self.pieces if not p.single],
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Profile:
        """Raises ValueError where it is no profile that this runtime can read."""
        try:
            if found["format"] != FORMAT:
                raise ValueError(f"profile format {found['format']!r} is not {FORMAT}")
            kind, shift = str(found["kind"]), int(found["shift"])
            number = float if kind == "numbers" else str
            values = zip(found["values"], found["rows_of_values"], strict=True)
            groups = zip(found["groups"], found["rows_of_groups"], strict=True)
            pieces = [Piece.of(number(value), int(rows)) for value, rows in values]
            pieces += [several(kind, int(key), shift, int(rows)) for key, rows in groups]
            return cls.of(
                kind,
                pieces,
                shift=shift,
                whole=bool(found["whole"]),
                nulls=int(found["nulls"]),
                odd=int(found["odd"]),
                ends=[float(e) for e in found["ends"]],
            )
        except (KeyError, TypeError) as e:
            raise ValueError(f"it is no profile: {e!r}") from e


def key_of(value: Value) -> int:
    """Where a value lies on the grid."""
    if isinstance(value, str):
        return int(hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()[:15], 16)
    (bits,) = struct.unpack(">q", struct.pack(">d", value))
    return int(bits)


def number_of(key: int) -> float:
    (value,) = struct.unpack(">d", struct.pack(">q", key))
    return float(value)


def _on_grid(pieces: Iterable[Piece], kind: str, shift: int) -> dict[int, Piece]:
    found: dict[int, Piece] = {}
    for piece in pieces:
        key = piece.key >> shift
        there = found.get(key)
        if there is None:
            found[key] = piece if piece.single else several(kind, key, shift, piece.rows)
        elif there.single and there.low == piece.low and piece.single:
            found[key] = replace(there, rows=there.rows + piece.rows)
        else:
            found[key] = several(kind, key, shift, there.rows + piece.rows)
    return found


def several(kind: str, key: int, shift: int, rows: int) -> Piece:
    """The piece of several values with this key on the grid."""
    first, last = key << shift, ((key + 1) << shift) - 1
    if kind == "texts":
        return Piece(first, f"texts of group {key:x}", None, rows)
    low, high = sorted((_finite(max(first, _NEGATIVE + 1)), _finite(last)))
    return Piece(first, low, high, rows)


def _finite(key: int) -> float:
    """The number of a key; of those that are no numbers, the largest that is one."""
    value = number_of(key)
    largest = sys.float_info.max
    return value if abs(value) <= largest else (largest if key >= 0 else -largest)


def _clipped(piece: Piece, least: float, most: float) -> Piece:
    return replace(piece, low=max(piece.low, least), high=min(piece.high, most))
