"""The registry that a pipeline asks for: the one in its store, or MLflow's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .pipeline import Pipeline
from .registry import ModelRegistry, Registry
from .store import Store

if TYPE_CHECKING:
    from .context import Context


def registry_of(context: Context, model: str) -> ModelRegistry:
    """The registry of a model in a run."""
    return open_registry(context.pipeline, context.store, context.root, model, context.environ)


def open_registry(
    pipeline: Pipeline, store: Store, root: Path, model: str, environ: Mapping[str, str] = os.environ
) -> ModelRegistry:
    """The registry of a model. Raises RegistryError where MLflow's address is missing or wrong."""
    if not is_mlflow(pipeline):
        return Registry(store, model)
    from .mlflow_client import address
    from .mlflow_registry import MlflowRegistry

    return MlflowRegistry(store, model, address(pipeline.version, root, environ), pipeline.name)


def all_registries(
    pipeline: Pipeline, store: Store, root: Path, environ: Mapping[str, str] = os.environ
) -> list[ModelRegistry]:
    """Those of all models that have a version: in the store, or of this pipeline in MLflow."""
    if is_mlflow(pipeline):
        from .mlflow_client import address
        from .mlflow_registry import models_of

        names = models_of(address(pipeline.version, root, environ), pipeline.name)
        return [open_registry(pipeline, store, root, name, environ) for name in names]
    return list(built_in_registries(store))


def built_in_registries(store: Store) -> list[Registry]:
    """The registries in a store, of all models that have a version there."""
    folder = store.folder / "registry"
    store.refresh(folder)
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Registry(store, path.name) for path in found if (path / "versions").is_dir()]


def is_mlflow(pipeline: Pipeline) -> bool:
    """Whether the pipeline's models are registered in MLflow."""
    return pipeline.version.get("registry") == "mlflow"
