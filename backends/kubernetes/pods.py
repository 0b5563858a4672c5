"""The pods: one Job a node, and the driver that creates those Jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from ...compiler.plan.needs import secrets_of, secrets_of_run
from ...compiler.plan.nodes import Deploy, Guard, Plan, Source, Stage
from .names import label_value
from .settings import Object, Settings, cores, quantity

# Folders of a pod. One below another never: a mount inside a read-only volume has no place to stand on.
RUNTIME = "/mlops/runtime"  # mlops.pyz and plan.json
JOBS = "/mlops/jobs"  # the driver's Job templates
CODE = "/mlops/code"
DATA = "/mlops/data"
STORE = "/mlops/store"
PROJECT = "/mlops/project"  # where programs run: code and data side by side, as in the project

# Exit codes of the runtime that no second try changes: usage, blocked, our bug; and 5, not run, though `kube-node` ends
# with 0 when a stage's `when` says no.
FINAL = [2, 3, 5, 70]
# The driver's own: besides those, a failed stage (4) is a result too.
FINAL_RUN = [2, 3, 4, 70]
DRIVER_TRIES = 6
# A Job's deadline counts from its creation: pulling images, waiting for a machine and pauses between tries are in it.
START_SLACK = 1800

_ENVIRONMENT: list[Object] = [
    {"name": "MLOPS_ROOT", "value": PROJECT},
    {"name": "MLOPS_STORE", "value": STORE},
    {"name": "HOME", "value": "/tmp"},  # noqa: S108 - a pod's own
    {"name": "PYTHONUNBUFFERED", "value": "1"},
    {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
]

_CONTAINER_SECURITY: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

Runnable = Source | Stage | Guard | Deploy


def runnable(plan: Plan) -> tuple[Runnable, ...]:
    """The nodes that get a Job, in the plan's order."""
    return tuple(n for n in plan.nodes if isinstance(n, (Source, Stage, Guard, Deploy)))


def component(node: Runnable) -> str:
    return type(node).__name__.lower()


def labels(plan: Plan, settings: Settings, part: str) -> dict[str, str]:
    """The labels that Kubernetes recommends."""
    return {
        "app.kubernetes.io/name": label_value(plan.name),
        "app.kubernetes.io/instance": settings.base,
        "app.kubernetes.io/version": plan.digest.removeprefix("sha256:")[:12],
        "app.kubernetes.io/component": part,
        "app.kubernetes.io/managed-by": "mlopsc",
    }


def node_job(plan: Plan, settings: Settings, node: Runnable, name: str, bundle: Bundle) -> Object:
    """The Job of one node. The driver adds to its name, its labels and its container's environment; nothing else."""
    part = component(node)
    marks = labels(plan, settings, part) | {"mlopsc/node": name}
    notes = {"mlopsc/node-id": node.id, "mlopsc/source": f"{node.place.file}:{node.place.line}"}
    if node.doc if not isinstance(node, Guard) or not node.implicit else "":
        notes["kubernetes.io/description"] = node.doc
    retries = node.retries.count if isinstance(node, Stage) else 0
    spec: Object = {"backoffLimit": retries, "podFailurePolicy": _failure_policy(FINAL)}
    deadline = _deadline(node)
    if deadline:
        spec["activeDeadlineSeconds"] = deadline
    spec["ttlSecondsAfterFinished"] = settings.keep
    container = {
        "name": part,
        "image": (node.image if isinstance(node, Stage) else None) or settings.image,
        **_pull(settings),
        "command": ["python3", f"{RUNTIME}/mlops.pyz", "kube-node"],
        "args": [
            *(escape(node.id), "--run", "$(MLOPS_RUN_ID)", "--plan", f"{RUNTIME}/plan.json"),
            *("--engine", "kubernetes", "--engine-run", "$(MLOPS_RUN_ID)"),
            *_trees(settings, bundle),
        ],
        "env": [*_ENVIRONMENT, *(_secret(settings, s) for s in secrets_of(plan, node))],
        "resources": _resources(settings, node),
        **_container_rest(settings, bundle, jobs=()),
    }
    spec["template"] = {
        "metadata": {"labels": marks, "annotations": {"mlopsc/node-id": node.id}},
        "spec": _pod(settings, bundle, container, jobs=()),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": marks, "annotations": notes},
        "spec": spec,
    }


def driver_job(
    plan: Plan, settings: Settings, bundle: Bundle, jobs: Sequence[str], trigger: str | None = None
) -> Object:
    """The Job of a run, as a CronJob's `jobTemplate`: it creates the others, waits for them and sums up.

    `jobs` are the ConfigMaps of the other Jobs' templates.
    """
    bounds = ["--trigger", escape(trigger)] if trigger else []
    marks = labels(plan, settings, "driver")
    container = {
        "name": "driver",
        "image": settings.image,
        **_pull(settings),
        "command": ["python3", f"{RUNTIME}/mlops.pyz", "kube-driver"],
        "args": ["--plan", f"{RUNTIME}/plan.json", "--jobs", JOBS, *bounds, *_trees(settings, bundle)],
        "env": [
            _field("MLOPS_JOB_NAME", "metadata.labels['batch.kubernetes.io/job-name']"),
            _field("MLOPS_JOB_UID", "metadata.labels['batch.kubernetes.io/controller-uid']"),
            {"name": "MLOPS_PARAMS", "value": "{}"},
            *(_secret(settings, s) for s in secrets_of_run(plan)),
            *_ENVIRONMENT,
        ],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "500m", "memory": "512Mi"},
        },
        **_container_rest(settings, bundle, jobs=jobs),
    }
    return {
        "metadata": {"labels": marks},
        "spec": {
            "backoffLimit": DRIVER_TRIES,
            "podFailurePolicy": _failure_policy(FINAL_RUN),
            "ttlSecondsAfterFinished": settings.keep,
            "template": {
                "metadata": {"labels": marks},
                "spec": _pod(settings, bundle, container, jobs=jobs),
            },
        },
    }


def filling_pod(plan: Plan, settings: Settings) -> Object:
    """A pod that does nothing for an hour, and into whose volume files can be copied."""
    container = {
        "name": "fill",
        "image": settings.image,
        **_pull(settings),
        "command": ["sleep", "3600"],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
        "securityContext": _CONTAINER_SECURITY,
        "volumeMounts": [{"name": "data", "mountPath": DATA}],
    }
    volumes: list[Object] = [{"name": "data", "persistentVolumeClaim": {"claimName": settings.data}}]
    metadata: Object = {"name": f"{settings.base}-fill-data"}
    if settings.namespace:
        metadata["namespace"] = settings.namespace
    metadata["labels"] = labels(plan, settings, "data")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": _restricted(settings, container, volumes, token=False),
    }


@dataclass(frozen=True)
class Bundle:
    """The ConfigMaps that every pod of a build mounts. `keys` is the key of each file's path in `code`."""

    runtime: str
    plan: str
    code: str | None
    keys: Mapping[str, str]


def escape(text: str) -> str:
    """Text that Kubernetes puts into arguments and variables as it is: it would expand `$(NAME)`."""
    return text.replace("$", "$$")


def _pull(settings: Settings) -> Object:
    return {"imagePullPolicy": settings.pull_policy} if settings.pull_policy else {}


def _failure_policy(final: list[int]) -> Object:
    return {
        "rules": [
            # An evicted or preempted pod is no try: its successor does not count.
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            # The empty list means nothing, but the schemas before 1.31 ask for it.
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": final}, "onPodConditions": []},
        ]
    }


def _deadline(node: Runnable) -> int | None:
    """A deadline for all tries together; the runtime itself ends each try after the stage's timeout."""
    if not isinstance(node, (Stage, Deploy)) or node.timeout is None:
        return None
    tries = 1 + (node.retries.count if isinstance(node, Stage) else 0)
    pauses = sum(min(10 << n, 360) for n in range(tries - 1))  # Kubernetes' own, between the tries of a Job
    return ceil(tries * (node.timeout + 60)) + pauses + START_SLACK


def _resources(settings: Settings, node: Runnable) -> Object:
    asked = node.resources if isinstance(node, Stage) else None
    cpu = cores(asked.cpu) if asked and asked.cpu else None
    memory = quantity(asked.memory) if asked and asked.memory else None
    requests: Object = {"cpu": cpu or "100m", "memory": memory or "128Mi"}
    limits: Object = {"cpu": cpu or cores(settings.cpu), "memory": memory or settings.memory}
    if asked and asked.gpu:
        requests[settings.gpu_resource] = limits[settings.gpu_resource] = str(asked.gpu)
    return {"requests": requests, "limits": limits}


def _trees(settings: Settings, bundle: Bundle) -> list[str]:
    """Where a pod finds the project: its code is copied into one folder, what is large is linked."""
    words = ["--copy", CODE] if bundle.code else []
    if settings.code == "image" and settings.workdir:
        words += ["--link", escape(settings.workdir)]
    if settings.data:
        words += ["--link", DATA]
    return words


def _field(name: str, path: str) -> Object:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _secret(settings: Settings, name: str) -> Object:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": settings.secret, "key": name}}}


def _container_rest(settings: Settings, bundle: Bundle, *, jobs: Sequence[str]) -> Object:
    mounts: list[Object] = [
        {"name": "runtime", "mountPath": RUNTIME, "readOnly": True},
        {"name": "store", "mountPath": STORE},
        {"name": "project", "mountPath": PROJECT},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a pod's own
    ]
    if bundle.code:
        mounts.append({"name": "code", "mountPath": CODE, "readOnly": True})
    if settings.data:
        mounts.append({"name": "data", "mountPath": DATA, "readOnly": True})
    if jobs:
        mounts.append({"name": "jobs", "mountPath": JOBS, "readOnly": True})
    return {
        "securityContext": _CONTAINER_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def _pod(settings: Settings, bundle: Bundle, container: Object, *, jobs: Sequence[str]) -> Object:
    # Only the driver, which is given the Jobs, talks to the API.
    volumes = _volumes(settings, bundle, jobs=jobs)
    return _restricted(settings, container, volumes, token=bool(jobs))


def _restricted(settings: Settings, container: Object, volumes: list[Object], *, token: bool) -> Object:
    """A pod that keeps to the restricted Pod Security profile."""
    pod: Object = {
        "restartPolicy": "Never",
        "serviceAccountName": settings.service_account,
        "automountServiceAccountToken": token,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": settings.user,
            "runAsGroup": settings.user,
            "fsGroup": settings.user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if settings.pull_secrets:
        pod["imagePullSecrets"] = [{"name": s} for s in settings.pull_secrets]
    if settings.node_selector:
        pod["nodeSelector"] = dict(settings.node_selector)
    if settings.tolerations:
        pod["tolerations"] = [dict(t) for t in settings.tolerations]
    if settings.access_mode == "ReadWriteOnce":
        pod["affinity"] = _one_machine(settings)
    pod["containers"] = [container]
    pod["volumes"] = volumes
    return pod


def _one_machine(settings: Settings) -> Object:
    # A ReadWriteOnce volume is mounted on one machine at a time, so all pods of the pipeline go where the first one is.
    term = {
        "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": settings.base}},
        "topologyKey": "kubernetes.io/hostname",
    }
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _volumes(settings: Settings, bundle: Bundle, *, jobs: Sequence[str]) -> list[Object]:
    volumes: list[Object] = [
        {
            "name": "runtime",
            "projected": {"sources": [{"configMap": {"name": bundle.runtime}}, {"configMap": {"name": bundle.plan}}]},
        },
        {"name": "store", "persistentVolumeClaim": {"claimName": settings.claim}},
        {"name": "project", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
    ]
    if bundle.code:
        items = [{"key": key, "path": path} for path, key in bundle.keys.items()]
        volumes.append({"name": "code", "configMap": {"name": bundle.code, "items": items}})
    if settings.data:
        claim = {"claimName": settings.data, "readOnly": True}
        volumes.append({"name": "data", "persistentVolumeClaim": claim})
    if jobs:
        sources = [{"configMap": {"name": name}} for name in jobs]
        volumes.append({"name": "jobs", "projected": {"sources": sources}})
    return volumes
