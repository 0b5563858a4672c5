"""The key of a stage's result: equal keys, equal results, on whatever machine and engine.

It is made of everything that the result may depend on, and kept in parts in the record, so that two runs can be
compared part by part.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .digests import value_digest
from .fingerprints import Fingerprints


def key_parts(
    stage: Mapping[str, Any],
    *,
    root: Path,
    fingerprints: Fingerprints,
    params: Mapping[str, Any],
    inputs: Mapping[str, list[str | None]],
    lists: frozenset[str],
    env_lock: str | None,
    foreign: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """What the stage's result depends on. `inputs` holds the digests by input name, `lists` the names of those that the
    program gets file by file, `params` the values it uses.

    `foreign` are the packages that are not as the lock pins them: what they make is not what the lock's would.
    A digest is None where a rehearsal does not know it; such parts make no key.
    """
    own = stage["program"].get("file")
    files = sorted({*stage["code"], *([own] if own else [])})
    parts: dict[str, Any] = {
        "program": _meaning(stage["program"]),
        "params": dict(params),
        "inputs": dict(inputs),
        **({"lists": sorted(lists)} if lists else {}),
        "outputs": [[o["name"], o["kind"], o["path"], o.get("format")] for o in stage["outputs"]],
        "item": (stage.get("item") or {}).get("value"),
        "image": stage.get("image"),
        "env": {name: value if isinstance(value, str) else {"secret": value["name"]} for name, value in stage["env"]},
        "lock": fingerprints.file(root / env_lock) if env_lock and (root / env_lock).is_file() else None,
        "code": {file: fingerprints.code(root / file) for file in files if (root / file).is_file()},
    }
    if foreign and env_lock and runs_python(stage):
        parts["foreign"] = dict(foreign)
    return parts


def runs_python(stage: Mapping[str, Any]) -> bool:
    """Whether the interpreter that runs this runs the stage, so that its packages are the stage's."""
    program = stage["program"]
    if any(name in ("PATH", "PYTHONPATH") for name, _ in stage["env"]):
        return False
    return program["is"] != "command" or program["words"][0]["parts"][:1] in (["python"], ["python3"])


def key_of(parts: Mapping[str, Any]) -> str:
    return value_digest(parts)


def _meaning(program: Mapping[str, Any]) -> Any:
    # The words say all that a command's text says, and not how it was spaced.
    return {k: v for k, v in program.items() if k != "text"}
