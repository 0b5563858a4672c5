"""Checks a spec against targets: do they exist, do their options fit, can they carry what it asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..compiler.diagnostics import Diagnostics, Severity
from ..compiler.options import options_fit, plan_fits, targets_exist
from ..compiler.support import require_support
from .base import ChecksPlans
from .table import BACKENDS

if TYPE_CHECKING:
    from ..compiler.driver import Analysis
    from ..compiler.lower import Lowered


def options_of(lowered: Lowered, target: str) -> dict[str, Any]:
    """What the spec sets for a target; nothing for one that it does not declare."""
    return dict(lowered.plan.targets.get(target, {}))


def check_targets(names: Iterable[str], lowered: Lowered, analysis: Analysis, diagnostics: Diagnostics) -> None:
    """Reports what each named target has against the spec, and as notes what it carries by other means.

    A declared target that does not exist is reported too; of the names, those that no backend stands for are passed
    over.
    """
    targets_exist(analysis.files, frozenset(BACKENDS), diagnostics)
    for name in names:
        if name in BACKENDS:
            found = Diagnostics()
            _check(name, lowered, analysis, found)
            for diagnostic in found:
                diagnostics.add(diagnostic)


def _check(name: str, lowered: Lowered, analysis: Analysis, found: Diagnostics) -> None:
    backend = BACKENDS[name]
    options = options_of(lowered, name)
    require_support(lowered, name, backend.capabilities, found)
    options_fit(name, options, backend.options, analysis.files, found)
    # What a backend looks at together must each be right by itself first.
    if not found.has_errors and isinstance(backend, ChecksPlans):
        plan_fits(name, backend.problems(lowered.plan, options), analysis.files, found)


def target_problems(analysis: Analysis) -> Diagnostics:
    """What a build for the declared targets would refuse: errors only, what is emulated is no problem.

    Nothing where the spec has errors already: it has no plan then.
    """
    problems = Diagnostics()
    if analysis.diagnostics.has_errors or not analysis.model.targets:
        return problems
    from ..compiler.driver import compile_plan

    lowered = compile_plan(analysis)
    found = Diagnostics()
    check_targets(lowered.plan.targets, lowered, analysis, found)
    for diagnostic in found:
        if diagnostic.severity is Severity.ERROR:
            problems.add(diagnostic)
    return problems
