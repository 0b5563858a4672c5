"""Digests of files, remembered by what the file system says of them, so that what is unchanged is not read again.

An entry holds while size, times of content and of status, inode and device are what they were. The time of status
(ctime) is the kernel's: `touch -d` and a restored backup change it, and no program can set it back. A file that was
written less than two seconds before it was digested is not remembered, for a second edit could fall on the same tick of
the clock (what git calls racy). Losing the file of entries costs time and nothing else.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .digests import file_digest, text_digest

_FORMAT = 1
_RACY = 2_000_000_000  # nanoseconds
_MOST = 200_000  # entries; beyond them the file is begun anew

Signature = list[int]


class ChangedWhileReadError(Exception):
    """The file was written to while it was digested; the message names it."""


class Fingerprints:
    """The remembered digests of one store. Several threads may ask; several processes may keep theirs in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._new: dict[str, list[Any]] = {}
        self._lock = threading.Lock()
        self._known: dict[str, list[Any]] | None = None

    def file(self, path: Path) -> str:
        """`sha256:…` of the file's bytes. Raises ChangedWhileReadError."""
        return self._digest("", path, file_digest)

    def code(self, path: Path) -> str:
        """The digest of a program's meaning: of the syntax tree for Python, so that comments and blank space change
        nothing (docstrings do, a program can read them); of the bytes for all else."""
        return self._digest("code:", path, _syntax_digest) if path.suffix == ".py" else self.file(path)

    def files(self, paths: Iterable[Path]) -> list[str]:
        """The digests of many files, several at once: hashing leaves the interpreter free."""
        wanted = list(paths)
        if len(wanted) < 2 or (os.cpu_count() or 1) < 2:
            return [self.file(p) for p in wanted]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(self.file, wanted))

    def _digest(self, kind: str, path: Path, digest: Callable[[Path], str]) -> str:
        key = f"{kind}{path}"
        before = signature(path)
        known = self._entries().get(key)
        if known is not None and known[:-1] == before:
            return str(known[-1])
        began = time.time_ns()
        found = digest(path)
        if signature(path) != before:
            raise ChangedWhileReadError(f"{path.name} was written to while it was read; run again when that is over")
        if max(before[1], before[2]) + _RACY < began:
            with self._lock:
                self._new[key] = self._entries()[key] = [*before, found]
        return found

    def _entries(self) -> dict[str, list[Any]]:
        if self._known is None:
            self._known = self._read()
        return self._known

    def _read(self) -> dict[str, list[Any]]:
        try:
            found = json.loads(self.path.read_text("utf-8"))
            entries = found["entries"] if found["format"] == _FORMAT else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return entries if isinstance(entries, dict) and len(entries) < _MOST else {}

    def save(self) -> None:
        """Adds what was learnt to the file, whole or not at all. What another process adds at the same moment may be
        lost, and is found again when it is needed."""
        with self._lock:
            new, self._new = self._new, {}
        if not new:
            return
        with contextlib.suppress(OSError):  # a store that cannot be written to is told of by what has to be kept in it
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}")
            text = json.dumps({"format": _FORMAT, "entries": {**self._read(), **new}}, separators=(",", ":"))
            aside.write_text(text, "utf-8")
            aside.replace(self.path)


def signature(path: Path) -> Signature:
    """What the file system says of a file: size, times of content and of status in nanoseconds, inode, device."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev]


_parsing = threading.Lock()


def parsed(text: bytes) -> ast.Module:
    """The syntax tree of Python code. Nodes run in threads, and up to Python 3.12 two trees made at once count the
    depth of both: `SystemError: AST constructor recursion depth mismatch`, https://github.com/python/cpython/issues/106905.
    """
    with _parsing:
        return ast.parse(text)


def _syntax_digest(path: Path) -> str:
    try:
        return text_digest(meaning(parsed(path.read_bytes())))
    except (SyntaxError, ValueError, RecursionError):
        return file_digest(path)


def meaning(node: object) -> str:
    """A syntax tree as text, the same from every version of Python that parses it: positions and empty fields, of
    which each version has its own, are left out (`ast.dump` keeps them)."""
    if isinstance(node, ast.Constant):
        return f"{type(node.value).__name__} {node.value!r}"
    if isinstance(node, ast.JoinedStr):  # Python 3.12 puts an empty text into some
        parts = [v for v in node.values if not (isinstance(v, ast.Constant) and v.value == "")]
        return f"JoinedStr({meaning(parts)})"
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields)
        inner = ",".join(f"{name}={meaning(value)}" for name, value in fields if value is not None and value != [])
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{','.join(map(meaning, node))}]"
    return repr(node)
