"""What the local target carries of the language, and by what."""

from __future__ import annotations

from collections.abc import Mapping

from ...compiler.features import Feature
from ..base import NATIVE, Support, emulated, unsupported
from ..carried import BY_THE_RUNTIME

F = Feature

_SCHEDULE = "use a schedule"

CAPABILITIES: Mapping[Feature, Support] = {
    **BY_THE_RUNTIME,
    F.RETRIES: NATIVE,
    F.TIMEOUT: NATIVE,
    F.RESOURCES: emulated("they bound how many stages run at once; a stage itself is not held to them"),
    F.GPU: emulated("not checked: the stage sees the GPUs of this machine"),
    F.IMAGE: emulated("not isolated: the stage runs in the interpreter's own environment"),
    F.ENVIRONMENT: NATIVE,
    F.SECRET: NATIVE,
    F.CACHE: NATIVE,
    F.WHEN: NATIVE,
    F.FOREACH: NATIVE,
    F.PARAMS: NATIVE,
    F.LOCAL_SOURCE: NATIVE,
    F.HTTP_SOURCE: NATIVE,
    F.PINNED_SOURCE: NATIVE,
    F.CHAMPION: NATIVE,
    F.QUARANTINE: NATIVE,
    F.REMOTE_STORE: NATIVE,
    F.CLEAN_CODE: NATIVE,
    F.LOCAL_REGISTRY: NATIVE,
    F.LINEAGE_FILE: NATIVE,
    F.DEPLOY_ALIAS: NATIVE,
    F.SCHEDULE: emulated("the README has the lines for crontab"),
    F.SCHEDULE_ZONE: emulated("by CRON_TZ in the README's lines for crontab"),
    F.MANUAL: NATIVE,
    F.ON_CHANGE: unsupported(_SCHEDULE),
    F.ON_MONITOR: unsupported(_SCHEDULE),
    F.ON_AGE: unsupported(_SCHEDULE),
    F.ON_FINISHED: unsupported(_SCHEDULE),
    F.TRIGGER_BOUNDS: emulated("a run with --trigger keeps to cooldown and limit by the runs in the store"),
    F.NOTIFY: unsupported("act on the exit code of the run"),
}
