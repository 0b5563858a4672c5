"""Lints texts, for tests: a spec in a folder of its own, or a text alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import dedent

from mlopsc.compiler.diagnostics import Diagnostic
from mlopsc.compiler.driver import analyse
from mlopsc.compiler.lint import Levels, lint

TODAY = date(2026, 6, 15)
HEAD = 'mlops 1\n\n## A pipeline.\npipeline nightly { owner = "ml@example.org", python = "3.11" }\n\n'


def findings(
    folder: Path,
    text: str,
    *,
    levels: Levels | None = None,
    today: date = TODAY,
    tracked: frozenset[str] | None = None,
    head: str = HEAD,
) -> list[Diagnostic]:
    """The findings of lint about a spec in `folder`, in order."""
    path = folder / "spec.mlops"
    path.write_text(head + dedent(text), encoding="utf-8")
    analysis = analyse(path)
    found = lint(analysis.model, levels, today=today, found=analysis.diagnostics, tracked=tracked)
    return list(found)


def codes(folder: Path, text: str, **options: object) -> list[str]:
    return [d.code for d in findings(folder, text, **options)]  # type: ignore[arg-type]
