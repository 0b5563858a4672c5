"""Checks a spec against the targets that it declares: do they exist, do their options fit, can they carry it."""

from __future__ import annotations

from collections.abc import Mapping

from ..compiler.diagnostics import Diagnostics, Severity
from ..compiler.driver import Analysis, compile_plan
from ..compiler.options import options_fit, targets_exist
from ..compiler.support import require_support
from .base import Backend
from .table import BACKENDS


def target_problems(analysis: Analysis, backends: Mapping[str, Backend] = BACKENDS) -> Diagnostics:
    """What a build for the declared targets would refuse: errors only, what is emulated is no problem.

    Nothing where the spec has errors already: it has no plan then.
    """
    problems = Diagnostics()
    if analysis.diagnostics.has_errors or not analysis.model.targets:
        return problems
    targets_exist(analysis.files, frozenset(backends), problems)
    lowered = compile_plan(analysis)
    found = Diagnostics()
    for name, options in lowered.plan.targets.items():
        if name in backends:
            require_support(lowered, name, backends[name].capabilities, found)
            options_fit(name, options, backends[name].options, analysis.files, found)
    for diagnostic in found:
        if diagnostic.severity is Severity.ERROR:
            problems.add(diagnostic)
    return problems
