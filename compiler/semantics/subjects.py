"""Guards on their subjects, with templates applied."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from ..diagnostics import Diagnostics, Note, did_you_mean
from ..source import Span
from ..syntax import tree
from . import rules
from .model import GuardModel, Model
from .stages import find_artifact, is_broken

FORMAL_TYPES = (
    *("column", "metric", "table", "number", "percent", "string"),
    *("duration", "size", "list", "int", "float", "bool"),
)
_FITS: dict[str, tuple[type, ...]] = {
    "column": (tree.Path,),
    "metric": (tree.Path,),
    "table": (tree.Path,),
    "number": (tree.Number,),
    "int": (tree.Number,),
    "float": (tree.Number,),
    "percent": (tree.Percent,),
    "string": (tree.Text,),
    "duration": (tree.Duration,),
    "size": (tree.Size,),
    "list": (tree.ListOf,),
    "bool": (tree.Truth,),
}


def resolve_guards(model: Model, diagnostics: Diagnostics) -> None:
    """Fills `model.guards`: the declared ones, then the applied ones, each on an artifact."""
    for declaration in model.guard_declarations.values():
        assert declaration.name is not None
        if declaration.subject is None:
            diagnostics.report(
                rules.NO_SUBJECT,
                declaration.name.span,
                f"guard '{declaration.name.text}' is on nothing",
                hint=f"write guard {declaration.name.text} on SUBJECT {{ … }}, or give it parameters and apply it",
            )
            continue
        subject = find_artifact(declaration.subject, model, diagnostics)
        if subject is not None:
            model.guards[declaration.name.text] = GuardModel(
                declaration.name,
                subject,
                declaration.subject.span,
                _rules(declaration),
                declaration.doc,
                declaration.span,
                relaxed=_relaxed(declaration),
            )
    for template in model.templates.values():
        _check_template(template, diagnostics)
    for application in model.applications:
        _apply(application, model, diagnostics)


def _rules(declaration: tree.Declaration) -> tuple[tree.RuleLine | tree.Expected, ...]:
    return tuple(s for s in declaration.body if isinstance(s, tree.RuleLine | tree.Expected))


def _relaxed(declaration: tree.Declaration) -> tuple[tree.Relaxed, ...]:
    return tuple(s for s in declaration.body if isinstance(s, tree.Relaxed))


def _check_template(template: tree.Declaration, diagnostics: Diagnostics) -> None:
    assert template.name is not None
    if template.subject is not None:
        message = f"'{template.name.text}' has parameters, and a template is on nothing"
        hint = f"take out 'on …' and write: apply {template.name.text}(…) on {template.subject.text}"
        diagnostics.report(rules.NO_SUBJECT, template.subject.span, message, hint=hint)
    names: dict[str, Span] = {}
    for formal in template.formals:
        first = names.setdefault(formal.name.text, formal.name.span)
        if first is not formal.name.span:
            message = f"'{formal.name.text}' is a parameter twice"
            notes = (Note("it is declared here first", first),)
            hint = "give one of the two another name"
            diagnostics.report(rules.DUPLICATE, formal.name.span, message, notes=notes, hint=hint)
        if formal.type.name.text not in FORMAL_TYPES:
            hint = did_you_mean(formal.type.name.text, FORMAL_TYPES) or "types: " + ", ".join(FORMAL_TYPES)
            message = f"no type '{formal.type.name.text}' for a parameter of a guard"
            diagnostics.report(rules.UNKNOWN_TYPE, formal.type.span, message, hint=hint)


def _apply(application: tree.ApplyDecl, model: Model, diagnostics: Diagnostics) -> None:
    template = model.templates.get(application.template.text)
    if template is None and is_broken(application.template.text, model):
        return
    if template is None:
        hint = did_you_mean(application.template.text, list(model.templates)) or "the spec declares no guard template"
        if application.template.text in model.guard_declarations:
            hint = "it has no parameters: write guard … on SUBJECT"
        message = f"no guard template '{application.template.text}'"
        diagnostics.report(rules.UNKNOWN_NAME, application.template.span, message, hint=hint)
        return
    subject = find_artifact(application.subject, model, diagnostics)
    values = _arguments(application, template, diagnostics)
    if subject is None or values is None:
        return
    name = f"{application.template.text}_on_{subject.name.replace('.', '_')}"
    number = 2
    while name in model.guards:
        name = f"{application.template.text}_on_{subject.name.replace('.', '_')}_{number}"
        number += 1
    model.guards[name] = GuardModel(
        tree.Name(name, application.template.span),
        subject,
        application.subject.span,
        tuple(_substitute(r, values) for r in _rules(template)),
        application.doc or template.doc,
        application.span,
        application.template.text,
        (*_relaxed(template), *((application.relaxed,) if application.relaxed else ())),
    )


def _arguments(
    application: tree.ApplyDecl, template: tree.Declaration, diagnostics: Diagnostics
) -> dict[str, tree.Expr] | None:
    formals = {f.name.text: f for f in template.formals}
    values: dict[str, tree.Expr] = dict(zip(formals, application.args, strict=False))
    declared = Note("the template is declared here", template.name.span if template.name else None)
    shown = f"write {application.template.text}({', '.join(f'{n}: {f.type.span.text}' for n, f in formals.items())})"

    def wrong(span: Span, message: str, hint: str) -> None:
        diagnostics.report(rules.TEMPLATE_ARGUMENTS, span, message, notes=(declared,), hint=hint)

    if len(application.args) > len(formals):
        wrong(
            application.args[len(formals)].span, f"'{application.template.text}' takes {len(formals)} arguments", shown
        )
        return None
    for entry in application.named:
        if entry.key.text not in formals:
            hint = did_you_mean(entry.key.text, list(formals)) or shown
            wrong(entry.key.span, f"'{application.template.text}' has no parameter '{entry.key.text}'", hint)
            return None
        if entry.key.text in values:
            wrong(entry.key.span, f"'{entry.key.text}' is given twice", "take one of the two out")
            return None
        values[entry.key.text] = entry.value
    for name, formal in formals.items():
        if name not in values and formal.default is None:
            wrong(application.template.span, f"'{application.template.text}' wants '{name}'", shown)
            return None
        value = values.setdefault(name, formal.default or application.subject)
        fits = _FITS.get(formal.type.name.text)
        if fits and not isinstance(value, fits):
            wrong(value.span, f"'{name}' is a {formal.type.name.text}, and {value.span.text} is not", shown)
            return None
    return values


def _substitute(node: Any, values: dict[str, tree.Expr]) -> Any:
    """The node with every name that is a parameter replaced by its argument."""
    if isinstance(node, tree.Path):
        return _named(node, values)
    if isinstance(node, tuple):
        return tuple(_substitute(n, values) for n in node)
    if is_dataclass(node) and not isinstance(node, type | Span | tree.Name):
        changes = {}
        for f in fields(node):
            value = getattr(node, f.name)
            if f.name == "function" or isinstance(value, Span | str | int | float) or value is None:
                continue
            new = _substitute(value, values)
            if new is not value:
                changes[f.name] = new
        return replace(node, **changes) if changes else node
    return node


def _named(path: tree.Path, values: dict[str, tree.Expr]) -> tree.Expr:
    """The argument that a name stands for; of a dotted one each part, as in `champion.metric` and `table.key`."""
    if len(path.parts) == 1:
        return values.get(path.text, path)
    found = [values.get(part.text) for part in path.parts]
    parts = [
        (value.parts if isinstance(value, tree.Path) else (part,))
        for part, value in zip(path.parts, found, strict=True)
    ]
    return replace(path, parts=tuple(name for names in parts for name in names))
