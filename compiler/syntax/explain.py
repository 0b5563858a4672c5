"""Puts what the parser expected into the language's words. No token's name ever reaches a user."""

from __future__ import annotations

import re

from lark import UnexpectedCharacters, UnexpectedToken

from ..diagnostics import Diagnostics, did_you_mean, nearest
from ..source import Span
from . import rules
from .blocks import KEYWORDS
from .literals import DURATIONS, SIZES

_WORDS = {
    "NAME": "a name",
    "STRING": "a text in double quotes",
    "NUMBER": "a number",
    "SEP": "the end of the line",
    "NEWLINE": "the end of the line",
    "$END": "the end of the declaration",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "LPAR": "'('",
    "RPAR": "')'",
    "LBRACKET": "'['",
    "RBRACKET": "']'",
    "EQUAL": "'='",
    "COLON": "':'",
    "COMMA": "','",
    "ACTION": "'block', 'warn' or 'quarantine'",
    "QUESTION": "'?'",
    "DOT": "'.'",
    "CHECKS": "'checks'",
}
_VALUE_STARTS = frozenset({"NUMBER", "PERCENT", "DURATION", "SIZE", "STRING", "TRUTH", "LBRACKET", "MINUS", "LPAR"})
_OPERATORS = frozenset(
    {"LESS", "GREATER", "COMPARE", "PLUS", "MINUS", "STAR", "SLASH", "DOTS", "AND", "OR", "NOT", "IN", "BETWEEN"}
    | {"MATCHES", "REFERENCES", "EVERY", "BY"}
)
_NUMBER_WITH_LETTERS = re.compile(r"[0-9][0-9_.]*([A-Za-z_%]\w*)")
_UNIT_NAMES = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks"), "w"),
    **dict.fromkeys(("K", "k", "kb", "Ki", "kB"), "KiB"),
    **dict.fromkeys(("M", "mb", "Mi", "MIB"), "MiB"),
    **dict.fromkeys(("G", "g", "gb", "Gi", "GIB"), "GiB"),
    **dict.fromkeys(("T", "tb", "Ti"), "TiB"),
}


def explain_token(error: UnexpectedToken, item: Span, diagnostics: Diagnostics) -> None:
    """Reports a token that stands where the grammar does not want it."""
    token = error.token
    expected = set(error.accepts or error.expected)
    _report(token.type, str(token), token.start_pos or 0, token.end_pos, expected, item, diagnostics)


def explain_character(error: UnexpectedCharacters, item: Span, diagnostics: Diagnostics) -> None:
    """Reports a character that begins nothing the grammar wants."""
    at = error.pos_in_stream or 0
    word = re.match(r"\w+|\W", item.text[at:])
    text = word.group() if word else item.text[at : at + 1]
    _report("", text, at, at + len(text), set(error.allowed or ()), item, diagnostics)


def _report(
    kind: str, text: str, start: int, end: int | None, expected: set[str], item: Span, diagnostics: Diagnostics
) -> None:
    whole = item.text
    if kind == "$END":
        start, end, found = len(whole) - 1, len(whole), "the declaration ends"
    elif kind in ("SEP", "NEWLINE") and text == "\n":
        found = "the line ends"
        # The mistake is what stands before the line's end: point at its last character.
        start = len(whole[:start].rstrip()) - 1
        end = start + 1
    else:
        end = end if end is not None else start + len(text)
        found = f"'{text}' stands" if len(text) <= 40 else "a long text stands"
    span = Span(item.source, item.start + start, item.start + max(end, start + 1))
    if _unit(whole, start, item, diagnostics) or _keyword(whole, start, text, item, diagnostics):
        return
    if kind == "" and not (text.isalnum() or text in "{}[](),.:=<>+-*/?_%\"'"):
        diagnostics.report(
            rules.BAD_CHARACTER, span, f"the character '{text}' has no place here", hint=_character_hint(text)
        )
        return
    wanted = _wanted(expected)
    message = f"{found} where {wanted} is wanted" if wanted else f"{found} where it has no place"
    diagnostics.report(rules.UNEXPECTED, span, message, hint=_hint(text, whole, start, expected))


def _unit(whole: str, start: int, item: Span, diagnostics: Diagnostics) -> bool:
    """Reports a number whose letters are no unit: `30min`, `4G`."""
    begin = start
    while begin > 0 and (whole[begin - 1].isalnum() or whole[begin - 1] in "._"):
        begin -= 1
    match = _NUMBER_WITH_LETTERS.match(whole, begin)
    if match is None or match.group(1) in DURATIONS or match.group(1) in SIZES:
        return False
    unit, amount = match.group(1), match.group()[: -len(match.group(1))]
    span = Span(item.source, item.start + match.start(), item.start + match.end())
    meant = _UNIT_NAMES.get(unit) or nearest(unit, [*DURATIONS, *SIZES])
    hint = f"write {amount}{meant}" if meant else "durations: ms s m h d w; sizes: B KB MB GB KiB MiB GiB; shares: %"
    diagnostics.report(rules.BAD_UNIT, span, f"no unit '{unit}'", hint=hint)
    return True


def _keyword(whole: str, start: int, text: str, item: Span, diagnostics: Diagnostics) -> bool:
    """Reports an item whose first word is no declaration."""
    if start != 0:
        return False
    word = re.match(r"\w+", whole)
    if word is None or word.group() in KEYWORDS:
        return False
    span = Span(item.source, item.start, item.start + word.end())
    hint = did_you_mean(word.group(), KEYWORDS) or "a declaration begins with one of: " + ", ".join(KEYWORDS)
    diagnostics.report(rules.UNKNOWN_DECLARATION, span, f"no declaration '{word.group()}'", hint=hint)
    return True


def _wanted(expected: set[str]) -> str:
    """What could stand there, in words; nothing where the list would not help."""
    left = set(expected)
    words: list[str] = []
    if left >= {"NUMBER", "STRING", "LBRACKET"}:
        words.append("a value")
        left -= _VALUE_STARTS | {"NAME", "LBRACE", "NOT"}
    if len(left & _OPERATORS) > 3:
        left -= _OPERATORS
        if left:
            words.append("an operator")
    for kind in sorted(left & set(_WORDS)):
        if _WORDS[kind] not in words:
            words.append(_WORDS[kind])
    words += sorted(f"'{k.lower()}'" for k in left - set(_WORDS) if k.isalpha() and k not in _OPERATORS | {"TRUTH"})
    if not words or len(words) > 6:
        return ""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _hint(text: str, whole: str, start: int, expected: set[str]) -> str | None:
    if text == "=" and "COMPARE" in expected:
        return "to compare, write '=='"
    if text == "'":
        return 'texts stand in double quotes: "…"'
    if text == ":" and "EQUAL" in expected:
        return "to set a value, write '='"
    if text == "=" and "COLON" in expected:
        return "in a map and between a name and its type, write ':'"
    if text in ("&&", "&"):
        return "write 'and'"
    if text == "|":
        return "write 'or'"
    if text == "!":
        return "write 'not'"
    if text == "{" and "STRING" in expected:
        return "put the text in double quotes"
    return None


def _character_hint(text: str) -> str | None:
    return {
        "“": 'write plain double quotes: "',
        "”": 'write plain double quotes: "',
        "‘": 'write plain double quotes: "',
        "’": 'write plain double quotes: "',
        ";": "a newline ends a statement",
        "!": "write 'not', or '!=' to compare",
        "&": "write 'and'",
        "|": "write 'or'",
        "$": 'a placeholder is {inputs.name} inside a text; a secret is secret("NAME")',
        "@": "put the text in double quotes",
        "\\": "a newline ends a statement; inside ( and [ newlines are free",
        "–": "write a plain minus: -",
        "≤": "write <=",
        "≥": "write >=",
        "≠": "write !=",
    }.get(text)
