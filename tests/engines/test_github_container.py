"""A stage with an image runs in it: `act` with podman in the place of Docker."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from mlopsc.tests.engines.github_act import Repository
from mlopsc.tests.runtime import plans as p

WRITE = """
import pathlib, sys
pathlib.Path(sys.argv[1]).write_text(sys.argv[2])
print("in a container" if pathlib.Path("/run/.containerenv").exists() else "on the runner")
"""
IMAGE = "localhost/mlopsc-python:1"


@pytest.fixture(scope="module")
def docker():
    """The socket of a service that speaks Docker's language, for as long as the tests of this file run."""
    if not shutil.which("podman") or subprocess.run(["podman", "image", "exists", IMAGE], check=False).returncode:
        pytest.skip("engine missing: podman (make system)")
    # A socket's path is short, and those of pytest's folders are not.
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "podman.sock"
        service = subprocess.Popen(["podman", "system", "service", "--time=300", f"unix://{socket}"])
        try:
            for _ in range(100):
                if socket.exists():
                    break
                time.sleep(0.1)
            yield socket
        finally:
            service.terminate()
            service.wait(20)


@pytest.mark.slow
def test_a_stage_with_an_image_runs_in_it(docker, tmp_path):
    plan = p.plan(
        p.stage(
            "inside",
            "python steps/write.py {outputs.x} {params.text}",
            (),
            [p.output("x", "x.txt")],
            params=("text",),
            image=IMAGE,
        ),
        p.stage("outside", "cat {inputs.x}", ["inside.x"]),
        params=[p.param("text", "string", "plain")],
    )
    repository = Repository(tmp_path).build(plan, steps__write=WRITE)
    # The stand-ins for GitHub's servers keep artifacts and caches in folders, which the containers must see.
    options = " ".join(f"-v {folder}:{folder}" for folder in (tmp_path / "artifacts-1", tmp_path / "caches"))
    workflow = repository.workflow.read_text()
    repository.workflow.write_text(workflow.replace(f"image: {IMAGE}\n", f"image: {IMAGE}\n      options: {options}\n"))
    ran = repository.act(inputs={"text": "$(id) ${{ github.token }}"}, docker=docker)
    assert ran.code == 0, ran.log
    assert ran.jobs == dict.fromkeys(["inside", "outside", "report"], "success")
    assert ran.output("outside") == "$(id) ${{ github.token }}\n"
    assert ran.output("inside").startswith("in a container")
