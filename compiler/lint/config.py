"""Levels of lint rules, from the nearest `mlopsc.toml` or `pyproject.toml`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..diagnostics import RULES, Diagnostic, Severity, declare, did_you_mean
from ..source import Source, Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

BAD_LEVEL = declare(
    "W593", "bad-lint-setting", Severity.WARNING, "A level that is set for no rule, or a level that does not exist."
)
LEVELS: dict[str, Severity | None] = {
    "off": None,
    "note": Severity.NOTE,
    "warning": Severity.WARNING,
    "error": Severity.ERROR,
}


@dataclass(frozen=True)
class Levels:
    """What each rule counts as, by code; None switches it off. `problems` are mistakes in the file that says so."""

    by_code: Mapping[str, Severity | None] = field(default_factory=dict)
    problems: tuple[Diagnostic, ...] = ()

    def of(self, diagnostic: Diagnostic) -> Severity | None:
        return self.by_code.get(diagnostic.code, diagnostic.severity)


def read_levels(spec: Path) -> Levels:
    """The levels that hold for a spec: those of the nearest file, upwards from the spec's folder, that sets any."""
    for folder in (spec.resolve().parent, *spec.resolve().parent.parents):
        for name, section in (("mlopsc.toml", ("lint",)), ("pyproject.toml", ("tool", "mlopsc", "lint"))):
            found = _read(folder / name, section)
            if found is not None:
                return found
    return Levels()


def _read(path: Path, section: tuple[str, ...]) -> Levels | None:
    """The levels of one file; nothing where it is not there, cannot be read, or has no such section."""
    try:
        text = path.read_text(encoding="utf-8")
        table: Any = tomllib.loads(text)
    except (OSError, ValueError):
        return None
    for key in section:
        table = table.get(key) if isinstance(table, dict) else None
    return levels_from(table, Source(_shown(path), text)) if isinstance(table, dict) else None


def _shown(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def levels_from(table: Mapping[str, Any], source: Source) -> Levels:
    """The levels a table sets, by code or slug."""
    codes = {r.slug: r.code for r in lint_rules()} | {r.code: r.code for r in lint_rules()}
    levels: dict[str, Severity | None] = {}
    problems: list[Diagnostic] = []
    for name, level in table.items():
        if name not in codes:
            what = "is an error, and errors have no level" if name in RULES else "is no lint rule"
            hint = did_you_mean(name, list(codes)) or "`mlopsc explain` lists the rules"
            problems.append(Diagnostic(BAD_LEVEL, _find(name, source), f"'{name}' {what}", hint=hint))
        elif not isinstance(level, str) or level not in LEVELS:
            levels_hint = did_you_mean(str(level), list(LEVELS))
            message = f"'{name}' has no level {level!r}"
            problems.append(Diagnostic(BAD_LEVEL, _find(name, source), message, hint=levels_hint))
        else:
            levels[codes[name]] = LEVELS[level]
    return Levels(levels, tuple(problems))


def lint_rules() -> list[Any]:
    """Every rule of lint, by code."""
    from . import rules  # noqa: F401 - declares them

    return sorted((r for r in RULES.values() if r.code.startswith("W5")), key=lambda r: r.code)


def _find(name: str, source: Source) -> Span:
    match = re.search(rf"^[ \t]*[\"']?({re.escape(name)})[\"']?[ \t]*=", source.text, re.MULTILINE)
    return Span(source, *match.span(1)) if match else Span(source, 0, min(1, len(source.text)))
