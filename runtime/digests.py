"""Digests of files and folders. A file's is `sha256:…` of its bytes, a folder's `tree:…` of its sorted listing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def file_digest(path: Path) -> str:
    """`sha256:` and the hex digest of the file's bytes."""
    hasher = hashlib.sha256()
    with path.open("rb") as f:
        while block := f.read(1 << 20):
            hasher.update(block)
    return f"sha256:{hasher.hexdigest()}"


def text_digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def value_digest(value: Any) -> str:
    """The digest of a JSON value; the order of an object's keys does not matter."""
    return text_digest(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def tree_files(folder: Path, odd: Callable[[Path], None] = lambda path: None) -> dict[str, Path]:
    """The files below a folder by relative posix path, sorted. Links are followed, but not round in circles. `odd` is
    called with what is neither file nor folder."""
    return dict(sorted((p.relative_to(folder).as_posix(), p) for p in _files_below(folder, frozenset(), odd)))


def _files_below(folder: Path, above: frozenset[Path], odd: Callable[[Path], None]) -> Iterator[Path]:
    real = folder.resolve()
    if real in above:
        return
    for path in folder.iterdir():
        if path.is_dir():
            yield from _files_below(path, above | {real}, odd)
        elif path.is_file():
            yield path
        else:
            odd(path)


def tree_listing(digests: dict[str, str]) -> str:
    """The text whose digest stands for a folder: a line for each file, its digest and its path."""
    return "".join(f"{digest} {json.dumps(path)}\n" for path, digest in sorted(digests.items()))


def tree_digest(digests: dict[str, str]) -> str:
    """`tree:` and the hex digest of the listing of the files with these digests by path."""
    return "tree:" + text_digest(tree_listing(digests)).removeprefix("sha256:")


def path_digest(path: Path) -> str:
    """The digest of a file, or of a folder with all below it."""
    if path.is_dir():
        return tree_digest({name: file_digest(p) for name, p in tree_files(path).items()})
    return file_digest(path)
