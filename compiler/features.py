"""What the language can ask of a target. Every backend says of each feature: native, emulated (how), or unsupported.

Lowering records where a spec uses a feature; `require_support` refuses at that place what a target lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .source import Span


class Feature(Enum):
    """One ability, with the words the matrix of `mlopsc targets` uses for it."""

    COMMAND = "stage: command"
    PYTHON_FUNCTION = "stage: python function"
    NOTEBOOK = "stage: notebook"
    SQL = "stage: SQL file"
    RETRIES = "stage: retries"
    TIMEOUT = "stage: timeout"
    RESOURCES = "stage: cpu and memory"
    GPU = "stage: gpu"
    IMAGE = "stage: image"
    ENVIRONMENT = "stage: environment variables"
    SECRET = "secrets"
    CACHE = "results restored by key"
    WHEN = "stage: when"
    FOREACH = "stage: foreach"
    PARAMS = "params at run time"
    LOCAL_SOURCE = "source: files beside the spec"
    HTTP_SOURCE = "source: http(s)"
    OBJECT_SOURCE = "source: s3, gs, az"
    SECRET_ADDRESS = "source: its address is a secret"
    DATABASE_SOURCE = "source: database"
    SCHEMA = "source: schema"
    PINNED_SOURCE = "source: pinned, etag, mtime or column version"
    TABLE_GUARD = "guard: rules on a table"
    METRICS_GUARD = "guard: rules on metrics"
    FILE_GUARD = "guard: rules on a model or a file"
    CHAMPION = "guard: champion and previous"
    BETTER_THAN = "guard: better than, with a confidence"
    BANDS = "guard: bands"
    QUARANTINE = "guard: quarantine"
    SLICES = "guard: slices (by)"
    SHARE = "guard: where, and a share of rows (for)"
    DRIFT = "guard: drift functions"
    PREDICTIONS = "guard: metrics of predictions"
    EXPECTED = "guard: expected predictions"
    CASES = "guard: invariant and monotonic cases"
    REFERENCES = "guard: references and overlap"
    CUSTOM_CHECK = "guard: custom Python check"
    REMOTE_STORE = "version: store at a URI"
    CLEAN_CODE = "version: code from a clean commit only"
    LOCAL_REGISTRY = "version: registry in the store"
    MLFLOW_REGISTRY = "version: MLflow registry"
    MLFLOW_FILE = "version: MLflow registry in a file"
    LINEAGE_FILE = "version: lineage events into a file"
    LINEAGE_ENDPOINT = "version: lineage events to an endpoint"
    DEPLOY_ALIAS = "deploy: alias"
    DEPLOY_COMMAND = "deploy: command"
    ROLLBACK = "deploy: rollback"
    MONITOR = "monitor"
    SCHEDULE = "trigger: schedule"
    SCHEDULE_ZONE = "trigger: schedule in a time zone"
    MANUAL = "trigger: manual"
    ON_CHANGE = "trigger: change of a source"
    ON_MONITOR = "trigger: a monitor's number"
    ON_AGE = "trigger: age of a model"
    ON_FINISHED = "trigger: another pipeline finished"
    TRIGGER_BOUNDS = "trigger: cooldown and limit"
    TRIGGER_DELIVERY = "trigger: debounce and delivery"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Use:
    """A place in the spec that needs a feature of its target."""

    feature: Feature
    span: Span
