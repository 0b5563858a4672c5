"""Regular expressions of specs."""

from __future__ import annotations

import re

from ..diagnostics import Diagnostics
from ..syntax import tree
from . import rules


def check_pattern(pattern: tree.Text, diagnostics: Diagnostics) -> None:
    """Reports a regular expression that does not compile."""
    try:
        re.compile(pattern.value)
    except (re.error, RecursionError, OverflowError) as error:
        message = f"no regular expression: {error}"
        diagnostics.report(rules.BAD_PATTERN, pattern.span, message, hint="a backslash in a text is written \\\\")
