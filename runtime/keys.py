"""The key of a stage's result: equal keys, equal results, on whatever machine and engine.

It is made of everything that the result may depend on, and kept in parts in the record, so that two runs can be
compared part by part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Context
from .digests import value_digest
from .sources import lists_of


def key_parts(context: Context, stage: Mapping[str, Any], inputs: Mapping[str, list[str | None]]) -> dict[str, Any]:
    """What the stage's result depends on in this run. `inputs` holds the digests by input name; one is None where a
    rehearsal does not know it, and such parts make no key."""
    root, digest_of, lists = context.root, context.store.fingerprints, lists_of(context, stage)
    lock = context.pipeline.version.get("env_lock")
    own = stage["program"].get("file")
    files = sorted({*stage["code"], *([own] if own else [])})
    parts: dict[str, Any] = {
        "program": _meaning(stage["program"]),
        "params": {name: context.params.get(name) for name in stage["params"]},
        "inputs": dict(inputs),
        **({"lists": sorted(lists)} if lists else {}),
        "outputs": [[o["name"], o["kind"], o["path"], o.get("format")] for o in stage["outputs"]],
        "item": (stage.get("item") or {}).get("value"),
        "image": stage.get("image"),
        "env": {name: value if isinstance(value, str) else {"secret": value["name"]} for name, value in stage["env"]},
        "lock": digest_of.file(root / lock) if lock and (root / lock).is_file() else None,
        "code": {file: digest_of.code(root / file) for file in files if (root / file).is_file()},
    }
    if context.foreign and lock and runs_python(stage):
        # What packages make that are not as the lock pins them is not what the lock's would.
        parts["foreign"] = dict(context.foreign)
    return parts


def runs_python(stage: Mapping[str, Any]) -> bool:
    """Whether the interpreter that runs this runs the stage, so that its packages are the stage's."""
    program = stage["program"]
    if any(name in ("PATH", "PYTHONPATH") for name, _ in stage["env"]):
        return False
    return program["is"] != "command" or program["words"][0]["parts"][:1] in (["python"], ["python3"])


def key_of(parts: Mapping[str, Any]) -> str:
    """`sha256:…` of the parts."""
    return value_digest(parts)


def _meaning(program: Mapping[str, Any]) -> Any:
    # The words say all that a command's text says, and not how it was spaced.
    return {k: v for k, v in program.items() if k != "text"}
