"""Judges lineage events (JSON lines), with OpenLineage's own client: run in `.engines/openlineage`.

The client's classes are generated from the standard's JSON Schemas. Their fields give the schemas back, strictly: what
a class has no name for is a fault. Every event is held to them, and is made into the classes, which check more.
Prints one line a fault.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import types
import typing
from enum import Enum
from pathlib import Path

import attr
import jsonschema
from openlineage.client import generated
from openlineage.client.generated.base import RunEvent

_FORMATS = {"runId": "uuid", "eventTime": "date-time", "producer": "uri", "schemaURL": "uri", "url": "uri",
            "_producer": "uri", "_schemaURL": "uri", "nominalStartTime": "date-time"}  # fmt: skip
_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}
CHECK = jsonschema.FormatChecker()


def facet_classes() -> dict[str, type]:
    """Classes by the URL of the schema that they were generated from."""
    found = {}
    for module in pkgutil.iter_modules(generated.__path__, f"{generated.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and attr.has(value) and hasattr(value, "_get_schema"):
                found[value._get_schema()] = value
    return found


def schema_of(kind: object) -> dict:
    """The JSON Schema of a class's field."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [e.value for e in kind]}
    if isinstance(kind, type) and attr.has(kind):
        return _object(kind)
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [schema_of(a) for a in arguments if a is not type(None)]}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict:
        of = arguments[1]
        facets = isinstance(of, type) and of.__name__.endswith("Facet")
        return {"type": "object", "additionalProperties": True if facets or of is typing.Any else schema_of(of)}
    return {}


def _object(kind: type) -> dict:
    if kind in _MADE:
        return _MADE[kind]
    found: dict = {"type": "object", "additionalProperties": False, "required": []}
    _MADE[kind] = found
    hints = typing.get_type_hints(kind)
    properties = {}
    for field in attr.fields(kind):
        properties[field.name] = schema_of(hints[field.name])
        if form := _FORMATS.get(field.name):
            properties[field.name] = {**properties[field.name], "format": form}
        if field.default is attr.NOTHING or field.name in ("_producer", "_schemaURL", "schemaURL", "producer"):
            found["required"].append(field.name)
    found["properties"] = properties
    return found


_MADE: dict[type, dict] = {}


def facets_of(event: dict):
    """Every facet with where it stands: (where, the class that its place asks for, facet)."""
    holders = [("run", event["run"], "facets", "RunFacet"), ("job", event["job"], "facets", "JobFacet")]
    for side, own in (("inputs", "input"), ("outputs", "output")):
        for each in event.get(side, []):
            holders.append((f"{side} {each['name']}", each, "facets", "DatasetFacet"))
            holders.append((f"{side} {each['name']}", each, f"{own}Facets", f"{own.capitalize()}DatasetFacet"))
    for where, holder, key, base in holders:
        for name, facet in holder.get(key, {}).items():
            yield f"{where} {name}", base, facet


def made(kind: object, value):
    """A value as the client's class of it, nested ones too; what the class checks is checked."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if isinstance(kind, type) and attr.has(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        fields = {f.name: f for f in attr.fields(kind) if f.init}
        given = {fields[k].alias: made(hints[k], v) for k, v in value.items() if k in fields}
        return kind(**given)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return made(next(a for a in arguments if a is not type(None)), value)
    if origin is list:
        return [made(arguments[0], v) for v in value]
    return value


def faults_of(event: dict, classes: dict[str, type], own: dict) -> list[str]:
    faults = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in _errors(_object(RunEvent), event)]
    for where, base, facet in facets_of(event):
        url = facet.get("_schemaURL", "")
        if url.startswith(own["$id"]):
            schema = {"$ref": f"#{url.partition('#')[2]}", "$defs": own["$defs"]}
        elif url in classes:
            if base not in [c.__name__ for c in classes[url].__mro__]:
                faults.append(f"{where}: a {classes[url].__name__} stands where a {base} belongs")
            schema = _object(classes[url])
        else:
            faults.append(f"{where}: no schema {url}")
            continue
        faults += [f"{where}: {'/'.join(map(str, e.path))}: {e.message}" for e in _errors(schema, facet)]
        if url in classes and not faults:
            made(classes[url], facet)
    if not faults:
        made(RunEvent, event)
    return faults


def _errors(schema: dict, value: dict):
    return jsonschema.Draft202012Validator(schema, format_checker=CHECK).iter_errors(value)


def main() -> None:
    own = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    classes = facet_classes()
    for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
        event = json.loads(line)
        for fault in faults_of(event, classes, own):
            print(f"{event.get('eventType')} {event['job']['name']}: {fault}")


if __name__ == "__main__":
    main()
