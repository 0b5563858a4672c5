"""Emitting is pure: equal specs give equal bytes, wherever and however the compiler is started, with no network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = [s for s in sorted(ROOT.glob("examples/*/[!.]*.mlops")) if s.stem == s.parent.name]
TARGETS = ("local", "airflow", "github", "kubernetes")

BUILD = """
import hashlib, socket, sys
from pathlib import Path

def refused(*_args, **_kwargs):
    raise AssertionError("emission opened a socket")

socket.socket = refused
socket.create_connection = refused
socket.getaddrinfo = refused

from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.driver import analyse, compile_plan

lowered = compile_plan(analyse(Path(sys.argv[1])))
for target in sys.argv[2:]:
    files = BACKENDS[target].emit(lowered.plan, dict(lowered.plan.targets.get(target, {})))
    for file in files:
        print(target, file.path, file.executable, hashlib.sha256(file.content).hexdigest())
"""


def emitted(spec: Path, cwd: Path, **env: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", BUILD, str(spec), *TARGETS],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("\n") > len(TARGETS) * 2
    return ran.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_bytes_do_not_depend_on_the_surroundings(example: Path, tmp_path: Path) -> None:
    here = emitted(example, example.parent, PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C.UTF-8")
    moved = tmp_path / "a folder" / example.parent.name
    shutil.copytree(example.parent, moved, ignore=shutil.ignore_patterns(".mlops", "__pycache__", "build"))
    there = emitted(
        moved / example.name,
        tmp_path,
        PYTHONHASHSEED="4242",
        TZ="Asia/Kathmandu",
        LC_ALL="C",
        PYTHONUTF8="0",
        HOME=str(tmp_path),
    )
    assert hashlib.sha256(here.encode()).hexdigest() == hashlib.sha256(there.encode()).hexdigest(), there


def test_the_runtime_archive_is_small() -> None:
    from mlopsc.backends.archive import runtime_archive

    assert len(runtime_archive()) < 300 * 1000
