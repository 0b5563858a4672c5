"""The run in MLflow that a version of a model comes from: params, metrics, data, tags and files, as its owner expects
to find them there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .mlflow_client import code_of
from .store import finite, safe_id

KEY = "mlops.key"  # of the bytes and the metrics: equal keys are one version
ABOUT = "mlops/version.json"
_LEFT = 3600_000  # milliseconds after which a run without an end was killed
_BATCH = 100  # params, metrics and tags at once, as MLflow takes them


def experiment_of(client: Any, uri: str, name: str) -> str:
    """The experiment of a pipeline, made where there is none."""
    found = client.get_experiment_by_name(name)
    if found is None:
        from mlflow.exceptions import MlflowException

        try:
            return str(client.create_experiment(name, artifact_location=_artifacts(uri, name)))
        except MlflowException as e:
            if code_of(e) != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    return str(found.experiment_id)


def _artifacts(uri: str, name: str) -> str | None:
    """Beside the file of the database: MLflow's own choice is whatever folder a process is in. A server knows."""
    if not uri.startswith("sqlite"):
        return None
    return (Path(urlsplit(uri).path.replace("//", "/", 1)).parent / "mlruns" / name).as_uri()


def log_run(
    client: Any, experiment: str, model: str, key: str, about: Mapping[str, Any], file: Path, card: str
) -> tuple[str, str]:
    """A finished run with everything of a version in it. Returns its id, and the address of the model's folder."""
    _end_killed(client, experiment, key)
    run = client.create_run(experiment, run_name=str(about.get("run") or model), tags=_tags(model, key, about))
    run_id: str = run.info.run_id
    _log_numbers(client, run_id, about)
    _log_data(client, run_id, about)
    if file.is_dir():
        client.log_artifacts(run_id, str(file), "model")
    else:
        client.log_artifact(run_id, str(file), "model")
    client.log_dict(run_id, about, ABOUT)
    if card:
        client.log_text(run_id, card, "mlops/card.md")
    client.set_terminated(run_id)
    return run_id, f"{run.info.artifact_uri}/model"


def _end_killed(client: Any, experiment: str, key: str) -> None:
    """A process that was killed while it logged leaves a run that never ends, and no version."""
    for run in client.search_runs([experiment], f"tags.`{KEY}` = '{key}' and attributes.status = 'RUNNING'"):
        if time.time() * 1000 - run.info.start_time > _LEFT:
            client.set_terminated(run.info.run_id, status="KILLED")


def _tags(model: str, key: str, about: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "mlflow.source.type": "PROJECT",
        "mlflow.source.name": about.get("spec"),
        "mlflow.source.git.commit": about.get("commit"),
        KEY: key,
        "mlops.model": model,
        **short_tags(about),
    }
    return {name: str(value)[:5000] for name, value in found.items() if value}


def short_tags(about: Mapping[str, Any]) -> dict[str, str]:
    """What an owner looks for in a list of versions."""
    found = {f"mlops.{name}": about.get(name) for name in ("run", "pipeline", "digest", "commit")}
    found |= {f"mlops.data.{safe_id(n)}": v for n, v in (about.get("data") or {}).items()}
    found |= {f"mlops.verdict.{safe_id(n)}": v for n, v in (about.get("verdicts") or {}).items()}
    return {name: str(value)[:5000] for name, value in found.items() if value}


def _log_numbers(client: Any, run_id: str, about: Mapping[str, Any]) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    params = [Param(name, _text(value)[:6000]) for name, value in (about.get("params") or {}).items()]
    metrics = [Metric(name, value, now, 0) for name, value in _metrics(about).items()]
    for i in range(0, max(len(params), len(metrics)), _BATCH):
        client.log_batch(run_id, metrics=metrics[i : i + _BATCH], params=params[i : i + _BATCH])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(finite(value), ensure_ascii=False)


def _metrics(about: Mapping[str, Any]) -> dict[str, float]:
    """By their own names where these are told apart; with those of their files in front otherwise. MLflow takes
    letters, digits and `_ - . : /` in a name."""
    found: dict[str, float] = {}
    subjects = about.get("metrics") or {}
    names = [name for values in subjects.values() for name in values]
    for subject, values in subjects.items():
        for name, value in values.items():
            shown = name if names.count(name) == 1 else f"{subject}.{name}"
            found["".join(c if c.isalnum() or c in "_-.:/ " else "_" for c in shown)[:250]] = float(value)
    return found


def _log_data(client: Any, run_id: str, about: Mapping[str, Any]) -> None:
    """The sources as MLflow's datasets. Its digests have 36 characters: the beginning of ours; tags have the whole."""
    from mlflow.entities import Dataset, DatasetInput

    inputs = [
        DatasetInput(Dataset(name, digest.rpartition(":")[2][:36], "mlops", json.dumps({"version": digest})), [])
        for name, digest in (about.get("data") or {}).items()
    ]
    if inputs:
        client.log_inputs(run_id, datasets=inputs)
