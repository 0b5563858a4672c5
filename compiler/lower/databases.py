"""Sources in a database: guards run in it, and the rows are written to a file for whatever else reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..diagnostics import Diagnostics
from ..features import Feature
from ..plan import nodes as plan
from ..semantics import rules as r
from ..semantics.guard_types import Typing
from ..semantics.model import GuardModel, Model
from .dialects import NAMES, CannotSayError, translate
from .edges import Wiring
from .groupings import Groupings

# What rules may ask of rows that stay where they are. Everything else wants a file.
IN_PLACE = frozenset({
    Feature.TABLE_GUARD, Feature.SCHEMA, Feature.BANDS, Feature.SLICES, Feature.SHARE, Feature.PREDICTIONS,
    Feature.QUARANTINE,
})  # fmt: skip
_BEHIND = "let a stage read '{source}' and guard what it writes"


def extracted(model: Model, wiring: Wiring) -> tuple[plan.Source, ...]:
    """A node that writes the rows to a file, for every database source that something other than a guard reads."""
    found = []
    for name, source in model.sources.items():
        if source.dialect is not None and wiring.is_consumed(name):
            own = f"{name}_extract"
            while own in model.entities or own in model.guards:
                own += "_"
            doc = f"The rows of {name}, in a file."
            found.append(replace(source, id=own, doc=doc, columns=(), extracts=name))
            wiring.extracts[name] = own
    return tuple(found)


def in_database(guard: plan.Guard, groupings: Groupings, source: plan.Source) -> plan.Guard:
    """The guard with its SQL in the words of the source's database."""
    from .guards import query_of

    said = _speaker(source)
    measures = tuple(replace(m, sql=said(m.sql)) for m in guard.measures)
    rules = tuple(replace(x, offending=said(x.offending)) if x.offending else x for x in guard.rules)
    found = replace(guard, measures=measures, rules=rules, dialect=source.dialect)
    return replace(found, query=query_of(found, groupings.translated(said)))


def _speaker(source: plan.Source) -> Callable[[str], str]:
    """What puts an expression into the dialect of the source."""
    columns = {c.name: c for c in source.columns}
    return lambda sql: translate(sql, str(source.dialect), columns)


def refuse_what_databases_cannot_say(model: Model, diagnostics: Diagnostics) -> None:
    """Reports the rules on database sources that their database has no words for."""
    databases = {name: source for name, source in model.sources.items() if source.dialect is not None}
    for name, source in databases.items():
        _refuse_patterns(name, source, model, diagnostics)
    for guard in model.guards.values():
        if guard.subject.name in databases:
            _refuse(guard, databases[guard.subject.name], model, diagnostics)


def _refuse(guard: GuardModel, source: plan.Source, model: Model, diagnostics: Diagnostics) -> None:
    from .rules import RuleLowering

    assert source.dialect is not None
    hint = _BEHIND.format(source=source.id)
    said = _speaker(source)
    for rule in guard.rules:
        alone = replace(guard, rules=(rule,))
        typing = Typing(alone, Diagnostics())
        typing.check()
        foreign = next((u for u in typing.uses if u.feature not in IN_PLACE), None)
        if foreign is not None:
            what = foreign.feature.value.removeprefix("guard: ")
            message = f"{what}: not over rows that stay in the database"
            diagnostics.report(r.NOT_IN_DATABASE, foreign.span, message, hint=hint)
            continue
        lowering = RuleLowering(alone, model)
        lowered = lowering.rule(rule)
        try:
            lowering.groupings.translated(said)
            for sql in (*(m.sql for m in lowering.measures), *([lowered.offending] if lowered.offending else [])):
                said(sql)
        except CannotSayError as e:
            message = f"{NAMES[source.dialect]} has no words for {e}"
            diagnostics.report(r.NOT_IN_DATABASE, rule.span, message, hint=hint)


def _refuse_patterns(name: str, source: plan.Source, model: Model, diagnostics: Diagnostics) -> None:
    """Patterns are the one part of a schema that a database may not read."""
    from . import sql

    schema = model.entities[name].blocks.get("schema")
    for column in source.columns:
        if schema is None or column.pattern is None:
            continue
        try:
            translate(sql.text_of(sql.matches(sql.column(column.name), column.pattern)), str(source.dialect), {})
        except CannotSayError as e:
            constraint = next(c for c in schema.fields[column.name].constraints if c.kind == "matches")
            message = f"{NAMES[str(source.dialect)]} has no words for {e}"
            hint = "write the pattern without it"
            diagnostics.report(r.NOT_IN_DATABASE, constraint.span, message, hint=hint)
