"""Types of guard rules: what each expression is, in which unit, and whether the rule can be true and can be false.

A rule on a table is one of two kinds. If columns stand in it outside of functions, it is about rows: it must hold in
each. Otherwise it is about numbers of the whole table. On metrics, names are the metrics themselves.
"""

from __future__ import annotations

from dataclasses import replace

from .. import functions as f
from ..diagnostics import Diagnostics, Rule, did_you_mean, nearest
from ..features import Feature, Use
from ..source import Span
from ..syntax import tree
from . import rules
from .arguments import Arguments
from .better import key_of, why_not_comparable
from .columns import column_named
from .drift import against, drift_is_asked_right
from .kinds import describe
from .model import GuardModel
from .patterns import check_pattern
from .rows import is_about_rows, is_bare
from .same_sides import rule_compares_two_things
from .slices import call_can_be_sliced, slices_are_by_one_column
from .synonyms import function_hint
from .units import COLUMN_UNITS, SHOWN, Typed, compare_bounds, negative, unit_hint
from .walk import children

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
_KEPT_BY_ABS = frozenset({f.METRIC, f.FRACTION, f.PERCENT, f.DURATION, f.SIZE})
METRIC_SCOPES = ("champion", "previous")


class Typing:
    """Checks the rules of one guard and collects the features they use."""

    def __init__(self, guard: GuardModel, diagnostics: Diagnostics) -> None:
        self.guard, self.diagnostics = guard, diagnostics
        self.uses: list[Use] = []

    def check(self) -> None:
        kind = self.guard.subject.kind
        features = {"table": Feature.TABLE_GUARD, "metrics": Feature.METRICS_GUARD}
        self.uses.append(Use(features.get(kind, Feature.FILE_GUARD), self.guard.name.span))
        for rule in self.guard.rules:
            if isinstance(rule, tree.Expected):
                self.uses.append(Use(Feature.EXPECTED, rule.span))
                self._needs_table(rule.span, "'expected'")
                self._quarantines_rows(rule.otherwise, about_rows=False)
            else:
                self._rule(rule)

    def _rule(self, rule: tree.RuleLine) -> None:
        if rule.bands and not self._bands(rule):
            return
        if rule.where is not None or rule.share is not None:
            self.uses.append(Use(Feature.SHARE, (rule.where or rule.share or rule.expression).span))
            self._needs_table(rule.expression.span, "'where' and 'for'")
        if rule.where is not None:
            self._is_rule(rule.where)
            self._size_has_no_rows(rule.expression)
            self._no_mixture(rule.where)
        if rule.share is not None and not isinstance(rule.share, tree.Percent):
            self._wrong(rule.share.span, f"'for' wants a percentage, not {describe(rule.share)}", "write for 99%")
        elif rule.share is not None and not is_about_rows(rule.expression, self.guard):
            message = "'for' asks for a share of rows, and this rule is about the whole table"
            self._wrong(rule.share.span, message, "take it out", rules.WRONG_SUBJECT)
        self._quarantines_rows(rule.otherwise, about_rows=is_about_rows(rule.expression, self.guard))
        slices_are_by_one_column(rule, self.diagnostics)
        rule_compares_two_things(rule, self.guard, self.diagnostics)
        self._is_rule(rule.expression)
        if is_about_rows(rule.expression, self.guard):
            self._no_mixture(rule.expression)

    def _quarantines_rows(self, otherwise: tree.Otherwise | None, *, about_rows: bool) -> None:
        if otherwise is None or otherwise.action is None or otherwise.action.text != "quarantine":
            return
        self.uses.append(Use(Feature.QUARANTINE, otherwise.action.span))
        if not about_rows:
            message = "only a rule about rows can put rows aside"
            self._wrong(otherwise.action.span, message, "write else block, or else warn", rules.WRONG_SUBJECT)

    def _size_has_no_rows(self, expr: tree.Expr) -> None:
        if isinstance(expr, tree.Path) and expr.text == "size" and is_bare(expr, self.guard):
            self._wrong(
                expr.span, "'size' is of the file, and 'where' picks rows", "take out 'where'", rules.WRONG_SUBJECT
            )
        for child in children(expr):
            self._size_has_no_rows(child)

    def _no_mixture(self, expr: tree.Expr) -> None:
        """Reports a function of the whole table in a rule about rows: one scan cannot know its value at each row."""
        if isinstance(expr, tree.Call) and expr.function.text in f.FUNCTIONS and expr.function.text != "abs":
            message = f"'{expr.function.text}' is about the whole table, and this rule is about each row"
            self._wrong(
                expr.function.span, message, "compare columns with values, or numbers of the table", rules.WRONG_SUBJECT
            )
        elif isinstance(expr, tree.Path) and is_bare(expr, self.guard):
            message = f"'{expr.text}' is about the whole table, and this rule is about each row"
            self._wrong(expr.span, message, "make it a rule of its own", rules.WRONG_SUBJECT)
        elif isinstance(expr, tree.Better):
            message = "'better than' is about the whole table, and this rule is about each row"
            self._wrong(expr.span, message, "make it a rule of its own", rules.WRONG_SUBJECT)
        else:
            for child in expr.args if isinstance(expr, tree.Call) else children(expr):
                self._no_mixture(child)

    def _bands(self, rule: tree.RuleLine) -> bool:
        """Checks the further limits of a rule; says whether it has the form that bands want."""
        self.uses.append(Use(Feature.BANDS, rule.span))
        if not (isinstance(rule.expression, tree.Binary) and rule.expression.op in _COMPARISONS):
            message = "bands want a comparison, such as nulls(x) <= 1% warn, <= 5% block"
            hint = f"write {rule.expression.span.text} >= … warn, >= … block"
            self._wrong(rule.expression.span, message, hint, rules.NOT_A_RULE)
            return False
        if is_about_rows(rule.expression, self.guard):
            message = "bands are about a number of the whole table, and this rule is about each row"
            self._wrong(rule.expression.span, message, "write two rules", rules.WRONG_SUBJECT)
            return False
        for action in (rule.first_action, *(b.action for b in rule.bands)):
            if action is not None and action.text == "quarantine":
                message = "only a rule about rows can put rows aside"
                self._wrong(action.span, message, "write block, or warn", rules.WRONG_SUBJECT)
        left = self._typed(rule.expression.left)
        for band in rule.bands:
            self._comparable(left, self._typed(band.limit), rule.expression.left, band.limit, band.limit.span)
        return True

    def _is_rule(self, expr: tree.Expr) -> None:
        """Checks an expression that must be true or false."""
        typed = self._typed(expr)
        if typed.unit in (f.BOOL, f.ANY) and not isinstance(expr, tree.Truth):
            return
        if isinstance(expr, tree.Truth):
            self._constant(expr.span, "always" if expr.value else "never")
        elif typed.unit != "wrong":
            message = f"this is {SHOWN.get(typed.unit, 'a value')}, and a rule is true or false"
            text = expr.span.text
            self._wrong(expr.span, message, f"compare it: {text} >= …", rules.NOT_A_RULE)

    def _wrong(self, span: Span, message: str, hint: str | None, rule: Rule = rules.WRONG_TYPE) -> Typed:
        self.diagnostics.report(rule, span, message, hint=hint)
        return Typed("wrong")

    def _constant(self, span: Span, when: str) -> None:
        what = "any data passes" if when == "always" else "no data can pass"
        self.diagnostics.report(
            rules.CONSTANT_RULE, span, f"{what} this rule: it is {when} true", hint="change the limit, or take it out"
        )

    def _needs_table(self, span: Span, what: str) -> None:
        kind = self.guard.subject.kind
        if kind != "table":
            self._wrong(
                span,
                f"{what} is about a table, and '{self.guard.subject.name}' is {_a(kind)}",
                None,
                rules.WRONG_SUBJECT,
            )

    # Expressions -------------------------------------------------------------

    def _typed(self, expr: tree.Expr) -> Typed:
        if isinstance(expr, tree.Number):
            return Typed(f.NUMBER, expr.value, expr.value)
        if isinstance(expr, tree.Percent):
            return Typed(f.PERCENT, expr.value, expr.value)
        if isinstance(expr, tree.Duration):
            return Typed(f.DURATION, expr.value, expr.value)
        if isinstance(expr, tree.Size):
            return Typed(f.SIZE, expr.value, expr.value)
        if isinstance(expr, tree.Text):
            return Typed(f.STRING)
        if isinstance(expr, tree.Truth):
            return Typed(f.BOOL)
        if isinstance(expr, tree.Path):
            return self._path(expr)
        if isinstance(expr, tree.Call):
            return self._call(expr)
        if isinstance(expr, tree.Unary):
            return self._unary(expr)
        if isinstance(expr, tree.Binary):
            return self._binary(expr)
        if isinstance(expr, tree.Between):
            return self._between(expr)
        if isinstance(expr, tree.In):
            return self._in(expr)
        if isinstance(expr, tree.Better):
            return self._better(expr)
        return self._wrong(expr.span, f"{describe(expr)} has no place in a rule", None)

    def _path(self, path: tree.Path) -> Typed:
        kind = self.guard.subject.kind
        if len(path.parts) > 1:
            return self._scoped(path)
        if is_bare(path, self.guard):
            function = f.FUNCTIONS[path.text]
            return self._of_subject(function, path.span)
        if kind == "metrics":
            if path.text in METRIC_SCOPES:
                hint = f"name one of its numbers: {path.text}.accuracy"
                return self._wrong(path.span, f"'{path.text}' is a model, and no number", hint, rules.NOT_A_RULE)
            return Typed(f.METRIC)
        if kind == "table":
            column = column_named(path, self.guard, self.diagnostics)
            return Typed(COLUMN_UNITS.get(column.type, f.ANY)) if column else Typed(f.ANY)
        producer = self.guard.subject.producer
        hint = f"numbers stand in metrics: guard the output of '{producer}' that is of the kind metrics"
        return self._wrong(path.span, f"{_a(kind)} has no '{path.text}'", hint, rules.UNKNOWN_NAME)

    def _scoped(self, path: tree.Path) -> Typed:
        scope = path.parts[0].text
        if scope not in METRIC_SCOPES:
            close = nearest(scope, METRIC_SCOPES)
            last = path.parts[-1].text
            hint = f"write {close}.{last}" if close else f"write {last}: it is a number of '{self.guard.subject.name}'"
            return self._wrong(path.span, f"'{path.text}' is nothing a rule knows", hint, rules.UNKNOWN_NAME)
        self.uses.append(Use(Feature.CHAMPION, path.span))
        if self.guard.subject.kind != "metrics":
            message = f"'{scope}' has metrics, and this guard is on {_a(self.guard.subject.kind)}"
            return self._wrong(path.span, message, "put the rule into a guard on metrics", rules.WRONG_SUBJECT)
        return Typed(f.METRIC)

    def _of_subject(self, function: f.Function, span: Span) -> Typed:
        kind = self.guard.subject.kind
        if function.feature:
            self.uses.append(Use(function.feature, span))
        if kind not in function.subjects:
            fits = "a table" if function.subjects == {"table"} else ", ".join(sorted(function.subjects))
            message = f"'{function.name}' is about {fits}, and '{self.guard.subject.name}' is {_a(kind)}"
            hint = "name a metric of the file" if kind == "metrics" else None
            return self._wrong(span, message, hint, rules.WRONG_SUBJECT)
        return Typed(f.FRACTION if function.is_fraction else function.result, function.low, function.high)

    def _call(self, call: tree.Call) -> Typed:
        name = call.function.text
        if call.by is not None:
            self.uses.append(Use(Feature.SLICES, call.by.span))
            column_named(call.by, self.guard, self.diagnostics)
        function = f.FUNCTIONS.get(name)
        if function is None:
            hint = function_hint(name) or did_you_mean(name, list(f.FUNCTIONS)) or "`mlopsc explain E214` lists them"
            return self._wrong(call.function.span, f"no function '{name}'", hint, rules.UNKNOWN_FUNCTION)
        typed = self._of_subject(function, call.function.span)
        if typed.unit == "wrong":
            return typed
        if not call_can_be_sliced(call, self.diagnostics):
            return Typed("wrong")
        if name == "abs" and len(call.args) == 1 and not call.named:
            inner = self._typed(call.args[0])
            return Typed(inner.unit) if inner.unit in _KEPT_BY_ABS else typed
        if not Arguments(self.guard, self.diagnostics, self._typed).fit(call, function):
            return Typed("wrong")
        if function.feature is Feature.DRIFT:
            self.uses += [Use(Feature.CHAMPION, a.span) for a in (against(call),) if a and a.text in METRIC_SCOPES]
            if not drift_is_asked_right(call, self.guard, self.diagnostics):
                return Typed("wrong")
        return typed

    def _better(self, expr: tree.Better) -> Typed:
        wrong = why_not_comparable(expr, self.guard)
        if wrong is not None:
            return self._wrong(*wrong)
        assert isinstance(expr.metric, tree.Call)
        self.uses += [Use(Feature.BETTER_THAN, expr.baseline.span), Use(Feature.CHAMPION, expr.baseline.span)]
        self._typed(replace(expr.metric, named=()))
        for key in key_of(expr.metric):
            column_named(key, self.guard, self.diagnostics)
        return Typed(f.BOOL)

    def _unary(self, expr: tree.Unary) -> Typed:
        inner = self._typed(expr.operand)
        if expr.op == "not":
            if inner.unit not in (f.BOOL, f.ANY, "wrong"):
                return self._wrong(expr.operand.span, f"'not' wants true or false, not {SHOWN[inner.unit]}", None)
            return Typed(f.BOOL)
        return Typed(inner.unit, negative(inner.high), negative(inner.low))

    def _binary(self, expr: tree.Binary) -> Typed:
        if expr.op in ("and", "or"):
            self._is_rule(expr.left)
            self._is_rule(expr.right)
            return Typed(f.BOOL)
        if expr.op == "references":
            self.uses.append(Use(Feature.REFERENCES, expr.op_span))
            self._needs_table(expr.span, "'references'")
            self._typed(expr.left)
            return Typed(f.BOOL)
        left = self._typed(expr.left)
        if expr.op == "matches":
            return self._matches(left, expr)
        right = self._typed(expr.right)
        if expr.op not in _COMPARISONS:
            return self._arithmetic(left, right, expr)
        if self._comparable(left, right, expr.left, expr.right, expr.span):
            self._settled(left, expr.op, right, expr)
        return Typed(f.BOOL)

    def _matches(self, left: Typed, expr: tree.Binary) -> Typed:
        if left.unit not in (f.STRING, f.ANY, "wrong"):
            hint = f"compare it: {expr.left.span.text} >= …"
            return self._wrong(expr.left.span, f"'matches' wants a text, and this is {SHOWN[left.unit]}", hint)
        pattern = expr.right
        assert isinstance(pattern, tree.Text)
        check_pattern(pattern, self.diagnostics)
        return Typed(f.BOOL)

    def _arithmetic(self, left: Typed, right: Typed, expr: tree.Binary) -> Typed:
        for side, node in ((left, expr.left), (right, expr.right)):
            if side.unit in (f.STRING, f.BOOL):
                return self._wrong(node.span, f"'{expr.op}' wants numbers, and this is {SHOWN[side.unit]}", None)
        if expr.op in ("*", "/"):
            return _product(left, right, expr.op)
        units = {left.unit, right.unit} - {f.ANY, f.METRIC, "wrong"}
        if f.PERCENT in units and {left.unit, right.unit} & {f.METRIC, f.NUMBER, f.FRACTION}:
            return self._ambiguous(left, expr)
        if len(units) > 1:
            units = {_plain(unit) for unit in units}
        if len(units) > 1 and f.TIME not in units:
            message = f"{SHOWN[left.unit]} and {SHOWN[right.unit]} cannot be added or subtracted"
            return self._wrong(expr.span, message, None, rules.INCOMPARABLE)
        metric = f.METRIC in (left.unit, right.unit)
        return Typed(units.pop() if len(units) == 1 else f.METRIC if metric else f.ANY)

    def _ambiguous(self, left: Typed, expr: tree.Binary) -> Typed:
        """Reports `champion.auc - 1%`: a hundredth less, or a hundredth of it less?"""
        value, share = (expr.right, expr.left) if left.unit == f.PERCENT else (expr.left, expr.right)
        message = f"{share.span.text} of what? a share is no part of {SHOWN[f.NUMBER]}"
        hint = None
        if isinstance(share, tree.Percent):
            sign, rest = (1, share.value) if expr.op == "+" else (-1, share.value)
            changed = f"{100 * (1 + sign * rest):.10g}% * {value.span.text}"
            hint = f"write {value.span.text} {expr.op} {rest:.10g}, or as a part of it: {changed}"
        return self._wrong(expr.span, message, hint, rules.INCOMPARABLE)

    def _comparable(self, left: Typed, right: Typed, a: tree.Expr, b: tree.Expr, span: Span) -> bool:
        units = {left.unit, right.unit}
        if "wrong" in units:
            return False
        # Times are compared with texts that hold a date: `time_hour >= "2013-01-01"`.
        if f.ANY in units or len(units) == 1 or units == {f.TIME, f.STRING}:
            return True
        if f.METRIC in units and units <= {f.METRIC, f.NUMBER, f.FRACTION, f.PERCENT, f.DURATION, f.SIZE}:
            return True
        if f.FRACTION in units and units <= {f.FRACTION, f.NUMBER, f.PERCENT}:
            return True
        message = f"{SHOWN[left.unit]} is compared with {SHOWN[right.unit]}"
        self._wrong(span, message, unit_hint(left, right, b) or unit_hint(right, left, a), rules.INCOMPARABLE)
        return False

    def _settled(self, left: Typed, op: str, right: Typed, expr: tree.Binary) -> None:
        """Reports a comparison whose outcome follows from what its two sides can be at all."""
        order = compare_bounds(left, right)
        outcome = {
            "<": (order == "<", order in (">", ">=", "==")),
            "<=": (order in ("<", "<=", "=="), order == ">"),
            ">": (order == ">", order in ("<", "<=", "==")),
            ">=": (order in (">", ">=", "=="), order == "<"),
            "==": (order == "==", order in ("<", ">")),
            "!=": (order in ("<", ">"), order == "=="),
        }[op]
        if outcome[0] or outcome[1]:
            self._constant(expr.span, "always" if outcome[0] else "never")

    def _between(self, expr: tree.Between) -> Typed:
        subject, low, high = self._typed(expr.subject), self._typed(expr.low), self._typed(expr.high)
        ok = self._comparable(subject, low, expr.subject, expr.low, expr.low.span)
        ok = self._comparable(subject, high, expr.subject, expr.high, expr.high.span) and ok
        if ok and low.low is not None and high.high is not None and low.low > high.high:
            self._constant(expr.span, "never")
        return Typed(f.BOOL)

    def _in(self, expr: tree.In) -> Typed:
        subject = self._typed(expr.subject)
        if isinstance(expr.domain, tree.Range):
            self._comparable(subject, self._typed(expr.domain.low), expr.subject, expr.domain.low, expr.domain.span)
            if compare_bounds(self._typed(expr.domain.low), self._typed(expr.domain.high)) == ">":
                self._constant(expr.span, "never")
        elif isinstance(expr.domain, tree.ListOf):
            if not expr.domain.items:
                self._constant(expr.span, "never")
            for item in expr.domain.items:
                if not self._comparable(subject, self._typed(item), expr.subject, item, item.span):
                    break  # the others are most likely of the same kind
        else:
            hint = 'write in ["a", "b"], or in 1..6'
            return self._wrong(expr.domain.span, f"'in' wants a list or a range, not {describe(expr.domain)}", hint)
        return Typed(f.BOOL)


def _product(left: Typed, right: Typed, op: str) -> Typed:
    """What a product or a quotient is: `98% * x` is what `x` is, and two of a kind divided are a number or a share."""
    if op == "*" and f.PERCENT in (left.unit, right.unit):
        other = right if left.unit == f.PERCENT else left
        return Typed(other.unit)
    if f.METRIC in (left.unit, right.unit) or (op == "/" and left.unit == right.unit != f.ANY):
        return Typed(f.METRIC)
    units = {_plain(left.unit), _plain(right.unit)} - {f.ANY, "wrong"}
    return Typed(units.pop() if len(units) == 1 else f.ANY)


def _plain(unit: str) -> str:
    """What a fraction is among other numbers: one of them."""
    return f.NUMBER if unit == f.FRACTION else unit


def _a(kind: str) -> str:
    return "metrics" if kind == "metrics" else ("an " if kind[0] in "aeiou" else "a ") + kind
