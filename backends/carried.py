"""What the runtime carries, and so every target that runs nodes through it. One table: it changes in one place."""

from __future__ import annotations

from collections.abc import Mapping

from ..compiler.features import Feature
from .base import NATIVE, Support, unsupported

BY_THE_RUNTIME: Mapping[Feature, Support] = {
    Feature.COMMAND: NATIVE,
    Feature.PYTHON_FUNCTION: NATIVE,
    Feature.NOTEBOOK: NATIVE,
    Feature.SQL: NATIVE,
    Feature.OBJECT_SOURCE: NATIVE,
    Feature.SECRET_ADDRESS: unsupported("write the address; credentials of an object store are in the environment"),
    Feature.DATABASE_SOURCE: NATIVE,
    Feature.SCHEMA: NATIVE,
    Feature.TABLE_GUARD: NATIVE,
    Feature.METRICS_GUARD: NATIVE,
    Feature.FILE_GUARD: NATIVE,
    Feature.BETTER_THAN: NATIVE,
    Feature.BANDS: NATIVE,
    Feature.SLICES: NATIVE,
    Feature.SHARE: NATIVE,
    Feature.PREDICTIONS: NATIVE,
    Feature.DRIFT: NATIVE,
    Feature.EXPECTED: NATIVE,
    Feature.CASES: NATIVE,
    Feature.REFERENCES: NATIVE,
    Feature.CUSTOM_CHECK: NATIVE,
    Feature.LINEAGE_ENDPOINT: NATIVE,
    Feature.MLFLOW_REGISTRY: NATIVE,
    Feature.MLFLOW_FILE: NATIVE,
    Feature.DEPLOY_COMMAND: NATIVE,
    Feature.ROLLBACK: NATIVE,
    Feature.MONITOR: unsupported("schedule a second pipeline that measures"),
    Feature.TRIGGER_DELIVERY: unsupported(
        "leave it out: it is about changes of data, and starts by schedule need none"
    ),
}
