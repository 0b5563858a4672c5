"""What the compiler tells its user: rules declared once, diagnostics reported against spans.

Codes are grouped by stage: E1 syntax, E2 names, E3 types and values, E4 target, W5 lint, E6 two revisions. A code is
never reused.
Every code has a page, `docs/diagnostics/CODE.md`, and fixtures under `tests/diagnostics/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from .source import Span


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of diagnostic. `code` is its stable name, `slug` the one people say."""

    code: str
    slug: str
    severity: Severity
    summary: str


RULES: dict[str, Rule] = {}


def declare(code: str, slug: str, severity: Severity, summary: str) -> Rule:
    """Registers a rule; a code or a slug that is taken is our own bug."""
    if code in RULES or any(r.slug == slug for r in RULES.values()):
        raise ValueError(f"diagnostic {code} ({slug}) is declared twice")
    RULES[code] = Rule(code, slug, severity, summary)
    return RULES[code]


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that explains a diagnostic; without a span it is a plain sentence."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement of text; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that keeps or restores the meaning; safe ones are applied by `lint --fix`."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = True


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: where (the smallest text to change), what, the other places, and what to write instead."""

    rule: Rule
    span: Span
    message: str
    notes: tuple[Note, ...] = ()
    hint: str | None = None
    fix: Fix | None = None
    level: Severity | None = None  # set where configuration overrides the rule's own severity

    @property
    def severity(self) -> Severity:
        return self.level or self.rule.severity

    @property
    def code(self) -> str:
        return self.rule.code


class Diagnostics:
    """Collects diagnostics; iterates in order of file, position and code, each mistake once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int, str, str], Diagnostic] = {}

    def report(
        self,
        rule: Rule,
        span: Span,
        message: str,
        *,
        notes: tuple[Note, ...] = (),
        hint: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        self.add(Diagnostic(rule, span, message, notes, hint, fix))

    def add(self, diagnostic: Diagnostic) -> None:
        span = diagnostic.span
        key = (span.source.path, span.start, span.end, diagnostic.code, diagnostic.message)
        self._found.setdefault(key, diagnostic)

    @property
    def has_errors(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self._found.values())

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._found[key] for key in sorted(self._found))

    def __len__(self) -> int:
        return len(self._found)


def nearest(word: str, candidates: list[str] | tuple[str, ...] | set[str] | frozenset[str]) -> str | None:
    """The candidate that a mistyped word most likely meant, or nothing where none is close."""
    close = get_close_matches(word, sorted(candidates), n=1, cutoff=0.6)
    if close:
        return close[0]
    lower = {c.lower(): c for c in sorted(candidates)}
    return lower.get(word.lower())


def did_you_mean(word: str, candidates: list[str] | tuple[str, ...] | set[str] | frozenset[str]) -> str | None:
    """A hint that names the nearest candidate, else the list of what could stand there when it is short."""
    close = nearest(word, candidates)
    if close is not None:
        return f"did you mean '{close}'?"
    if candidates and len(candidates) <= 16:
        return "known here: " + ", ".join(sorted(candidates))
    return None
