"""Params as inputs of `workflow_dispatch`, and back into one JSON text for the runtime."""

from __future__ import annotations

import json
from typing import Any

from ...compiler.plan.nodes import Param
from .text import inert

# GitHub refuses a workflow with more inputs than this.
MOST = 25

_UNITS = {
    "duration": ((604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s")),
    "size": ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")),
}


def dispatch_inputs(params: tuple[Param, ...]) -> dict[str, Any]:
    """An input for each param; one input of JSON for all where GitHub cannot take them singly."""
    if _as_one(params):
        names = ", ".join(p.name for p in params)
        return {
            "params": {"description": f"A JSON object with any of: {names}", "type": "string", "default": "{}"},
        }
    return {p.name: _input(p) for p in params}


def params_expression(params: tuple[Param, ...]) -> str:
    """The JSON object of overrides. A schedule brings no inputs, and takes the defaults of the plan."""
    given = "inputs.params" if _as_one(params) else "toJSON(inputs)"
    return f"${{{{ github.event_name == 'workflow_dispatch' && {given} || '{{}}' }}}}"


def _as_one(params: tuple[Param, ...]) -> bool:
    # A default or a choice with `${{` in it would be refused as an expression, and there is no escape.
    values = [v for p in params for v in (p.value, *p.choices)]
    return len(params) > MOST or any("${{" in json.dumps(v) for v in values)


def _input(param: Param) -> dict[str, Any]:
    doc, domain = inert(param.doc), _domain(param)
    about = f"{doc} ({domain})" if doc and domain else doc or domain or param.name
    found: dict[str, Any] = {"description": about}
    options = [_text(param, c) for c in param.choices]
    if options and not param.type.startswith("list<"):
        found |= {"type": "choice", "options": options}
    else:
        found["type"] = {"int": "number", "float": "number", "bool": "boolean"}.get(param.type, "string")
    if param.value is None:
        return found | {"required": True}
    if found["type"] in ("number", "boolean"):
        return found | {"default": param.value}
    return found | {"default": _text(param, param.value)}


def _domain(param: Param) -> str:
    kind = "" if param.type in ("string", "bool") else param.type
    low, high = (None if v is None else _text(param, v) for v in (param.low, param.high))
    span = f"{low or ''}..{high or ''}" if low is not None or high is not None else ""
    return f"{kind} in {span}" if kind and span else kind or span


def _text(param: Param, value: Any) -> str:
    """A value as the runtime reads it back from text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value:
        for factor, unit in _UNITS.get(param.type, ()):
            if value % factor == 0:
                return f"{int(value // factor)}{unit}"
    return json.dumps(value, ensure_ascii=False)
