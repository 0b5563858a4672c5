"""Parameters: their types, domains and values, from the spec, a profile, and `--set`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from ..diagnostics import Diagnostics, Note, did_you_mean
from ..plan import nodes as plan
from ..source import Source, Span
from ..syntax import literals, tree
from . import rules
from .kinds import describe
from .model import Model, ParamModel
from .shapes import PARAM_TYPES

_NODES: dict[str, tuple[type, ...]] = {
    "int": (tree.Number,),
    "float": (tree.Number, tree.Percent),
    "string": (tree.Text,),
    "bool": (tree.Truth,),
    "duration": (tree.Duration,),
    "size": (tree.Size,),
    "date": (tree.Text,),
}
_EXAMPLES = {
    "int": "a whole number such as 3",
    "float": "a number such as 0.5",
    "string": 'a text such as "log"',
    "bool": "true or false",
    "duration": "a duration such as 30m",
    "size": "a size such as 4GiB",
    "date": 'a date such as "2013-01-31"',
}


def type_name(ref: tree.TypeRef) -> str:
    """`list<int>` as text, without the question mark."""
    return f"{ref.name.text}<{type_name(ref.argument)}>" if ref.argument else ref.name.text


def resolve_params(model: Model, settings: Mapping[str, str], diagnostics: Diagnostics) -> None:
    """Fills `model.params`. Reports types, domains and values that do not fit, and settings of no param."""
    declared = [i for f in model.files for i in f.items if isinstance(i, tree.ParamDecl)]
    for declaration in declared:
        if declaration.name.text not in model.params:
            model.params[declaration.name.text] = _resolve(declaration, model, settings, diagnostics)
    for name, text in settings.items():
        if name not in model.params:
            hint = did_you_mean(name, [d.name.text for d in declared]) or "the spec declares no param"
            diagnostics.report(rules.UNKNOWN_NAME, _setting(name, text, value=False), f"no param '{name}'", hint=hint)


def check_override(param: ParamModel, value: tree.Expr, diagnostics: Diagnostics) -> None:
    """Reports a value that a profile gives and the param cannot have."""
    declaration, known = param.declaration, param.param
    if known.type.removeprefix("list<").rstrip(">") not in PARAM_TYPES:
        return
    given = _value(value, known.type, f"param '{known.name}'", diagnostics)
    if given is not None:
        low, high, choices = known.low, known.high, known.choices
        _check_domain(known.name, given, low, high, choices, value.span, declaration, diagnostics)


def _setting(name: str, text: str, *, value: bool) -> Span:
    """A span into a source of its own, so that a wrong `--set` is shown like a wrong line."""
    source = Source("--set", f"{name}={text}")
    return Span(source, len(name) + 1, len(source.text)) if value else Span(source, 0, len(name))


def _resolve(
    declaration: tree.ParamDecl, model: Model, settings: Mapping[str, str], diagnostics: Diagnostics
) -> ParamModel:
    kind = type_name(declaration.type)
    name = declaration.name.text
    known = _check_type(declaration.type, diagnostics)
    low = high = None
    choices: tuple[plan.Scalar, ...] = ()
    value: plan.Scalar | tuple[plan.Scalar, ...] = None
    if known:
        low, high, choices = _domain(declaration, kind, diagnostics)
        if declaration.default is not None:
            value = _value(declaration.default, kind, f"param '{name}'", diagnostics)
            if value is not None:
                _check_domain(name, value, low, high, choices, declaration.default.span, declaration, diagnostics)
        if name in settings:
            value = _from_setting(name, settings[name], kind, low, high, choices, declaration, diagnostics)
    origin, at = None, declaration.name.span
    if name in settings:
        origin = "--set"
    elif declaration.default is not None and not _within(declaration.default.span, declaration.span):
        origin, at = f"profile {model.profile}", declaration.default.span
    doc = "\n".join(declaration.doc)
    param = plan.Param(name, kind, value, low, high, choices, doc, model.place(at), origin)
    return ParamModel(declaration, param)


def _within(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start and inner.end <= outer.end


def _check_type(ref: tree.TypeRef, diagnostics: Diagnostics) -> bool:
    name = ref.name.text
    if name == "list":
        if ref.argument is None:
            diagnostics.report(rules.UNKNOWN_TYPE, ref.span, "a list of what?", hint="write list<string>")
            return False
        return _check_type(ref.argument, diagnostics)
    if name not in PARAM_TYPES:
        hint = did_you_mean(name, PARAM_TYPES) or "types: " + ", ".join(PARAM_TYPES)
        hint = {"str": "write string", "integer": "write int", "boolean": "write bool", "number": "write float"}.get(
            name, hint
        )
        diagnostics.report(rules.UNKNOWN_TYPE, ref.name.span, f"no type '{name}' for a param", hint=hint)
        return False
    return True


def _value(
    node: tree.Expr, kind: str, owner: str, diagnostics: Diagnostics
) -> plan.Scalar | tuple[plan.Scalar, ...] | None:
    if kind.startswith("list<"):
        if not isinstance(node, tree.ListOf):
            message = f"{owner} wants a list, not {describe(node)}"
            diagnostics.report(rules.WRONG_TYPE, node.span, message, hint=f"write [{node.span.text}]")
            return None
        items = [_value(i, kind[5:-1], owner, diagnostics) for i in node.items]
        return None if None in items else tuple(i for i in items if not isinstance(i, tuple))
    if isinstance(node, _NODES[kind]):
        value: plan.Scalar = getattr(node, "value", None)
        fraction = kind == "int" and not isinstance(value, int)
        no_date = kind == "date" and not _is_date(str(value))
        if not fraction and not no_date:
            return float(value) if kind == "float" and isinstance(value, int | float) else value
    hint = _value_hint(node, kind)
    diagnostics.report(
        rules.WRONG_TYPE,
        node.span,
        f"{owner} is {_article(kind)} and wants {_EXAMPLES[kind]}, not {describe(node)}",
        hint=hint,
    )
    return None


def _value_hint(node: tree.Expr, kind: str) -> str | None:
    """What to write instead, where a slip of the hand is likely."""
    text = node.span.text
    if isinstance(node, tree.Number) and kind in ("duration", "size"):
        return "name the unit: " + ("s, m, h, d or w" if kind == "duration" else "MiB, GiB, MB or GB")
    if kind == "bool":
        truth = {
            "true": "true",
            "yes": "true",
            "on": "true",
            "1": "true",
            "false": "false",
            "no": "false",
            "off": "false",
        }
        meant = truth.get(text.strip('"').lower(), "false" if text == "0" else None)
        return f"write {meant}" if meant else None
    if isinstance(node, tree.Text) and kind in ("int", "float") and re.fullmatch(r"-?\d+(\.\d+)?", node.value):
        return f"without the quotes: {node.value}"
    if isinstance(node, tree.Text) and kind in ("duration", "size"):
        return f"without the quotes: {node.value}" if node.value[:1].isdigit() else None
    if isinstance(node, tree.Number) and kind == "int":
        return f"write {int(node.value)}, or declare it as float"
    if kind == "date" and isinstance(node, tree.Text):
        return 'write year-month-day: "2013-01-31"'
    if isinstance(node, tree.Text) and kind in ("int", "float"):
        return f"write {_EXAMPLES[kind]}, without quotes"
    if isinstance(node, tree.Path | tree.Number) and kind in ("string", "date"):
        return f'write "{text}"'
    return None


def _article(kind: str) -> str:
    return ("an " if kind[0] in "aeiou" else "a ") + kind


def _is_date(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _domain(
    declaration: tree.ParamDecl, kind: str, diagnostics: Diagnostics
) -> tuple[int | float | None, int | float | None, tuple[plan.Scalar, ...]]:
    domain = declaration.domain
    owner = f"the domain of '{declaration.name.text}'"
    base = kind[5:-1] if kind.startswith("list<") else kind
    if domain is None:
        return None, None, ()
    if isinstance(domain, tree.ListOf):
        if not domain.items:
            diagnostics.report(rules.BAD_DOMAIN, domain.span, f"{owner} is empty", hint="name at least one choice")
        values = [_value(i, base, owner, diagnostics) for i in domain.items]
        return None, None, tuple(v for v in values if v is not None and not isinstance(v, tuple))
    if isinstance(domain, tree.Range):
        if base in ("string", "bool", "date"):
            message = f"{owner} is a range, and {_article(base)} has none"
            diagnostics.report(rules.BAD_DOMAIN, domain.span, message, hint="write the choices: in [ … ]")
            return None, None, ()
        low = _value(domain.low, base, owner, diagnostics)
        high = _value(domain.high, base, owner, diagnostics)
        if isinstance(low, int | float) and isinstance(high, int | float):
            if low > high:
                hint = f"write {domain.high.span.text}..{domain.low.span.text}"
                diagnostics.report(rules.BAD_DOMAIN, domain.span, f"{owner} ends before it begins", hint=hint)
                return None, None, ()
            return low, high, ()
        return None, None, ()
    diagnostics.report(
        rules.BAD_DOMAIN, domain.span, f"{owner} is neither a range nor a list", hint="write in 1..12, or in [1, 2]"
    )
    return None, None, ()


def _check_domain(
    name: str,
    value: plan.Scalar | tuple[plan.Scalar, ...],
    low: int | float | None,
    high: int | float | None,
    choices: tuple[plan.Scalar, ...],
    at: Span,
    declaration: tree.ParamDecl,
    diagnostics: Diagnostics,
) -> None:
    for one in value if isinstance(value, tuple) else (value,):
        too_low = low is not None and isinstance(one, int | float) and one < low
        too_high = high is not None and isinstance(one, int | float) and one > high
        if too_low or too_high or (choices and one not in choices):
            assert declaration.domain is not None
            allowed = declaration.domain.span.text
            hint = did_you_mean(one, [str(c) for c in choices]) if isinstance(one, str) and choices else None
            hint = hint or f"choose from {allowed}"
            diagnostics.report(
                rules.OUT_OF_DOMAIN,
                at,
                f"param '{name}' is in {allowed}, and {at.text if at.source.path != '--set' else one} is not",
                notes=(Note("its domain", declaration.domain.span),),
                hint=hint,
            )
            return


def _from_setting(
    name: str,
    text: str,
    kind: str,
    low: int | float | None,
    high: int | float | None,
    choices: tuple[plan.Scalar, ...],
    declaration: tree.ParamDecl,
    diagnostics: Diagnostics,
) -> plan.Scalar | tuple[plan.Scalar, ...] | None:
    at = _setting(name, text, value=True)
    value: plan.Scalar | tuple[plan.Scalar, ...] | None
    if kind.startswith("list<"):
        items = [_scalar(t.strip(), kind[5:-1]) for t in text.split(",")] if text else []
        value = None if None in items else tuple(items)
    else:
        value = _scalar(text, kind)
    if value is None:
        wanted = _EXAMPLES.get(kind, "values with commas between").replace('"', "")
        diagnostics.report(rules.WRONG_TYPE, at, f"param '{name}' is {_article(kind)} and wants {wanted}, not '{text}'")
        return None
    _check_domain(name, value, low, high, choices, at, declaration, diagnostics)
    return value


def _scalar(text: str, kind: str) -> plan.Scalar:
    """A value typed on a command line; nothing where it is not of its type."""
    if kind == "string":
        return text
    if kind == "bool":
        return {"true": True, "false": False}.get(text.lower())
    if kind == "date":
        return text if _is_date(text) else None
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            value = literals.percent(text) if text.endswith("%") else float(text)
            return value if value == value and abs(value) != float("inf") else None
        return literals.duration(text) if kind == "duration" else literals.size(text)
    except (ValueError, KeyError, AssertionError, ArithmeticError):
        return None
