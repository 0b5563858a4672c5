"""Findings about specs that are right and could be better: rules, their levels, and the comments that allow them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ..diagnostics import Diagnostics, Severity
from ..semantics.model import Model
from .config import Levels, read_levels
from .fixes import apply_fixes
from .rules import LINT_RULES, WHOLE_SPEC_RULES
from .rules.code_not_in_git import stage_code_is_in_git
from .rules.expired_relaxation import relaxations_have_not_ended
from .suppress import suppress

__all__ = ["Levels", "apply_fixes", "lint", "read_levels"]


def lint(
    model: Model,
    levels: Levels | None = None,
    *,
    today: date,
    found: Diagnostics | None = None,
    tracked: frozenset[str] | None = None,
) -> Diagnostics:
    """The findings of every rule, at their levels, without those that a comment allows.

    `found` is what the analysis reported: rules about what is missing from a spec stay quiet while names in it are
    wrong, since one mistake deserves one diagnostic. `tracked` are the files that git knows, relative to the spec's
    folder; without them nobody asks whether code is in git. `today` ends what is allowed or relaxed until a day.
    """
    levels = levels or Levels()
    findings = Diagnostics()
    torn = any(d.severity is Severity.ERROR and d.code < "E3" for d in found or ())
    for rule in LINT_RULES if torn else (*LINT_RULES, *WHOLE_SPEC_RULES):
        rule(model, findings)
    if tracked is not None:
        stage_code_is_in_git(model, tracked, findings)
    relaxations_have_not_ended(model, today, findings)
    off = frozenset(code for code, level in levels.by_code.items() if level is None)
    left = suppress(findings, model.files, today, off)
    result = Diagnostics()
    for diagnostic in (*left, *levels.problems):
        level = levels.of(diagnostic)
        if level is not None:
            result.add(replace(diagnostic, level=level))
    return result
