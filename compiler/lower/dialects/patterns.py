"""Regular expressions as PostgreSQL reads them, with the meaning that they have in DuckDB (RE2).

Most of both is alike. Different are: word borders, what `\\d \\w \\s` stand for, and whether a dot is a line end.
"""

from __future__ import annotations

import re

from . import CannotSayError

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_BORDERS = {"b": r"\y", "B": r"\Y", "A": r"\A", "z": r"\Z"}
_SAME = set("tnfrv")
_TOKEN = re.compile(r"\\.|\(\?[^)]?|\[\^?\]?|.", re.DOTALL)


def postgres_pattern(pattern: str) -> str:
    """Raises CannotSayError for what PostgreSQL has no words for."""
    found: list[str] = []
    inside = False  # of brackets
    position = 0
    while match := _TOKEN.match(pattern, position):
        token, position = match.group(), match.end()
        if token.startswith("\\"):
            found.append(_escape(token[1:], inside))
        elif inside:
            if token.startswith("[") and pattern.startswith(":", match.start() + 1):
                end = pattern.find(":]", position)
                token, position = pattern[match.start() : end + 2], end + 2
            elif token.startswith("["):
                token, position = "[", match.start() + 1
            inside = token != "]"
            found.append(token)
        elif token.startswith("["):
            inside = True
            found.append(token.replace("]", "\\]"))
        elif token.startswith("(?"):
            found.append(_group(token, match.start(), pattern))
        else:
            found.append(r"[^\n]" if token == "." else token)
    return "".join(found)


def _escape(letter: str, inside: bool) -> str:
    if letter.lower() in _CLASSES:
        if inside and letter.isupper():
            raise CannotSayError(f"the pattern's \\{letter} within brackets")
        listed = _CLASSES[letter.lower()]
        return listed if inside else f"[{'^' if letter.isupper() else ''}{listed}]"
    if not inside and letter in _BORDERS:
        return _BORDERS[letter]
    if letter in _SAME or not letter.isalnum():
        return f"\\{letter}"
    raise CannotSayError(f"the pattern's \\{letter}")


def _group(token: str, start: int, pattern: str) -> str:
    if token in ("(?:", "(?=", "(?!"):
        return token
    if token == "(?i" and start == 0 and pattern.startswith("(?i)"):
        return token
    raise CannotSayError(f"the pattern's {token}")
