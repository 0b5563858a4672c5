"""What GitHub Actions carries of the language, and by what."""

from __future__ import annotations

from collections.abc import Mapping

from ...compiler.features import Feature
from ..base import NATIVE, Support, emulated, unsupported

CAPABILITIES: Mapping[Feature, Support] = {
    Feature.COMMAND: NATIVE,
    Feature.PYTHON_FUNCTION: NATIVE,
    Feature.NOTEBOOK: unsupported("run it as a command, for example with papermill"),
    Feature.SQL: unsupported("run the file from a Python function that imports duckdb"),
    Feature.RETRIES: emulated("the job tries its program again; GitHub has no retries of its own"),
    Feature.TIMEOUT: NATIVE,
    Feature.RESOURCES: emulated("by the runner's label; a job on a smaller runner fails at once"),
    Feature.GPU: unsupported("name a runner that has one under `runners` and leave out `gpu`"),
    Feature.IMAGE: NATIVE,
    Feature.ENVIRONMENT: NATIVE,
    Feature.SECRET: NATIVE,
    Feature.CACHE: unsupported("every run computes its stages anew"),
    Feature.WHEN: NATIVE,
    Feature.FOREACH: NATIVE,
    Feature.PARAMS: NATIVE,
    Feature.LOCAL_SOURCE: NATIVE,
    Feature.HTTP_SOURCE: unsupported("fetch it in a stage, or commit the data"),
    Feature.OBJECT_SOURCE: unsupported("fetch it in a stage with a secret"),
    Feature.DATABASE_SOURCE: unsupported("query it in a stage with a secret"),
    Feature.SCHEMA: NATIVE,
    Feature.PINNED_SOURCE: unsupported("use `version = content`"),
    Feature.TABLE_GUARD: NATIVE,
    Feature.METRICS_GUARD: NATIVE,
    Feature.FILE_GUARD: NATIVE,
    Feature.BANDS: NATIVE,
    Feature.QUARANTINE: unsupported("block or warn instead"),
    Feature.SLICES: unsupported("write the slices' numbers into a metrics file and guard that"),
    Feature.SHARE: unsupported("write the share into a metrics file and guard that"),
    Feature.DRIFT: unsupported("compute the number in a stage and guard the metrics file"),
    Feature.PREDICTIONS: unsupported("compute the number in a stage and guard the metrics file"),
    Feature.REFERENCES: unsupported("count the missing keys in a stage and guard the metrics file"),
    Feature.CUSTOM_CHECK: unsupported("run the check in a stage and guard its metrics file"),
    Feature.REMOTE_STORE: unsupported("leave out `store`: artifacts travel between the jobs of a run"),
    Feature.CLEAN_CODE: NATIVE,
    Feature.MLFLOW_REGISTRY: unsupported("register the model in a stage"),
    Feature.MONITOR: unsupported("schedule a second pipeline that measures"),
    Feature.SCHEDULE: NATIVE,
    Feature.SCHEDULE_ZONE: NATIVE,
    Feature.MANUAL: NATIVE,
    Feature.ON_CHANGE: unsupported("use a schedule"),
    Feature.ON_MONITOR: unsupported("use a schedule"),
    Feature.ON_AGE: unsupported("use a schedule"),
    Feature.ON_FINISHED: unsupported("use a schedule"),
    Feature.TRIGGER_BOUNDS: unsupported("leave them out: runs of one pipeline already wait for each other"),
    Feature.NOTIFY: unsupported("GitHub tells those who watch the repository of a failed workflow"),
}
