"""The plan as the generated script tells it: a step for each node, in order."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten

from ...compiler.plan.nodes import Command, Deploy, Guard, Notebook, Plan, PythonCall, Source, Stage
from ..printing import one_line


@dataclass(frozen=True, slots=True)
class Step:
    """A node in the words of the spec. `what` is what it does, `after` the nodes that it waits for."""

    id: str
    kind: str
    what: str
    after: tuple[str, ...]
    doc: tuple[str, ...]
    place: str

    @property
    def row(self) -> tuple[str, str, str, tuple[str, ...]]:
        return self.kind, self.id, self.what, self.after


def plan_steps(plan: Plan) -> list[Step]:
    """One step for each node that a run carries out."""
    return [
        Step(
            id=node.id,
            kind=type(node).__name__.lower(),
            what=shorten(_what(node), 80, placeholder=" …"),
            after=plan.waits_for(node.id),
            doc=tuple(one_line(line) for line in node.doc.splitlines() if line.strip()),
            place=f"{node.place.file}:{node.place.line}",
        )
        for node in plan.nodes
        if isinstance(node, Source | Stage | Guard | Deploy)
    ]


def _what(node: Source | Stage | Guard | Deploy) -> str:
    if isinstance(node, Source):
        return one_line(node.uri or node.table or node.query or "")
    if isinstance(node, Guard):
        subject = f"on {node.subject}: "
        return subject + ("its schema" if node.implicit else "; ".join(one_line(r.text) for r in node.rules))
    if isinstance(node, Deploy):
        command = f", then {one_line(node.command.text)}" if node.command else ""
        alias = f"{node.alias} = {node.model}" if node.alias else node.model
        return alias + command
    return _program(node)


def _program(stage: Stage) -> str:
    program = stage.program
    item = f"{stage.item.variable} = {stage.item.value}: " if stage.item else ""
    if isinstance(program, Command):
        return item + one_line(program.text)
    if isinstance(program, PythonCall):
        return f"{item}{program.file}:{program.function}({', '.join(a.name for a in program.arguments)})"
    return f"{item}{'notebook' if isinstance(program, Notebook) else 'sql'} {program.file}"
