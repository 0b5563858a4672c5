"""W513"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Edit, Fix, Severity, declare
from ...semantics.model import Model
from ...source import Span
from ..walk import texts

PLAIN_HTTP = declare("W513", "plain-http", Severity.WARNING, "An address whose traffic anybody on the way can change.")
_HERE = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def addresses_are_encrypted(model: Model, diagnostics: Diagnostics) -> None:
    """Data and messages travel by https."""
    for name, text in texts(model):
        if name not in ("uri", "webhook") or not text.value.startswith("http://") or text.value.startswith(_HERE):
            continue
        at = text.span.start + text.span.text.find("http://")
        span = Span(text.span.source, at, at + len("http"))
        fix = Fix("write https", (Edit(span, "https"),), safe=False)
        message = "what comes by http can be changed on its way"
        diagnostics.report(PLAIN_HTTP, span, message, hint="write https://", fix=fix)
