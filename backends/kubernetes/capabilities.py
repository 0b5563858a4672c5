"""What Kubernetes carries of the language, and by what."""

from __future__ import annotations

from collections.abc import Mapping

from ...compiler.features import Feature
from ..base import NATIVE, Support, emulated, unsupported

_TRIGGER = unsupported("use a schedule, or start a run by hand: kubectl create job --from=cronjob/NAME")

CAPABILITIES: Mapping[Feature, Support] = {
    Feature.COMMAND: NATIVE,
    Feature.PYTHON_FUNCTION: NATIVE,
    Feature.NOTEBOOK: NATIVE,
    Feature.SQL: NATIVE,
    Feature.RETRIES: emulated("a Job's backoffLimit; Kubernetes chooses the pauses: 10 s, 20 s, 40 s, up to 6 min"),
    Feature.TIMEOUT: NATIVE,
    Feature.RESOURCES: NATIVE,
    Feature.GPU: NATIVE,
    Feature.IMAGE: NATIVE,
    Feature.ENVIRONMENT: NATIVE,
    Feature.SECRET: NATIVE,
    Feature.CACHE: NATIVE,
    Feature.WHEN: NATIVE,
    Feature.FOREACH: NATIVE,
    Feature.PARAMS: emulated("MLOPS_PARAMS of the run's Job, a JSON object; checked before anything runs"),
    Feature.LOCAL_SOURCE: emulated("read from a volume claim, the option `data`, that you fill: its README says how"),
    Feature.HTTP_SOURCE: NATIVE,
    Feature.OBJECT_SOURCE: unsupported("fetch it in a stage with a secret"),
    Feature.DATABASE_SOURCE: unsupported("query it in a stage with a secret"),
    Feature.SCHEMA: NATIVE,
    Feature.PINNED_SOURCE: NATIVE,
    Feature.TABLE_GUARD: NATIVE,
    Feature.METRICS_GUARD: NATIVE,
    Feature.FILE_GUARD: NATIVE,
    Feature.CHAMPION: NATIVE,
    Feature.BANDS: NATIVE,
    Feature.QUARANTINE: NATIVE,
    Feature.SLICES: NATIVE,
    Feature.SHARE: NATIVE,
    Feature.DRIFT: unsupported("compute the number in a stage and guard the metrics file"),
    Feature.PREDICTIONS: NATIVE,
    Feature.EXPECTED: unsupported("compare with the golden file in a stage and guard its metrics file"),
    Feature.REFERENCES: unsupported("count the missing keys in a stage and guard the metrics file"),
    Feature.CUSTOM_CHECK: unsupported("run the check in a stage and guard its metrics file"),
    Feature.REMOTE_STORE: unsupported("leave out `store`: results are kept in the pipeline's volume claim"),
    Feature.CLEAN_CODE: unsupported("build from a clean checkout: pods have no git history to ask"),
    Feature.LOCAL_REGISTRY: NATIVE,
    Feature.MLFLOW_REGISTRY: unsupported("register the model in a stage"),
    Feature.DEPLOY_ALIAS: NATIVE,
    Feature.DEPLOY_COMMAND: NATIVE,
    Feature.ROLLBACK: NATIVE,
    Feature.MONITOR: unsupported("schedule a second pipeline that measures"),
    Feature.SCHEDULE: NATIVE,
    Feature.SCHEDULE_ZONE: NATIVE,
    Feature.MANUAL: NATIVE,
    Feature.ON_CHANGE: _TRIGGER,
    Feature.ON_MONITOR: _TRIGGER,
    Feature.ON_AGE: _TRIGGER,
    Feature.ON_FINISHED: _TRIGGER,
    Feature.TRIGGER_BOUNDS: emulated(
        "the driver of a scheduled run keeps to cooldown and limit, by the runs in the store"
    ),
    Feature.TRIGGER_DELIVERY: unsupported(
        "leave it out: it is about changes of data, and starts by schedule need none"
    ),
    Feature.NOTIFY: unsupported("watch the Jobs with what watches the cluster"),
}
