"""The few requests to the API of Kubernetes that a driver makes, as its pod's service account."""

from __future__ import annotations

import json
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
RUN_LABEL = "mlopsc/run"
NODE_NOTE = "mlopsc/node-id"
_STARTING = ("ContainerCreating", "PodInitializing")


class ApiError(Exception):
    """The API server's answer to a request that it did not carry out; status 0: there was no answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Kubernetes answers {status}: {message}" if status else message)
        self.status, self.message = status, message

    @property
    def passing(self) -> bool:
        """Whether the same request may be answered later."""
        return self.status in (0, 429) or self.status >= 500


class Api:
    """The few requests that a driver makes."""

    def __init__(self, url: str, namespace: str, token: Path, context: ssl.SSLContext) -> None:
        self.url, self.namespace, self.token, self.context = url, namespace, token, context

    @classmethod
    def of_this_pod(cls) -> Api:
        """As the pod's service account, at the address that every container is given."""
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        host = f"[{host}]" if ":" in host else host
        context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        namespace = (ACCOUNT / "namespace").read_text("utf-8").strip()
        return cls(f"https://{host}:{port}", namespace, ACCOUNT / "token", context)

    def create_job(self, job: Object) -> None:
        self._request("POST", "/apis/batch/v1", "jobs", body=job)

    def jobs_of(self, uid: str) -> dict[str, Object]:
        """The Jobs of a run by their node's id."""
        found = self._request("GET", "/apis/batch/v1", "jobs", labelSelector=f"{RUN_LABEL}={uid}")
        return {job["metadata"]["annotations"][NODE_NOTE]: job for job in found["items"]}

    def endings(self, job: str) -> list[str]:
        """How the containers of a Job's pods ended."""
        found = self._request("GET", "/api/v1", "pods", labelSelector=f"batch.kubernetes.io/job-name={job}")
        words = []
        for pod in found["items"]:
            status = pod.get("status", {})
            if status.get("reason"):
                words.append(f"pod {status['reason']}: {status.get('message', '')}".rstrip(": "))
            for container in status.get("containerStatuses", []):
                ended = container.get("state", {}).get("terminated")
                if ended:
                    words.append(f"{ended.get('reason', 'ended')}, exit code {ended.get('exitCode')}")
                    last = (ended.get("message") or "").strip().splitlines()[-3:]
                    words += [" ".join(last)] if last else []
        return words

    def waiting(self, uid: str) -> Iterator[tuple[str, str]]:
        """Nodes of a run whose pods cannot start as things are, and why: no such image, no such secret, no room."""
        for pod in self._request("GET", "/api/v1", "pods", labelSelector=f"{RUN_LABEL}={uid}")["items"]:
            status = pod.get("status", {})
            node = pod["metadata"].get("annotations", {}).get(NODE_NOTE, pod["metadata"]["name"])
            for condition in status.get("conditions") or []:
                if condition["type"] == "PodScheduled" and condition["status"] == "False":
                    yield node, f"{condition.get('reason')}: {condition.get('message', '')}"
            for container in status.get("containerStatuses") or []:
                why = container.get("state", {}).get("waiting") or {}
                if why.get("reason") and why["reason"] not in _STARTING:
                    yield node, f"{why['reason']}: {why.get('message', '')}"

    def _request(self, method: str, group: str, kind: str, *, body: Object | None = None, **query: str) -> Any:
        """Tries again, for two minutes, what a server that restarts or is busy did not answer."""
        url = f"{self.url}{group}/namespaces/{self.namespace}/{kind}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        deadline, pause = time.monotonic() + 120, 0.5
        while True:
            try:
                return self._once(method, url, body)
            except ApiError as e:
                if not e.passing or time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 10)

    def _once(self, method: str, url: str, body: Object | None) -> Any:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "mlopsc-driver",
            # Read each time: Kubernetes replaces it within the hour.
            "Authorization": f"Bearer {self.token.read_text('utf-8').strip()}",
        }
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise ApiError(e.code, _message(e.read(), e.reason)) from e
        except (OSError, ValueError) as e:
            raise ApiError(0, f"no answer from {self.url}: {e}") from e


def _message(body: bytes, otherwise: str) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return otherwise
