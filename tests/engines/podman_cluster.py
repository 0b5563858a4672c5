"""A cluster of one machine for tests: a small API server and Job controller in front of podman.

What `kubectl apply` would send is given as objects. The API is HTTPS on 127.0.0.1 and answers the driver's requests as
far as its Role allows. Each Job's pod is prepared as a kubelet does it (volumes on disk, variables expanded, the
service account's token mounted) and run by `podman kube play`. The controller honours backoffLimit, podFailurePolicy
and activeDeadlineSeconds. Nothing in the driver knows that this is not Kubernetes.
"""

from __future__ import annotations

import base64
import copy
import json
import os
import re
import secrets
import ssl
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml
from mlopsc.backends.kubernetes import Kubernetes
from mlopsc.compiler.plan.nodes import Plan

IMAGE = "localhost/mlopsc-python:1"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
RESOURCES = {"jobs": "batch", "pods": ""}


class Cluster:
    """A namespace. `backoff` stands for the ten seconds that Kubernetes waits before a Job's second pod."""

    def __init__(self, folder: Path, backoff: float = 0.1) -> None:
        self.folder, self.backoff = folder, backoff
        self.namespace = "default"
        self.refusals: list[tuple[str, int, str]] = []  # the next requests of a verb get these answers
        self.images: dict[str, str] = {}  # what a registry would have, under the name that pods ask for
        self.objects: dict[tuple[str, str], dict] = {}
        self.jobs: dict[str, dict] = {}
        self.pods: dict[str, dict] = {}
        self.logs: dict[str, str] = {}
        self.requests: list[tuple[str, str]] = []
        self.tokens: dict[str, str] = {}  # token -> service account
        self.created: list[dict] = []
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Cluster:
        key, cert = self.folder / "key.pem", self.folder / "ca.crt"
        command = (
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=kubernetes -addext subjectAltName=IP:127.0.0.1"
        )
        subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self._start(self.server.serve_forever)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for name in list(self.pods):
            self.kill(name)
        self.server.shutdown()
        self.server.server_close()
        for thread in self._threads:
            thread.join(30)

    # ---------------------------------------------------------------- a person

    def apply(self, folder: Path) -> None:
        """`kubectl apply -k folder`"""
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        for path in kustomization["resources"]:
            value = yaml.safe_load((folder / path).read_text())
            self.objects[value["kind"], value["metadata"]["name"]] = value

    def create_secret(self, name: str, **values: str) -> None:
        self.objects["Secret", name] = {"data": {k: base64.b64encode(v.encode()).decode() for k, v in values.items()}}

    def create_job_from(self, cron_job: str, name: str, **env: str) -> str:
        """`kubectl create job --from=cronjob/… NAME`, with changed variables. Returns the Job's name."""
        template = copy.deepcopy(self.objects["CronJob", cron_job]["spec"]["jobTemplate"])
        container = template["spec"]["template"]["spec"]["containers"][0]
        for variable in container["env"]:
            if variable["name"] in env:
                variable["value"] = env[variable["name"]]
        job = {"apiVersion": "batch/v1", "kind": "Job", **template}
        job["metadata"] = {**template.get("metadata", {}), "name": name}
        self.create_job(job)
        return name

    def wait(self, job: str, timeout: float = 90) -> dict:
        """Until a Job has ended; its condition."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            conditions = self.jobs[job]["status"].get("conditions")
            if conditions:
                return conditions[0]
            time.sleep(0.05)
        raise AssertionError(f"job/{job} has not ended:\n" + "\n".join(self.logs_of(job)))

    def pods_of(self, job: str) -> list[dict]:
        return [p for p in self.pods.values() if p["metadata"]["labels"]["batch.kubernetes.io/job-name"] == job]

    def logs_of(self, job: str) -> list[str]:
        return [self.logs.get(p["metadata"]["name"], self._podman_logs(p)) for p in self.pods_of(job)]

    def kill(self, pod: str) -> None:
        """The pod's processes end, as when the machine takes them away."""
        container = self.pods[pod]["spec"]["containers"][0]["name"]
        _podman("kill", f"{pod}-{container}", check=False)

    def evict(self, pod: str) -> None:
        """An eviction: the pod is marked as disrupted, then killed."""
        condition = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
        self.pods[pod]["status"].setdefault("conditions", []).append(condition)
        self.kill(pod)

    def claim(self, name: str) -> Path:
        """The folder behind a volume claim."""
        folder = self.folder / "claims" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    # ---------------------------------------------------------- Job controller

    def create_job(self, job: dict) -> dict:
        name = job["metadata"]["name"]
        with self._lock:
            if name in self.jobs:
                raise _RefusedError(409, f'jobs.batch "{name}" already exists')
            job["metadata"].setdefault("uid", str(uuid.uuid4()))
            job["metadata"]["namespace"] = self.namespace
            job["status"] = {}
            self.jobs[name] = job
        self._start(self._run_job, job)
        return job

    def _run_job(self, job: dict) -> None:
        spec, failures = job["spec"], 0
        deadline = time.monotonic() + spec.get("activeDeadlineSeconds", 10**6)
        while not self._closing.is_set():
            pod = self._new_pod(job)
            code = self._run_pod(pod, deadline)
            if time.monotonic() >= deadline:
                return self._end(job, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
            if code == 0:
                return self._end(job, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
            action = _policy(spec.get("podFailurePolicy", {}), pod, code)
            if action == "FailJob":
                message = f"Container failed with exit code {code} matching FailJob rule"
                return self._end(job, "Failed", "PodFailurePolicy", message)
            failures += action != "Ignore"
            if failures > spec.get("backoffLimit", 6):
                message = "Job has reached the specified backoff limit"
                return self._end(job, "Failed", "BackoffLimitExceeded", message)
            time.sleep(self.backoff)
        return None

    def _end(self, job: dict, kind: str, reason: str, message: str) -> None:
        job["status"]["conditions"] = [{"type": kind, "status": "True", "reason": reason, "message": message}]

    # ------------------------------------------------------------------ kubelet

    def _new_pod(self, job: dict) -> dict:
        template = copy.deepcopy(job["spec"]["template"])
        name = f"{job['metadata']['name'][:57]}-{secrets.token_hex(3)}"
        labels = dict(template["metadata"].get("labels", {}))
        labels["batch.kubernetes.io/job-name"] = job["metadata"]["name"]
        labels["batch.kubernetes.io/controller-uid"] = job["metadata"]["uid"]
        metadata = {**template["metadata"], "name": name, "labels": labels}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"], "status": {}}
        self.pods[name] = pod
        return pod

    def _run_pod(self, pod: dict, deadline: float) -> int:
        name = pod["metadata"]["name"]
        self._wait_for_secrets(pod)
        prepared = self._prepared(pod)
        container = f"{name}-{pod['spec']['containers'][0]['name']}"
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(prepared))
        try:
            _podman("kube", "play", "--network=host", str(file))
            waiting = subprocess.Popen(["podman", "wait", container], stdout=subprocess.PIPE, text=True)
            while waiting.poll() is None:
                if time.monotonic() >= deadline:
                    _podman("kill", container, check=False)
                time.sleep(0.03)
            code = int(waiting.stdout.read())
            self.logs[name] = self._podman_logs(pod)
            status = {"name": pod["spec"]["containers"][0]["name"]}
            ended = {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}
            if code:  # terminationMessagePolicy: FallbackToLogsOnError
                ended["message"] = self.logs[name][-2048:]
            status["state"] = {"terminated": ended}
            pod["status"]["containerStatuses"] = [status]
            pod["status"]["phase"] = "Succeeded" if code == 0 else "Failed"
            return code
        finally:
            _podman("pod", "rm", "-f", "-t", "0", name, check=False)

    def _wait_for_secrets(self, pod: dict) -> None:
        container = pod["spec"]["containers"][0]
        needed = [
            v["valueFrom"]["secretKeyRef"]["name"] for v in container["env"] if "secretKeyRef" in v.get("valueFrom", {})
        ]
        for name in needed:
            why = {"reason": "CreateContainerConfigError", "message": f'secret "{name}" not found'}
            while ("Secret", name) not in self.objects and not self._closing.is_set():
                pod["status"]["containerStatuses"] = [{"name": container["name"], "state": {"waiting": why}}]
                time.sleep(0.1)
        pod["status"].pop("containerStatuses", None)

    def _podman_logs(self, pod: dict) -> str:
        container = f"{pod['metadata']['name']}-{pod['spec']['containers'][0]['name']}"
        done = subprocess.run(["podman", "logs", container], capture_output=True, text=True)
        return done.stdout + done.stderr

    def _prepared(self, pod: dict) -> dict:
        """The pod with what a kubelet adds, volumes as folders of this machine."""
        spec = copy.deepcopy(pod["spec"])
        here = self.folder / "kubelet" / pod["metadata"]["name"]
        user = spec["securityContext"]["fsGroup"]
        for volume in spec["volumes"]:
            volume.update(self._volume(volume, here / volume["name"], user))
        container = spec["containers"][0]
        if spec["automountServiceAccountToken"]:
            folder = here / "account"
            self._mount_token(folder, spec["serviceAccountName"])
            spec["volumes"].append({"name": "account", "hostPath": {"path": str(folder)}})
            container["volumeMounts"].append({"name": "account", "mountPath": ACCOUNT, "readOnly": True})
        env: dict[str, str] = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port)}
        for variable in container["env"]:
            env[variable["name"]] = self._value(variable, pod, env)
        container["env"] = [{"name": k, "value": v} for k, v in env.items()]
        for part in ("command", "args"):
            container[part] = [expand(word, env) for word in container.get(part, [])]
        container["image"] = self.images.get(container["image"], container["image"])
        container["imagePullPolicy"] = "Never"
        for unknown in ("affinity", "nodeSelector", "tolerations", "imagePullSecrets"):
            spec.pop(unknown, None)
        return {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "spec": spec}

    def _volume(self, volume: dict, folder: Path, user: int) -> dict:
        if "persistentVolumeClaim" in volume:
            folder = self.claim(volume.pop("persistentVolumeClaim")["claimName"])
        elif "emptyDir" in volume:
            del volume["emptyDir"]
            folder.mkdir(parents=True)
        else:
            sources = volume.pop("projected", None) or {"sources": [{"configMap": volume.pop("configMap")}]}
            self._write_config(folder, [s["configMap"] for s in sources["sources"]])
        os.chown(folder, user, user)
        return {"hostPath": {"path": str(folder)}}

    def _write_config(self, folder: Path, sources: list[dict]) -> None:
        """Files behind links to a folder whose name starts with two dots, as ConfigMaps are mounted."""
        real = folder / "..2026_01_01"
        real.mkdir(parents=True)
        for source in sources:
            config = self.objects["ConfigMap", source["name"]]
            found = {k: v.encode() for k, v in config.get("data", {}).items()}
            found |= {k: base64.b64decode(v) for k, v in config.get("binaryData", {}).items()}
            items = source.get("items") or [{"key": k, "path": k} for k in found]
            for item in items:
                path = real / item["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(found[item["key"]])
        (folder / "..data").symlink_to(real.name)
        for entry in real.iterdir():
            (folder / entry.name).symlink_to(f"..data/{entry.name}")

    def _mount_token(self, folder: Path, account: str) -> None:
        token = secrets.token_hex(16)
        self.tokens[token] = account
        folder.mkdir(parents=True)
        (folder / "token").write_text(token)
        (folder / "namespace").write_text(self.namespace)
        (folder / "ca.crt").write_text((self.folder / "ca.crt").read_text())

    def _value(self, variable: dict, pod: dict, env: dict[str, str]) -> str:
        source = variable.get("valueFrom")
        if source is None:
            return expand(variable.get("value", ""), env)
        if "secretKeyRef" in source:
            ref = source["secretKeyRef"]
            return base64.b64decode(self.objects["Secret", ref["name"]]["data"][ref["key"]]).decode()
        label = re.fullmatch(r"metadata\.labels\['(.+)'\]", source["fieldRef"]["fieldPath"])
        return pod["metadata"]["labels"][label[1]]

    # ---------------------------------------------------------------------- API

    def may(self, token: str, verb: str, resource: str) -> bool:
        """RBAC: what the Roles that are bound to the token's account allow."""
        account = self.tokens.get(token)
        for (kind, _), binding in self.objects.items():
            if kind != "RoleBinding" or account not in [s["name"] for s in binding["subjects"]]:
                continue
            for rule in self.objects["Role", binding["roleRef"]["name"]]["rules"]:
                if RESOURCES[resource] in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]:
                    return True
        return False

    def list(self, kind: str, selector: str) -> list[dict]:
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        with self._lock:
            found = list({"jobs": self.jobs, "pods": self.pods}[kind].values())
        return [o for o in found if wanted.items() <= o["metadata"].get("labels", {}).items()]

    def _start(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def deploy(cluster: Cluster, plan: Plan, options: dict | None = None) -> None:
    """Applies what the target emits for a plan."""
    options = {"image": IMAGE, "image_pull_policy": "Never", "cpu": 2, "memory": "1Gi", **(options or {})}
    assert list(Kubernetes().problems(plan, options)) == []
    folder = cluster.folder / "manifests"
    for file in Kubernetes().emit(plan, options):
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(file.content)
    cluster.apply(folder)


def expand(text: str, env: dict[str, str]) -> str:
    """Kubernetes' own: `$(NAME)` is the variable where there is one, `$$` is `$`."""
    out, i = [], 0
    while i < len(text):
        if text.startswith("$$", i):
            out.append("$")
            i += 2
        elif text.startswith("$(", i) and ")" in text[i:]:
            end = text.index(")", i)
            out.append(env.get(text[i + 2 : end], text[i : end + 1]))
            i = end + 1
        else:
            out.append(text[i])
            i += 1
    return "".join(out)


def _policy(policy: dict, pod: dict, code: int) -> str | None:
    for rule in policy.get("rules", []):
        codes = rule.get("onExitCodes")
        if codes and (code in codes["values"]) == (codes["operator"] == "In"):
            return rule["action"]
        for pattern in rule.get("onPodConditions", []):
            for condition in pod["status"].get("conditions", []):
                if (condition["type"], condition["status"]) == (pattern["type"], pattern["status"]):
                    return rule["action"]
    return None


def _podman(*args: str, check: bool = True) -> str:
    done = subprocess.run(["podman", *args], capture_output=True, text=True)
    if check and done.returncode:
        raise AssertionError(f"podman {' '.join(args)}: {done.stderr}")
    return done.stdout


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("list")

        def do_POST(self) -> None:
            self._answer("create")

        def _answer(self, verb: str) -> None:
            url = urlsplit(self.path)
            try:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
                self._send(200 if verb == "list" else 201, self._carry_out(verb, url.path, parse_qs(url.query), body))
            except _RefusedError as e:
                self._send(e.status, {"kind": "Status", "status": "Failure", "message": e.message, "code": e.status})

        def _carry_out(self, verb: str, path: str, query: dict[str, list[str]], body: dict | None) -> dict:
            found = re.fullmatch(r"/(?:api|apis/(?P<group>\w+))/v1/namespaces/(?P<ns>[\w-]+)/(?P<kind>\w+)", path)
            if not found or found["ns"] != cluster.namespace or RESOURCES.get(found["kind"]) != (found["group"] or ""):
                raise _RefusedError(404, f"the server could not find the requested resource: {path}")
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if token not in cluster.tokens:
                raise _RefusedError(401, "Unauthorized")
            cluster.requests.append((verb, found["kind"]))
            if not cluster.may(token, verb, found["kind"]):
                raise _RefusedError(403, f"{cluster.tokens[token]} cannot {verb} resource {found['kind']}")
            for refusal in [r for r in cluster.refusals if r[0] == verb][:1]:
                cluster.refusals.remove(refusal)
                raise _RefusedError(*refusal[1:])
            if verb == "list":
                return {"kind": "List", "items": cluster.list(found["kind"], query.get("labelSelector", [""])[0])}
            cluster.created.append(copy.deepcopy(body))
            return cluster.create_job(body)

        def _send(self, status: int, value: dict) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's word
            pass

    return Handler
