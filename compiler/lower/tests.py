"""Policy tests as the plan keeps them: names of rules become the texts of what the plan's guards measure."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostics
from ..plan import nodes as plan
from ..semantics.given import Number, Whole, meanings_of
from ..semantics.measured import Measured
from ..semantics.model import Model
from ..syntax import tree
from .rules import RuleLowering


def lower_tests(model: Model) -> tuple[plan.PolicyTest, ...]:
    found = []
    for test in model.tests:
        assert test.title is not None
        given: list[tuple[str, tuple[tuple[str, float], ...]]] = []
        facts: list[plan.Fact] = []
        for statement in test.body:
            if isinstance(statement, tree.Given):
                for meaning in meanings_of(statement, model, Diagnostics()):
                    if isinstance(meaning, Whole):
                        given.append((meaning.subject, meaning.numbers))
                    elif isinstance(meaning, Number):
                        texts = dict.fromkeys(_text_in_plan(m, model) for m in meaning.measured)
                        facts += [plan.Fact("number", meaning.subject, text, (meaning.value,)) for text in texts]
                    else:
                        facts.append(meaning)
        expect = tuple((s.subject.text, s.verdict.text) for s in test.body if isinstance(s, tree.Expect))
        place = model.place(test.title.span)
        found.append(plan.PolicyTest(test.title.value, tuple(given), expect, place, tuple(facts)))
    return tuple(found)


def _text_in_plan(measured: Measured, model: Model) -> str:
    """Under which text the plan's guard measures it."""
    lowering = RuleLowering(measured.guard, model)
    rule = lowering.rule(measured.rule)
    if measured.node is None:
        return _text_of(rule.measured[0], lowering)
    wanted = next(_refs(lowering.number(measured.node, measured.where)))
    return _text_of(wanted, lowering)


def _text_of(ref: plan.Ref, lowering: RuleLowering) -> str:
    texts = {m.id: m.text for m in lowering.measures}
    texts |= {c.id: c.text for c in lowering.checks} | {d.id: d.text for d in lowering.drifts}
    return texts.get(ref.name, ref.name)


def _refs(condition: plan.Condition) -> Iterator[plan.Ref]:
    if isinstance(condition, plan.Ref):
        yield condition
    elif isinstance(condition, plan.Op):
        for part in condition.args:
            yield from _refs(part)
