"""A plan's params as Airflow's: JSON Schema types, limits and choices, checked in the trigger form and by the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...compiler.plan.nodes import Param as PlanParam

_TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "duration": {"type": "number", "minimum": 0},
    "size": {"type": "integer", "minimum": 0},
    "date": {"type": "string", "format": "date"},
}
_UNITS = {"duration": "seconds", "size": "bytes"}


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    required: bool
    default: Any
    keywords: tuple[tuple[str, Any], ...]


def airflow_param(param: PlanParam) -> Param:
    """A param without a default has none in Airflow either: the form asks for it, and a run without it is refused."""
    element = param.type.removeprefix("list<").removesuffix(">").strip()
    schema = dict(_TYPES[element])
    for key, limit in (("minimum", param.low), ("maximum", param.high)):
        if limit is not None:
            schema[key] = limit
    if param.choices:
        schema["enum"] = list(param.choices)
    if element != param.type:
        schema = {"type": "array", "items": schema}
    description = " ".join(part for part in (param.doc, _unit(element)) if part)
    if description:
        schema["description"] = description
    default = list(param.value) if isinstance(param.value, tuple) else param.value
    return Param(param.name, param.value is None, default, tuple(schema.items()))


def _unit(element: str) -> str:
    return f"({_UNITS[element]})" if element in _UNITS else ""
