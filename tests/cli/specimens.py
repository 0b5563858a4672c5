"""Diagnostics built by hand, as the compiler would make them."""

from __future__ import annotations

from mlopsc.compiler.diagnostics import Diagnostic, Edit, Fix, Note, Rule, Severity
from mlopsc.compiler.source import Source, Span

UNKNOWN = Rule("E202", "unknown-name", Severity.ERROR, "A name that nothing declares.")
UNUSED = Rule("W501", "unused-source", Severity.WARNING, "A source that nothing reads.")

TEXT = """mlops 1
source flights { uri = "data/*.csv" }
stage train {
\tinputs = [flihgts]
}
"""


def span(source: Source, text: str) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def unknown(path: str = "delay.mlops") -> Diagnostic:
    source = Source(path, TEXT)
    return Diagnostic(
        UNKNOWN,
        span(source, "flihgts"),
        "no source or stage named 'flihgts'",
        (Note("sources are declared here", span(source, "flights")), Note("names are case-sensitive")),
        "did you mean 'flights'?",
    )


def unused(path: str = "delay.mlops") -> Diagnostic:
    source = Source(path, TEXT)
    line = Span(source, 8, 8 + len('source flights { uri = "data/*.csv" }\n'))
    fix = Fix("remove it", (Edit(line, ""),))
    return Diagnostic(UNUSED, span(source, "flights"), "nothing reads 'flights'", fix=fix)
