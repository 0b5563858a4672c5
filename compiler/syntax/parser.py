"""Text to syntax tree. Parsing never fails: what cannot be read is reported, and reading resumes at the next item.

Only this folder knows lark. Each item is parsed by itself (see `blocks.py`); the transformer below builds the
dataclasses of `tree.py` while lark reduces, so no lark tree is ever built.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from ...grammar import grammar_text
from ..diagnostics import Diagnostics, Rule
from ..source import Source, Span
from . import literals, rules, tree
from .blocks import NOTHING_OPEN, Chunk, cut
from .explain import explain_character, explain_token
from .layout import Layout
from .nesting import FLATTER, MAX_NESTING, too_deep

MAX_DIGITS = 40


def parse(source: Source, diagnostics: Diagnostics) -> tree.File:
    """The syntax tree of a file; reports every mistake of syntax."""
    pieces = cut(source, diagnostics)
    docs = _docs(source, pieces.comments)
    items: list[tree.Item] = []
    broken: list[Span] = []
    whole = True
    for chunk in pieces.chunks:
        told = chunk.broken or (chunk.stray and not whole)
        if chunk.stray and whole and chunk.span.text[0] in ")]}":
            mark = Span(source, chunk.span.start, chunk.span.start + 1)
            diagnostics.report(rules.UNCLOSED, mark, f"'{mark.text}' closes nothing", hint=NOTHING_OPEN)
            told = True
        item = None if told else _parse_item(chunk, docs, diagnostics)
        whole = item is not None
        if item is None:
            broken.append(chunk.span)
        else:
            items.append(item)
    return tree.File(source, tuple(items), pieces.comments, tuple(broken))


def _docs(source: Source, comments: tuple[tree.Comment, ...]) -> dict[int, tuple[str, ...]]:
    """Doc comments by the line on which their declaration begins."""
    found: dict[int, tuple[str, ...]] = {}
    for comment in comments:
        if comment.doc and comment.own_line:
            line = comment.span.line
            found[line + 1] = (*found.pop(line, ()), comment.text)
    return found


def _parse_item(chunk: Chunk, docs: dict[int, tuple[str, ...]], diagnostics: Diagnostics) -> tree.Item | None:
    lark, layout, build = _parser()
    span = chunk.span
    text = span.text
    layout.text = text
    build.begin(span, docs.get(span.line, ()) if docs else ())
    try:
        item = cast(tree.Item, lark.parse(text))
    except UnexpectedToken as error:
        explain_token(error, span, diagnostics)
        return None
    except UnexpectedCharacters as error:
        explain_character(error, span, diagnostics)
        return None
    for rule, at, message, hint in build.problems:
        diagnostics.report(rule, at, message, hint=hint)
    if too_deep(text, item):
        message = f"'{_first_word(text)}' is nested more than {MAX_NESTING} deep"
        diagnostics.report(rules.TOO_DEEP, Span(span.source, span.start, span.start + 1), message, hint=FLATTER)
        return None
    return item


def _first_word(text: str) -> str:
    return text.split(maxsplit=1)[0]


@cache
def _parser() -> tuple[Lark, Layout, _Build]:
    layout, build = Layout(), _Build()
    options: dict[str, Any] = {
        "parser": "lalr",
        "maybe_placeholders": True,
        "postlex": cast(Any, layout),
        "transformer": build,
    }
    try:
        lark = Lark(grammar_text(), cache=_tables(), **options)
    except OSError:
        lark = Lark(grammar_text(), **options)
    return lark, layout, build


def _tables() -> str | bool:
    """Where the parser's tables are kept between runs: beside our byte code, and under the same conditions.

    To compute them takes 120 ms, to load them 10. lark checks that they belong to this grammar and to its own version.
    """
    folder = Path(__file__).parent / "__pycache__"
    kept = folder / f"grammar.{sys.implementation.cache_tag}.tables"
    writable = not sys.dont_write_bytecode and os.access(folder, os.W_OK)
    return str(kept) if writable or kept.exists() else False


class _Run(tuple[Any, ...]):
    """Several results in a row, with where they stand; what a rule gives that is no node of the tree."""

    span: Span


def _inline(method: Any) -> Any:
    """Hands a rule's parts over as arguments, behind the span from the first of them to the last."""

    def build(self: _Build, parts: list[Any]) -> Any:
        present = [p for p in parts if p is not None]
        if not present:
            return method(self, Span(self.source, self.base, self.base), *parts)
        return method(self, self._span_of(present[0]).to(self._span_of(present[-1])), *parts)

    return build


class _Build(Transformer[Token, Any]):
    """Builds the dataclasses of one item; `begin` says where that item stands in its file."""

    def __init__(self) -> None:
        super().__init__(visit_tokens=False)
        self.begin(Span(Source("", ""), 0, 0), ())

    def begin(self, item: Span, doc: tuple[str, ...]) -> None:
        self.source, self.base, self.doc = item.source, item.start, doc
        self.problems: list[tuple[Rule, Span, str, str]] = []

    # Positions ---------------------------------------------------------------

    def _span_of(self, part: Any) -> Span:
        return self._at(part) if isinstance(part, Token) else cast(Span, part.span)

    def _at(self, token: Token) -> Span:
        return Span(self.source, self.base + (token.start_pos or 0), self.base + (token.end_pos or 0))

    def _name(self, token: Token) -> tree.Name:
        return tree.Name(str(token), self._at(token))

    def _text(self, token: Token) -> tree.Text:
        value, wrong = literals.unescape(token)
        at = self._at(token)
        for offset, escape in wrong:
            where = Span(self.source, at.start + offset, at.start + offset + len(escape))
            hint = 'escapes are \\n \\t \\r \\" \\\\ and \\u{…}; write a backslash as \\\\'
            self.problems.append((rules.BAD_ESCAPE, where, f"no escape '{escape}'", hint))
        return tree.Text(value, at)

    def _amount(self, token: Token, read: Callable[[str], Any]) -> Any:
        """The value of a number; one that no machine computes with is reported and counts as 0."""
        long = len(token) > MAX_DIGITS
        value = math.inf if long else read(token)
        if math.isinf(value):
            message = f"'{token[:8]}…' is too long a number" if long else f"'{token}' is too large a number"
            hint = f"numbers have up to {MAX_DIGITS} digits" if long else "the largest is about 1e308"
            self.problems.append((rules.BIG_NUMBER, self._at(token), message, hint))
            return 0
        return value

    # Items -------------------------------------------------------------------

    @_inline
    def start(self, span: Span, item: tree.Item) -> tree.Item:
        return item

    @_inline
    def edition(self, span: Span, _: Token, number: Token) -> tree.Edition:
        return tree.Edition(tree.Number(self._amount(number, literals.number), self._at(number)), span)

    @_inline
    def import_(self, span: Span, _: Token, path: Token) -> tree.Import:
        return tree.Import(self._text(path), span)

    @_inline
    def formal(self, span: Span, name: Token, _c: Token, type_: tree.TypeRef, *rest: Any) -> tree.ParamDecl:
        _, default, _, domain = rest
        return tree.ParamDecl(self._name(name), type_, default, domain, (), span)

    @_inline
    def param(self, span: Span, _: Token, p: tree.ParamDecl) -> tree.ParamDecl:
        return tree.ParamDecl(p.name, p.type, p.default, p.domain, self.doc, span)

    @_inline
    def apply(
        self, span: Span, _: Token, name: Token, _l: Any, args: Any, _r: Any, _o: Token, on: tree.Path, relaxed: Any
    ) -> Any:
        positional, named = args or ((), ())
        return tree.ApplyDecl(self._name(name), positional, named, on, self.doc, span, relaxed)

    @_inline
    def relax(self, span: Span, _: Token, name: Token, reason: Token, _u: Token, day: Token) -> tree.RelaxDecl:
        until = tree.Day(str(day), self._at(day))
        return tree.RelaxDecl(self._name(name), self._text(reason), until, self.doc, span)

    def _declare(self, span: Span, keyword: Token, name: Token | None, body: tuple[Any, ...], **header: Any) -> Any:
        parts = {"title": None, "formals": (), "subject": None, "every": None, **header}
        named = self._name(name) if name is not None else None
        return tree.Declaration(
            keyword=self._name(keyword), name=named, body=tuple(body), doc=self.doc, span=span, **parts
        )

    @_inline
    def named(self, span: Span, keyword: Token, name: Token, body: Any) -> tree.Declaration:
        return cast(tree.Declaration, self._declare(span, keyword, name, body))

    @_inline
    def version(self, span: Span, keyword: Token, body: Any) -> tree.Declaration:
        return cast(tree.Declaration, self._declare(span, keyword, None, body))

    @_inline
    def guard(self, span: Span, keyword: Token, name: Token, *rest: Any) -> tree.Declaration:
        _, formals, _, _, subject, *body = rest
        return cast(
            tree.Declaration,
            self._declare(span, keyword, name, _nodes(body), formals=tuple(formals or ()), subject=subject),
        )

    @_inline
    def formals(self, span: Span, *items: Any) -> _Run:
        return _run(span, _nodes(items))

    @_inline
    def monitor(self, span: Span, keyword: Token, name: Token, _: Token, every: tree.Expr, body: Any) -> Any:
        return self._declare(span, keyword, name, body, every=every)

    @_inline
    def trigger(self, span: Span, keyword: Token, name: Token, *body: Any) -> Any:
        return self._declare(span, keyword, name, _nodes(body))

    @_inline
    def test(self, span: Span, keyword: Token, title: Token, *body: Any) -> Any:
        return self._declare(span, keyword, None, _nodes(body), title=self._text(title))

    # Statements --------------------------------------------------------------

    @_inline
    def body(self, span: Span, *items: Any) -> _Run:
        return _run(span, _nodes(items))

    @_inline
    def attribute(self, span: Span, name: Token, _: Token, value: tree.Expr) -> tree.Attribute:
        return tree.Attribute(self._name(name), value, span)

    @_inline
    def per(self, span: Span, name: Token, _: Token, count: tree.Expr, _p: Token, period: tree.Expr) -> tree.Per:
        return tree.Per(self._name(name), count, period, span)

    @_inline
    def field(self, span: Span, name: Token, _: Token, type_: tree.TypeRef, _e: Any, value: Any, *rest: Any) -> Any:
        return tree.Field(self._name(name), type_, value, tuple(rest), span)

    @_inline
    def constraint(self, span: Span, keyword: Token, value: Any = None) -> tree.Constraint:
        if isinstance(value, Token):
            value = self._text(value)
        return tree.Constraint(str(keyword), value, span)

    @_inline
    def block(self, span: Span, keyword: Token, label: Token | None, body: tuple[Any, ...]) -> tree.Block:
        named = self._name(label) if label is not None else None
        return tree.Block(self._name(keyword), named, tuple(body), span)

    @_inline
    def foreach(self, span: Span, _: Token, name: Token, _i: Token, values: tree.Expr) -> tree.Foreach:
        return tree.Foreach(self._name(name), values, span)

    @_inline
    def type(self, span: Span, name: Token, _l: Any, argument: Any, _g: Any, nullable: Any) -> tree.TypeRef:
        return tree.TypeRef(self._name(name), argument, nullable is not None, span)

    @_inline
    def rule(self, span: Span, expr: Any, _w: Any, where: Any, _f: Any, share: Any, _o: Any, *rest: Any) -> Any:
        otherwise, relaxed = rest
        return tree.RuleLine(expr, where, share, otherwise, None, (), span, relaxed)

    @_inline
    def banded(self, span: Span, expr: tree.Expr, action: Token, *rest: Any) -> tree.RuleLine:
        *further, relaxed = rest
        bands: list[tree.Band] = []
        for _, op, limit, act in zip(*[iter(further)] * 4, strict=True):
            bands.append(tree.Band(str(op), limit, self._name(act), self._at(op).to(self._at(act))))
        return tree.RuleLine(expr, None, None, None, self._name(action), tuple(bands), span, relaxed)

    @_inline
    def relaxed(self, span: Span, _: Token, reason: Token, _u: Token, day: Token) -> tree.Relaxed:
        return tree.Relaxed(self._text(reason), tree.Day(str(day), self._at(day)), span)

    @_inline
    def otherwise(self, span: Span, _: Token, first: Token, second: Token | None = None) -> tree.Otherwise:
        action = self._name(first) if first.type == "ACTION" else None
        message = second if action else first
        return tree.Otherwise(action, self._text(message) if message is not None else None, span)

    @_inline
    def expected(self, span: Span, _: Token, file: Token, *rest: Any) -> tree.Expected:
        _, keys, _, within, _, share, _, otherwise, relaxed = rest
        return tree.Expected(self._text(file), tuple(keys or ()), within, share, otherwise, span, relaxed)

    @_inline
    def keys(self, span: Span, *names: Token) -> _Run:
        return _run(span, tuple(self._name(n) for n in names if n.type == "NAME"))

    @_inline
    def on(self, span: Span, keyword: Token, event: Any, _f: Any, checks: Any, _c: Any) -> tree.On:
        count = tree.Number(self._amount(checks, literals.number), self._at(checks)) if checks is not None else None
        return tree.On(str(keyword), event, count, span)

    @_inline
    def when(self, span: Span, keyword: Token, event: Any) -> tree.On:
        return tree.On(str(keyword), event, None, span)

    @_inline
    def schedule(self, span: Span, _: Token, cron: Token, _i: Any, zone: Token | None) -> tree.Schedule:
        return tree.Schedule(self._text(cron), self._text(zone) if zone is not None else None, span)

    @_inline
    def given(self, span: Span, _: Token, subject: Any, _e: Any, value: Any) -> tree.Given:
        return tree.Given(subject, value, span)

    @_inline
    def expect(self, span: Span, _: Token, subject: tree.Path, verdict: Token) -> tree.Expect:
        return tree.Expect(subject, self._name(verdict), span)

    # Expressions -------------------------------------------------------------

    @_inline
    def number(self, span: Span, token: Token) -> tree.Number:
        return tree.Number(self._amount(token, literals.number), self._at(token))

    @_inline
    def percent(self, span: Span, token: Token) -> tree.Percent:
        return tree.Percent(self._amount(token, literals.percent), self._at(token))

    @_inline
    def duration(self, span: Span, token: Token) -> tree.Duration:
        return tree.Duration(self._amount(token, literals.duration), self._at(token))

    @_inline
    def size(self, span: Span, token: Token) -> tree.Size:
        return tree.Size(self._amount(token, literals.size), self._at(token))

    @_inline
    def text(self, span: Span, token: Token) -> tree.Text:
        return self._text(token)

    @_inline
    def truth(self, span: Span, token: Token) -> tree.Truth:
        return tree.Truth(token == "true", self._at(token))

    @_inline
    def path(self, span: Span, *tokens: Token) -> tree.Path:
        return tree.Path(tuple(self._name(t) for t in tokens if t.type == "NAME"), span)

    @_inline
    def call(self, span: Span, function: tree.Path, _l: Token, args: Any, _r: Token, _b: Any, by: Any) -> tree.Call:
        positional, named = args or ((), ())
        return tree.Call(function, positional, named, by, span)

    @_inline
    def arguments(self, span: Span, *items: Any) -> _Run:
        kept = _nodes(items)
        named = tuple(i for i in kept if isinstance(i, tree.Entry))
        return _run(span, (tuple(i for i in kept if not isinstance(i, tree.Entry)), named))

    @_inline
    def entry(self, span: Span, key: Token, _: Token, value: tree.Expr) -> tree.Entry:
        name = self._name(key)
        if key.type == "STRING":
            name = tree.Name(self._text(key).value, name.span)
        return tree.Entry(name, value, span)

    @_inline
    def list_of(self, span: Span, *items: Any) -> tree.ListOf:
        return tree.ListOf(_nodes(items), span)

    @_inline
    def map_of(self, span: Span, *items: Any) -> tree.MapOf:
        return tree.MapOf(_nodes(items), span)

    @_inline
    def group(self, span: Span, _l: Token, inner: tree.Expr, _r: Token) -> tree.Expr:
        # Parentheses leave no node, only a wider span: the formatter puts them where precedence asks for them.
        return replace(inner, span=span)

    @_inline
    def range(self, span: Span, low: tree.Expr, _: Token, high: tree.Expr) -> tree.Range:
        return tree.Range(low, high, span)

    @_inline
    def compare(self, span: Span, token: Token) -> Token:
        return token

    @_inline
    def binary(self, span: Span, left: tree.Expr, op: Token, right: tree.Expr) -> tree.Binary:
        return tree.Binary(str(op), left, right, self._at(op), left.span.to(right.span))

    comparison = binary

    @_inline
    def matches(self, span: Span, left: tree.Expr, op: Token, pattern: Token) -> tree.Binary:
        right = self._text(pattern)
        return tree.Binary("matches", left, right, self._at(op), left.span.to(right.span))

    @_inline
    def references(self, span: Span, left: tree.Expr, op: Token, right: tree.Path) -> tree.Binary:
        return tree.Binary("references", left, right, self._at(op), left.span.to(right.span))

    @_inline
    def better(
        self, span: Span, metric: tree.Expr, than: Token, name: Token, with_: Token | None, sum_: tree.Expr | None
    ) -> tree.Better:
        baseline = self._name(name)
        return tree.Better(metric, baseline, sum_, metric.span.to((sum_ or baseline).span))

    @_inline
    def unary(self, span: Span, op: Token, operand: tree.Expr) -> tree.Expr:
        if op.type == "MINUS" and isinstance(operand, tree.Number):
            return tree.Number(-operand.value, self._at(op).to(operand.span))
        return tree.Unary(str(op), operand, self._at(op).to(operand.span))

    @_inline
    def between(self, span: Span, x: tree.Expr, _b: Token, low: tree.Expr, _a: Token, high: tree.Expr) -> tree.Between:
        return tree.Between(x, low, high, x.span.to(high.span))

    @_inline
    def within(self, span: Span, subject: tree.Expr, _: Token, domain: tree.Expr) -> tree.In:
        return tree.In(subject, domain, subject.span.to(domain.span))

    @_inline
    def not_within(self, span: Span, subject: tree.Expr, op: Token, _: Token, domain: tree.Expr) -> tree.Unary:
        inner = tree.In(subject, domain, subject.span.to(domain.span))
        return tree.Unary("not", inner, inner.span)

    @_inline
    def every(self, span: Span, count: tree.Expr, _: Token, pause: tree.Expr) -> tree.Every:
        return tree.Every(count, pause, count.span.to(pause.span))


def _run(span: Span, items: tuple[Any, ...]) -> _Run:
    run = _Run(items)
    run.span = span
    return run


def _nodes(items: Any) -> tuple[Any, ...]:
    """Without the tokens between them and the placeholders of what was left out."""
    return tuple(i for i in items if i is not None and not isinstance(i, Token))
