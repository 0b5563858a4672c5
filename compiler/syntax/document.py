"""The syntax tree as JSON, and back to text.

A node is an object with its `kind` and the fields of its class in `tree.py`; what is empty is left out. Names, dotted
names and texts are plain strings where nothing else may stand. A number keeps how it was `written` where that is not
the usual way (`10_000`). Doc comments are kept, other comments are not; neither is what could not be read.
"""

from __future__ import annotations

import re
import types
from dataclasses import fields, is_dataclass
from functools import cache
from math import isfinite
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..diagnostics import Diagnostics
from ..format import format_text
from ..format.expressions import literal
from ..format.plain import plain_item
from ..source import Source, Span
from . import literals, tree
from .parser import parse

FORMAT = "mlops-syntax/1"

_KINDS: dict[type, str] = {
    tree.Number: "number",
    tree.Percent: "percent",
    tree.Duration: "duration",
    tree.Size: "size",
    tree.Text: "text",
    tree.Truth: "truth",
    tree.Path: "path",
    tree.ListOf: "list",
    tree.MapOf: "map",
    tree.Entry: "entry",
    tree.Range: "range",
    tree.Call: "call",
    tree.Unary: "unary",
    tree.Binary: "binary",
    tree.Between: "between",
    tree.In: "in",
    tree.Better: "better",
    tree.Every: "every",
    tree.TypeRef: "type",
    tree.Attribute: "attribute",
    tree.Field: "field",
    tree.Constraint: "constraint",
    tree.Block: "block",
    tree.Foreach: "foreach",
    tree.Otherwise: "otherwise",
    tree.Band: "band",
    tree.Day: "day",
    tree.Relaxed: "relaxed",
    tree.RuleLine: "rule",
    tree.Expected: "expected",
    tree.On: "on",
    tree.Schedule: "schedule",
    tree.Per: "per",
    tree.Given: "given",
    tree.Expect: "expect",
    tree.ParamDecl: "param",
    tree.ApplyDecl: "apply",
    tree.RelaxDecl: "relax",
    tree.Declaration: "declaration",
    tree.Import: "import",
    tree.Edition: "edition",
}
_CLASSES = {kind: cls for cls, kind in _KINDS.items()}
# How the value of a literal is written, how what is written is read, and what it looks like.
_LITERALS: dict[type, tuple[Any, Any, re.Pattern[str]]] = {
    tree.Number: (
        literals.show_number,
        lambda text: -literals.number(text[1:]) if text[0] == "-" else literals.number(text),
        re.compile(r"-?[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9]+)?"),
    ),
    tree.Percent: (literals.show_percent, literals.percent, re.compile(r"[0-9][0-9_]*(\.[0-9]+)?%")),
    tree.Duration: (literals.show_duration, literals.duration, re.compile(r"[0-9][0-9_]*(\.[0-9]+)?(ms|[smhdw])")),
    tree.Size: (literals.show_size, literals.size, re.compile(r"[0-9][0-9_]*(\.[0-9]+)?([KMGT]i?)?B")),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def file_document(file: tree.File) -> dict[str, Any]:
    """A file as JSON values. `parse(file_text(file_document(file)))` is the same tree, but for spans."""
    return {"format": FORMAT, "items": [_encode(item, typed=False) for item in file.items]}


def file_text(document: Any) -> str:
    """The text of a document, laid out.

    A document that is none raises ValueError; the message begins with the JSON path of what is wrong.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"$.format: wanted is {FORMAT!r}")
    items = document.get("items")
    if not isinstance(items, list):
        raise ValueError("$.items: wanted is a list of declarations")
    unknown = sorted(set(document) - {"format", "items"})
    if unknown:
        raise ValueError(f"$.{unknown[0]}: wanted is nothing: a document has 'format' and 'items'")
    text = "".join(_item_text(item, f"$.items[{n}]") for n, item in enumerate(items))
    return format_text(Source("document.mlops", text))


def _item_text(value: Any, path: str) -> str:
    node = _decode(tree.Item, value, path)
    text: str = plain_item(node)
    diagnostics = Diagnostics()
    items = parse(Source("document.mlops", text), diagnostics).items
    if len(items) > 1:
        raise ValueError(f"{path}: wanted is one declaration; a line of 'doc' is one line")
    for diagnostic in diagnostics:
        raise ValueError(f"{path}: wanted is what the language can write: {diagnostic.message} (in {text.strip()!r})")
    return text


# ------------------------------------------------------------------ to JSON


def _encode(value: Any, *, typed: bool) -> Any:
    """`typed`: only one class may stand here, so its kind goes without saying."""
    if isinstance(value, tree.Name):
        return value.text
    if isinstance(value, tuple):
        return [_encode(part, typed=typed) for part in value]
    if not is_dataclass(value):
        return value
    cls: Any = type(value)
    kind = _KINDS[cls]
    if isinstance(value, tree.Path):
        return value.text if typed else {"kind": kind, "name": value.text}
    if typed and isinstance(value, tree.Text | tree.Number | tree.Day):
        return value.value
    out: dict[str, Any] = {} if typed else {"kind": kind}
    for name, hint in _hints(cls).items():
        part = getattr(value, name)
        if part is not None and part != () and (part is not False or isinstance(value, tree.Truth)):
            out[name] = _encode(part, typed=_single(hint))
    if isinstance(value, tree.Number | tree.Percent | tree.Duration | tree.Size):
        written = literal(value.span)
        if written != _LITERALS[cls][0](value.value):
            out["written"] = written
    return out


@cache
def _hints(cls: type) -> dict[str, Any]:
    """The fields of a class that say something, and their types."""
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls) if f.name not in ("span", "op_span")}


def _options(hint: Any) -> tuple[Any, ...]:
    """The members of a union, without None; a type alone is one member."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(option for option in get_args(hint) if option is not type(None))
    return (hint,)


def _single(hint: Any) -> bool:
    options = _options(get_args(hint)[0] if get_origin(hint) is tuple else hint)
    return len(options) == 1


# ---------------------------------------------------------------- from JSON


def _decode(hint: Any, value: Any, path: str) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{path}: wanted is a list")
        return tuple(_decode(get_args(hint)[0], part, f"{path}[{n}]") for n, part in enumerate(value))
    options = _options(hint)
    if set(options) == {int, float}:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"{path}: wanted is a number")
        return value
    if len(options) == 1:
        return _decode_one(options[0], value, path)
    kinds = sorted(_KINDS[option] for option in options)
    if not isinstance(value, dict) or value.get("kind") not in kinds:
        raise ValueError(f"{path}.kind: wanted is one of {', '.join(kinds)}")
    return _decode_fields(_CLASSES[value["kind"]], {k: v for k, v in value.items() if k != "kind"}, path)


def _decode_one(cls: Any, value: Any, path: str) -> Any:
    if cls in (str, bool, int, float):
        good = isinstance(value, (int, float) if cls is float else cls) and (cls is bool or not isinstance(value, bool))
        if not good or (cls is float and not isfinite(value)):
            wanted = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}[cls]
            raise ValueError(f"{path}: wanted is {wanted}")
        return value
    if cls is tree.Name:
        return _name(value, path)
    if cls is tree.Path:
        return _path(value, path)
    if cls is tree.Day:
        return tree.Day(_decode_one(str, value, path), _standing(str(value)))
    if cls is tree.Text:
        return _literal(tree.Text, _decode_one(str, value, path), None, path)
    if cls is tree.Number:
        return _literal(tree.Number, _decode(int | float, value, path), None, path)
    if not isinstance(value, dict):
        raise ValueError(f"{path}: wanted is an object")
    return _decode_fields(
        cls, value if "kind" in _hints(cls) else {k: v for k, v in value.items() if k != "kind"}, path
    )


def _decode_fields(cls: type, value: dict[str, Any], path: str) -> Any:
    if cls is tree.Path:
        return _path(value.get("name"), f"{path}.name")
    hints = _hints(cls)
    unknown = sorted(set(value) - set(hints) - ({"written"} if cls in _LITERALS else set()))
    if unknown:
        raise ValueError(f"{path}.{unknown[0]}: wanted is one of {', '.join(hints)}")
    parts: dict[str, Any] = {}
    for name, hint in hints.items():
        if name in value:
            key = cls is tree.Entry and name == "key"
            parts[name] = _key(value[name], f"{path}.key") if key else _decode(hint, value[name], f"{path}.{name}")
        elif get_origin(hint) is tuple:
            parts[name] = ()
        elif type(None) in get_args(hint):
            parts[name] = None
        elif hint is bool and cls is not tree.Truth:
            parts[name] = False
        else:
            raise ValueError(f"{path}.{name}: wanted, and missing")
    if cls in _LITERALS or cls is tree.Text:
        return _literal(cls, parts["value"], value.get("written"), path)
    if cls is tree.Truth:
        return tree.Truth(parts["value"], _standing("true" if parts["value"] else "false"))
    extra = {"op_span": _standing(parts["op"])} if cls is tree.Binary else {}
    return cls(**parts, **extra, span=_standing(""))


def _standing(text: str) -> Span:
    """A span over a text of its own: the formatter reads literals from their spans."""
    return Span(Source("document.mlops", text), 0, len(text))


def _name(value: Any, path: str) -> tree.Name:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"{path}: wanted is a name")
    return tree.Name(value, _standing(value))


def _key(value: Any, path: str) -> tree.Name:
    """The key of an entry may be any text."""
    text: str = _decode_one(str, value, path)
    plain = _NAME.fullmatch(text) and text not in ("and", "or", "not", "else", "true", "false")
    return tree.Name(text, _standing(text if plain else literals.quote(text)))


def _path(value: Any, path: str) -> tree.Path:
    parts = value.split(".") if isinstance(value, str) else [""]
    if not all(_NAME.fullmatch(part) for part in parts):
        raise ValueError(f"{path}: wanted is a name, or names with dots between them")
    return tree.Path(tuple(tree.Name(part, _standing(part)) for part in parts), _standing(str(value)))


def _literal(cls: Any, value: Any, written: Any, path: str) -> Any:
    if cls is tree.Text:
        return tree.Text(value, _standing(literals.quote(value)))
    show, read, looks = _LITERALS[cls]
    if written is None:
        written = show(value)
    elif not isinstance(written, str) or not looks.fullmatch(written) or read(written) != value:
        raise ValueError(f"{path}.written: wanted is a way to write {show(value)}")
    return cls(value, _standing(written))
