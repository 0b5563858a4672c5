"""How every backend prints: Python literals, and the header that names the source of a generated file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..compiler.plan.nodes import Plan

WIDTH = 100


def py_literal(value: Any, indent: int = 0, width: int = WIDTH) -> str:
    """Python source of a plain value: str, bytes, int, float, bool, None, and lists, tuples and mappings of them.

    Strings are in double quotes, as formatters write them. What does not fit on one line of `width` is broken
    into one item a line; the lines after the first are indented by `indent` spaces.
    """
    flat = _flat(value)
    if len(flat) + indent <= width or not isinstance(value, list | tuple | Mapping) or not value:
        return flat
    inner, pad = indent + 4, " " * indent
    if isinstance(value, Mapping):
        items = [f"{_flat(k)}: {py_literal(v, inner, width)}" for k, v in value.items()]
        opening, closing = "{", "}"
    else:
        items = [py_literal(v, inner, width) for v in value]
        opening, closing = ("[", "]") if isinstance(value, list) else ("(", ")")
    lines = "".join(f"{' ' * inner}{item},\n" for item in items)
    return f"{opening}\n{lines}{pad}{closing}"


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flat(k)}: {_flat(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flat(v) for v in value) + "]"
    if isinstance(value, tuple):
        inside = ", ".join(_flat(v) for v in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if value is None or isinstance(value, bool | int | float | bytes):
        return repr(value)
    raise TypeError(f"{type(value).__name__} has no Python literal")


def _quoted(text: str) -> str:
    # JSON's escapes are Python's, except that JSON writes characters beyond U+FFFF as two surrogates; those, and
    # whatever is printable, stand as they are.
    out = []
    for c in text:
        if c in '"\\' or c in "\n\r\t":
            out.append(json.dumps(c)[1:-1])
        elif c.isprintable():
            out.append(c)
        else:
            code = ord(c)
            out.append(f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}")
    return '"' + "".join(out) + '"'


def header(plan: Plan, comment: str = "#") -> str:
    """The comment lines at the top of a generated file: what made it, from which spec, and where to change it.

    Ends with a newline. The digest is of the spec's text, so that `build --check` and people can tell stale output.
    """
    profile = f", profile {one_line(plan.profile)}" if plan.profile else ""
    return (
        f"{comment} Made by mlopsc from {one_line(plan.spec)}{profile}; change that and build again, not this file.\n"
        f"{comment} spec sha256: {plan.digest.removeprefix('sha256:')}\n"
    )


def one_line(text: str) -> str:
    """The text with every run of white space, line ends among it, as one blank: safe inside a comment."""
    return " ".join(text.split())


def print_template(folder: Path, template: str, values: Mapping[str, Any], filters: Mapping[str, Any]) -> str:
    """A template of a backend's folder, printed strictly: a name that nobody gave is our own bug and not a blank.

    `py_literal` is a filter of every template; `filters` are those of the backend.
    """
    # Commands that only ask what a target carries are quicker without it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # What is printed is Python and Markdown, not HTML: there is nothing to escape for it.
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["py_literal"] = py_literal
    environment.filters.update(filters)
    return environment.get_template(template).render(values)
