"""Reading and writing of literals: numbers with units, texts with escapes."""

from __future__ import annotations

import re

DURATIONS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SIZES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_UNIT = re.compile(r"^([0-9][0-9_]*(?:\.[0-9]+)?)([A-Za-z]+)$")
_ESCAPE = re.compile(r"\\(u\{([0-9A-Fa-f]{1,6})\}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


def number(text: str) -> int | float:
    """`10_000` → 10000, `1e-3` → 0.001."""
    plain = text.replace("_", "")
    return int(plain) if plain.isdigit() else float(plain)


def duration(text: str) -> float:
    """Seconds of `30m`; whole ones are int-valued."""
    amount, unit = _split(text)
    return _whole(number(amount) * DURATIONS[unit])


def size(text: str) -> int:
    """Bytes of `4GiB`, rounded to whole ones."""
    amount, unit = _split(text)
    return round(number(amount) * SIZES[unit])


def percent(text: str) -> float:
    """The fraction of `5%`, computed in decimal: 0.05 and not 0.05000000000000001."""
    from decimal import Decimal

    return float(Decimal(text.replace("_", "").rstrip("%")) / 100)


def unescape(literal: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The value of a quoted text, and the escapes in it that do not exist with their offsets in the literal."""
    wrong: list[tuple[int, str]] = []

    def replace(match: re.Match[str]) -> str:
        if match.group(2) is not None:
            point = int(match.group(2), 16)
            if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF:
                return chr(point)
        elif match.group(1) in _ESCAPES:
            return _ESCAPES[match.group(1)]
        wrong.append((match.start() + 1, match.group()))
        return match.group(1)

    if "\\" not in literal:
        return literal[1:-1], ()
    return _ESCAPE.sub(replace, literal[1:-1]), tuple(wrong)


def quote(value: str) -> str:
    """A text as the language writes it."""
    out = ['"']
    for c in value:
        if c in '"\\':
            out.append("\\" + c)
        elif c in "\n\t\r":
            out.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}[c])
        elif not c.isprintable():
            out.append(f"\\u{{{ord(c):x}}}")
        else:
            out.append(c)
    out.append('"')
    return "".join(out)


def show_duration(seconds: float) -> str:
    """The shortest exact form: 5400 → `90m`, 86400 → `1d`."""
    for unit in ("w", "d", "h", "m", "s"):
        amount = seconds / DURATIONS[unit]
        if amount >= 1 and amount == int(amount):
            return f"{int(amount)}{unit}"
    return f"{_whole(round(seconds * 1000, 6))}ms" if seconds < 1 else f"{_whole(seconds)}s"


def show_size(count: int) -> str:
    """The shortest exact form: 4294967296 → `4GiB`."""
    for unit in ("TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "KB"):
        if count and count % SIZES[unit] == 0:
            return f"{count // SIZES[unit]}{unit}"
    return f"{count}B"


def show_number(value: int | float) -> str:
    """As a person writes it: no exponent where digits are few."""
    return str(value) if isinstance(value, int) else repr(value)


def show_percent(fraction: float) -> str:
    """0.05 → `5%`"""
    from decimal import Decimal

    return f"{(Decimal(repr(fraction)) * 100).normalize():f}%"


def _split(text: str) -> tuple[str, str]:
    match = _UNIT.match(text)
    assert match is not None, text
    return match.group(1), match.group(2)


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value
