"""Plans built by hand, small enough to read."""

from __future__ import annotations

import networkx as nx
from mlopsc.compiler.plan.nodes import (
    Command,
    Deploy,
    Event,
    Guard,
    Item,
    Output,
    Place,
    Plan,
    Resources,
    Retries,
    Source,
    Stage,
    Trigger,
    Versioning,
    Word,
)

HERE = Place("delay.mlops", 1, 1)


def source(name: str, uri: str = "data/*.csv") -> Source:
    return Source(name, "", uri, None, None, None, "csv", "content", (), HERE)


def stage(name: str, *outputs: str, item: Item | None = None) -> Stage:
    command = Command((Word(("true",)),), "true")
    made = tuple(Output(o, "file", f"{o}.bin", None) for o in outputs)
    short = name.split("[")[0]
    rest = (Resources(None, None, None), None, Retries(0, 0.0), None, (), True, None)
    return Stage(name, short, "", command, (), made, (), *rest, item, (), HERE)


def guard(name: str, subject: str) -> Guard:
    return Guard(name, "", subject, "metrics", None, None, (), "", (), False, HERE)


def deploy(name: str, model: str) -> Deploy:
    return Deploy(name, "", model, (), "champion", None, None, None, HERE)


def trigger(name: str, cron: str) -> Trigger:
    return Trigger(name, "", (Event("schedule", cron=cron, zone="Etc/UTC"),), None, None, None, None, HERE)


def plan(nodes: list, edges: list[tuple[str, str]], name: str = "delay") -> Plan:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in nodes:
        graph.add_node(node.id, node=node)
    for a, b in edges:
        graph.add_edge(a, b, artifacts=(a,))
    empty = ("", None, (), None, None, None, "delay.mlops", "0" * 64, None, ())
    return Plan(name, *empty, Versioning(), {}, (), (), graph)


def delay() -> Plan:
    """A source with a guard, a stage, two guards on what it makes, a deploy, and a trigger beside."""
    nodes = [
        source("flights"),
        guard("sane", "flights"),
        stage("prepare", "features"),
        stage("train", "model", "metrics"),
        guard("good_enough", "train.metrics"),
        guard("behaves", "train.model"),
        deploy("production", "train.model"),
        trigger("weekly", "0 5 * * 1"),
    ]
    edges = [
        ("flights", "sane"),
        ("flights", "prepare"),
        ("sane", "prepare"),
        ("prepare", "train"),
        ("train", "good_enough"),
        ("train", "behaves"),
        ("train", "production"),
        ("good_enough", "production"),
        ("behaves", "production"),
    ]
    return plan(nodes, edges)


def fan() -> Plan:
    """A stage in three copies, and two sources that meet late."""
    copies = [stage(f"train[{i}]", "model", item=Item("seed", i, i)) for i in range(3)]
    nodes = [source("a"), source("b"), stage("clean", "rows"), *copies, stage("join", "all"), stage("report", "page")]
    edges = [("a", "clean"), *(("clean", c.id) for c in copies), *((c.id, "join") for c in copies)]
    edges += [("b", "join"), ("clean", "report"), ("join", "report"), ("b", "report")]
    return plan(nodes, edges, "fan")
