"""Plans built by hand, for tests of what comes after the compiler. Order of arguments is plan order."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx
from mlopsc.compiler.plan import nodes as n

HERE = n.Place("pipeline.mlops", 1, 1)
NUMBER = n.Literal(0, "number")


def literal(value: Any, unit: str = "number") -> n.Literal:
    return n.Literal(value, unit)


def metric(name: str) -> n.Ref:
    return n.Ref("metric", name)


def measure_ref(name: str) -> n.Ref:
    return n.Ref("measure", name)


def op(name: str, *args: Any) -> n.Op:
    return n.Op(name, tuple(a if isinstance(a, n.Literal | n.Ref | n.Op) else literal(a) for a in args))


def command(text: str) -> n.Command:
    """`python x.py {inputs.a} --n={params.n}`; quotes as a shell reads them, slots as the language writes them."""
    return n.Command(tuple(word(w) for w in shlex.split(text)), text)


def word(text: str) -> n.Word:
    parts: list[str | n.Slot] = []
    while text:
        before, brace, rest = text.partition("{")
        if before:
            parts.append(before)
        if not brace:
            break
        inside, _, text = rest.partition("}")
        scope, _, name = inside.partition(".")
        parts.append(n.Slot(scope, name))
    return n.Word(tuple(parts))


def script(*argv: str | n.Slot) -> n.Command:
    """A command given word by word; nothing in the texts is special."""
    return n.Command(tuple(n.Word((a,)) for a in argv), " ".join(str(a) for a in argv))


def call(target: str, **arguments: str) -> n.PythonCall:
    """`call("steps.py:train", model="outputs", rate="params")`."""
    file, _, function = target.partition(":")
    return n.PythonCall(file, function, tuple(n.Argument(k, v, False) for k, v in arguments.items()))


def output(name: str, path: str, kind: str = "file", format: str | None = None) -> n.Output:  # noqa: A002
    return n.Output(name, kind, path, format)


def stage(
    id: str,  # noqa: A002
    program: n.Program | str,
    inputs: Mapping[str, str | tuple[str, ...]] | Iterable[str] = (),
    outputs: Iterable[n.Output] = (),
    **more: Any,
) -> n.Stage:
    """A stage with the language's defaults. Inputs are artifact names, or a mapping from the name of the input."""
    if not isinstance(inputs, Mapping):
        inputs = {a.rpartition(".")[2]: a for a in inputs}
    values: dict[str, Any] = {
        "id": id,
        "name": id.partition("[")[0],
        "doc": "",
        "program": command(program) if isinstance(program, str) else program,
        "inputs": tuple(
            n.Input(k, v if isinstance(v, tuple) else (v,), isinstance(v, tuple)) for k, v in inputs.items()
        ),
        "outputs": tuple(outputs),
        "params": (),
        "resources": n.Resources(None, None, None),
        "timeout": None,
        "retries": n.Retries(0, 0),
        "image": None,
        "env": (),
        "cache": True,
        "when": None,
        "item": None,
        "code": (),
        "place": HERE,
    }
    return n.Stage(**{**values, **more})


def source(id: str, uri: str, **more: Any) -> n.Source:  # noqa: A002
    values: dict[str, Any] = {
        "id": id,
        "doc": "",
        "uri": uri,
        "connection": None,
        "table": None,
        "query": None,
        "format": "csv" if uri.endswith(".csv") else None,
        "version": "content",
        "columns": (),
        "place": HERE,
    }
    return n.Source(**{**values, **more})


def rule(text: str, condition: n.Condition, action: str = "block", **more: Any) -> n.Rule:
    values: dict[str, Any] = {
        "text": text,
        "limits": (n.Limit(condition, action),),
        "measured": (),
        "message": None,
        "offending": None,
        "place": HERE,
    }
    return n.Rule(**{**values, **more})


def guard(id: str, subject: str, rules: Iterable[n.Rule], **more: Any) -> n.Guard:  # noqa: A002
    values: dict[str, Any] = {
        "id": id,
        "doc": "",
        "subject": subject,
        "subject_kind": "metrics",
        "format": None,
        "champion": None,
        "measures": (),
        "query": "",
        "rules": tuple(rules),
        "implicit": False,
        "place": HERE,
    }
    return n.Guard(**{**values, **more})


def table_guard(
    id: str,  # noqa: A002
    subject: str,
    measures: Mapping[str, tuple[str, str]],
    rules: Iterable[n.Rule],
    format: str = "csv",  # noqa: A002
) -> n.Guard:
    """`measures` maps an id to its text and its SQL."""
    found = tuple(n.Measure(k, text, sql, "number") for k, (text, sql) in measures.items())
    columns = ",\n".join(f"  {m.sql} AS {m.id} -- {m.text}" for m in found)
    query = "SELECT\n" + columns.replace(",\n", "\n, ") + "\nFROM {subject}"
    return guard(id, subject, rules, subject_kind="table", format=format, measures=found, query=query)


def deploy(id: str, model: str, **more: Any) -> n.Deploy:  # noqa: A002
    values: dict[str, Any] = {
        "id": id,
        "doc": "",
        "model": model,
        "metrics": (),
        "alias": "champion",
        "command": None,
        "rollback": None,
        "timeout": None,
        "place": HERE,
    }
    return n.Deploy(**{**values, **more})


def param(name: str, type: str, value: Any = None, **more: Any) -> n.Param:  # noqa: A002
    values: dict[str, Any] = {
        "name": name,
        "type": type,
        "value": value,
        "low": None,
        "high": None,
        "choices": (),
        "doc": "",
        "place": HERE,
    }
    return n.Param(**{**values, **more})


def plan(*nodes: n.Node, name: str = "demo", params: Iterable[n.Param] = (), **more: Any) -> n.Plan:
    """A plan whose edges follow from the artifacts, guards standing before every consumer of their subject."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in nodes:
        graph.add_node(node.id, node=node)
    guards = [g for g in nodes if isinstance(g, n.Guard)]
    for node in nodes:
        for artifact in _needs(node):
            _edge(graph, artifact.partition(".")[0], node.id, artifact)
            for g in guards:
                if g.subject == artifact and g is not node:
                    _edge(graph, g.id, node.id)
        if isinstance(node, n.Deploy):
            for g in guards:
                _edge(graph, g.id, node.id)
    values: dict[str, Any] = {
        "name": name,
        "doc": "",
        "owner": None,
        "tags": (),
        "python": None,
        "requirements": None,
        "image": None,
        "spec": "pipeline.mlops",
        "digest": "0" * 64,
        "profile": None,
        "params": tuple(params),
        "version": n.Versioning(code="off"),
        "targets": {},
        "tests": (),
        "project": (),
        "graph": graph,
    }
    return n.Plan(**{**values, **more})


def _needs(node: n.Node) -> tuple[str, ...]:
    if isinstance(node, n.Stage):
        return tuple(a for i in node.inputs for a in i.artifacts)
    if isinstance(node, n.Guard):
        return (node.subject,)
    if isinstance(node, n.Deploy):
        return (node.model, *node.metrics)
    return ()


def _edge(graph: Any, a: str, b: str, artifact: str | None = None) -> None:
    if not graph.has_edge(a, b):
        graph.add_edge(a, b, artifacts=())
    if artifact is not None and artifact not in graph.edges[a, b]["artifacts"]:
        graph.edges[a, b]["artifacts"] += (artifact,)
