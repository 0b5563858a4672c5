"""What `target kubernetes { … }` says, with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...compiler.plan.nodes import Plan, Source
from .names import legal

DEFAULT_PYTHON = "3.12"

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of one build. `claim`, `data` and `service_account` are names; `made_*`: the object is made here."""

    base: str  # the pipeline's legal name, the start of every object's name
    namespace: str | None
    service_account: str
    made_account: bool
    image: str
    pull_policy: str | None
    pull_secrets: tuple[str, ...]
    claim: str
    made_claim: bool
    storage: str
    storage_class: str | None
    access_mode: str
    data: str | None  # nothing where no source is a file of the project
    made_data: bool
    code: str
    workdir: str | None
    secret: str
    cpu: float
    memory: str
    gpu_resource: str
    node_selector: Mapping[str, str]
    tolerations: tuple[Mapping[str, Any], ...]
    user: int
    keep: int


def read_settings(plan: Plan, options: Mapping[str, Any]) -> Settings:
    """The settings that options, already checked against the schema, ask for."""
    base = legal(plan.name, 40)  # with room for "-runtime-" and a digest
    made_data = "data" not in options and options.get("code") != "image" and bool(local_sources(plan))
    return Settings(
        base=base,
        namespace=options.get("namespace"),
        service_account=options.get("service_account", base),
        made_account="service_account" not in options,
        image=options.get("image") or plan.image or f"python:{plan.python or DEFAULT_PYTHON}-slim",
        pull_policy=options.get("image_pull_policy"),
        pull_secrets=tuple(options.get("image_pull_secrets", ())),
        claim=options.get("claim", f"{base}-store"),
        made_claim="claim" not in options,
        storage=quantity(options.get("storage", "10Gi")),
        storage_class=options.get("storage_class"),
        access_mode=options.get("access_mode", "ReadWriteOnce"),
        data=options.get("data") or (f"{base}-data" if made_data else None),
        made_data=made_data,
        code=options.get("code", "configmap"),
        workdir=options.get("workdir"),
        secret=options.get("secret", f"{base}-secrets"),
        cpu=options.get("cpu", 1),
        memory=quantity(options.get("memory", "2Gi")),
        gpu_resource=options.get("gpu_resource", "nvidia.com/gpu"),
        node_selector=dict(options.get("node_selector", {})),
        tolerations=tuple(options.get("tolerations", ())),
        user=options.get("run_as_user", 10001),
        keep=int(options.get("keep", 7 * 86400)),
    )


def local_sources(plan: Plan) -> tuple[Source, ...]:
    """The sources that are files of the project."""
    return tuple(s for s in plan.of(Source) if s.uri is not None and "://" not in s.uri)


def quantity(size: int | str) -> str:
    """A size as Kubernetes writes it: 4294967296 is 4Gi; what divides by no unit stays in bytes."""
    if isinstance(size, str):
        return size
    for power, suffix in ((5, "Pi"), (4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{suffix}"
    return str(size)


def cores(cpu: float) -> str:
    """A number of processors as Kubernetes writes it: 2 is "2", 0.5 is 500m, never less than 1m."""
    return str(int(cpu)) if cpu == int(cpu) else f"{max(1, round(cpu * 1000))}m"
