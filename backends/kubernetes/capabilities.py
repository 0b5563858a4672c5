"""What Kubernetes carries of the language, and by what."""

from __future__ import annotations

from collections.abc import Mapping

from ...compiler.features import Feature
from ..base import NATIVE, Support, emulated, unsupported
from ..carried import BY_THE_RUNTIME

_TRIGGER = unsupported("use a schedule, or start a run by hand: kubectl create job --from=cronjob/NAME")

CAPABILITIES: Mapping[Feature, Support] = {
    **BY_THE_RUNTIME,
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
    Feature.PINNED_SOURCE: NATIVE,
    Feature.CHAMPION: NATIVE,
    Feature.QUARANTINE: NATIVE,
    Feature.REMOTE_STORE: unsupported("leave out `store`: results are kept in the pipeline's volume claim"),
    Feature.CLEAN_CODE: unsupported("build from a clean checkout: pods have no git history to ask"),
    Feature.MLFLOW_FILE: unsupported("give the address of a server, as a secret: pods share no file but the store"),
    Feature.LOCAL_REGISTRY: NATIVE,
    Feature.LINEAGE_FILE: NATIVE,
    Feature.DEPLOY_ALIAS: NATIVE,
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
    Feature.NOTIFY: unsupported("watch the Jobs with what watches the cluster"),
}
