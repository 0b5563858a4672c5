"""What a run was surrounded by: the commit and what differed from it, the machine, the packages.

A run can be made again from this: the difference is kept as a patch beside the records, with the files that git does
not know yet.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .context import Context
from .git import answer_if_any
from .locked import LOCK
from .params import origin_of

PATCH = "uncommitted.patch"
# What runs leave behind, and no run uses: compiled modules, and the lock, which says what a run used.
LEFT_BEHIND = ("__pycache__", LOCK)
_LARGEST = 10 << 20  # bytes of a file that is new to git and goes into a patch: what is larger is data, and is named


def code_state(context: Context) -> dict[str, Any] | None:
    """The commit, the digest of what differs from it, and the patch's file in the run's folder; nothing where the
    policy does not ask for it, or there is no repository."""
    commit = commit_of(context)
    if commit is None:
        return None
    found: dict[str, Any] = {"commit": commit, "uncommitted": None}
    folder = answer_if_any(context.root, "rev-parse", "--show-prefix")
    if folder is not None:
        found["folder"] = folder.strip()
    patch, left_out = _difference(context)
    if left_out:
        found["left_out"] = left_out
    if patch:
        context.store.write_text(context.folder / PATCH, patch)
        digest = hashlib.sha256(patch.encode("utf-8", "surrogateescape")).hexdigest()
        found.update(uncommitted=f"sha256:{digest}", patch=PATCH)
    return found


def commit_of(context: Context) -> str | None:
    """The commit of the project's folder; nothing where the policy does not ask for it, or there is none."""
    if context.pipeline.version.get("code") == "off":
        return None
    commit = answer_if_any(context.root, "rev-parse", "HEAD")
    return commit.strip() if commit else None


def _difference(context: Context) -> tuple[str, list[str]]:
    """What differs from the commit, as git's own patch, and the files that are too large to stand in it.

    Files that are new are staged in an index of their own: the user's stays as it is.
    """
    here = (".", *(f":(exclude,glob)**/{name}{below}" for name in LEFT_BEHIND for below in ("", "/**")))
    changed = answer_if_any(context.root, "status", "--porcelain", "-z", "--untracked-files=all", "--", *here)
    if not changed:
        return "", []
    new = [line[3:] for line in changed.split("\0") if line.startswith("?? ")]
    top = Path((answer_if_any(context.root, "rev-parse", "--show-toplevel") or "").strip() or context.root)
    large = [n for n in new if _size(top / n) > _LARGEST]
    with context.store.workspace("patch") as workspace:
        own = {"GIT_INDEX_FILE": str(workspace / "index")}
        answer_if_any(context.root, "read-tree", "HEAD", **own)
        answer_if_any(context.root, "add", "--all", "--", *here, *(f":(top,exclude,literal){n}" for n in large), **own)
        patch = answer_if_any(context.root, "diff", "--cached", "--binary", "HEAD", "--", *here, **own)
    return patch or "", large


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def machine() -> dict[str, Any]:
    """The Python, the system, the host, its processors, memory and GPUs."""
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "host": platform.node(),
        "processors": os.cpu_count(),
    }
    if model := _processor():
        found["processor"] = model
    with contextlib.suppress(ValueError, OSError, AttributeError):
        found["memory"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if gpus := _gpus():
        found["gpus"] = gpus
    return found


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def _gpus() -> list[str]:
    # The kernel's own list: asking nvidia-smi takes a second.
    folders = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = (line for f in folders for line in f.read_text("utf-8", errors="replace").splitlines())
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]


def packages(paths: Iterable[str] | None = None) -> dict[str, str]:
    """What is installed for a Python that looks in these folders, by name; for this one where none are given.

    Names are read from the folders' names, which is what the installer wrote them for: opening each one's metadata
    takes fifty times as long.
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path if paths is None else paths):
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - many names, and no paths wanted
        except OSError:
            continue
        for name in names:
            stem, dot, kind = name.rpartition(".")
            if dot and kind in ("dist-info", "egg-info") and "-" in stem:
                package, version = stem.split("-")[:2]
                found.setdefault(package.lower().replace("_", "-"), version)
    return dict(sorted(found.items()))


def origins(context: Context) -> dict[str, str]:
    """What gave each param its value: its default, a profile, `--set`, or the run."""
    declared = {p["name"]: p for p in context.pipeline.document["params"]}
    return {name: origin_of(declared.get(name) or {}, value) for name, value in context.params.items()}
