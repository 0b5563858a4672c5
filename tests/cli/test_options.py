"""A target's options are checked where they are written."""

from __future__ import annotations

import pytest
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.options import options_fit, targets_exist
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax.parser import parse

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["dag_id"],
    "properties": {
        "dag_id": {"description": "The DAG's id.", "type": "string", "pattern": "^[a-z_]+$"},
        "pool": {"type": "string"},
        "slots": {"type": "integer", "minimum": 1},
        "mode": {"enum": ["fast", "safe"]},
        "keep": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "hosts": {"type": "array", "items": {"type": "string"}},
        "deep": {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False},
    },
}


def found(body: str, options: dict) -> list[tuple[str, str, str, str | None]]:
    """Code, text under the carets, message and hint of each diagnostic."""
    source = Source("a.mlops", f"mlops 1\npipeline p {{}}\ntarget airflow {{\n{body}\n}}\n")
    diagnostics = Diagnostics()
    files = (parse(source, diagnostics),)
    options_fit("airflow", options, SCHEMA, files, diagnostics)
    return [(d.code, d.span.text, d.message, d.hint) for d in diagnostics]


def test_options_that_fit_are_silent():
    assert found('dag_id = "a", slots = 2, mode = "fast"', {"dag_id": "a", "slots": 2, "mode": "fast"}) == []


def test_an_unknown_option_is_marked_at_its_name_with_the_nearest():
    assert found('dag_id = "a"\npol = "ml"', {"dag_id": "a", "pol": "ml"}) == [
        ("E411", "pol", "target 'airflow' has no option 'pol'", "did you mean 'pool'?")
    ]


def test_a_missing_option_is_marked_at_the_target():
    assert found("", {}) == [("E412", "airflow", "target 'airflow' needs 'dag_id'", "The DAG's id.")]


@pytest.mark.parametrize(
    ("body", "options", "marked", "message"),
    [
        ("slots = 0", {"slots": 0}, "0", "'slots' of target 'airflow' must be at least 1"),
        ('slots = "two"', {"slots": "two"}, '"two"', "'slots' of target 'airflow' must be a whole number"),
        ('mode = "fats"', {"mode": "fats"}, '"fats"', "'mode' of target 'airflow' must be one of 'fast', 'safe'"),
        ("keep = true", {"keep": True}, "true", "'keep' of target 'airflow' has a value that the target does not take"),
        ("labels = { a: 1 }", {"labels": {"a": 1}}, "1", "'labels.a' of target 'airflow' must be a text"),
        ('hosts = ["a", 2]', {"hosts": ["a", 2]}, "2", "'hosts[1]' of target 'airflow' must be a text"),
    ],
)
def test_a_wrong_value_is_marked_at_the_value(body: str, options: dict, marked: str, message: str):
    ((code, text, said, _),) = found(f'dag_id = "a"\n{body}', {"dag_id": "a", **options})
    assert (code, text, said) == ("E412", marked, message)


def test_a_wrong_form_is_explained_by_the_schema():
    ((code, text, _, hint),) = found('dag_id = "A B"', {"dag_id": "A B"})
    assert (code, text, hint) == ("E412", '"A B"', "The DAG's id.")


def test_an_unknown_name_inside_a_map():
    assert found('dag_id = "a"\ndeep = { nam: "x" }', {"dag_id": "a", "deep": {"nam": "x"}}) == [
        ("E411", "nam", "target 'airflow' has no option 'deep.nam'", "did you mean 'name'?")
    ]


def test_a_target_that_the_spec_does_not_declare_is_marked_at_the_pipeline():
    source = Source("a.mlops", "pipeline p {}\n")
    diagnostics = Diagnostics()
    options_fit("airflow", {}, SCHEMA, (parse(source, diagnostics),), diagnostics)
    assert [(d.code, d.span.text) for d in diagnostics] == [("E412", "p")]


def test_an_unknown_target_is_marked_at_its_name():
    source = Source("a.mlops", "pipeline p {}\ntarget airflw {}\n")
    diagnostics = Diagnostics()
    targets_exist((parse(source, diagnostics),), frozenset({"airflow", "local"}), diagnostics)
    assert [(d.code, d.span.text, d.hint) for d in diagnostics] == [("E410", "airflw", "did you mean 'airflow'?")]
