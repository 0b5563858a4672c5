"""The kinds of value that attributes take, and what each is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..diagnostics import Diagnostics, nearest
from ..syntax import tree
from . import rules


@dataclass(frozen=True, slots=True)
class Kind:
    """What an attribute may be set to. `wanted` completes the sentence "NAME wants …"."""

    wanted: str
    accepts: Callable[[tree.Expr], bool]
    words: tuple[str, ...] = ()  # keyword values, for "did you mean"
    calls: tuple[str, ...] = ()  # those of the words that are called: `lock("…")`
    unit: str = ""  # duration or size: a bare number then gets a hint that names the units
    item: Kind | None = None  # of a list
    pattern: str = ""  # what a text looks like that was meant without its quotes
    takes_text: bool = False


def _is(*classes: type) -> Callable[[tree.Expr], bool]:
    return lambda e: isinstance(e, classes)


TEXT = Kind("a text in double quotes", _is(tree.Text), takes_text=True)
TRUTH = Kind("true or false", _is(tree.Truth), pattern="true|false")
NUMBER = Kind("a number", _is(tree.Number), pattern=r"\d+(\.\d+)?")
COUNT = Kind("a whole number", lambda e: isinstance(e, tree.Number) and isinstance(e.value, int), pattern=r"\d+")
DURATION = Kind("a duration such as 30m", _is(tree.Duration), unit="duration", pattern=r"\d+(ms|[smhdw])")
SIZE = Kind("a size such as 4GiB", _is(tree.Size), unit="size", pattern=r"\d+([KMGT]i?)?B")
PATH = Kind("a name such as train.model", _is(tree.Path), pattern=r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
ANYTHING = Kind("a value", lambda e: True)
EXPRESSION = Kind("an expression", lambda e: not isinstance(e, tree.ListOf | tree.MapOf))
MAP = Kind("a map such as { a: 1 }", _is(tree.MapOf))


def word(*options: str) -> Kind:
    """One of a few keywords."""
    names = options[0] if len(options) == 1 else ", ".join(options[:-1]) + " or " + options[-1]
    return Kind(names, lambda e: isinstance(e, tree.Path) and e.text in options, words=options)


def call(name: str, shown: str) -> Kind:
    """A call of one name, its arguments unchecked here."""
    return Kind(shown, lambda e: isinstance(e, tree.Call) and e.function.text == name, words=(name,), calls=(name,))


def list_of(item: Kind) -> Kind:
    """A list whose items are all of one kind."""
    return Kind(
        f"a list, each item {item.wanted}",
        lambda e: isinstance(e, tree.ListOf) and all(item.accepts(i) for i in e.items),
        words=item.words,
        item=item,
    )


def either(*kinds: Kind) -> Kind:
    """A value of any of several kinds."""
    return Kind(
        " or ".join(dict.fromkeys(k.wanted for k in kinds)),
        lambda e: any(k.accepts(e) for k in kinds),
        words=tuple(dict.fromkeys(w for k in kinds for w in k.words)),
        calls=tuple(w for k in kinds for w in k.calls if not any(w in o.words and not o.calls for o in kinds)),
        unit=next((k.unit for k in kinds if k.unit), ""),
        item=next((k.item for k in kinds if k.item), None),
        pattern="|".join(k.pattern for k in kinds if k.pattern),
        takes_text=any(k.takes_text for k in kinds),
    )


SECRET = call("secret", 'secret("NAME")')
RETRIES = either(Kind("retries such as 2 every 30s", _is(tree.Every)), COUNT)
RUN = either(
    Kind("a command in double quotes", _is(tree.Text), takes_text=True),
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
    """Reports a value that is not of its attribute's kind, in a list the item; says whether it is."""
    if kind.accepts(value):
        return True
    if kind.item is not None and isinstance(value, tree.ListOf):
        for item in value.items:
            check_kind(f"an item of {owner}", item, kind.item, diagnostics)
        return False
    if kind.words and isinstance(value, tree.Path):
        message = f"{owner} wants {kind.wanted}, not '{value.text}'"
        diagnostics.report(rules.BAD_CHOICE, value.span, message, hint=_hint(value, kind))
        return False
    message = f"{owner} wants {kind.wanted}, not {describe(value)}"
    diagnostics.report(rules.WRONG_TYPE, value.span, message, hint=_hint(value, kind))
    return False


def _hint(value: tree.Expr, kind: Kind) -> str | None:
    """What to write instead, where a slip of the hand is likely."""
    text = value.span.text
    if kind.item is not None and isinstance(value, tree.MapOf):
        return f"write [{', '.join(e.key.text for e in value.entries)}]"
    if kind.item is not None:
        return f"write [{text}]" if kind.item.accepts(value) else None
    if isinstance(value, tree.Text):
        return _without_quotes(value.value, kind)
    if isinstance(value, tree.Number) and kind.unit == "duration":
        return f"name the unit: {text}s, {text}m, {text}h or {text}d"
    if isinstance(value, tree.Number) and kind.unit == "size":
        return f"name the unit: {text}MiB or {text}GiB"
    if isinstance(value, tree.Number) and not isinstance(value.value, int) and COUNT.pattern in kind.pattern:
        return f"write {int(value.value)}"
    if isinstance(value, tree.Truth) and {"on", "off"} <= set(kind.words):
        return "write on" if value.value else "write off"
    if isinstance(value, tree.Call) and "secret" in kind.words:
        return 'write secret("NAME")'
    if isinstance(value, tree.Call) and "notebook" in kind.words:
        return 'write a command: "sh steps/train.sh"'
    if isinstance(value, tree.Path) and kind.words:
        close = nearest(value.text, kind.words)
        called = [w for w in kind.calls if w == close]
        if close is not None:
            return f'write {close}("…")' if called else f"did you mean '{close}'?"
        if kind.calls == ("registry",):
            return f'write registry("{value.text}")'
        if not kind.takes_text:
            return f"write one of these: {', '.join(kind.words)}"
    if kind.takes_text:
        return _in_quotes(value)
    return None


def _without_quotes(text: str, kind: Kind) -> str | None:
    if re.fullmatch(kind.pattern, text) if kind.pattern else text in kind.words and text not in kind.calls:
        return f"without the quotes: {text}"
    for name in ("lock", "registry"):
        if name in kind.calls:
            return f'write {name}("{text}")'
    close = nearest(text, [w for w in kind.words if w not in kind.calls])
    if close is not None:
        return f"did you mean {close}, without quotes?"
    return f"write one of these, without quotes: {', '.join(kind.words)}" if kind.words else None


def _in_quotes(value: tree.Expr) -> str | None:
    if isinstance(value, tree.ListOf):
        words = [i.value if isinstance(i, tree.Text) else i.span.text for i in value.items]
        return f'write "{" ".join(words)}"' if words else None
    if isinstance(value, tree.Path | tree.Number | tree.Binary):
        return f'write "{value.span.text}"'
    return None
