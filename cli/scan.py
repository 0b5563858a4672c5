"""Looks through a folder for what a pipeline could be made of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .scripts import Script, read_script

_DEPTH = 3
_NOT_IN = {"tests", "test", "docs", "build", "dist", "node_modules", "__pycache__", "site-packages", "venv", "env"}
_NOT_SCRIPTS = {"setup.py", "conftest.py", "noxfile.py", "manage.py", "__init__.py", "__main__.py", "fabfile.py"}
_TABLES = {".csv", ".parquet", ".jsonl", ".ndjson"}
_MOST_FILES = 5_000

# Words in a script's name that say when it runs. What has none of them runs in the middle.
_ORDER = (
    ("download", "fetch", "get", "collect", "extract", "ingest", "load"),
    ("validate", "clean", "prepare", "preprocess", "process", "transform"),
    ("feature", "features", "featurize", "split"),
    (),
    ("train", "fit", "tune", "learn"),
    ("predict", "infer", "apply"),
    ("evaluate", "eval", "test", "score", "measure"),
    ("report", "plot", "visualize", "publish", "deploy"),
)


@dataclass(frozen=True)
class Scan:
    """What lies in a folder; paths are relative to it, in posix form, scripts in the order in which they would run."""

    root: Path
    scripts: tuple[Script, ...]
    tables: tuple[str, ...]
    files: frozenset[str]
    requirements: str | None
    others: tuple[str, ...]  # notebooks, shell scripts and the like


def scan(root: Path) -> Scan:
    files = list(_files(root))
    scripts = [s for f in files if f.endswith(".py") and _may_run(f) and (s := read_script(root, f))]
    modules = {name for s in scripts for name in s.imports}
    scripts = [s for s in scripts if s.runs and not (s.stem in modules and not s.options)]
    return Scan(
        root,
        _in_order(scripts),
        tuple(f for f in files if Path(f).suffix.lower() in _TABLES),
        frozenset(files),
        next((f for f in ("requirements.txt", "requirements.lock") if f in files), None),
        tuple(f for f in files if Path(f).suffix in (".ipynb", ".sh", ".R", ".jl")),
    )


def _files(root: Path) -> Iterator[str]:
    count = 0
    for parent, folders, names in os.walk(root):
        depth = len(Path(parent).relative_to(root).parts)
        folders[:] = sorted(
            f
            for f in folders
            if depth < _DEPTH
            and f not in _NOT_IN
            and not f.startswith(".")
            and not Path(parent, f, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(parent, name).relative_to(root).as_posix()
                count += 1
            if count >= _MOST_FILES:
                return


def _may_run(path: str) -> bool:
    name = Path(path).name
    return name not in _NOT_SCRIPTS and not name.startswith("test_") and not name.endswith("_test.py")


def _in_order(scripts: list[Script]) -> tuple[Script, ...]:
    """By the numbers in front of their names when all have one (`01_prepare`), else by what the names say."""
    numbers = {s.path: _number(s.stem) for s in scripts}
    if all(n is not None for n in numbers.values()):
        return tuple(sorted(scripts, key=lambda s: (numbers[s.path] or 0, s.path)))
    return tuple(sorted(scripts, key=lambda s: (_rank(s.stem), s.path)))


def _number(stem: str) -> int | None:
    digits = stem[: len(stem) - len(stem.lstrip("0123456789"))]
    return int(digits) if digits else None


def _rank(stem: str) -> int:
    words = stem.lower().replace("-", "_").split("_")
    return next((i for i, group in enumerate(_ORDER) if any(w in group for w in words)), _ORDER.index(()))
