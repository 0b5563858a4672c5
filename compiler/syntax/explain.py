"""Puts what the parser expected into the language's words. No token's name ever reaches a user.

A mistake that people make (a unit, a quote, a missing `=`) has a sentence of its own, in `mistakes.py`; for the rest
the message says what stands there and what is wanted.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

from lark import Token, UnexpectedCharacters, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from ..diagnostics import Diagnostics, Rule, nearest
from ..source import Span
from . import rules
from .blocks import KEYWORDS
from .literals import DURATIONS, SIZES
from .mistakes import Situation, character_hint, find_mistake

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
    "LESS": "'<'",
    "GREATER": "'>'",
    "ACTION": "'block', 'warn', 'quarantine'",
    "QUESTION": "'?'",
    "DOT": "'.'",
    "CHECKS": "'checks'",
    "DAY": "a day, such as 2027-03-31",
    "RELAX": "'relaxed'",
    "OF_ROWS": "'of rows'",
    "BETTER_THAN": "'better than'",
}
_VALUE_STARTS = frozenset(
    {"NUMBER", "PERCENT", "DURATION", "SIZE", "STRING", "TRUTH", "LBRACKET", "MINUS", "LPAR", "NAME", "LBRACE", "NOT"}
)
_OPERATORS = frozenset(
    {"LESS", "GREATER", "COMPARE", "PLUS", "MINUS", "STAR", "SLASH", "DOTS", "AND", "OR", "NOT", "IN", "BETWEEN"}
    | {"MATCHES", "REFERENCES", "EVERY", "BY", "BETTER_THAN", "WITH"}
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
_UNITS = frozenset({*DURATIONS, *SIZES, "%"})
# Words that belong inside a declaration, and not at the beginning of a line outside.
_STATEMENTS = frozenset(
    {"run", "inputs", "outputs", "params", "schema", "resources", "timeout", "retries", "given", "expect", "expected"}
    | {"on", "when", "foreach", "else", "owner", "uri"}
)
_SHOWN = 40
_CODE = re.compile(r'(?:"(?:\\.|[^"\\\n])*"|[^"#])*')


def explain_token(error: UnexpectedToken, item: Span, diagnostics: Diagnostics) -> None:
    """Reports a token that stands where the grammar does not want it."""
    token = error.token
    start = token.start_pos or 0
    end = token.end_pos if token.end_pos is not None else start + len(token)
    _report(token.type, str(token), start, end, _accepted(error), item, diagnostics)


def explain_character(error: UnexpectedCharacters, item: Span, diagnostics: Diagnostics) -> None:
    """Reports a character that begins nothing the grammar wants."""
    at = error.pos_in_stream or 0
    word = re.match(r"\w+|\W", item.text[at:])
    text = word.group() if word else item.text[at : at + 1]
    _report("", text, at, at + len(text), _accepted(error), item, diagnostics)


def _accepted(error: UnexpectedToken | UnexpectedCharacters) -> frozenset[str]:
    """The terminals with which the parse could have gone on."""
    # lark only asks the lexer how to make a token.
    lexer = cast(Any, SimpleNamespace(_Token=Token))
    state = cast(Any, InteractiveParser(cast(Any, None), cast(Any, error.state), lexer))
    return frozenset(state.accepts())


def _report(
    kind: str, text: str, start: int, end: int, expected: frozenset[str], item: Span, diagnostics: Diagnostics
) -> None:
    whole = item.text
    if kind == "$END":
        start, end, found = len(whole) - 1, len(whole), "the declaration ends"
    elif text == "\n" or (text == "}" and "\n" in whole[_code_end(whole, start) : start]):
        found = "the line ends"
        # The mistake is what stands before the line's end: point at its last character.
        end = _code_end(whole, start)
        start, text = end - 1, "\n"
    else:
        found = f"'{_printable(text)}' stands" if len(text) <= _SHOWN else "a long text stands"
    if _unit(whole, start, item, diagnostics) or _keyword(whole, start, item, diagnostics):
        return
    at_end = kind == "$END" or text == "\n"
    situation = Situation("" if kind == "$END" else text, whole, end if at_end else start, end, expected)
    mistake = find_mistake(situation)
    if mistake is not None:
        start, end = mistake.at or (start, end)
        span = Span(item.source, item.start + start, item.start + end)
        message = mistake.message or f"{found} {_where(expected)}"
        _tell(diagnostics, rules.UNEXPECTED, span, message, hint=mistake.hint)
        return
    span = Span(item.source, item.start + start, item.start + end)
    if kind == "" and not (text.isalnum() or text in "{}[](),.:=<>+-*/?_%\"'"):
        message = f"the character '{_printable(text)}' has no place here"
        _tell(diagnostics, rules.BAD_CHARACTER, span, message, hint=character_hint(text))
        return
    _tell(diagnostics, rules.UNEXPECTED, span, f"{found} {_where(expected)}")


def _tell(diagnostics: Diagnostics, rule: Rule, span: Span, message: str, hint: str | None = None) -> None:
    """Reports with very long words cut short."""
    diagnostics.report(rule, span, _short(message), hint=_short(hint) if hint is not None else None)


def _short(text: str) -> str:
    return re.sub(r"\w{48,}", lambda word: f"{word.group()[:_SHOWN]}…", text)


def _code_end(whole: str, at: int) -> int:
    """Where the code before an offset ends: comments, lines of comments and space do not count."""
    text = whole[:at]
    while True:
        last = text.rfind("\n") + 1
        line = _CODE.match(text, last)
        kept = text[: line.end() if line else last].rstrip()
        if len(kept) == len(text):
            return len(kept)
        text = kept


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text)


def _unit(whole: str, start: int, item: Span, diagnostics: Diagnostics) -> bool:
    """Reports a number whose letters are no unit: `30min`, `4G`."""
    begin = start
    while begin > 0 and (whole[begin - 1].isalnum() or whole[begin - 1] in "._"):
        begin -= 1
    match = _NUMBER_WITH_LETTERS.match(whole, begin)
    if match is None or match.end() <= start or match.group(1) in _UNITS:
        return False
    unit, amount = match.group(1), match.group()[: -len(match.group(1))]
    span = Span(item.source, item.start + match.start(), item.start + match.end())
    meant = _UNIT_NAMES.get(unit) or nearest(unit, [*DURATIONS, *SIZES])
    hint = f"write {amount}{meant}" if meant else "durations: ms s m h d w; sizes: B KB MB GB KiB MiB GiB; shares: %"
    _tell(diagnostics, rules.BAD_UNIT, span, f"no unit '{unit}'", hint=hint)
    return True


def _keyword(whole: str, start: int, item: Span, diagnostics: Diagnostics) -> bool:
    """Reports an item whose first word is no declaration."""
    if start != 0:
        return False
    word = re.match(r"\w+", whole)
    if word is None or word.group() in KEYWORDS:
        return False
    text = word.group()
    span = Span(item.source, item.start, item.start + word.end())
    if text in _STATEMENTS or re.match(r"\w+[ \t]*[=:]", whole):
        hint = f"'{text}' belongs between the braces of a declaration" if len(text) <= _SHOWN else None
    else:
        close = nearest(text, KEYWORDS)
        hint = f"did you mean '{close}'?" if close else "a declaration begins with one of: " + ", ".join(KEYWORDS)
    _tell(diagnostics, rules.UNKNOWN_DECLARATION, span, f"no declaration '{text[:_SHOWN]}'", hint=hint)
    return True


def _where(expected: frozenset[str]) -> str:
    """What could stand there, in words; nothing where the list would not help."""
    left = set(expected)
    if len(left & _OPERATORS) > 3 and not left >= {"NUMBER", "STRING"}:
        # A value is complete: what else could come is nearly the whole language.
        closing = [_WORDS[kind] for kind in ("COMMA", "RBRACKET", "RPAR", "SEP") if kind in left]
        if not closing and "$END" in left:
            closing = [_WORDS["$END"]]
        return f"where an operator{_or(closing)} is wanted" if closing else "where it has no place"
    words: list[str] = []
    if "NUMBER" not in left:
        left -= {"PLUS", "MINUS", "STAR", "SLASH"}
    if left & {"NAME", "STRING", "SEP"}:
        # What may always come here helps nobody.
        left -= {"RBRACE", "FOREACH", "EXPECTED", "RELAXED"}
    if left >= {"NUMBER", "STRING", "LBRACKET"}:
        words.append("a value")
        left -= _VALUE_STARTS
    for kind in sorted(left & set(_WORDS)):
        if _WORDS[kind] not in words:
            words.append(_WORDS[kind])
    words += sorted(f"'{kind.lower()}'" for kind in left - set(_WORDS) if kind.isalpha() and kind != "TRUTH")
    if not words or len(words) > 6:
        return "where it has no place"
    return f"where {words[0]}{_or(words[1:])} is wanted"


def _or(words: list[str]) -> str:
    return "".join(f", {word}" for word in words[:-1]) + (f" or {words[-1]}" if words else "")
