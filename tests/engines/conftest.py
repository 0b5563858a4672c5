"""What tests in several files need of an engine."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from . import s3_server
from .podman_cluster import IMAGE, Cluster


@pytest.fixture(scope="session")
def podman():
    if not shutil.which("podman"):
        pytest.skip("engine missing: podman (make system)")
    if subprocess.run(["podman", "image", "exists", IMAGE], check=False).returncode:
        pytest.skip(f"engine missing: podman (make system makes the image {IMAGE})")


@pytest.fixture
def cluster(podman, tmp_path):
    # Pods run as another user, who has to get through the folders above what they mount.
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    with Cluster(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def s3():
    if not s3_server.PYTHON.exists():
        pytest.skip(s3_server.MISSING)
    with s3_server.started() as server:
        yield server
