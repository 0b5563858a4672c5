"""The model: a spec whose names and types are known. What could not be understood is left out and was reported."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..plan import nodes as plan
from ..project import Project
from ..source import Source, Span
from ..syntax import tree
from .entity import Entity


@dataclass(frozen=True)
class Artifact:
    """Something a guard can stand on and a stage can read: a source, or an output of a stage."""

    name: str
    kind: str  # table, model, metrics, file, dir, plot, report
    producer: str
    span: Span
    columns: dict[str, plan.Column] | None  # of a source with a schema
    format: str | None


@dataclass(frozen=True)
class InputRef:
    """An input of a stage, by the name the program knows it under."""

    name: str
    artifact: str
    span: Span


@dataclass(frozen=True)
class StageModel:
    """A stage whose parts are resolved."""

    entity: Entity
    inputs: tuple[InputRef, ...]
    outputs: dict[str, plan.Output]
    params: tuple[str, ...]
    program: plan.Program | None
    item_name: str | None
    items: tuple[plan.Scalar, ...]
    when: plan.Condition | None
    code: tuple[str, ...]


@dataclass(frozen=True)
class GuardModel:
    """A guard on its subject, template arguments put in. Its rules are still expressions."""

    name: tree.Name
    subject: Artifact
    subject_span: Span
    rules: tuple[tree.RuleLine | tree.Expected, ...]
    doc: tuple[str, ...]
    span: Span
    template: str | None = None  # whose rules these are, where it was applied
    relaxed: tuple[tree.Relaxed, ...] = ()


@dataclass(frozen=True)
class ParamModel:
    """A parameter with its value after profile and `--set`."""

    declaration: tree.ParamDecl
    param: plan.Param


@dataclass
class Model:
    """Filled by `resolve`, in the order of the fields; read by checks, lint rules and lowering."""

    root: Source
    files: tuple[tree.File, ...]
    project: Project
    profile: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    pipeline: Entity | None = None
    version: Entity | None = None
    entities: dict[str, Entity] = field(default_factory=dict)  # source, stage, deploy, monitor, trigger, notify
    templates: dict[str, tree.Declaration] = field(default_factory=dict)
    guard_declarations: dict[str, tree.Declaration] = field(default_factory=dict)
    applications: tuple[tree.ApplyDecl, ...] = ()
    targets: dict[str, Entity] = field(default_factory=dict)
    profiles: dict[str, tree.Declaration] = field(default_factory=dict)
    tests: tuple[tree.Declaration, ...] = ()
    params: dict[str, ParamModel] = field(default_factory=dict)
    sources: dict[str, plan.Source] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    stages: dict[str, StageModel] = field(default_factory=dict)
    guards: dict[str, GuardModel] = field(default_factory=dict)
    relaxations: tuple[tree.RelaxDecl, ...] = ()

    def of(self, keyword: str) -> tuple[Entity, ...]:
        """The entities of one keyword, in source order."""
        return tuple(e for e in self.entities.values() if e.keyword == keyword)

    def place(self, span: Span) -> plan.Place:
        """A span as the plan keeps it: the file relative to the root spec's folder."""
        line, column = span.source.position(span.start)
        return plan.Place(self.file_name(span.source), line, column)

    def file_name(self, source: Source) -> str:
        from os.path import relpath
        from pathlib import Path

        if source is self.root:
            return Path(source.path).name
        return Path(relpath(source.path, Path(self.root.path).parent)).as_posix()
