"""The JSON Schema of plan.json, made from the plan's dataclasses so that the two cannot part.

`grammar/plan.schema.json` is this function's output, kept in the repository for readers; a test compares them.
"""

from __future__ import annotations

import inspect
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Union

from . import nodes as n
from .document import FORMAT, TAGGED, type_hints

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}


def plan_schema() -> dict[str, Any]:
    """A Draft 2020-12 schema; each class of the plan is a definition with the class's docstring."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {"format": {"const": FORMAT, "description": "The version of this format."}}
    hints = type_hints(n.Plan)
    for f in fields(n.Plan):
        if f.name != "graph":
            properties[f.name] = _schema(hints[f.name], definitions)
    properties["nodes"] = {
        "type": "array",
        "items": _schema(n.Node, definitions),
        "description": "In topological order.",
    }
    edge = {"from": {"type": "string"}, "to": {"type": "string"}}
    properties["edges"] = {
        "type": "array",
        "description": "The head waits for the tail; the artifacts pass along the edge.",
        "items": {
            "type": "object",
            "properties": {**edge, "artifacts": {"type": "array", "items": {"type": "string"}}},
            "required": ["from", "to", "artifacts"],
            "additionalProperties": False,
        },
    }
    optional = {"owner", "python", "requirements", "image", "profile"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plan.json",
        "description": _doc(n.Plan),
        "type": "object",
        "properties": properties,
        "required": [p for p in properties if p not in optional],
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", "items": _schema(arguments[0], definitions)}
        items = [_schema(a, definitions) for a in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(a, definitions) for a in arguments]}
    if is_dataclass(hint):
        _define(typing.cast(type, hint), definitions)
        return {"$ref": f"#/$defs/{typing.cast(type, hint).__name__}"}
    return {"type": "object"}


def _define(cls: type, definitions: dict[str, Any]) -> None:
    if cls.__name__ in definitions:
        return
    definitions[cls.__name__] = {}  # stands while the fields of a class that holds itself are described
    hints = type_hints(cls)
    properties: dict[str, Any] = {"is": {"const": cls.__name__.lower()}} if cls in TAGGED else {}
    required = list(properties)
    for f in fields(cls):
        properties[f.name] = _schema(hints[f.name], definitions)
        if f.default is MISSING and type(None) not in typing.get_args(hints[f.name]):
            required.append(f.name)
    definitions[cls.__name__] = {
        "description": _doc(cls),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _doc(cls: type) -> str:
    """The docstring on one line; a generated one says nothing and is left out."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return "" if text.startswith(f"{cls.__name__}(") else " ".join(text.split())


if __name__ == "__main__":
    import json

    print(json.dumps(plan_schema(), indent=2))
