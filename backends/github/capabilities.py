"""What GitHub Actions carries of the language, and by what."""

from __future__ import annotations

from collections.abc import Mapping

from ...compiler.features import Feature
from ..base import NATIVE, Support, emulated, unsupported
from ..carried import BY_THE_RUNTIME

CAPABILITIES: Mapping[Feature, Support] = {
    **BY_THE_RUNTIME,
    Feature.RETRIES: emulated("the job tries its program again; GitHub has no retries of its own"),
    Feature.TIMEOUT: NATIVE,
    Feature.RESOURCES: emulated("by the runner's label; a job on a smaller runner fails at once"),
    Feature.GPU: unsupported("name a runner that has one under `runners` and leave out `gpu`"),
    Feature.IMAGE: NATIVE,
    Feature.ENVIRONMENT: NATIVE,
    Feature.SECRET: NATIVE,
    Feature.CACHE: emulated("by GitHub's cache: 10 GB a repository, and gone when unused for 7 days"),
    Feature.WHEN: NATIVE,
    Feature.FOREACH: NATIVE,
    Feature.PARAMS: NATIVE,
    Feature.LOCAL_SOURCE: NATIVE,
    Feature.HTTP_SOURCE: NATIVE,
    Feature.OBJECT_SOURCE: unsupported("fetch it in a stage with a secret: runners have no credentials of their own"),
    Feature.PINNED_SOURCE: NATIVE,
    Feature.CHAMPION: emulated("by a branch of the repository, which keeps the numbers between runs"),
    Feature.BETTER_THAN: unsupported(
        "guard the metrics, accuracy >= champion.accuracy: the branch keeps the champion's numbers, not its predictions"
    ),
    Feature.QUARANTINE: NATIVE,
    Feature.REMOTE_STORE: unsupported("leave out `store`: artifacts travel between the jobs of a run"),
    Feature.CLEAN_CODE: NATIVE,
    Feature.MLFLOW_FILE: unsupported("give the address of a server, as a secret: a runner keeps no file"),
    Feature.LOCAL_REGISTRY: emulated("by a branch of the repository; GitHub takes files of up to 100 MB there"),
    Feature.LINEAGE_FILE: unsupported(
        "name an endpoint, url: …: each job runs on a machine of its own, which is gone with it"
    ),
    Feature.DEPLOY_ALIAS: emulated("by a branch of the repository, moved by a commit that nothing overwrites"),
    Feature.SCHEDULE: NATIVE,
    Feature.SCHEDULE_ZONE: NATIVE,
    Feature.MANUAL: NATIVE,
    Feature.ON_CHANGE: unsupported("use a schedule"),
    Feature.ON_MONITOR: unsupported("use a schedule"),
    Feature.ON_AGE: unsupported("use a schedule"),
    Feature.ON_FINISHED: unsupported("use a schedule"),
    Feature.TRIGGER_BOUNDS: emulated("by arithmetic: a schedule that could break them is refused when it is built"),
    Feature.NOTIFY: unsupported("GitHub tells those who watch the repository of a failed workflow"),
}
