"""Diagnostics of two revisions of a spec: E6."""

from __future__ import annotations

from ..diagnostics import Severity, declare

_E = Severity.ERROR

GUARD_REMOVED = declare("E601", "guard-removed", _E, "A guard that was there is gone.")
RULE_REMOVED = declare("E602", "rule-removed", _E, "A rule that was asked is asked no more.")
RULE_LOOSENED = declare("E603", "rule-loosened", _E, "A rule lets more through than it did.")
ACTION_WEAKENED = declare("E604", "action-weakened", _E, "A rule that stopped what comes after stops it no more.")
GUARD_MOVED = declare("E605", "guard-moved", _E, "A guard stands before less than it did.")
SCHEMA_LOOSENED = declare("E606", "schema-loosened", _E, "A schema asks for less than it did.")
TRIGGER_LOOSENED = declare("E607", "trigger-loosened", _E, "A trigger may start runs more often than it did.")
REFERENCE_CHANGED = declare("E608", "reference-changed", _E, "What a rule compares with is not what it was.")
RELAXATION_OVER = declare("E609", "relaxation-over", _E, "A relaxation whose last day is over.")
