"""What a file held when it was digested, in small, so that a later change can be told by name and line.

    outlines/<digest>.json   {"kind": "code", "parts": {name: [digest, line]}}       what a Python file defines
                             {"kind": "lock", "parts": {package: [version, line]}}   what a lock file pins
                             {"kind": "lines", "block": bytes, "parts": [[lines, checksum], …]}
                             {"kind": "files", "parts": {path: digest}}               what a source is made of

An outline decides nothing: keys do. It is kept under the digest that stands in a key, and says what was behind it.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .digests import text_digest
from .fingerprints import meaning, parsed
from .store import Store

_BLOCKS = 1024  # of a text file at most; a block is a power of two of bytes, so that two versions have the same
_SMALLEST = 64
_PIN = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;#\\]+)\s*(?:;([^#\\]*))?")

Outline = dict[str, Any]


def keep_outline(store: Store, digest: str, outline: Outline | None) -> None:
    """Keeps the outline of what has this digest, once."""
    path = outline_path(store, digest)
    if outline is not None and not path.exists():
        store.create_json(path, outline)


def outline_path(store: Store, digest: str) -> Path:
    return store.folder / "outlines" / f"{digest.rpartition(':')[2]}.json"


def kept_outline(store: Store, digest: str) -> Outline | None:
    """The outline of what had this digest, where it was kept."""
    found = store.read(outline_path(store, digest))
    return found if found and "kind" in found and "parts" in found else None


def code_outline(path: Path) -> Outline | None:
    """Names at the top of a Python file, and methods of its classes; of other programs their lines."""
    if path.suffix != ".py":
        return lines_outline(path)
    try:
        tree = parsed(path.read_bytes())
        parts: dict[str, list[Any]] = {}
        for statement in tree.body:
            for name, node in _named(statement):
                known = parts.get(name)
                own = meaning(node)
                # Statements of one name are told as one: `x = 1` and `x += 1`, or all that is no definition.
                parts[name] = [_short(own), node.lineno] if known is None else [_short(known[0] + own), known[1]]
    except (OSError, SyntaxError, ValueError, RecursionError):
        return lines_outline(path)
    return {"kind": "code", "parts": parts}


def _named(statement: ast.stmt) -> list[tuple[str, ast.stmt]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return [(f"{statement.name}()", statement)]
    if isinstance(statement, ast.ClassDef):
        methods = [s for s in statement.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)]
        rest = ast.ClassDef(
            statement.name,
            statement.bases,
            statement.keywords,
            [s for s in statement.body if s not in methods],
            statement.decorator_list,
        )
        rest.lineno = statement.lineno
        return [(f"class {statement.name}", rest), *((f"{statement.name}.{m.name}()", m) for m in methods)]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [("its imports", statement)]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = [t.id for t in targets if isinstance(t, ast.Name)]
    return [(names[0] if names else "what it does at its top level", statement)]


def lock_outline(path: Path) -> Outline | None:
    """The packages that a requirements file pins, by name in lower case, each with its version and line."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found = ((number, _PIN.match(line)) for number, line in enumerate(lines, 1))
    return {"kind": "lock", "parts": {_pinned(m): [m.group(2), number] for number, m in found if m}}


def _pinned(pin: re.Match[str]) -> str:
    """The package, and where it is pinned for some environments only, for which."""
    name = pin.group(1).lower().replace("_", "-")
    return f"{name} ({pin.group(3).strip()})" if pin.group(3) else name


def lines_outline(path: Path, block: int | None = None) -> Outline | None:
    """Checksums of the blocks of a text file, each with the lines before its end. Nothing for what is no text."""
    try:
        size = path.stat().st_size
        if block is None:
            block = _SMALLEST
            while size > block * _BLOCKS:
                block *= 2
        parts: list[list[int]] = []
        lines = 0
        with path.open("rb") as f:
            while read := f.read(block):
                if b"\0" in read:
                    return None
                lines += read.count(b"\n")
                parts.append([lines, zlib.crc32(read)])
    except OSError:
        return None
    return {"kind": "lines", "block": block, "parts": parts}


def first_changed_line(old: Mapping[str, Any], path: Path) -> tuple[int, int] | None:
    """The first and the last line among which a text file differs first from what it was."""
    new = lines_outline(path, old["block"])
    if new is None:
        return None
    before = 0
    for index in range(max(len(old["parts"]), len(new["parts"]))):
        then, now = (o["parts"][index] if index < len(o["parts"]) else None for o in (old, new))
        if then != now:
            return before + 1, max(before + 1, now[0] if now else before + 1)
        before = then[0] if then else before
    return None


def changed_parts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """The names whose entries differ, with what stood behind each then and now; nothing where there was none."""
    names = dict.fromkeys([*new, *old])
    found = ((name, old.get(name), new.get(name)) for name in names)
    return [(name, then, now) for name, then, now in found if (then or [None])[0] != (now or [None])[0]]


def _short(text: str) -> str:
    return text_digest(text)[7:23]


def files_outline(digests: Mapping[str, str]) -> Outline:
    """What a source of several files is made of."""
    return {"kind": "files", "parts": dict(digests)}
