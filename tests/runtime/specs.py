"""Guards written in the language, compiled and run on a table: what a user sees, from the spec to the record."""

from __future__ import annotations

from typing import Any

from mlopsc.compiler.driver import analyse, compile_plan

from .conftest import Project

SPEC = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

version {{ code = off }}

source data {{ uri = "{file}" }}

guard g on data {{
  {rules}
}}
{more}
"""


def plan_of(project: Project, rules: str, file: str = "data.csv", more: str = "") -> Any:
    """The plan of a pipeline with one guard on one source; the spec has no mistakes."""
    spec = project.write("pipeline.mlops", SPEC.format(rules=rules, file=file, more=more))
    analysis = analyse(spec)
    wrong = [d.message for d in analysis.diagnostics if d.rule.code.startswith("E")]
    assert not wrong, wrong
    return compile_plan(analysis).plan


def verdict_of(project: Project, rules: str, file: str = "data.csv", more: str = "") -> dict[str, Any]:
    """The record of the guard."""
    result = project.run(plan_of(project, rules, file, more))
    found = {r.id: r.record for r in result.nodes}["g"]
    assert found is not None
    return found


def value_of(record: dict[str, Any], rule: int = 0) -> Any:
    """What the rule measured."""
    (measured,) = record["rules"][rule]["measured"].values()
    return measured["value"]
