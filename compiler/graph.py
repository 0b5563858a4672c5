"""Drawings of a plan: text for a terminal, Mermaid, Graphviz and SVG. Pure functions from a plan to text.

Every drawing shows what runs in order: the copies of a `foreach` as one node, the guards that a schema implies, and
no edge that a longer way says already. What stands beside the order (triggers, monitors and notifications that nothing
waits for) is drawn apart.

The terminal's drawing has a rail for each node that something still waits for, like `git log --graph`:

    ○ flights
    │
    ◇ flights_sane
    │
    ■ train
    ├─╮
    │ ◇ good_enough
    ◇ │ behaves
    ├─╯
    ▲ production
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from .plan.nodes import Deploy, Event, Guard, Monitor, Node, Notify, Plan, Source, Stage, Trigger

_MARKS = {"source": "○", "guard": "◇", "stage": "■", "deploy": "▲", "monitor": "◎", "trigger": "↻", "notify": "✉"}


@dataclass(frozen=True, slots=True)
class _Box:
    """A node as drawn."""

    id: str
    kind: str
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Boxes in order with what each waits for, and the boxes that stand beside the order."""

    name: str
    boxes: tuple[_Box, ...]
    before: dict[str, tuple[str, ...]]
    beside: tuple[_Box, ...]

    @property
    def edges(self) -> list[tuple[str, str]]:
        return [(a, box.id) for box in self.boxes for a in self.before[box.id]]


def _drawing(plan: Plan) -> _Drawing:
    import networkx as nx

    together = {node.id: _group(node) for node in plan.nodes}
    members: dict[str, list[Node]] = {}
    for node in plan.nodes:
        members.setdefault(together[node.id], []).append(node)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(members)
    graph.add_edges_from((a, b) for x, y in plan.graph.edges if (a := together[x]) != (b := together[y]))
    first = {id_: i for i, id_ in enumerate(members)}
    order = list(nx.lexicographical_topological_sort(graph, key=first.__getitem__))
    boxes = {id_: _box(id_, nodes[0], len(nodes)) for id_, nodes in members.items()}
    linked = [id_ for id_ in order if graph.degree(id_) or boxes[id_].kind in ("source", "stage", "deploy")]
    return _Drawing(
        plan.name,
        tuple(boxes[id_] for id_ in linked),
        _reduced({id_: sorted(graph.predecessors(id_), key=first.__getitem__) for id_ in order}),
        tuple(box for id_, box in boxes.items() if id_ not in set(linked)),
    )


_STEPS = 2_000_000  # of looking for longer ways; in a plan that needs more, the rest of the edges are all drawn


def _reduced(before: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """What each node waits for, without what a longer way says already. The ids are in topological order.

    From what a node waits for we walk back until every other thing it waits for is met, or cannot be any more.
    """
    place = {id_: i for i, id_ in enumerate(before)}
    steps = 0
    reduced: dict[str, tuple[str, ...]] = {}
    for id_, direct in before.items():
        left = set(direct)
        lowest = min((place[p] for p in direct), default=0)
        seen: set[str] = set()
        waiting = list(direct) if len(direct) > 1 else []
        while waiting and steps < _STEPS:
            steps += 1
            for p in before[waiting.pop()]:
                if p not in seen and place[p] >= lowest:
                    seen.add(p)
                    waiting.append(p)
            left -= seen
            if len(left) == 1:
                break
        reduced[id_] = tuple(p for p in direct if p in left)
    return reduced


def _group(node: Node) -> str:
    return node.name if isinstance(node, Stage) and node.item else node.id


def _box(id_: str, node: Node, copies: int) -> _Box:
    kind = type(node).__name__.lower()
    title = f"{id_} ×{copies}" if copies > 1 else id_
    return _Box(id_, kind, title, _note(node))


def _note(node: Node) -> str:
    match node:
        case Source():
            return node.uri or node.table or "query"
        case Guard():
            return f"schema of {node.subject}" if node.implicit else f"on {node.subject}"
        case Stage():
            return ", ".join(o.name for o in node.outputs)
        case Deploy():
            return f"{node.model} → {node.alias}" if node.alias else node.model
        case Monitor():
            return f"every {_span_of_time(node.every)} on {node.current}"
        case Trigger():
            return "; ".join(_event(e) for e in node.events)
        case Notify():
            return "on " + ", ".join(node.events)


def _event(event: Event) -> str:
    if event.text:
        return event.text
    if event.kind == "schedule":
        return f"{event.cron} in {event.zone}" if event.zone else str(event.cron)
    if event.parts:
        return " and ".join(_event(p) for p in event.parts)
    return f"{event.kind}({event.subject})" if event.subject else event.kind


def _span_of_time(seconds: float) -> str:
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


# ----------------------------------------------------------------- terminal


def render_ascii(plan: Plan) -> str:
    """Rails, marks and names; what each node is stands behind its name."""
    drawing = _drawing(plan)
    rows = _rails(drawing)
    wide = max((len(rail) + len(box.title) for rail, box in rows if box), default=0) + 3
    lines = []
    for rail, box in rows:
        text = f"{rail} {box.title}".ljust(wide) + f"{box.kind:<8}{box.note}" if box else rail
        lines.append(text.rstrip())
    if drawing.beside:
        name = max(len(box.title) for box in drawing.beside)
        lines.append("")
        lines += [f"{_MARKS[b.kind]} {b.title.ljust(name)}  {b.kind:<8}{b.note}".rstrip() for b in drawing.beside]
    return "\n".join(lines) + "\n"


def _rails(drawing: _Drawing) -> list[tuple[str, _Box | None]]:
    """Each node's row, and where needed a row above it that leads the rails of what it waits for to its place."""
    pending: dict[str, int] = {}
    for a, _ in drawing.edges:
        pending[a] = pending.get(a, 0) + 1
    rails: list[str | None] = []
    rows: list[tuple[str, _Box | None]] = []
    for box in drawing.boxes:
        before = drawing.before[box.id]
        came_from = {rails.index(p) for p in before}
        held = list(rails)
        for p in before:
            pending[p] -= 1
            if not pending[p]:
                rails[rails.index(p)] = None
        place = _place(rails, came_from)
        if place == len(rails):
            rails.append(None)
        rails[place] = box.id
        if before:
            rows.append((_connection(held, rails, came_from, place), None))
        row = [_MARKS[box.kind] if i == place else "│" if owner else " " for i, owner in enumerate(rails)]
        rows.append((" ".join(row).rstrip(), box))
        if not pending.get(box.id):
            rails[place] = None
        while rails and rails[-1] is None:
            rails.pop()
    return rows


def _place(rails: list[str | None], came_from: set[int]) -> int:
    ended = [i for i in sorted(came_from) if rails[i] is None]
    free = [i for i, owner in enumerate(rails) if owner is None and i > min(came_from, default=-1)]
    return (ended or free or [len(rails)])[0]


_JOINTS = {  # (up, down, left, right)
    (1, 1, 0, 0): "│",
    (1, 1, 0, 1): "├",
    (1, 1, 1, 0): "┤",
    (1, 1, 1, 1): "┼",
    (1, 0, 1, 0): "╯",
    (1, 0, 0, 1): "╰",
    (1, 0, 1, 1): "┴",
    (0, 1, 1, 0): "╮",
    (0, 1, 0, 1): "╭",
    (0, 1, 1, 1): "┬",
    (0, 0, 1, 1): "─",
    (0, 0, 0, 0): " ",
}


def _connection(above: list[str | None], below: list[str | None], came_from: set[int], place: int) -> str:
    joined = came_from | {place}
    first, last = min(joined), max(joined)
    out = []
    for i in range(max(len(above), len(below))):
        up = i < len(above) and above[i] is not None
        down = below[i] is not None
        inside = first <= i <= last and first != last
        left, right = inside and i > first, inside and i < last
        if inside and i not in joined and (up or down):
            left = right = False  # A rail that has nothing to do with it passes over the line.
        out.append(_JOINTS[int(up), int(down), int(left), int(right)])
        out.append("─" if first <= i < last else " ")
    return "".join(out).rstrip()


# ------------------------------------------------------------------ Mermaid

_MERMAID_SHAPES = {
    "source": ('[("', '")]'),
    "guard": ('{{"', '"}}'),
    "stage": ('["', '"]'),
    "deploy": ('[/"', '"\\]'),
    "monitor": ('(["', '"])'),
    "trigger": ('>"', '"]'),
    "notify": ('("', '")'),
}

_FILLS = {  # kind: (fill, stroke)
    "source": ("#e0f2fe", "#0369a1"),
    "guard": ("#fef3c7", "#b45309"),
    "stage": ("#f1f5f9", "#334155"),
    "deploy": ("#dcfce7", "#15803d"),
    "monitor": ("#f3e8ff", "#7e22ce"),
    "trigger": ("#fce7f3", "#be185d"),
    "notify": ("#ffedd5", "#c2410c"),
}


def render_mermaid(plan: Plan) -> str:
    """A Mermaid flowchart, as Markdown pages on GitHub and GitLab draw it."""
    drawing = _drawing(plan)
    boxes = (*drawing.boxes, *drawing.beside)
    short = {box.id: f"n{i}" for i, box in enumerate(boxes)}
    lines = ["flowchart LR"]
    for box in boxes:
        opening, closing = _MERMAID_SHAPES[box.kind]
        lines.append(f"  {short[box.id]}{opening}{_mermaid_text(box.title)}{closing}:::{box.kind}")
    lines += [f"  {short[a]} --> {short[b]}" for a, b in drawing.edges]
    for kind in dict.fromkeys(box.kind for box in boxes):
        fill, stroke = _FILLS[kind]
        lines.append(f"  classDef {kind} fill:{fill},stroke:{stroke},color:#0f172a")
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        text = text.replace(character, entity)
    return text


# ----------------------------------------------------------------- Graphviz

_DOT_SHAPES = {
    "source": "cylinder",
    "guard": "hexagon",
    "stage": "box",
    "deploy": "house",
    "monitor": "ellipse",
    "trigger": "cds",
    "notify": "note",
}


def render_dot(plan: Plan) -> str:
    """A Graphviz digraph, from left to right."""
    drawing = _drawing(plan)
    lines = [
        f"digraph {_dot_text(drawing.name)} {{",
        "  rankdir=LR;",
        '  node [fontname="Helvetica", fontsize=11, style="filled"];',
        '  edge [color="#64748b"];',
    ]
    for box in (*drawing.boxes, *drawing.beside):
        fill, stroke = _FILLS[box.kind]
        lines.append(
            f"  {_dot_text(box.id)} [label={_dot_text(box.title)}, shape={_DOT_SHAPES[box.kind]}, "
            f'fillcolor="{fill}", color="{stroke}", tooltip={_dot_text(f"{box.kind} {box.note}".strip())}];'
        )
    lines += [f"  {_dot_text(a)} -> {_dot_text(b)};" for a, b in drawing.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


# ---------------------------------------------------------------------- SVG

_WIDE, _HIGH, _GAP_X, _GAP_Y, _MARGIN = 168, 44, 56, 20, 16
_LETTERS = 22  # of a title that fit into a box


def render_svg(plan: Plan) -> str:
    """A picture that needs nothing else: layers from left to right, a tooltip on each node, light and dark."""
    drawing = _drawing(plan)
    layers = _layers(drawing)
    places = _places(layers)
    columns, rows = len(layers), max((len(layer) for layer in layers), default=0)
    beside_at = 2 * _MARGIN + rows * (_HIGH + _GAP_Y)
    for i, box in enumerate(drawing.beside):
        places[box.id] = (_MARGIN + i * (_WIDE + _GAP_X), beside_at)
    columns = max(columns, len(drawing.beside))
    wide = 2 * _MARGIN + columns * (_WIDE + _GAP_X) - (_GAP_X if columns else 0)
    high = beside_at + (_HIGH + _MARGIN if drawing.beside else -_GAP_Y)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'role="img" aria-labelledby="title">',
        f'<title id="title">{escape(f"pipeline {drawing.name}")}</title>',
        "<style>",
        *_svg_style({box.kind for box in (*drawing.boxes, *drawing.beside)}),
        "</style>",
    ]
    lines += [_svg_edge(places[a], places[b]) for a, b in drawing.edges]
    lines += [_svg_box(box, places[box.id]) for box in (*drawing.boxes, *drawing.beside)]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _layers(drawing: _Drawing) -> list[list[str]]:
    """Ids by longest way from a start; within a layer near what they wait for (one barycentric sweep)."""
    depth: dict[str, int] = {}
    for box in drawing.boxes:
        depth[box.id] = 1 + max((depth[p] for p in drawing.before[box.id]), default=-1)
    layers: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for id_, level in depth.items():
        layers[level].append(id_)
    row: dict[str, float] = {}
    for layer in layers:
        centre = {id_: _mean(row[p] for p in drawing.before[id_]) for id_ in layer}
        layer.sort(key=lambda id_: centre[id_])
        row |= {id_: i - (len(layer) - 1) / 2 for i, id_ in enumerate(layer)}
    return layers


def _mean(numbers: Iterable[float]) -> float:
    values = list(numbers)
    return sum(values) / len(values) if values else 0.0


def _places(layers: list[list[str]]) -> dict[str, tuple[float, float]]:
    rows = max((len(layer) for layer in layers), default=0)
    return {
        id_: (
            _MARGIN + column * (_WIDE + _GAP_X),
            _MARGIN + (i + (rows - len(layer)) / 2) * (_HIGH + _GAP_Y),
        )
        for column, layer in enumerate(layers)
        for i, id_ in enumerate(layer)
    }


def _svg_style(kinds: set[str]) -> list[str]:
    lines = [
        "text{font:12px system-ui,sans-serif;fill:#0f172a} .kind{font-size:10px;fill:#475569}",
        ".edge{fill:none;stroke:#64748b;stroke-width:1.5} .tip{fill:#64748b}",
    ]
    for kind in sorted(kinds):
        fill, stroke = _FILLS[kind]
        lines.append(f".{kind}{{fill:{fill};stroke:{stroke}}}")
    return [*lines, "@media(prefers-color-scheme:dark){.edge{stroke:#94a3b8}.tip{fill:#94a3b8}}"]


def _svg_edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + _WIDE, start[1] + _HIGH / 2
    x2, y2 = end[0], end[1] + _HIGH / 2
    bend = (x1 + x2 - 6) / 2
    line = f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2 - 6:g} {y2:g}"
    tip = f"M{x2:g} {y2:g}l-7 -4v8z"
    return f'<path class="edge" d="{line}"/><path class="tip" d="{tip}"/>'


def _svg_box(box: _Box, place: tuple[float, float]) -> str:
    x, y = place
    title = box.title if len(box.title) <= _LETTERS else box.title[: _LETTERS - 1] + "…"
    round_ = 4 if box.kind in ("stage", "source") else _HIGH / 2
    return (
        f"<g><title>{escape(f'{box.kind} {box.title}: {box.note}'.rstrip(': '))}</title>"
        f'<rect class="{box.kind}" x="{x:g}" y="{y:g}" width="{_WIDE}" height="{_HIGH}" rx="{round_:g}"/>'
        f'<text x="{x + _WIDE / 2:g}" y="{y + 19:g}" text-anchor="middle">{escape(title)}</text>'
        f'<text class="kind" x="{x + _WIDE / 2:g}" y="{y + 34:g}" text-anchor="middle">{box.kind}</text></g>'
    )


RENDERINGS = {"ascii": render_ascii, "mermaid": render_mermaid, "dot": render_dot, "svg": render_svg}
