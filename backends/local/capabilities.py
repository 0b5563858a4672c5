"""What the local target carries of the language, and by what."""

from __future__ import annotations

from collections.abc import Mapping

from ...compiler.features import Feature
from ..base import NATIVE, Support, emulated, unsupported

F = Feature

_IN_A_STAGE = "compute the number in a stage and guard its metrics file"
_FETCH = "fetch it in a stage, and guard what the stage writes"
_SCHEDULE = "use a schedule"

CAPABILITIES: Mapping[Feature, Support] = {
    F.COMMAND: NATIVE,
    F.PYTHON_FUNCTION: NATIVE,
    F.NOTEBOOK: NATIVE,
    F.SQL: NATIVE,
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
    F.OBJECT_SOURCE: unsupported(_FETCH),
    F.DATABASE_SOURCE: unsupported(_FETCH),
    F.SCHEMA: NATIVE,
    F.PINNED_SOURCE: NATIVE,
    F.TABLE_GUARD: NATIVE,
    F.METRICS_GUARD: NATIVE,
    F.FILE_GUARD: NATIVE,
    F.CHAMPION: NATIVE,
    F.BANDS: NATIVE,
    F.QUARANTINE: NATIVE,
    F.SLICES: NATIVE,
    F.SHARE: NATIVE,
    F.DRIFT: unsupported(_IN_A_STAGE),
    F.PREDICTIONS: NATIVE,
    F.EXPECTED: unsupported("compare with the golden file in a stage and guard its metrics file"),
    F.REFERENCES: unsupported(_IN_A_STAGE),
    F.CUSTOM_CHECK: unsupported("run the check in a stage and guard its metrics file"),
    F.REMOTE_STORE: unsupported("name a folder, on a file system that is shared where machines share it"),
    F.CLEAN_CODE: NATIVE,
    F.LOCAL_REGISTRY: NATIVE,
    F.MLFLOW_REGISTRY: unsupported('register the model in a stage, or use registry("local")'),
    F.DEPLOY_ALIAS: NATIVE,
    F.DEPLOY_COMMAND: NATIVE,
    F.ROLLBACK: NATIVE,
    F.MONITOR: unsupported("schedule a second pipeline that measures"),
    F.SCHEDULE: emulated("the README has the lines for crontab"),
    F.SCHEDULE_ZONE: emulated("by CRON_TZ in the README's lines for crontab"),
    F.MANUAL: NATIVE,
    F.ON_CHANGE: unsupported(_SCHEDULE),
    F.ON_MONITOR: unsupported(_SCHEDULE),
    F.ON_AGE: unsupported(_SCHEDULE),
    F.ON_FINISHED: unsupported(_SCHEDULE),
    F.TRIGGER_BOUNDS: emulated("a run with --trigger keeps to cooldown and limit by the runs in the store"),
    F.TRIGGER_DELIVERY: unsupported("leave it out: it is about changes of data, and starts by schedule need none"),
    F.NOTIFY: unsupported("act on the exit code of the run"),
}
