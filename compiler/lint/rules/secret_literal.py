"""W561"""

from __future__ import annotations

import math
import re
from collections import Counter

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...source import Span
from ...syntax import tree
from ..walk import texts

SECRET_LITERAL = declare("W561", "secret-literal", Severity.WARNING, "A text that looks like a password or a token.")
_KNOWN = re.compile(
    r"\bA(?:KIA|SIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}"
    r"|\bxox[abpr]-[\w-]{10,}|\bsk-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{20,}|\bAIza[\w-]{35}"
    r"|https://hooks\.slack\.com/services/[\w/]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+"
)
_USERINFO = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@{]*:([^/\s@{]+)@")
_OPTION = re.compile(r"(?i)(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key)[=: ]+([^\s{\"'&]{4,})")
_NAMED = re.compile(r"(?i)(?:password|passwd|secret|token|api_?key|access_?key|credential)")


def secrets_are_not_written_down(model: Model, diagnostics: Diagnostics) -> None:
    """A spec names its secrets, `secret("NAME")`, and holds none."""
    for name, text in texts(model):
        found = _secret(name, text) if name != "connection" else None  # an error already: E333
        if found is not None:
            message = "this looks like a secret, and a spec is read by many"
            hint = f'take it back, and write secret("{_suggested(name)}")'
            diagnostics.report(SECRET_LITERAL, found, message, hint=hint)


def _secret(name: str, text: tree.Text) -> Span | None:
    """Where in a text a secret seems to stand."""
    written = text.span.text
    for pattern in (_KNOWN, _USERINFO, _OPTION):
        match = pattern.search(written)
        if match:
            group = 1 if match.re.groups else 0
            return Span(text.span.source, text.span.start + match.start(group), text.span.start + match.end(group))
    if _NAMED.search(name) and _is_opaque(text.value, 8, 2.5):
        return text.span
    # Long texts without any order are keys, whatever the variable is called. Digests of files are public.
    if name.isupper() and _is_opaque(text.value, 24, 4.0) and not re.fullmatch(r"[0-9a-f]+", text.value):
        return text.span
    return None


def _is_opaque(value: str, length: int, bits: float) -> bool:
    """Whether a text is one long word in which letters seem to follow no order."""
    if len(value) < length or re.search(r"[\s{]|://|^[./~]|\.\w{1,5}$", value):
        return False
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values()) >= bits


def _suggested(name: str) -> str:
    known = {"run": "TOKEN", "uri": "DATA_URI", "connection": "DATABASE_URL", "webhook": "WEBHOOK_URL"}
    return known.get(name, re.sub(r"\W", "_", name).upper() or "NAME")
