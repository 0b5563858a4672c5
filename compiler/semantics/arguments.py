"""Arguments of the functions in guard rules: how many, under which names, and of which type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import functions as f
from ..diagnostics import Diagnostics, did_you_mean
from ..source import Span
from ..syntax import tree
from . import rules
from .columns import column_named
from .kinds import describe
from .model import GuardModel
from .units import COLUMN_UNITS, SHOWN


@dataclass(frozen=True, slots=True)
class Arguments:
    """Checks the arguments of calls in one guard's rules; `value` checks one that may be any expression."""

    guard: GuardModel
    diagnostics: Diagnostics
    value: Callable[[tree.Expr], object]

    def fit(self, call: tree.Call, function: f.Function) -> bool:
        """Whether there are as many as the function takes, under names it knows; reports each of another type, too."""
        wanted, given = tuple(a.type for a in function.arguments), call.args
        if wanted[-1:] == ("columns",):
            wanted = (*wanted[:-1], *("column",) * max(1, len(given) - len(wanted) + 1))
        fewer, more = len(given) < len(wanted), len(given) > len(wanted) and not function.more
        named = [e for e in call.named if e.key.text != "min_support"]
        if fewer or more or (named and not (function.more or function.named)):
            shown = ", ".join([*wanted, *(f"{a.name}: {a.type}" for a in function.named if a.needed)])
            message = f"'{function.name}' takes {len(wanted) or 'no'} argument{'s' if len(wanted) != 1 else ''}"
            return self._wrong(call.span, message, f"write {function.name}({shown})")
        if function.cases and any(e.key.text == "within" for e in named):
            wanted = tuple("number column" if kind == "column" else kind for kind in wanted)
        for argument, kind in zip(given, wanted, strict=False):
            self._argument(argument, kind, function)
        return self._named(call, function) if function.named else True

    def _named(self, call: tree.Call, function: f.Function) -> bool:
        """Arguments with names: each known, each once, and those there that are needed."""
        known = {a.name: a for a in function.named}
        given: dict[str, tree.Entry] = {}
        for entry in call.named:
            name = entry.key.text
            if name not in known:
                hint = did_you_mean(name, list(known)) or f"by name it takes {', '.join(known)}"
                message = f"'{function.name}' has no '{name}'"
                return self._wrong(entry.key.span, message, hint)
            if name in given:
                message = f"'{name}' is given twice"
                return self._wrong(entry.key.span, message, "take one of the two out")
            given[name] = entry
            self._named_value(entry.value, known[name], function)
        for name, argument in known.items():
            if argument.needed and name not in given:
                example = f"write {function.name}({', '.join(a.span.text for a in call.args)}, {name}: COLUMN)"
                return self._wrong(call.span, f"'{function.name}' wants '{name}'", example)
        return True

    def _named_value(self, value: tree.Expr, argument: f.Argument, function: f.Function) -> None:
        if argument.type == "tolerance":
            check_tolerance(value, argument.name, self.diagnostics)
        elif argument.type == "direction":
            if not isinstance(value, tree.Path) or value.text not in ("rising", "falling"):
                message = "a direction is rising or falling"
                self._wrong(value.span, message, f"write {argument.name}: falling")
        else:
            self._argument(value, argument.type, function)

    def _argument(self, argument: tree.Expr, kind: str, function: f.Function) -> None:
        if kind == "value":
            self.value(argument)
        elif kind == "share":
            ok = isinstance(argument, tree.Number | tree.Percent) and 0 <= argument.value <= 1
            if not ok:
                self._wrong(argument.span, "a share from 0 to 1 is wanted", "write 0.95 or 95%")
        elif kind == "text":
            if not isinstance(argument, tree.Text):
                self._wrong(argument.span, f"'{function.name}' wants a text", None)
        elif not isinstance(argument, tree.Path):
            hint = f"write {argument.value}" if isinstance(argument, tree.Text) else None
            self._wrong(
                argument.span,
                f"'{function.name}' wants a {'table' if kind == 'table' else 'column'}, not {describe(argument)}",
                hint,
            )
        elif kind != "table":
            self._column_argument(argument, kind, function)

    def _column_argument(self, argument: tree.Path, kind: str, function: f.Function) -> None:
        column = column_named(argument, self.guard, self.diagnostics)
        if column is None:
            return
        unit = COLUMN_UNITS.get(column.type, f.ANY)
        wanted = {"number column": f.NUMBER, "time column": f.TIME}.get(kind, f.ANY)
        if kind == "ordered column" and unit not in (f.NUMBER, f.TIME, f.ANY):
            message = f"'{function.name}' wants a column of numbers or times, and '{column.name}' is {column.type}"
            self._wrong(argument.span, message, None)
        if kind == "label column" and unit not in (f.BOOL, f.NUMBER, f.ANY):
            message = f"'{function.name}' wants labels, true and false or 1 and 0, and '{column.name}' is {column.type}"
            self._wrong(argument.span, message, None)
        elif wanted != f.ANY and unit not in (wanted, f.ANY):
            message = f"'{function.name}' wants a column of {SHOWN[wanted][2:]}s, and '{column.name}' is {column.type}"
            columns = self.guard.subject.columns or {}
            fitting = [n for n, c in columns.items() if COLUMN_UNITS.get(c.type) == wanted]
            hint = f"columns of {SHOWN[wanted][2:]}s: {', '.join(fitting[:5])}" if fitting else None
            self._wrong(argument.span, message, hint)

    def _wrong(self, span: Span, message: str, hint: str | None) -> bool:
        self.diagnostics.report(rules.WRONG_ARGUMENTS, span, message, hint=hint)
        return False


def check_tolerance(value: tree.Expr, name: str, diagnostics: Diagnostics) -> None:
    """Reports a tolerance that is no number from 0."""
    if isinstance(value, tree.Number) and value.value >= 0:
        return
    message = f"'{name}' is a number from 0, not {describe(value)}"
    hint = f"write {value.value:g}: it is a distance, and no share" if isinstance(value, tree.Percent) else "write 0.01"
    diagnostics.report(rules.WRONG_ARGUMENTS, value.span, message, hint=hint)
