"""The kinds of value that attributes take, and what each is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..diagnostics import Diagnostics, did_you_mean
from ..syntax import tree
from . import rules


@dataclass(frozen=True, slots=True)
class Kind:
    """What an attribute may be set to. `wanted` completes the sentence "NAME wants …"."""

    wanted: str
    accepts: Callable[[tree.Expr], bool]
    words: tuple[str, ...] = ()  # keyword values, for "did you mean"
    unit: str = ""  # duration or size: a bare number then gets a hint that names the units


def _is(*classes: type) -> Callable[[tree.Expr], bool]:
    return lambda e: isinstance(e, classes)


TEXT = Kind("a text in double quotes", _is(tree.Text))
TRUTH = Kind("true or false", _is(tree.Truth))
NUMBER = Kind("a number", _is(tree.Number))
COUNT = Kind("a whole number", lambda e: isinstance(e, tree.Number) and isinstance(e.value, int))
DURATION = Kind("a duration such as 30m", _is(tree.Duration), unit="duration")
SIZE = Kind("a size such as 4GiB", _is(tree.Size), unit="size")
PATH = Kind("a name such as train.model", _is(tree.Path))
ANYTHING = Kind("a value", lambda e: True)
EXPRESSION = Kind("an expression", lambda e: not isinstance(e, tree.ListOf | tree.MapOf))
MAP = Kind("a map such as { a: 1 }", _is(tree.MapOf))


def word(*options: str) -> Kind:
    """One of a few keywords."""
    names = options[0] if len(options) == 1 else ", ".join(options[:-1]) + " or " + options[-1]
    return Kind(names, lambda e: isinstance(e, tree.Path) and e.text in options, words=options)


def call(name: str, shown: str) -> Kind:
    """A call of one name, its arguments unchecked here."""
    return Kind(shown, lambda e: isinstance(e, tree.Call) and e.function.text == name, words=(name,))


def list_of(item: Kind) -> Kind:
    """A list whose items are all of one kind."""
    return Kind(
        f"a list, each item {item.wanted}",
        lambda e: isinstance(e, tree.ListOf) and all(item.accepts(i) for i in e.items),
        words=item.words,
    )


def either(*kinds: Kind) -> Kind:
    """A value of any of several kinds."""
    return Kind(
        " or ".join(k.wanted for k in kinds),
        lambda e: any(k.accepts(e) for k in kinds),
        words=tuple(w for k in kinds for w in k.words),
        unit=next((k.unit for k in kinds if k.unit), ""),
    )


SECRET = call("secret", 'secret("NAME")')
RETRIES = either(Kind("retries such as 2 every 30s", _is(tree.Every)), COUNT)
RUN = either(
    Kind("a command in double quotes", _is(tree.Text)),
    call("python", 'python("file.py:function")'),
    call("notebook", 'notebook("file.ipynb")'),
    call("sql", 'sql("file.sql")'),
)


def describe(value: tree.Expr) -> str:
    """What a value is, in words, for messages: "the number 30"."""
    text = value.span.text
    shown = text if len(text) <= 40 else text[:37] + "…"
    names: dict[type, str] = {
        tree.Number: "the number",
        tree.Percent: "the percentage",
        tree.Duration: "the duration",
        tree.Size: "the size",
        tree.Text: "the text",
        tree.Truth: "",
        tree.Path: "the name",
        tree.ListOf: "the list",
        tree.MapOf: "the map",
        tree.Range: "the range",
        tree.Call: "the call",
    }
    return f"{names.get(type(value), 'the expression')} {shown}".strip()


def check_kind(owner: str, value: tree.Expr, kind: Kind, diagnostics: Diagnostics) -> bool:
    """Reports a value that is not of its attribute's kind; says whether it is."""
    if kind.accepts(value):
        return True
    if kind.words and isinstance(value, tree.Path):
        hint = did_you_mean(value.text, kind.words)
        diagnostics.report(rules.BAD_CHOICE, value.span, f"{owner} wants {kind.wanted}, not '{value.text}'", hint=hint)
        return False
    if isinstance(value, tree.ListOf) and kind.wanted.startswith("a list"):
        diagnostics.report(rules.WRONG_TYPE, value.span, f"{owner} wants {kind.wanted}")
        return False
    message = f"{owner} wants {kind.wanted}, not {describe(value)}"
    diagnostics.report(rules.WRONG_TYPE, value.span, message, hint=_hint(value, kind))
    return False


def _hint(value: tree.Expr, kind: Kind) -> str | None:
    text = value.span.text
    if isinstance(value, tree.Number) and kind.unit == "duration":
        return f"name the unit: {text}s, {text}m, {text}h or {text}d"
    if isinstance(value, tree.Number) and kind.unit == "size":
        return f"name the unit: {text}MiB or {text}GiB"
    if kind is TEXT and isinstance(value, tree.Path | tree.Number):
        return f'write "{text}"'
    if kind.wanted.startswith("a list") and not isinstance(value, tree.MapOf):
        return f"write [{text}]"
    if isinstance(value, tree.Text) and kind is PATH:
        return f"write {value.value}" if value.value.replace(".", "").isidentifier() else None
    if isinstance(value, tree.Text) and kind in (DURATION, SIZE, NUMBER, COUNT, TRUTH):
        return f"without the quotes: {value.value}"
    return None
