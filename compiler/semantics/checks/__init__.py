"""What must hold of a model. Reading `CHECKS` is reading the rules of the language; each is named by its property."""

from __future__ import annotations

from collections.abc import Callable

from ...diagnostics import Diagnostics
from ..model import Model
from .custom_checks import functions_of_checks_fit
from .deploys import deploys_move_models
from .graph import stages_have_an_order
from .guard_order import guards_have_an_order
from .guards import guard_rules_have_types, guards_have_rules
from .monitors import monitors_watch_something
from .notifications import notifications_have_an_address
from .policy_tests import tests_name_what_exists
from .profiles import profiles_override_what_exists
from .quantities import counts_and_times_are_possible
from .references import guards_refer_to_what_exists
from .relaxations import relaxations_say_why_and_until_when
from .triggers import triggers_can_fire
from .versioning import versioning_names_what_exists

Check = Callable[[Model, Diagnostics], None]

CHECKS: tuple[Check, ...] = (
    counts_and_times_are_possible,
    versioning_names_what_exists,
    profiles_override_what_exists,
    stages_have_an_order,
    guards_have_rules,
    guard_rules_have_types,
    guards_refer_to_what_exists,
    relaxations_say_why_and_until_when,
    functions_of_checks_fit,
    guards_have_an_order,
    deploys_move_models,
    monitors_watch_something,
    triggers_can_fire,
    notifications_have_an_address,
    tests_name_what_exists,
)
