"""One line of a guard as limits over measured numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from .. import functions as f
from ..code import local_code
from ..format.expressions import flat, pieces
from ..format.statements import joined, line
from ..functions.aggregates import Different
from ..plan import nodes as plan
from ..semantics.better import key_of
from ..semantics.custom_checks import passed, timeout_of, value_of
from ..semantics.drift import CHAMPION, PREVIOUS, against, is_drift
from ..semantics.golden import read_golden
from ..semantics.guard_types import METRIC_SCOPES
from ..semantics.model import GuardModel, Model
from ..semantics.rows import is_about_rows
from ..semantics.slices import min_support
from ..semantics.when import literal as plain_literal
from ..syntax import tree
from .groupings import Groupings


class RuleLowering:
    """Lowers the rules of one guard and gathers what they measure; equal measures are measured once."""

    def __init__(self, guard: GuardModel, model: Model, *, champions: bool = False) -> None:
        """`champions`: whether the guard says something of a model that is deployed under an alias."""
        self.guard, self.model, self.champions = guard, model, champions
        self.measures: list[plan.Measure] = []
        self.checks: list[plan.PythonCheck | plan.Comparison] = []
        self.groupings = Groupings()
        self.in_files: dict[str, str] = {}  # SQL of a measure, and what is quicker where the rows are in files
        self.drifts: list[plan.Drift] = []
        self.files: dict[str, plan.OtherTable] = {}  # golden files
        self.asks_champion = False
        self._by_sql: dict[str, plan.Ref] = {}

    def measure(self, text: str, sql: str, unit: str, empty: str | None = None, **slices: Any) -> plan.Ref:
        """A number of the guard's query. One without SQL is carried by a target only when its feature is built."""
        key = f"{sql or text} {slices}"
        if key not in self._by_sql:
            self._by_sql[key] = plan.Ref("measure", f"m{len(self.measures)}")
            self.measures.append(plan.Measure(self._by_sql[key].name, text, sql, unit, empty, **slices))
        return self._by_sql[key]

    def number(self, expr: tree.Expr, where: tree.Expr | None) -> plan.Condition:
        """A part of a rule as the plan knows it; one that the rule measures already is not measured again."""
        return self._condition(expr, where, [])

    def rule(self, rule: tree.RuleLine | tree.Expected) -> plan.Rule:
        """The rule as the plan keeps it."""
        action = "block"
        message = None
        if rule.otherwise is not None:
            action = rule.otherwise.action.text if rule.otherwise.action else "block"
            message = rule.otherwise.message.value if rule.otherwise.message else None
        text = _text(rule)
        place = self.model.place(rule.span)
        if isinstance(rule, tree.Expected):
            return self._expected(rule, text, action, message, place)
        if is_about_rows(rule.expression, self.guard):
            return self._about_rows(rule, text, action, message, place)
        return self._about_table(rule, text, action, message, place)

    def _expected(
        self, rule: tree.Expected, text: str, action: str, message: str | None, place: plan.Place
    ) -> plan.Rule:
        from .expected import compared

        file, keys = rule.file.value, tuple(k.text for k in rule.key)
        # No output of a stage has a number for a name.
        table = self.files.setdefault(file, plan.OtherTable(f"expected.{len(self.files)}", (), "csv", file))
        within = rule.within.value if isinstance(rule.within, tree.Number) else 0
        golden = read_golden(self.model.project.text(file))
        measured, sample = compared(golden, keys, file, table.name, within, self.guard.subject.columns or {})
        ref = self.measure(f"cases as in {file}", measured, f.PERCENT, cases=True)
        share = rule.share.value if isinstance(rule.share, tree.Percent) else 1.0
        limit = plan.Limit(plan.Op(">=", (ref, plan.Literal(share, "percent"))), action)
        return plan.Rule(text, (limit,), (ref,), message, None, place, sample)

    def _about_rows(
        self, rule: tree.RuleLine, text: str, action: str, message: str | None, place: plan.Place
    ) -> plan.Rule:
        from sqlglot import exp

        from . import sql
        from .nans import false_for_nan

        if _has_unbuilt(rule.expression):
            ref = self.measure(text, "", f.NUMBER)
            limit = plan.Limit(plan.Op("==", (ref, plan.Literal(0, "number"))), action)
            return plan.Rule(text, (limit,), (ref,), message, None, place)
        condition = sql.rows_condition(rule.expression)
        condition = false_for_nan(condition, rule.expression, self.guard)
        where = sql.rows_condition(rule.where) if rule.where is not None else None
        broken, wrong_rows = sql.negated(condition), sql.count_negated(condition, where)
        counted: exp.Expr = exp.Count(this=exp.Star())
        empty = "no row has values to judge"
        if rule.where is not None and where is not None:
            broken = exp.And(this=broken, expression=exp.paren(where))
            counted = sql.count_where(where)
            empty = f"no row where {_shown(rule.where)} has values to judge"
        wrong = self.measure(f"rows that break {_shown(rule.expression)}", sql.text_of(wrong_rows), f.NUMBER, empty)
        allowed: plan.Condition = plan.Literal(0, "number")
        if isinstance(rule.share, tree.Percent):
            rows = self.measure("rows considered" if rule.where else "rows", sql.text_of(counted), f.NUMBER)
            share = float(1 - Decimal(repr(rule.share.value)))
            allowed = plan.Op("part", (plan.Literal(share, "number"), rows))
        limit = plan.Limit(plan.Op("<=", (wrong, allowed)), action)
        return plan.Rule(text, (limit,), (wrong,), message, sql.text_of(broken), place)

    def _about_table(
        self, rule: tree.RuleLine, text: str, action: str, message: str | None, place: plan.Place
    ) -> plan.Rule:
        seen: list[plan.Ref] = []
        where = rule.where
        first = rule.first_action.text if rule.first_action else action
        limits = [plan.Limit(self._condition(rule.expression, where, seen), first)]
        if isinstance(rule.expression, tree.Binary):
            for band in rule.bands:
                left = self._condition(rule.expression.left, where, [], "number")
                limits.append(
                    plan.Limit(
                        plan.Op(band.op, (left, self._condition(band.limit, where, [], "number"))), band.action.text
                    )
                )
        measured = tuple(dict.fromkeys(seen))
        offending, sample = self._offending(rule.expression, where), self._sample(rule.expression, where)
        return plan.Rule(text, tuple(limits), measured, message, offending, place, sample)

    def _condition(
        self, expr: tree.Expr, where: tree.Expr | None, seen: list[plan.Ref], wants: str = "truth"
    ) -> plan.Condition:
        """`wants`: whether the expression is to be a truth or a value, which decides what a check has to answer."""
        plain = plain_literal(expr)
        if plain is not None:
            return plain
        if isinstance(expr, tree.Path):
            ref = self._named(expr, where)
            seen.append(ref)
            return ref
        if isinstance(expr, tree.Call):
            if expr.function.text == "abs":
                return plan.Op("abs", (self._condition(expr.args[0], where, seen, "number"),))
            if expr.function.text == "python":
                ref = self._checked(expr, wants)
                seen.append(ref)
                return ref
            ref = self._moved(expr, where) if is_drift(expr) else self._called(expr, where)
            seen.append(ref)
            if f.FUNCTIONS[expr.function.text].result == f.BOOL:
                return plan.Op("==", (ref, plan.Literal(0, "number")))
            return ref
        if isinstance(expr, tree.Unary):
            op, inner = ("not", "truth") if expr.op == "not" else ("neg", "number")
            return plan.Op(op, (self._condition(expr.operand, where, seen, inner),))
        if isinstance(expr, tree.Binary):
            inner = "truth" if expr.op in ("and", "or") else "number"
            return plan.Op(expr.op, tuple(self._condition(e, where, seen, inner) for e in (expr.left, expr.right)))
        if isinstance(expr, tree.Between):
            parts = (expr.subject, expr.low, expr.high)
            return plan.Op("between", tuple(self._condition(p, where, seen, "number") for p in parts))
        if isinstance(expr, tree.Better):
            return self._better(expr, where, seen)
        assert isinstance(expr, tree.In)
        return self._in(expr, where, seen)

    def _better(self, expr: tree.Better, where: tree.Expr | None, seen: list[plan.Ref]) -> plan.Condition:
        """The share of resamples in which ours is better, and how large it has to be."""
        from . import sql

        assert isinstance(expr.metric, tree.Call)
        sure = expr.confidence.value if isinstance(expr.confidence, tree.Percent) else 1.0
        text = f"resamples in which {_shown(replace(expr.metric, named=()))} is better than the "
        text += _SHOWN[expr.baseline.text] + (f" where {_shown(where)}" if where is not None else "")
        names = key_of(expr.metric)
        truth, predicted, *key = (
            sql.text_of(sql.column(c.text)) for c in (*expr.metric.args, *names) if isinstance(c, tree.Path)
        )
        against = expr.baseline.text
        self.asks_champion = self.asks_champion or against == "champion"
        ref = plan.Ref("check", f"c{len(self.checks)}")
        seen.append(ref)
        self.checks.append(
            plan.Comparison(
                ref.name,
                text,
                expr.metric.function.text,
                truth,
                predicted,
                tuple(key),
                tuple(n.text for n in names),
                sql.text_of(sql.rows_condition(where)) if where is not None else None,
                against,
                sure,
            )
        )
        return plan.Op(">=", (ref, plan.Literal(sure, "percent")))

    def _in(self, expr: tree.In, where: tree.Expr | None, seen: list[plan.Ref]) -> plan.Condition:
        subject = self._condition(expr.subject, where, seen, "number")
        if isinstance(expr.domain, tree.Range):
            ends = (expr.domain.low, expr.domain.high)
            return plan.Op("between", (subject, *(self._condition(e, where, seen) for e in ends)))
        items = expr.domain.items if isinstance(expr.domain, tree.ListOf) else ()
        values = tuple(getattr(i, "value") for i in items)  # noqa: B009 - literals, checked
        return plan.Op("in", (subject, plan.Literal(values, "list")))

    def _named(self, path: tree.Path, where: tree.Expr | None) -> plan.Ref:
        scope = path.parts[0].text
        if len(path.parts) > 1 and scope in METRIC_SCOPES:
            self.asks_champion = self.asks_champion or scope == "champion"
            return plan.Ref(scope, ".".join(p.text for p in path.parts[1:]))
        if self.guard.subject.kind == "metrics":
            return plan.Ref("metric", path.text)
        if path.text == "size":
            return plan.Ref("file", "size")
        return self._aggregate(path, path.text, where)

    def _checked(self, call: tree.Call, wants: str) -> plan.Ref:
        """A check of the project's own. Equal ones run once."""
        text, (target, *_) = _shown(call), call.args
        assert isinstance(target, tree.Text)
        own = (c for c in self.checks if isinstance(c, plan.PythonCheck))
        known = next((c for c in own if (c.text, c.wants) == (text, wants)), None)
        if known is None:
            file, _, function = target.value.rpartition(":")
            values = tuple((e.key.text, value_of(e.value)) for e in passed(call))
            code = local_code(self.model.project, file)
            id_ = f"c{len(self.checks)}"
            known = plan.PythonCheck(id_, text, file, function, values, wants, timeout_of(call), code)
            self.checks.append(known)
        return plan.Ref("check", known.id)

    def _moved(self, call: tree.Call, where: tree.Expr | None) -> plan.Ref:
        """How far a column is from its reference: if none is named the champion's, or that of the last good run."""
        from . import sql

        named = against(call)
        reference = named.text if named else CHAMPION if self.champions else PREVIOUS
        self.asks_champion = self.asks_champion or reference == CHAMPION
        under = f" where {_shown(where)}" if where is not None else ""
        text, column = f"{_shown(call)}{under}", _shown(call.args[0])
        known = next((d for d in self.drifts if d.text == text), None)
        if known is None:
            known = plan.Drift(
                id=f"d{len(self.drifts)}",
                text=text,
                function=call.function.text,
                against=reference,
                profile=f"{column}{under}",
                sql=sql.text_of(sql.column(column)),
                where=sql.text_of(sql.rows_condition(where)) if where is not None else None,
            )
            self.drifts.append(known)
        return plan.Ref("drift", known.id)

    def _called(self, call: tree.Call, where: tree.Expr | None) -> plan.Ref:
        return self._aggregate(call, _shown(call), where)

    def _aggregate(self, call: tree.Call | tree.Path, text: str, where: tree.Expr | None) -> plan.Ref:
        function = f.FUNCTIONS[_name(call)]
        if function.sql is None:
            return self.measure(text, "", f.NUMBER)
        asked, by = _asked(call, where), call.by if isinstance(call, tree.Call) else None
        if function.counts is not None:
            text = f"{function.counts} {', '.join(asked.columns)}{f' by {by.text}' if by else ''}"
        elif where is not None:
            text = f"{text} where {_shown(where)}"
        if by is None or not isinstance(call, tree.Call):
            value = function.sql.value(asked)
            if isinstance(function.sql, Different):
                self.in_files[value] = function.sql.in_files(asked)
            return self.measure(text, value, function.unit, function.empty, cases=function.cases)
        slices = self.groupings.slices(function.sql, asked, by.text)
        return self.measure(text, slices, function.unit, function.empty, by=by.text, min_support=min_support(call))

    def _offending(self, expr: tree.Expr, where: tree.Expr | None) -> str | None:
        """Rows to show for a rule about the whole table, where single rows are to blame."""
        call = expr.left if isinstance(expr, tree.Binary) else expr
        if not isinstance(call, tree.Call) or call.by is not None or self.guard.subject.kind != "table":
            return None
        offending = f.FUNCTIONS[call.function.text].offending
        asked = _asked(call, where)
        if offending is None or not asked.columns:
            return None
        many = isinstance(expr, tree.Binary) and expr.op in (">", ">=")
        rows = offending(asked, many)
        if asked.where is None:
            return rows
        from . import sql

        return f"({rows}) AND ({sql.text_of(asked.where)})"

    def _sample(self, expr: tree.Expr, where: tree.Expr | None) -> str | None:
        """What to show for a rule about cases."""
        call = expr.left if isinstance(expr, tree.Binary) else expr
        shows = f.FUNCTIONS[call.function.text].shows if isinstance(call, tree.Call) else None
        return shows(_asked(call, where)) if shows is not None and isinstance(call, tree.Call) else None


_SHOWN = {"champion": "champion's", "previous": "previous run's"}


def _name(call: tree.Call | tree.Path) -> str:
    return call.text if isinstance(call, tree.Path) else call.function.text


def _asked(call: tree.Call | tree.Path, where: tree.Expr | None) -> f.Asked:
    """What the function is asked, with `where` as a condition in SQL."""
    from . import sql

    condition = sql.rows_condition(where) if where is not None else None
    if isinstance(call, tree.Path):
        return f.Asked((), condition)
    names = [a.text for a in call.args if isinstance(a, tree.Path)]
    table = names.pop(0) if f.FUNCTIONS[_name(call)].asks_table else None
    shares = [a.value for a in call.args if isinstance(a, tree.Number | tree.Percent)]
    named: dict[str, str | float] = {}
    for entry in call.named:
        if isinstance(entry.value, tree.Path):
            named[entry.key.text] = entry.value.text
        elif isinstance(entry.value, tree.Number):
            named[entry.key.text] = entry.value.value
    return f.Asked(tuple(names), condition, float(shares[0]) if shares else None, table, named)


def _text(rule: tree.RuleLine | tree.Expected) -> str:
    """The rule as written, without its message, which is shown beside it, and without what relaxes it.

    It is printed and not cut out of the spec: the arguments of a template stand in it.
    """
    if rule.otherwise is not None:
        kept = replace(rule.otherwise, message=None) if rule.otherwise.action else None
        rule = replace(rule, otherwise=kept)
    if rule.relaxed is not None:
        rule = replace(rule, relaxed=None)
    return flat(joined(line(rule).parts))


def _has_unbuilt(expr: tree.Expr) -> bool:
    """Whether a function stands in the expression that no target carries yet, so that it has no SQL."""
    if isinstance(expr, tree.Call):
        return not f.FUNCTIONS[expr.function.text].built or any(_has_unbuilt(a) for a in expr.args)
    if isinstance(expr, tree.Binary):
        return _has_unbuilt(expr.left) or _has_unbuilt(expr.right)
    if isinstance(expr, tree.Unary):
        return _has_unbuilt(expr.operand)
    if isinstance(expr, tree.Between):
        return any(_has_unbuilt(e) for e in (expr.subject, expr.low, expr.high))
    return isinstance(expr, tree.In) and _has_unbuilt(expr.subject)


def _shown(expr: tree.Expr) -> str:
    return flat(pieces(expr))
