"""The functions of guard rules for readers: the page docs/functions.md, one entry of it, and the same as JSON.

`docs/functions.md` is what `mlopsc functions --format markdown` prints; a test compares them.
"""

from __future__ import annotations

from typing import Any

from .function import ANY, BOOL, DURATION, NUMBER, PERCENT, SIZE, Function
from .registry import FAMILIES

_HEAD = """# Functions of guard rules

Made by `mlopsc functions --format markdown` from `compiler/functions/`. How rules are written stands in
[the language](language.md#guard-rules); what guards do with data that is not as it should be, in
[what guards catch](guards.md).

An argument is a column; a number column (int, float, decimal); a label column (true and false, or 1 and 0); a time
column (date, timestamp); columns, one or more; a share (`0.95` or `95%`); a table, another source
or `STAGE.OUTPUT`. `where` and `by` may stand behind a call that is about a table. A NaN in what
is measured is an error.

`c matches "…"` is no function but an operator, and finds its pattern anywhere in the text: `matches "^[A-Z]{3}$"` is
about the whole of it.
"""
_UNITS = {
    NUMBER: "a number",
    PERCENT: "a share",
    DURATION: "a duration",
    SIZE: "a size",
    BOOL: "true or false",
    ANY: "a value of the column's kind",
}


def functions_markdown() -> str:
    """The whole page."""
    parts = [_HEAD]
    for title, functions in FAMILIES.items():
        parts.append(f"## {title}\n")
        parts += [f"### `{f.signature}`\n\n{entry(f)}" for f in functions]
    return "\n".join(parts)


def entry(function: Function) -> str:
    """What the documentation says of one function, without its heading."""
    f = function
    lines = [f.doc, ""]
    if f.arguments:
        lines.append(f"- takes: {', '.join(f'`{a.name}`: {_type(a.type)}' for a in f.arguments)}")
    if f.named:
        named = (f"`{a.name}`: {_type(a.type)}{'' if a.needed else ' (may be left out)'}" for a in f.named)
        lines.append(f"- by name: {', '.join(named)}")
    lines.append(f"- gives: {unit(f)}{_bounds(f)}")
    lines.append(f"- of: {', '.join(sorted(f.subjects))}")
    if f.nothing:
        lines.append(f"- nulls, and nothing to measure: {f.nothing}")
    if f.example:
        lines.append(f"- a rule: `{f.example}`")
    return "\n".join(lines) + "\n"


def unit(function: Function) -> str:
    """What the function gives, in words."""
    return "true, false or a number" if function.name == "python" else _UNITS[function.result]


def _type(type_: str) -> str:
    if type_ == "direction":
        return "rising or falling"
    return type_ if type_ == "columns" else f"{'an' if type_[0] in 'aeiou' else 'a'} {type_}"


def _bounds(function: Function) -> str:
    low, high = function.low, function.high
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    return f", {low:g} or more" if low is not None else f", at most {high:g}" if high is not None else ""


def functions_document() -> dict[str, Any]:
    """The registry as JSON has it, for editors."""
    return {
        "format": 1,
        "functions": [
            {
                "name": f.name,
                "family": title,
                "signature": f.signature,
                "arguments": [{"name": a.name, "type": a.type} for a in f.arguments],
                "named": [{"name": a.name, "type": a.type, "needed": a.needed} for a in f.named],
                "unit": f.result,
                "low": f.low,
                "high": f.high,
                "subjects": sorted(f.subjects),
                "doc": f.doc,
                "nothing": f.nothing,
                "example": f.example,
            }
            for title, functions in FAMILIES.items()
            for f in functions
        ],
    }
