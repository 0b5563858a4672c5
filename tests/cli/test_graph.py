"""Plans drawn for a terminal, Mermaid, Graphviz and as SVG."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from random import Random

import networkx as nx
import pytest
from mlopsc.compiler.graph import RENDERINGS, render_ascii, render_dot, render_mermaid, render_svg

from . import plans


def test_rails_split_and_join():
    assert render_ascii(plans.delay()) == (
        "○ flights        source  data/*.csv\n"
        "│\n"
        "◇ sane           guard   on flights\n"
        "│\n"
        "■ prepare        stage   features\n"
        "│\n"
        "■ train          stage   model, metrics\n"
        "├─╮\n"
        "│ ◇ good_enough  guard   on train.metrics\n"
        "│ │\n"
        "◇ │ behaves      guard   on train.model\n"
        "├─╯\n"
        "▲ production     deploy  train.model → champion\n"
        "\n"
        "↻ weekly  trigger 0 5 * * 1 in Etc/UTC\n"
    )


def test_copies_of_a_foreach_are_one_node():
    drawn = render_ascii(plans.fan())
    assert "■ │ train ×3  stage   model\n" in drawn
    assert "train[0]" not in drawn


def test_a_rail_that_has_nothing_to_do_with_it_passes():
    p = plans
    nodes = [p.source("a"), p.source("b"), p.source("c"), p.stage("x"), p.stage("y")]
    drawn = render_ascii(p.plan(nodes, [("a", "x"), ("c", "x"), ("b", "y"), ("a", "y")]))
    assert "├─│─┤\n│ │ ■ x" in drawn


@pytest.mark.parametrize("seed", range(40))
def test_only_edges_that_a_longer_way_says_are_left_out(seed: int):
    random = Random(seed)
    names = [f"n{i}" for i in range(random.randint(1, 14))]
    edges = [(a, b) for i, b in enumerate(names) for a in names[:i] if random.random() < 0.35]
    drawn = render_dot(plans.plan([plans.stage(n, "o") for n in names], edges))
    graph = nx.DiGraph(edges)
    assert {tuple(e) for e in re.findall(r'"(n\d+)" -> "(n\d+)"', drawn)} == set(nx.transitive_reduction(graph).edges)


def test_a_large_plan_is_drawn_soon():
    nodes = [plans.source("a"), *(plans.stage(f"s{i}", "o") for i in range(2000))]
    edges = [e for i in range(1, 2000) for e in ((f"s{i - 1}", f"s{i}"), ("a", f"s{i}"), (f"s{i // 2}", f"s{i}"))]
    began = time.monotonic()
    render_ascii(plans.plan(nodes, edges))
    assert time.monotonic() - began < 30


def test_mermaid_text_cannot_break_out():
    drawn = render_mermaid(plans.plan([plans.source('a"]:::x\n')], []))
    assert "#quot;" in drawn
    assert drawn.startswith("flowchart LR\n")


def test_dot_text_is_quoted():
    assert '"a\\"b\\\\c"' in render_dot(plans.plan([plans.source('a"b\\c')], []))


@pytest.mark.parametrize("make", [plans.delay, plans.fan])
def test_svg_is_xml_with_a_box_for_each_node_inside_the_picture(make):
    root = ET.fromstring(render_svg(make()))
    ns = "{http://www.w3.org/2000/svg}"
    wide, high = float(root.get("width")), float(root.get("height"))
    boxes = root.findall(f".//{ns}rect")
    places = {(b.get("x"), b.get("y")) for b in boxes}
    assert len(places) == len(boxes) == render_dot(make()).count("shape=")
    for box in boxes:
        assert float(box.get("x")) + float(box.get("width")) <= wide
        assert float(box.get("y")) + float(box.get("height")) <= high


@pytest.mark.parametrize("form", RENDERINGS)
def test_an_empty_plan_can_be_drawn(form: str):
    assert RENDERINGS[form](plans.plan([], [])).endswith("\n")


@pytest.mark.parametrize("form", RENDERINGS)
def test_hostile_names_do_not_break_a_drawing(form: str):
    drawn = RENDERINGS[form](plans.plan([plans.source('<script>&"]')], [], name="<&>"))
    if form == "svg":
        ET.fromstring(drawn)
