"""What tests of MLflow share: its packages, and two registries that are asked the same."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.registry import ModelRegistry, Registry
from mlopsc.runtime.store import Store

VENV = Path(__file__).parents[2] / ".engines" / "mlflow"
MODEL = "demo.train.model"


def site() -> Path:
    """The folder of MLflow's packages, made for the Python that runs the tests."""
    found = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    if not (found / "mlflow").is_dir():
        pytest.skip("engine missing: mlflow (make engines)")
    return found


@contextmanager
def importable() -> Iterator[None]:
    """MLflow behind the packages that are there already, so that a run in this process finds it."""
    path = str(site())
    sys.path.append(path)
    try:
        yield
    finally:
        sys.path.remove(path)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """MLflow's own server over HTTP, which keeps the artifacts, too. Its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", str(folder / "kept")]
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "server.log").open("w") as log:
        program = [VENV / "bin" / "mlflow", *words]
        started = subprocess.Popen(program, stdout=log, stderr=log, env=environ, start_new_session=True)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                break
            assert started.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(30)


class Place:
    """A project's folder with a registry (`local`, `mlflow` in a database, or the address of MLflow's server), and
    MLflow's own client to it."""

    def __init__(self, root: Path, name: str, empty: Path | None) -> None:
        self.root, self.name = root, name
        self.store = Store(root / ".mlops")
        with self.store.workspace("made"):
            pass
        self.uri = name if name.startswith("http") else f"sqlite:///{root}/mlflow.db"
        if empty is not None:  # making the tables takes seconds
            (root / "mlflow.db").write_bytes(empty.read_bytes())

    @property
    def version(self) -> n.Versioning:
        if self.name == "local":
            return n.Versioning(code="off")
        return n.Versioning(code="off", registry="mlflow", registry_uri=self.uri.replace(f"{self.root}/", ""))

    def registry(self, model: str = MODEL) -> ModelRegistry:
        if self.name == "local":
            return Registry(self.store, model)
        from mlopsc.runtime.mlflow_registry import MlflowRegistry

        return MlflowRegistry(self.store, model, self.uri, "demo")

    @property
    def client(self) -> Any:
        from mlopsc.runtime.mlflow_client import connect

        return connect(self.uri)

    def kept(self, text: str) -> dict[str, Any]:
        path = self.root / f"{uuid.uuid4().hex}.bin"
        path.write_text(text)
        return self.store.put(path).plain()

    def aliases_in_mlflow(self) -> dict[str, int]:
        return {name: int(v) for name, v in self.client.get_registered_model(MODEL).aliases.items()}


def empty_database(folder: Path) -> Path:
    """A database with MLflow's tables and nothing in them."""
    path = folder / "empty.db"
    code = (
        "import sys; from mlflow import MlflowClient; u = 'sqlite:///' + sys.argv[1];"
        "c = MlflowClient(u, u); c.search_experiments(); c.search_registered_models()"
    )
    subprocess.run([VENV / "bin" / "python", "-c", code, path], check=True, capture_output=True)
    return path


class Forks:
    """Processes that have everything imported, which takes seconds, and nothing opened: children of one that waits."""

    def __enter__(self) -> Forks:
        serve = "from mlopsc.tests.engines import mlflow_forks; mlflow_forks.serve()"
        code = f"import sys; sys.path.append({str(site())!r}); {serve}"
        self.server = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stdin.close()
        self.server.wait(30)

    def _ask(self, **what: Any) -> Any:
        self.server.stdin.write(json.dumps(what) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def run(self, plan: Path, killed_before: int | None = None) -> int:
        """Runs a plan; the process kills itself before it asks MLflow for so many changes. Its exit code."""
        return self._ask(do="run", plan=str(plan), root=str(plan.parent), killed_before=killed_before)

    def all_at_once(self, do: str, root: Path, name: str, count: int) -> list[Any]:
        """What each of so many processes answers, which begin together."""
        return self._ask(do=do, root=str(root), name=name, count=count)
