"""Refuses, at the place that asks for it, what a target cannot carry; says what it carries in another way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .diagnostics import Diagnostics, Severity, declare
from .features import Feature

if TYPE_CHECKING:
    from ..backends.base import Support
    from .lower import Lowered

UNSUPPORTED = declare("E401", "unsupported-feature", Severity.ERROR, "The target cannot do what the spec asks.")
EMULATED = declare("E402", "emulated-feature", Severity.NOTE, "The target does it in another way than its own.")


def require_support(
    lowered: Lowered, target: str, capabilities: Mapping[Feature, Support], diagnostics: Diagnostics
) -> None:
    """Reports what `target` does not carry (an error at its text), and once a feature what it emulates (a note)."""
    noted: set[Feature] = set()
    for use in lowered.uses:
        support = capabilities.get(use.feature)
        level = support.level.value if support else "unsupported"
        how = support.how if support else ""
        if level == "unsupported":
            message = f"target '{target}' cannot carry this yet: {use.feature.value}"
            diagnostics.report(UNSUPPORTED, use.span, message, hint=how or None)
        elif level == "emulated" and use.feature not in noted:
            noted.add(use.feature)
            diagnostics.report(EMULATED, use.span, f"{use.feature.value} on target '{target}': {how}")
