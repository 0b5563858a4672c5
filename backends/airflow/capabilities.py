"""What Airflow carries of the language, and by what."""

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
    F.RESOURCES: emulated("cpu is the number of slots that the task takes in its pool; memory is not limited"),
    F.GPU: unsupported("leave out `gpu` and give the target a `queue` whose workers have one"),
    F.IMAGE: emulated("tasks run in the worker's own environment, not in the image"),
    F.ENVIRONMENT: NATIVE,
    F.SECRET: NATIVE,
    F.CACHE: emulated("the runtime restores results from the store; the task then ends at once"),
    F.WHEN: emulated("the runtime decides when the task starts; the task is then marked skipped"),
    F.FOREACH: NATIVE,
    F.PARAMS: NATIVE,
    F.LOCAL_SOURCE: emulated("read from the project's folder on the workers; the files are not copied with the DAG"),
    F.HTTP_SOURCE: NATIVE,
    F.PINNED_SOURCE: NATIVE,
    F.CHAMPION: NATIVE,
    F.QUARANTINE: NATIVE,
    F.REMOTE_STORE: NATIVE,
    F.CLEAN_CODE: NATIVE,
    F.LOCAL_REGISTRY: NATIVE,
    F.LINEAGE_FILE: NATIVE,
    F.MLFLOW_FILE: emulated("a file under the project's folder, which the workers must share"),
    F.DEPLOY_ALIAS: NATIVE,
    F.SCHEDULE: NATIVE,
    F.SCHEDULE_ZONE: NATIVE,
    F.MANUAL: NATIVE,
    F.ON_CHANGE: unsupported(_SCHEDULE),
    F.ON_MONITOR: unsupported(_SCHEDULE),
    F.ON_AGE: unsupported(_SCHEDULE),
    F.ON_FINISHED: unsupported(_SCHEDULE),
    F.TRIGGER_BOUNDS: emulated("by arithmetic: a schedule that could break them is refused when it is built"),
    F.NOTIFY: unsupported("let Airflow tell of failed runs, by a listener or a notifier of your own"),
}
