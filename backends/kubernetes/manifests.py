"""The objects around the pods: ConfigMaps, rights, the store's claim, the network, schedules."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence

from ...compiler.plan.nodes import Event, Plan, Trigger
from .names import legal_all
from .pods import Bundle, driver_job, labels
from .settings import Object, Settings

# A CronJob needs a schedule even if it never follows it.
NEVER_USED_SCHEDULE = "0 0 1 1 *"


def config_map(
    plan: Plan, settings: Settings, name: str, texts: Mapping[str, str], binary: Mapping[str, bytes]
) -> Object:
    """An immutable ConfigMap. Its name holds a digest of its content: a run under way keeps what it started with."""
    out: Object = {"apiVersion": "v1", "kind": "ConfigMap"}
    out["metadata"] = _metadata(plan, settings, name, "code")
    out["immutable"] = True
    if texts:
        out["data"] = dict(texts)
    if binary:
        out["binaryData"] = {k: b64encode(v).decode() for k, v in binary.items()}
    return out


def service_account(plan: Plan, settings: Settings) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(plan, settings, settings.service_account, "driver"),
        "automountServiceAccountToken": False,
    }


def role(plan: Plan, settings: Settings) -> Object:
    """What the driver may do, and no more."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": _metadata(plan, settings, f"{settings.base}-driver", "driver"),
        "rules": [
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "list"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        ],
    }


def role_binding(plan: Plan, settings: Settings) -> Object:
    subject = {"kind": "ServiceAccount", "name": settings.service_account}
    if settings.namespace:
        subject["namespace"] = settings.namespace
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": _metadata(plan, settings, f"{settings.base}-driver", "driver"),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": f"{settings.base}-driver"},
        "subjects": [subject],
    }


def network_policy(plan: Plan, settings: Settings) -> Object:
    """Nothing connects to the pipeline's pods. What they connect to is not limited."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(plan, settings, f"{settings.base}-no-ingress", "network"),
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/instance": settings.base}},
            "policyTypes": ["Ingress"],
        },
    }


def store_claim(plan: Plan, settings: Settings) -> Object:
    return _claim(plan, settings, settings.claim, "store")


def data_claim(plan: Plan, settings: Settings) -> Object:
    return _claim(plan, settings, f"{settings.base}-data", "data")


def _claim(plan: Plan, settings: Settings, name: str, part: str) -> Object:
    spec: Object = {
        "accessModes": [settings.access_mode],
        "resources": {"requests": {"storage": settings.storage}},
    }
    if settings.storage_class:
        spec["storageClassName"] = settings.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": _metadata(plan, settings, name, part),
        "spec": spec,
    }


def manual_cron_job(plan: Plan, settings: Settings, bundle: Bundle, jobs: Sequence[str]) -> Object:
    """A CronJob that never starts by itself: the template of runs that people start."""
    how = f"kubectl create job --from=cronjob/{settings.base} NAME starts a run."
    notes = _owner(plan) | {"kubernetes.io/description": f"{plan.doc}\n{how}" if plan.doc else how}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(plan, settings, settings.base, "driver") | {"annotations": notes},
        "spec": {
            "schedule": NEVER_USED_SCHEDULE,
            "suspend": True,
            "concurrencyPolicy": "Forbid",
            "jobTemplate": driver_job(plan, settings, bundle, jobs),
        },
    }


def schedules(plan: Plan, settings: Settings, bundle: Bundle, jobs: Sequence[str]) -> Iterator[Object]:
    """A CronJob for each schedule of each trigger."""
    found: list[tuple[str, Trigger, Event]] = []
    for trigger in plan.of(Trigger):
        events = [e for e in trigger.events if e.kind == "schedule"]
        for i, event in enumerate(events):
            found.append((f"{plan.name}-{trigger.id}" + (f"-{i + 1}" if len(events) > 1 else ""), trigger, event))
    names = legal_all(text for text, _, _ in found)
    for text, trigger, event in found:
        notes = _owner(plan) | {"mlopsc/source": f"{trigger.place.file}:{trigger.place.line}"}
        if trigger.doc:
            notes["kubernetes.io/description"] = trigger.doc
        zone = {"timeZone": event.zone} if event.zone else {"timeZone": "Etc/UTC"}
        yield {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": _metadata(plan, settings, names[text], "driver") | {"annotations": notes},
            "spec": {
                "schedule": event.cron,
                **zone,
                "concurrencyPolicy": "Forbid",
                "startingDeadlineSeconds": 3600,
                "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 3,
                "jobTemplate": driver_job(plan, settings, bundle, jobs, trigger.id),
            },
        }


def kustomization(plan: Plan, settings: Settings, files: list[str]) -> Object:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        **({"namespace": settings.namespace} if settings.namespace else {}),
        "resources": files,
    }


def _owner(plan: Plan) -> dict[str, str]:
    return {"mlopsc/owner": plan.owner} if plan.owner else {}


def _metadata(plan: Plan, settings: Settings, name: str, part: str) -> Object:
    out: Object = {"name": name}
    if settings.namespace:
        out["namespace"] = settings.namespace
    out["labels"] = labels(plan, settings, part)
    return out
