"""Which Python ran a stage, where it was another than the runner's, and which machine, where it was another's.

A command that begins with a Python of its own (`.venv/bin/python train.py`) has other packages than the runner. On an
engine each node is a process for itself, maybe on another machine or in another image.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .context import Context
from .surroundings import machine, packages

_PYTHON = re.compile(r"python(\d+(\.\d+)?t?)?(\.exe)?")
_PATIENCE = 10.0  # seconds


def where_it_ran(context: Context, argv: list[str], env: Mapping[str, str]) -> dict[str, Any]:
    """What of a stage's surroundings the record of the whole run does not say."""
    found: dict[str, Any] = {}
    if context.engine:
        found.update(machine=_machine(), packages=_packages())
    other = other_python(argv[0], context.root, env)
    if other is not None and (asked := _asked(other, context.root, env.get("PYTHONPATH"))):
        found["interpreter"] = {"executable": other, "python": asked[0]}
        found["packages"] = packages(asked[1])
    return found


def other_python(program: str, root: Path, env: Mapping[str, str]) -> str | None:
    """The Python that a command names, where it is not the one that runs this. Links are not followed: an environment's
    Python is a link to the one that it was made from, and has other packages."""
    if not _PYTHON.fullmatch(Path(program).name):
        return None
    path = str(root / program) if os.sep in program else shutil.which(program, path=env.get("PATH"))
    if path is None or os.path.normpath(path) == os.path.normpath(sys.executable):
        return None
    return os.path.normpath(path)


@cache
def _asked(python: str, root: Path, path: str | None) -> tuple[str, list[str]] | None:
    """Its version and where it looks for packages; nothing where it does not answer."""
    code = "import json, sys; print(json.dumps([sys.version.split()[0], sys.path[1:]]))"
    env = {**os.environ, **({"PYTHONPATH": path} if path is not None else {})}
    try:
        answer = subprocess.run(
            [python, "-c", code], cwd=root, env=env, capture_output=True, text=True, check=True, timeout=_PATIENCE
        )
        version, paths = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return version, paths


_machine, _packages = cache(machine), cache(packages)
