"""Guards as nodes of the plan: rules as conditions over measured numbers, and one query that measures them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..diagnostics import Diagnostics
from ..features import Feature, Use
from ..plan import nodes as plan
from ..semantics.guard_types import Typing
from ..semantics.model import GuardModel, Model
from ..semantics.others import other_tables
from ..source import Span
from ..syntax import tree
from .edges import Wiring
from .groupings import Groupings
from .rules import RuleLowering


def lower_guards(model: Model, wiring: Wiring) -> tuple[tuple[plan.Guard, ...], tuple[Use, ...]]:
    """The guards of the spec and those that its schemas ask for, with the features that their rules use."""
    found: list[plan.Guard] = []
    uses: list[Use] = []
    for name, source in model.sources.items():
        if source.columns:
            found.append(_of_schema(name, source, model, wiring))
            uses.append(Use(Feature.SCHEMA, model.entities[name].name.span))
    for guard in model.guards.values():
        typing = Typing(guard, Diagnostics())
        typing.check()
        uses += typing.uses
        copies = wiring.copies(guard.subject.name)
        for number, subject in enumerate(copies):
            name = guard.name.text if len(copies) == 1 else f"{guard.name.text}[{number}]"
            found.append(_guard(name, guard, subject, model, wiring))
            wiring.guards_on(name, subject, parts=found[-1].sets_aside)
            for other in found[-1].tables:
                for artifact in other.artifacts:
                    wiring.compares_with(name, artifact)
    return tuple(found), tuple(uses)


def _placed(guard: plan.Guard, lowering: RuleLowering, model: Model) -> plan.Guard:
    """The guard with its query, for where its subject is: in a database, or over files."""
    source = model.sources.get(guard.subject)
    if source is None or source.dialect is None:
        measures = tuple(replace(m, sql=lowering.in_files.get(m.sql, m.sql)) for m in guard.measures)
        guard = replace(guard, measures=measures)
        return replace(guard, query=query_of(guard, lowering.groupings))
    from .databases import in_database

    return in_database(guard, lowering.groupings, source)


def _guard(id: str, guard: GuardModel, subject: str, model: Model, wiring: Wiring) -> plan.Guard:  # noqa: A002
    lowering = RuleLowering(guard, model, champions=_champions(guard, model, wiring))
    rules = tuple(replace(lowering.rule(r), relaxed=_relaxed(r)) for r in guard.rules)
    made = plan.Guard(
        id=id,
        doc="\n".join(guard.doc),
        subject=subject,
        subject_kind=guard.subject.kind,
        format=guard.subject.format,
        champion=_champion(model) if lowering.asks_champion else None,
        measures=tuple(lowering.measures),
        query="",
        rules=rules,
        implicit=False,
        place=model.place(guard.name.span),
        checks=tuple(lowering.checks),
        tables=(*_tables(guard, subject, model, wiring), *lowering.files.values()),
        drifts=tuple(lowering.drifts),
    )
    return _placed(made, lowering, model)


def _relaxed(rule: tree.RuleLine | tree.Expected) -> str | None:
    """Until when a rule may be looser than it was, and why, for who reads its verdict."""
    if rule.relaxed is None:
        return None
    return f"until {rule.relaxed.until.value}: {rule.relaxed.reason.value}"


def _tables(guard: GuardModel, subject: str, model: Model, wiring: Wiring) -> Iterator[plan.OtherTable]:
    """The other tables that the guard's rules name, each once."""
    for name in dict.fromkeys(path.text for path in other_tables(guard)):
        # A key may refer to its own table: to the copy that is judged, where there are several.
        artifacts = (subject,) if name == guard.subject.name else wiring.copies(name)
        yield plan.OtherTable(name, artifacts, model.artifacts[name].format)


def _champions(guard: GuardModel, model: Model, wiring: Wiring) -> bool:
    """Whether a deploy with an alias waits for the guard: then a champion is one whose run has seen the subject."""
    models = (d.value("model") for d in model.of("deploy") if d.text("alias"))
    return any(isinstance(m, tree.Path) and guard.subject.name in wiring.about(m.text) for m in models)


def _champion(model: Model) -> str:
    """The alias that `champion` means: that of the first deploy that has one."""
    aliases = [d.text("alias") for d in model.of("deploy")]
    return next((a for a in aliases if a), "champion")


def _of_schema(name: str, source: plan.Source, model: Model, wiring: Wiring) -> plan.Guard:
    """The guard that a source's schema is."""
    from .schema import schema_rules

    artifact = model.artifacts[name]
    span: Span = model.entities[name].blocks["schema"].span
    own = f"{name}_schema"
    while own in model.entities or own in model.guards:
        own += "_"
    guard = GuardModel(model.entities[name].name, artifact, artifact.span, (), (), span)
    lowering = RuleLowering(guard, model)
    rules = schema_rules(source, model.entities[name].blocks["schema"], lowering, model)
    wiring.guards_on(own, name)
    made = plan.Guard(
        id=own,
        doc=f"The schema of {name}.",
        subject=name,
        subject_kind="table",
        format=artifact.format,
        champion=None,
        measures=tuple(lowering.measures),
        query="",
        rules=rules,
        implicit=True,
        place=model.place(span),
    )
    return _placed(made, lowering, model)


def query_of(guard: plan.Guard, groupings: Groupings) -> str:
    """One SELECT of every measure over one scan, readable: above a measure stand the rules that it is first for.

    Beside that scan there is one for each column that slices are by, each `unique` and `distinct`, and each `auc`.
    """
    measures = guard.measures
    if not measures or not all(m.sql for m in measures):
        return ""
    beside: dict[str, list[str]] = {m.id: [] for m in measures}
    for rule in guard.rules:
        first = next((ref.name for ref in rule.measured if ref.scope == "measure"), None)
        if first is not None:
            beside[first].append(f"  -- {_one_line(rule.text)} ({rule.place.file}:{rule.place.line})")
    lines = [f"-- guard {guard.id} on {guard.subject}", *groupings.lines(), "SELECT"]
    for position, measure in enumerate(measures):
        comma = "," if position < len(measures) - 1 else ""
        lines += [*beside[measure.id], f"  {measure.sql} AS {measure.id}{comma}"]
    lines.append("FROM {subject} AS subject")
    if all(m.sql.startswith("(SELECT") for m in measures):
        lines.append("HAVING TRUE")  # one row whatever the table has, though nothing here is an aggregate of it
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
