"""The packages that a lock pins, beside those that are installed.

`env = lock("requirements.txt")` says which packages made a result: its key has the lock's digest. That is true only
where they are installed. A lock is read line by line: `NAME==VERSION ; MARKER` of requirements files, and the
`[[package]]` blocks of uv.lock, poetry.lock and pdm.lock, which list more than one environment needs: of them only what
is installed is compared. A pin whose marker is for another Python or system does not count.
"""

from __future__ import annotations

import ast
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .context import Context
from .events import Problem
from .keys import runs_python
from .surroundings import packages

ANY_ENVIRONMENT = "MLOPS_ANY_ENVIRONMENT"
_SHOWN = 5  # packages in a message

_PIN = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;#\\]+)\s*(?:;([^#\\]*))?")
_BLOCK = re.compile(r"""\s*(name|version)\s*=\s*["']([^"']+)["']\s*$""")


@dataclass(frozen=True)
class Difference:
    """A package that is not installed as the lock pins it; `installed` is None where it is missing."""

    package: str
    wanted: str
    installed: str | None
    line: int  # of the lock

    def __str__(self) -> str:
        return f"{self.package} is {self.installed or 'not installed'} and not {self.wanted} (line {self.line})"


def any_environment() -> bool:
    """Whether the variable says that stages may run with other packages than the lock pins."""
    return os.environ.get(ANY_ENVIRONMENT, "") not in ("", "0")


def lock_differences(context: Context) -> tuple[Difference, ...]:
    """What is not installed as the pipeline's lock pins it."""
    lock = context.pipeline.version.get("env_lock")
    return differences(context.root / lock) if lock else ()


def why_other_environment(context: Context, chosen: Iterable[str]) -> list[Problem]:
    """Why stages that are run by this interpreter would not run with the packages of the lock."""
    if context.any_environment or not any(_is_python(context.pipeline.nodes[name]) for name in chosen):
        return []
    found = lock_differences(context)
    if not found:
        return []
    lock = context.pipeline.version["env_lock"]
    shown = "; ".join(map(str, found[:_SHOWN])) + (f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
    install = f"pip install -r {lock}" if lock.endswith(".txt") else f"install what {lock} pins"
    hint = f"{install}; or --any-environment ({ANY_ENVIRONMENT}=1), and results count for what is installed"
    return [
        Problem(f'what is installed is not what env = lock("{lock}") says: {shown}', None, lock, found[0].line, hint)
    ]


def _is_python(node: Mapping[str, Any]) -> bool:
    return node["is"] == "stage" and runs_python(node)


def differences(lock: Path, installed: Mapping[str, str] | None = None) -> tuple[Difference, ...]:
    """What is not as the lock says; `installed` are versions by name, those of this interpreter when nothing is
    given. Nothing is found of a lock that cannot be read: that is told elsewhere."""
    try:
        lines = lock.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return ()
    there = {normal(n): v for n, v in (packages() if installed is None else installed).items()}
    whole = not any(line.strip() == "[[package]]" for line in lines)
    pins: dict[str, list[tuple[str, int]]] = {}
    for name, version, line in _pins(lines) if whole else _blocks(lines):
        pins.setdefault(normal(name), []).append((version, line))
    found = []
    for name, wanted in pins.items():
        has = there.get(name)
        if (whole or has is not None) and not any(_is(has, version) for version, _ in wanted):
            found.append(Difference(name, wanted[-1][0], has, wanted[-1][1]))
    return tuple(found)


def normal(name: str) -> str:
    """A package's name as PyPI compares it: `Zope.Interface` and `zope_interface` are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(lines: list[str]) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(lines, 1):
        pin = _PIN.match(line)
        if pin and applies(pin.group(3) or ""):
            yield pin.group(1), pin.group(2), number


def _blocks(lines: list[str]) -> Iterator[tuple[str, str, int]]:
    block: dict[str, str] | None = None
    for number, line in enumerate(lines, 1):
        if line.startswith("["):
            block = {} if line.strip() == "[[package]]" else None
        elif block is not None and (said := _BLOCK.match(line)) and said.group(1) not in block:
            block[said.group(1)] = said.group(2)
            if len(block) == 2:
                yield block["name"], block["version"], number


def _is(installed: str | None, wanted: str) -> bool:
    if installed is None:
        return False
    if wanted.endswith(".*"):
        return f"{_canonical(installed)}.".startswith(f"{wanted.lower().removesuffix('.*')}.")
    # 2.3.1+cpu is a build of 2.3.1; a pin that names the build means that one.
    return _canonical(installed if "+" in wanted else installed.partition("+")[0]) == _canonical(wanted)


def _canonical(version: str) -> str:
    plain = version.lower().removeprefix("v")
    match = re.match(r"(\d+(?:\.\d+)*)(.*)", plain)
    if match is None:
        return plain
    release = re.sub(r"(\.0)+$", "", match.group(1))
    return release + re.sub(r"[-_.]", "", match.group(2)) if "+" not in plain else release + match.group(2)


def applies(marker: str) -> bool:
    """Whether a marker (PEP 508) holds for this interpreter. One that is not understood does not: what is not known to
    be wanted is not found missing."""
    if not marker.strip():
        return True
    try:
        return bool(_holds(ast.parse(marker.strip(), mode="eval").body))
    except (SyntaxError, ValueError):
        return False


def _holds(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = [_holds(value) for value in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(node.left, node.ops[0], node.comparators[0])
    raise ValueError("no marker")


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool:
    by_version = any(isinstance(side, ast.Name) and "version" in side.id for side in (left, right))
    a, b = _value(left), _value(right)
    if isinstance(op, ast.In | ast.NotIn):
        return (a in b) is isinstance(op, ast.In)
    if b.endswith(".*") and isinstance(op, ast.Eq | ast.NotEq):
        return f"{a}.".startswith(b[:-1]) is isinstance(op, ast.Eq)
    one: Any = _numbers(a) if by_version else a
    other: Any = _numbers(b) if by_version else b
    orders = {
        ast.Eq: one == other,
        ast.NotEq: one != other,
        ast.Lt: one < other,
        ast.LtE: one <= other,
        ast.Gt: one > other,
        ast.GtE: one >= other,
    }
    return bool(orders[type(op)])


def _value(side: ast.expr) -> str:
    if isinstance(side, ast.Constant) and isinstance(side.value, str):
        return side.value
    known = _environment()
    if isinstance(side, ast.Name) and side.id in known:
        return known[side.id]
    raise ValueError("no marker")


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(n) for n in re.findall(r"\d+", version.partition("+")[0])]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _environment() -> dict[str, str]:
    return {
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "python_full_version": platform.python_version(),
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_system": platform.system(),
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_python_implementation": platform.python_implementation(),
        "implementation_name": sys.implementation.name,
        "extra": "",
    }
