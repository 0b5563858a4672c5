"""The process whose children race for an alias, or are killed: it imports all that they need and opens nothing."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.artifacts
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
from mlopsc.runtime import commands, mlflow_client, mlflow_registry

from .mlflow_engine import Place

CHANGES = ("create_", "log_", "set_", "delete_")


class Killed:
    """MLflow's client, until so many changes are asked of it."""

    left = 0

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if not name.startswith(CHANGES):
            return found

        def asked(*args: Any, **more: Any) -> Any:
            if Killed.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            Killed.left -= 1
            return found(*args, **more)

        return asked


def serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        answer = run(request) if request["do"] == "run" else race(request)
        print(json.dumps(answer), flush=True)


def child(work: Callable[[], int]) -> int:
    """Starts a child that does the work and ends. Its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def run(request: dict[str, Any]) -> int:
    def work() -> int:
        mlflow_registry.PATIENCE = 0.3
        if request["killed_before"] is not None:
            Killed.left, connect = request["killed_before"], mlflow_client.connect
            mlflow_registry.connect = mlflow_client.connect = lambda uri: Killed(connect(uri))
        return commands.main(["run", "--plan", request["plan"], "--root", request["root"]])

    return os.waitstatus_to_exitcode(os.waitpid(child(work), 0)[1])


def race(request: dict[str, Any]) -> list[Any]:
    from .test_mlflow import race as one

    root, (wait, go) = Path(request["root"]), os.pipe()

    def racer(to: int) -> Callable[[], int]:
        def work() -> int:
            os.close(go)
            os.read(wait, 1)  # until the last has begun
            answer = one(Place(root, request["name"], None), to)
            (root / f"answer{to}.json").write_text(json.dumps(answer))
            return 0

        return work

    racers = [child(racer(to)) for to in range(1, request["count"] + 1)]
    os.close(go)
    os.close(wait)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in racers]
    assert not any(codes), codes
    return [json.loads((root / f"answer{to}.json").read_text()) for to in range(1, request["count"] + 1)]
