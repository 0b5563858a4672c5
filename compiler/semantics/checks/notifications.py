"""Notifications."""

from __future__ import annotations

from ...diagnostics import Diagnostics
from ...syntax import tree
from .. import rules
from ..model import Model
from ..sources import check_secret


def notifications_have_an_address(model: Model, diagnostics: Diagnostics) -> None:
    """A webhook is a secret's name or a web address."""
    for notify in model.of("notify"):
        events = notify.value("events")
        if isinstance(events, tree.ListOf) and not events.items:
            message = f"notify '{notify.name.text}' tells of nothing"
            diagnostics.report(rules.BAD_DOMAIN, events.span, message, hint="write events = [failed]")
        webhook = notify.value("webhook")
        if isinstance(webhook, tree.Call):
            check_secret(webhook, diagnostics)
        elif isinstance(webhook, tree.Text) and not webhook.value.startswith(("https://", "http://")):
            message = f"'{webhook.value}' is no web address"
            diagnostics.report(rules.BAD_PATH, webhook.span, message, hint='write "https://…", or secret("NAME")')
