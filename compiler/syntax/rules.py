"""Diagnostics of syntax: E1."""

from __future__ import annotations

from ..diagnostics import Severity, declare

UNEXPECTED = declare("E101", "unexpected-text", Severity.ERROR, "A word or mark where the language wants another.")
UNCLOSED = declare("E102", "unclosed-bracket", Severity.ERROR, "A bracket that is not closed, or not opened.")
UNCLOSED_TEXT = declare("E103", "unclosed-text", Severity.ERROR, "A text has no closing quote on its line.")
UNKNOWN_DECLARATION = declare("E104", "unknown-declaration", Severity.ERROR, "A word that begins no declaration.")
BAD_CHARACTER = declare("E105", "bad-character", Severity.ERROR, "A character that the language does not use.")
BAD_UNIT = declare("E106", "unknown-unit", Severity.ERROR, "A number carries a unit that does not exist.")
BAD_ESCAPE = declare("E107", "bad-escape", Severity.ERROR, "A text has an escape that does not exist.")
BAD_ENCODING = declare("E108", "not-utf-8", Severity.ERROR, "The file is not UTF-8 text.")
TOO_DEEP = declare("E109", "nested-too-deep", Severity.ERROR, "Brackets are nested deeper than anybody reads.")
BIG_NUMBER = declare("E110", "number-too-large", Severity.ERROR, "A number is larger than can be computed with.")
