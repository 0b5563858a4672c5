"""Relaxations."""

from __future__ import annotations

from ...diagnostics import Diagnostics
from .. import rules
from ..model import Model
from ..relaxations import last_day, relaxations


def relaxations_say_why_and_until_when(model: Model, diagnostics: Diagnostics) -> None:
    """Whatever is allowed to be looser is so for a reason, until a day that the calendar has."""
    for relaxation in relaxations(model):
        if not relaxation.reason.value.strip():
            message = "what is relaxed is relaxed for a reason"
            diagnostics.report(
                rules.BAD_RELAXATION, relaxation.reason.span, message, hint='write relaxed "holiday traffic" until …'
            )
        if last_day(relaxation) is None:
            message = f"'{relaxation.until.value}' is no day"
            diagnostics.report(rules.BAD_RELAXATION, relaxation.until.span, message, hint="write until 2027-03-31")
