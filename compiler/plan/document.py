"""`plan.json`: the lossless, versioned form of a plan. Its format is described by `grammar/plan.schema.json`.

Each dataclass is an object; where several classes may stand, the object says which under "is". Absent and null are
the same. Tuples are arrays. The graph is two arrays, `nodes` in topological order and `edges`.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Union

from . import nodes as n

FORMAT = 1

TAGGED = (
    *(n.Source, n.Stage, n.Guard, n.Deploy, n.Monitor, n.Trigger, n.Notify),
    *(n.Command, n.PythonCall, n.Notebook, n.SqlFile, n.Literal, n.Ref, n.Op, n.Secret, n.Slot),
    *(n.PythonCheck, n.Comparison),
)
_BY_TAG = {c.__name__.lower(): c for c in TAGGED}


def plan_document(plan: n.Plan) -> dict[str, Any]:
    """The plan as plain JSON values. Equal plans give equal documents, key order included."""
    document: dict[str, Any] = {"format": FORMAT}
    for f in fields(n.Plan):
        if f.name == "graph":
            continue
        document[f.name] = _plain(getattr(plan, f.name))
    document["nodes"] = [_plain(node) for node in plan.nodes]
    document["edges"] = [
        {"from": a, "to": b, "artifacts": list(data["artifacts"])} for a, b, data in plan.graph.edges(data=True)
    ]
    return document


def plan_json(plan: n.Plan) -> str:
    """The text of plan.json: indented, one newline at the end, non-ASCII kept."""
    return json.dumps(plan_document(plan), indent=1, ensure_ascii=False) + "\n"


def node_document(node: n.Node) -> dict[str, Any]:
    """One node as the document of its plan has it."""
    found: dict[str, Any] = _plain(node)
    return found


def read_plan(document: Mapping[str, Any]) -> n.Plan:
    """The plan that `plan_document` was given. Raises ValueError for another format."""
    import networkx as nx

    if document.get("format") != FORMAT:
        raise ValueError(f"plan format {document.get('format')!r} is not {FORMAT}")
    graph: nx.DiGraph[str] = nx.DiGraph()
    for item in document["nodes"]:
        node = _typed(item, n.Node)
        graph.add_node(node.id, node=node)
    for edge in document["edges"]:
        graph.add_edge(edge["from"], edge["to"], artifacts=tuple(edge["artifacts"]))
    hints = type_hints(n.Plan)
    values = {
        f.name: document[f.name] if f.name == "targets" else _typed(document.get(f.name), hints[f.name])
        for f in fields(n.Plan)
        if f.name != "graph"
    }
    return n.Plan(**values, graph=graph)


def _plain(value: object) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Any] = {}
        if isinstance(value, TAGGED):
            out["is"] = type(value).__name__.lower()
        for name in _field_names(type(value)):
            item = getattr(value, name)
            if item is not None:
                out[name] = _plain(item)
        return out
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return value


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))


@cache
def type_hints(cls: type) -> dict[str, Any]:
    # The graph's type is imported for type checkers only: reading a plan's other fields must not need networkx.
    return typing.get_type_hints(cls, localns={"nx": _Anything})


class _Anything:
    class DiGraph:
        def __class_getitem__(cls, _: object) -> type:
            return cls


def _typed(value: Any, hint: Any) -> Any:
    if isinstance(value, dict) and "is" in value:
        return _build(_BY_TAG[value["is"]], value)
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list):
        args = typing.get_args(hint)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_typed(v, args[0]) for v in value)
        return tuple(_typed(v, a) for v, a in zip(value, args, strict=True))
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        options = [a for a in typing.get_args(hint) if a is not type(None)]
        if isinstance(value, list):
            return _typed(value, next(o for o in options if typing.get_origin(o) is tuple))
        if isinstance(value, dict):
            return _typed(value, next(o for o in options if is_dataclass(o)))
        return value
    if is_dataclass(hint) and isinstance(value, dict):
        return _build(typing.cast(type, hint), value)
    return value


def _build(cls: type, value: Mapping[str, Any]) -> Any:
    hints = type_hints(cls)
    # Null is left out of a document, so an absent field without a default is null.
    return cls(
        **{
            f.name: _typed(value.get(f.name), hints[f.name])
            for f in fields(cls)
            if f.name in value or f.default is MISSING
        }
    )
