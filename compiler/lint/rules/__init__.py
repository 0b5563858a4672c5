"""The rules of lint. Reading the two tuples is reading what a good spec is; each is named by its property."""

from __future__ import annotations

from collections.abc import Callable

from ...diagnostics import Diagnostics
from ...semantics.model import Model
from .absolute_path import paths_travel
from .blind_retraining import retrained_models_are_compared
from .champion_without_alias import champions_are_made
from .contradicting_rules import rules_can_all_hold
from .cooldown_beyond_schedule import cooldowns_leave_the_schedule_alone
from .deploy_without_rollback import deploys_can_be_taken_back
from .drift_false_alarms import drift_alarms_mean_something
from .drift_sample import drift_is_of_enough_rows
from .dynamic_import import code_can_be_followed
from .env_not_locked import environments_are_locked
from .float_equality import computed_numbers_are_not_equated
from .github_schedule import github_can_honour_schedules
from .guard_stops_nothing import guards_stand_before_something
from .guard_without_schema import guarded_sources_have_schemas
from .image_tag import images_are_named_by_digest
from .implied_rule import rules_add_something
from .kubernetes_name import names_survive_kubernetes
from .metric_scale import limits_are_on_the_metrics_scale
from .missing_description import pipelines_say_what_they_are_for
from .missing_edition import files_state_their_edition
from .missing_owner import unattended_pipelines_have_owners
from .missing_requirement import imported_packages_are_required
from .mutable_source import remote_sources_have_versions
from .no_seed import training_is_seeded
from .no_timeout import unattended_stages_end
from .plain_http import addresses_are_encrypted
from .profile_repeats_default import profiles_change_something
from .python_not_stated import pipelines_state_their_python
from .repeated_rule import rules_are_asked_once
from .schedule_days import schedules_name_one_kind_of_day
from .schedule_in_clock_change import schedules_avoid_the_clock_change
from .schedule_skips_months import monthly_schedules_come_every_month
from .schedule_without_zone import schedules_name_their_zone
from .secret_literal import secrets_are_not_written_down
from .self_feeding_trigger import triggers_do_not_feed_themselves
from .stage_never_runs import conditions_can_go_either_way
from .temporary_store import stores_last
from .tested_on_training_data import models_are_judged_by_other_data
from .unbounded_trigger import automatic_triggers_are_bounded
from .unguarded_deploy import deploys_are_guarded
from .unguarded_training import training_data_is_checked
from .unpinned_requirement import requirements_are_pinned
from .unread_input import programs_are_told_their_inputs
from .unread_param import programs_read_their_params
from .unseen_file import programs_read_their_inputs_only
from .unused_import import imports_are_used
from .unused_output import outputs_are_used
from .unused_param import params_are_used
from .unused_source import sources_are_read
from .unused_template import templates_are_applied
from .unversioned import everything_is_versioned
from .unwritten_output import programs_are_told_their_outputs
from .version_by_time import versions_are_of_what_is_there
from .warn_only_deploy import some_guard_can_stop_a_deploy
from .wrong_direction import limits_keep_out_what_is_bad

Lint = Callable[[Model, Diagnostics], None]

# Asked of every spec, and of what could be understood of one with errors.
LINT_RULES: tuple[Lint, ...] = (
    programs_are_told_their_inputs,  # W506
    programs_are_told_their_outputs,  # W507
    programs_read_their_params,  # W508
    profiles_change_something,  # W509
    remote_sources_have_versions,  # W510
    everything_is_versioned,  # W511
    paths_travel,  # W512
    addresses_are_encrypted,  # W513
    guarded_sources_have_schemas,  # W515
    versions_are_of_what_is_there,  # W516
    programs_read_their_inputs_only,  # W517
    limits_keep_out_what_is_bad,  # W523
    computed_numbers_are_not_equated,  # W524
    rules_are_asked_once,  # W525
    rules_can_all_hold,  # W526
    rules_add_something,  # W527
    limits_are_on_the_metrics_scale,  # W529
    models_are_judged_by_other_data,  # W530
    automatic_triggers_are_bounded,  # W540
    triggers_do_not_feed_themselves,  # W541
    schedules_name_their_zone,  # W542
    github_can_honour_schedules,  # W543
    schedules_name_one_kind_of_day,  # W544
    monthly_schedules_come_every_month,  # W545
    schedules_avoid_the_clock_change,  # W546
    cooldowns_leave_the_schedule_alone,  # W547
    training_is_seeded,  # W551
    code_can_be_followed,  # W552
    images_are_named_by_digest,  # W553
    environments_are_locked,  # W554
    requirements_are_pinned,  # W555
    imported_packages_are_required,  # W556
    conditions_can_go_either_way,  # W559
    deploys_can_be_taken_back,  # W560
    secrets_are_not_written_down,  # W561
    names_survive_kubernetes,  # W562
    stores_last,  # W563
    files_state_their_edition,  # W570
    drift_is_of_enough_rows,  # W580
    drift_alarms_mean_something,  # W581
)

# Asked only where all names are known: these are about what is missing, and a misspelt name would look like that.
WHOLE_SPEC_RULES: tuple[Lint, ...] = (
    params_are_used,  # W501
    sources_are_read,  # W502
    outputs_are_used,  # W503
    templates_are_applied,  # W504
    imports_are_used,  # W505
    training_data_is_checked,  # W514
    deploys_are_guarded,  # W520
    some_guard_can_stop_a_deploy,  # W521
    guards_stand_before_something,  # W522
    champions_are_made,  # W528
    retrained_models_are_compared,  # W548
    unattended_stages_end,  # W557
    pipelines_state_their_python,  # W558
    unattended_pipelines_have_owners,  # W571
    pipelines_say_what_they_are_for,  # W572
)
