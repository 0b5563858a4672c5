"""Programs of stages: their argument lists and their environments.

No shell is involved: a value that comes from outside is one argument whatever it contains.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .children import TOKEN
from .params import shown
from .seeds import SEED

_LONGEST_ARGUMENT = 100_000  # Linux takes 128 KiB in one argument


@dataclass(frozen=True)
class Values:
    """What placeholders stand for. An input is a list of paths; `many` names those that are lists to the program."""

    run: str
    inputs: Mapping[str, list[Path]] = field(default_factory=dict)
    many: frozenset[str] = frozenset()
    outputs: Mapping[str, Path] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    item: Any = None
    seed: int | None = None
    model: Path | None = None
    previous: Path | None = None

    def slot(self, slot: Mapping[str, str]) -> list[str]:
        scope, name = slot["scope"], slot["name"]
        if scope == "inputs":
            return [str(p) for p in self.inputs[name]]
        if scope == "outputs":
            return [str(self.outputs[name])]
        if scope == "params":
            return [shown(self.params[name])]
        if scope == "item":
            return [shown(self.item)]
        if scope == "run":
            return [self.run]
        return [str({"model": self.model, "previous": self.previous}[scope] or "")]


def command_argv(command: Mapping[str, Any], values: Values) -> list[str]:
    """The command's words with their values. `python` is the interpreter that runs this."""
    argv: list[str] = []
    for word in command["words"]:
        parts = word["parts"]
        if len(parts) == 1 and not isinstance(parts[0], str):
            argv += values.slot(parts[0])
        else:
            argv.append("".join(p if isinstance(p, str) else " ".join(values.slot(p)) for p in parts))
    if argv[0] in ("python", "python3"):
        argv[0] = sys.executable
    return argv


def program_argv(
    stage: Mapping[str, Any],
    values: Values,
    *,
    root: Path,
    workspace: Path,
    types: Mapping[str, str],
    keep: Path,
) -> list[str]:
    """The exact command of a stage. `types` are the params' types; an executed notebook is kept at `keep`."""
    program = stage["program"]
    if program["is"] == "command":
        return command_argv(program, values)
    document = {"kind": program["is"], "file": str(root / program["file"])}
    if program["is"] == "pythoncall":
        document["function"] = program["function"]
        document["arguments"] = {a["name"]: _argument(a, values, types) for a in program["arguments"]}
    elif program["is"] == "notebook":
        document["result"] = str(keep)
        document["parameters"] = {
            **{name: _paths(name, values) for name in values.inputs},
            **{name: str(path) for name, path in values.outputs.items()},
            **values.params,
        }
        if stage.get("item"):
            document["parameters"][stage["item"]["variable"]] = values.item
    else:
        output = stage["outputs"][0]
        document["tables"] = {name: [str(p) for p in paths] for name, paths in values.inputs.items()}
        document["result"] = str(values.outputs[output["name"]])
        document["format"] = output.get("format")
        document["parameters"] = dict(values.params)
    return call_argv(document, workspace)


def call_argv(document: Mapping[str, Any], workspace: Path) -> list[str]:
    """The command that carries out a document of `call.py`, in the interpreter that runs this."""
    return [*_call_command(), _as_argument(document, workspace)]


def _call_command() -> list[str]:
    script = Path(__file__).with_name("call.py")
    if script.is_file():
        return [sys.executable, str(script)]
    archive = next(p for p in Path(__file__).parents if p.is_file())
    return [sys.executable, str(archive), "call"]


def _as_argument(document: Mapping[str, Any], workspace: Path) -> str:
    text = json.dumps(document, ensure_ascii=False)
    if len(text.encode()) < _LONGEST_ARGUMENT:
        return text
    path = workspace / ".call.json"
    path.write_text(text, "utf-8")
    return f"@{path}"


def _paths(name: str, values: Values) -> str | list[str]:
    paths = [str(p) for p in values.inputs[name]]
    return paths if name in values.many else paths[0]


def _argument(argument: Mapping[str, Any], values: Values, types: Mapping[str, str]) -> dict[str, Any]:
    name, scope = argument["name"], argument["scope"]
    if scope == "inputs":
        found = _paths(name, values)
        if argument.get("many") and isinstance(found, str):
            found = [found]
        return {"path": found}
    if scope == "outputs":
        return {"path": str(values.outputs[name])}
    if scope == "item":
        return {"value": values.item}
    return {"date" if types.get(name, "").endswith(("date", "date>")) else "value": values.params[name]}


def program_environment(
    stage: Mapping[str, Any], values: Values, token: str, environ: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The variables that the program gets beside ours, and the secrets among them, which no log may show."""
    env = {**environ, "PYTHONUNBUFFERED": "1", TOKEN: token, "MLOPS_RUN_ID": values.run}
    if values.seed is not None:
        env[SEED] = str(values.seed)
    hidden = []
    for name, value in stage.get("env", ()):
        if isinstance(value, str):
            env[name] = value
        else:
            env[name] = environ[value["name"]]
            hidden.append(env[name])
    for input_name, paths in values.inputs.items():
        env[f"MLOPS_INPUT_{input_name.upper()}"] = os.pathsep.join(map(str, paths))
    for output_name, path in values.outputs.items():
        env[f"MLOPS_OUTPUT_{output_name.upper()}"] = str(path)
    for param, value in values.params.items():
        env[f"MLOPS_PARAM_{param.upper()}"] = shown(value)
    if stage.get("item"):
        env[f"MLOPS_PARAM_{stage['item']['variable'].upper()}"] = shown(values.item)
    return env, [h for h in hidden if h]
