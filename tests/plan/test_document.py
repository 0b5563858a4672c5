"""plan.json is the plan: nothing is lost on the way out and back, and its schema describes it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document, plan_json, read_plan
from mlopsc.compiler.plan.schema import plan_schema

ROOT = Path(__file__).parents[2]
SPECS = [*sorted(ROOT.glob("examples/*/[!.]*.mlops")), ROOT / "tests/plan/everything/main.mlops"]
ROOTS = [s for s in SPECS if "\npipeline " in s.read_text("utf-8")]


@pytest.mark.parametrize("spec", ROOTS, ids=lambda p: p.parent.name)
def test_a_plan_survives_the_way_through_json(spec: Path) -> None:
    analysis = analyse(spec)
    assert [d.message for d in analysis.diagnostics] == []
    plan = compile_plan(analysis).plan
    text = plan_json(plan)
    again = read_plan(json.loads(text))
    assert plan_json(again) == text
    assert again.nodes == plan.nodes
    assert list(again.graph.edges(data=True)) == list(plan.graph.edges(data=True))
    assert all(again.waits_for(n) == plan.waits_for(n) for n in plan.graph)


@pytest.mark.parametrize("spec", ROOTS, ids=lambda p: p.parent.name)
def test_the_schema_describes_every_plan(spec: Path) -> None:
    document = json.loads(plan_json(compile_plan(analyse(spec)).plan))
    jsonschema.Draft202012Validator(plan_schema()).validate(document)


def test_the_schema_in_the_repository_is_the_one_of_the_code() -> None:
    path = ROOT / "grammar/plan.schema.json"
    wanted = json.dumps(plan_schema(), indent=2) + "\n"
    assert path.read_text("utf-8") == wanted, (
        "write it anew: python -m mlopsc.compiler.plan.schema > grammar/plan.schema.json"
    )


def test_another_format_is_refused() -> None:
    document = plan_document(compile_plan(analyse(ROOTS[0])).plan)
    with pytest.raises(ValueError, match="plan format 99 is not 1"):
        read_plan({**document, "format": 99})
