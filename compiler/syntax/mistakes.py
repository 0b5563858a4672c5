"""The mistakes people make, each with what to write instead. Tried in order; the first that fits is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..diagnostics import nearest
from .blocks import KEYWORDS
from .literals import DURATIONS, SIZES


@dataclass(frozen=True, slots=True)
class Situation:
    """What was found, where in the item's text, and what the grammar would have taken. Nothing found: the end."""

    found: str
    whole: str
    start: int
    end: int
    expected: frozenset[str]

    @property
    def before(self) -> str:
        """The last word or mark before what was found."""
        match = re.search(r'("(?:\\.|[^"\\\n])*"|\w+|[^\w\s])\s*$', self.whole[: self.start])
        return match.group(1) if match else ""

    @property
    def declaration(self) -> str:
        match = re.match(r"\w+", self.whole)
        return match.group() if match else ""

    @property
    def is_word(self) -> bool:
        return bool(re.fullmatch(r"[^\W\d]\w*", self.found))

    @property
    def begins_value(self) -> bool:
        return self.is_word or self.found[:1] in ('"', "[", "{") or self.found[:1].isdigit()

    @property
    def after_value(self) -> bool:
        return "COMPARE" in self.expected or "PLUS" in self.expected


@dataclass(frozen=True, slots=True)
class Mistake:
    """What to say. Without a message the usual one stands; `at` moves it to other offsets of the item."""

    hint: str
    message: str | None = None
    at: tuple[int, int] | None = None


def find_mistake(s: Situation) -> Mistake | None:
    """What somebody probably meant."""
    for look in _LOOKS:
        mistake = look(s)
        if mistake is not None:
            return mistake
    return None


def _missing_brace(s: Situation) -> Mistake | None:
    below = re.match(r"[^\n]*\n\s*\{", s.whole[s.end :])
    if s.found == "\n" and "LBRACE" in s.expected and (below or s.expected == {"LBRACE"}):
        return Mistake("write '{' at the end of this line", "the line ends where '{' is wanted")
    return None


def _quotes(s: Situation) -> Mistake | None:
    return Mistake('texts stand in double quotes: "…"') if s.found == "'" else None


def _double_equal(s: Situation) -> Mistake | None:
    if s.found == "=" and s.before == "=" and s.whole[s.start - 1] == "=":
        return Mistake("to set a value, write '='", "'==' compares", (s.start - 1, s.end))
    if s.found == "==" and "EQUAL" in s.expected:
        return Mistake("to set a value, write '='", "'==' compares")
    return None


def _operator(s: Situation) -> Mistake | None:
    following = s.whole[s.end : s.end + 1]
    if s.found == "=" and following and following in "<>" and s.after_value:
        right = f"{following}="
        return Mistake(f"write '{right}'", f"no operator '={following}'", (s.start, s.end + 1))
    if s.found == ">" and s.before == "<" and s.whole[s.start - 1] == "<":
        return Mistake("write '!='", "no operator '<>'", (s.start - 1, s.end))
    return None


def _named_argument(s: Situation) -> Mistake | None:
    if s.found == "=" and "COLON" in s.expected and "RPAR" in s.expected:
        return Mistake(f"a named argument is written '{s.before}: …'", "'=' stands where ':' is wanted")
    return None


def _block_with_equal(s: Situation) -> Mistake | None:
    block = re.search(r"(\w+)\s*=\s*\{[^{}]*$", s.whole[: s.start])
    if s.found == "=" and block and "COLON" not in s.expected:
        return Mistake(f"a block is written '{block.group(1)} {{ … }}', without '='")
    return None


def _compare(s: Situation) -> Mistake | None:
    return Mistake("to compare, write '=='") if s.found == "=" and "COMPARE" in s.expected else None


def _colon_or_equal(s: Situation) -> Mistake | None:
    if s.found == "=" and "COLON" in s.expected:
        return Mistake("in a map and between a name and its type, write ':'")
    if s.found == ":" and "EQUAL" in s.expected:
        return Mistake("to set a value, write '='")
    if s.before == ":" and "NAME" in s.expected and s.begins_value and not s.after_value and len(s.expected) == 1:
        name = re.search(r"(\w+)\s*:\s*$", s.whole[: s.start])
        called = name.group(1) if name else "name"
        if s.found == "{":
            return Mistake(f"a block is written '{called} {{ … }}', without ':'")
        return Mistake(f"to set a value, write '{called} = …'", "a type is wanted behind ':'")
    return None


def _dashed_name(s: Situation) -> Mistake | None:
    dashed = re.search(r"[^\W\d]\w*$", s.whole[: s.start])
    if s.found == "-" and dashed and not s.after_value:
        rest = re.match(r"[\w-]*", s.whole[s.start :])
        name = dashed.group() + (rest.group() if rest else "")
        return Mistake(f"names have letters, digits and '_': write {name.replace('-', '_')}")
    return None


_UNIT_WORDS = {"percent": "%", "second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w"}


def _is_null(s: Situation) -> Mistake | None:
    """`delay is not null`, as SQL has it."""
    if s.declaration != "guard" or s.found != "is" or not re.match(r"is\s+(not\s+)?null\b", s.whole[s.start :], re.I):
        return None
    return Mistake(f"write nulls({s.before}) <= 0%")


def _call_without_parentheses(s: Situation) -> Mistake | None:
    if (
        s.declaration != "guard"
        or not s.is_word
        or s.before not in ("unique", "nulls", "distinct", "mean", "freshness")
    ):
        return None
    return Mistake(f"write {s.before}({s.found})")


_OPERAND = r"(?:-?[0-9][\w.%]*|[^\W\d][\w.]*(?:\([^()\n]*\))?)"
_BEGINS = r"(?:[\n,{]|\b(?:and|or|not))\s*"


def _chained(s: Situation) -> Mistake | None:
    """`0 <= x <= 5`, as mathematics has it."""
    before = re.search(rf"{_BEGINS}({_OPERAND})\s*([<>]=?)\s*({_OPERAND})\s*$", s.whole[: s.start])
    second = re.match(rf"([<>]=?)\s*({_OPERAND})", s.whole[s.start :])
    if not before or not second or before[2][0] != second[1][0] or "COMPARE" in s.expected:
        return None
    first, op, middle, other, last = *before.groups(), *second.groups()
    ends = (first, last) if op[0] == "<" else (last, first)
    if op[1:] and other[1:]:
        return Mistake(f"write {middle} between {ends[0]} and {ends[1]}")
    return Mistake(f"write {first} {op} {middle} and {middle} {other} {last}")


def _and_without_subject(s: Situation) -> Mistake | None:
    """`x >= 0 and <= 5`."""
    before = re.search(rf"{_BEGINS}({_OPERAND})\s*([<>]=?|[!=]=)\s*{_OPERAND}\s+(?:and|or)\s+$", s.whole[: s.start])
    if not before or s.found not in ("<", "<=", ">", ">=", "==", "!="):
        return None
    limit = re.match(rf"\s*({_OPERAND})", s.whole[s.end :])
    return Mistake(f"write {before[1]} {s.found} {limit[1] if limit else '…'}")


def _spaced_unit(s: Situation) -> Mistake | None:
    number = re.search(r"([0-9][0-9_.]*)[ \t]+$", s.whole[: s.start])
    unit = _UNIT_WORDS.get(s.found.removesuffix("s"), s.found)
    if number and (unit in DURATIONS or unit in SIZES or unit == "%"):
        hint = f"write {number.group(1)}{unit}"
        return Mistake(hint, "a space stands between a number and its unit", (number.start(), s.end))
    return None


def _bare_fraction(s: Situation) -> Mistake | None:
    digits = re.match(r"\.[0-9]+", s.whole[s.start :])
    if s.found == "." and digits and "NUMBER" in s.expected:
        return Mistake(f"write 0{digits.group()}", "a number begins with a digit", (s.start, s.start + digits.end()))
    return None


_MEANT = {
    **dict.fromkeys(("otherwise", "elif", "elseif", "then"), "else"),
    **dict.fromkeys(("warning", "log"), "warn"),
    **dict.fromkeys(("error", "fail", "stop", "abort", "deny"), "block"),
    **dict.fromkeys(("if", "having"), "where"),
}


def _misspelt_word(s: Situation) -> Mistake | None:
    """A word of the language, nearly."""
    if not s.is_word:
        return None
    words = {kind.lower() for kind in s.expected if kind.isalpha() and len(kind) > 1} & _SOFT_WORDS
    if "ACTION" in s.expected:
        words |= {"block", "warn", "quarantine"}
    meant = _MEANT.get(s.found)
    close = meant if meant in words else nearest(s.found, words)
    if close is not None and close != s.found:
        return Mistake(f"did you mean '{close}'?")
    return None


_SOFT_WORDS = frozenset(
    {"on", "every", "in", "per", "unique", "matches", "foreach", "where", "for", "else", "key", "within", "when"}
    | {"given", "expect", "between", "references", "by", "with", "and", "or", "not", "checks"}
)


def _misspelt_before(s: Situation) -> Mistake | None:
    """The word before is nearly one that begins a statement here."""
    if s.declaration == "trigger" and "EQUAL" in s.expected and s.begins_value:
        if s.before == "schedule":
            return Mistake("write 'on schedule …'")
        close = nearest(s.before, ["on", "when"])
        if close is not None:
            at = s.whole.rfind(s.before, 0, s.start)
            message = f"no statement '{s.before}' in a trigger"
            return Mistake(f"did you mean '{close}'?", message, (at, at + len(s.before)))
    return None


def _missing_equal(s: Situation) -> Mistake | None:
    if "EQUAL" not in s.expected or not s.begins_value or not re.fullmatch(r"\w+", s.before):
        return None
    field = re.search(r"(\w+)\s*:[^:=]*$", s.whole[: s.start])
    if field and "COLON" not in s.expected:
        hint = f"a default is written '{field.group(1)}: {s.before} = …'"
    else:
        hint = f"write '{s.before} = …'"
    return Mistake(hint, f"'=' is missing after '{s.before}'")


def _missing_colon(s: Situation) -> Mistake | None:
    if s.expected == {"COLON"} and s.begins_value and re.fullmatch(r"\w+", s.before):
        return Mistake(f"write '{s.before}: …'", f"':' is missing after '{s.before}'")
    two = re.search(r"(\w+)[ \t]+(\w+)\s*$", s.whole[: s.start])
    if s.expected == {"LBRACE"} and two and two.group(1) not in KEYWORDS:
        first, second = two.groups()
        hint = f"a field is '{first}: {second}', an attribute '{first} = {second}', a block '{first} {second} {{ … }}'"
        return Mistake(hint, f"a mark is missing between '{first}' and '{second}'", (two.start(), two.end(2)))
    return None


def _missing_comma(s: Situation) -> Mistake | None:
    in_sequence = "COMMA" in s.expected and s.expected & {"RPAR", "RBRACKET"}
    if in_sequence and s.begins_value and s.found != "{":
        return Mistake("elements have ',' between them", f"',' is missing before '{s.found[:40]}'")
    return None


def _generic_type(s: Situation) -> Mistake | None:
    if s.found == "[" and s.before == "list":
        return Mistake("write list<…>")
    return None


def _missing_quotes(s: Situation) -> Mistake | None:
    if s.before == "schedule" or re.search(r"\bschedule\s*$", s.whole[: s.start]):
        return Mistake('a schedule is a text: schedule "0 5 * * *"') if s.begins_value else None
    if s.expected == {"STRING"} and s.is_word:
        return Mistake("put it in double quotes")
    return None


def _missing_name(s: Situation) -> Mistake | None:
    if s.found in ("and", "or", "not", "else", "true", "false") and "NAME" in s.expected and "NUMBER" not in s.expected:
        return Mistake(f"'{s.found}' is a word of the language and cannot be a name")
    if s.expected == {"NAME"} and s.before in KEYWORDS and s.before == s.declaration:
        hint = "names stand without quotes" if s.found[:1] == '"' else f"write '{s.before} some_name {{ … }}'"
        return Mistake(hint, f"a name is wanted after '{s.before}'")
    return None


def _two_statements(s: Situation) -> Mistake | None:
    if s.begins_value and s.expected == {"$END"}:
        return Mistake("a declaration begins on a line of its own")
    if s.begins_value and s.found[:1] not in "{[" and s.after_value and "SEP" in s.expected:
        return Mistake("statements stand on lines of their own, or have ',' between them; texts stand in double quotes")
    return None


def _missing_checks(s: Situation) -> Mistake | None:
    return Mistake(f"write 'for {s.before} checks'") if s.expected == {"CHECKS"} and s.before.isdigit() else None


_LOOKS: tuple[Callable[[Situation], Mistake | None], ...] = (
    _missing_brace,
    _quotes,
    _double_equal,
    _operator,
    _named_argument,
    _block_with_equal,
    _compare,
    _colon_or_equal,
    _dashed_name,
    _is_null,
    _call_without_parentheses,
    _chained,
    _and_without_subject,
    _spaced_unit,
    _bare_fraction,
    _misspelt_before,
    _missing_quotes,
    _generic_type,
    _missing_name,
    _misspelt_word,
    _missing_equal,
    _missing_colon,
    _missing_comma,
    _two_statements,
    _missing_checks,
)


def character_hint(text: str) -> str | None:
    """What to write instead of a character that the language does not use."""
    return {
        "“": 'write plain double quotes: "',
        "”": 'write plain double quotes: "',
        "‘": 'write plain double quotes: "',
        "’": 'write plain double quotes: "',
        "`": 'texts stand in double quotes: "…"',
        ";": "a newline ends a statement",
        "!": "write 'not', or '!=' to compare",
        "&": "write 'and'",
        "|": "write 'or'",
        "$": 'a placeholder is {inputs.name} inside a text; a secret is secret("API_KEY")',
        "@": "put the text in double quotes",
        "\\": "a newline ends a statement; inside ( and [ newlines are free",
        "\u00a0": "write a plain space",
        "–": "write a plain minus: -",
        "—": "write a plain minus: -",
        "−": "write a plain minus: -",
        "≤": "write <=",
        "≥": "write >=",
        "≠": "write !=",
    }.get(text)
