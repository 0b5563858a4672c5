"""Diagnostics for programs: JSON, SARIF and GitHub's workflow commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator
from mlopsc.cli.render_github import render_github
from mlopsc.cli.render_json import render_json
from mlopsc.cli.render_sarif import render_sarif
from mlopsc.compiler.diagnostics import Diagnostic, Edit, Fix, Note
from mlopsc.compiler.source import Source, Span

from . import specimens
from .specimens import UNKNOWN, UNUSED, span

BOTH = [specimens.unknown(), specimens.unused()]


def test_json_has_places_in_lines_columns_and_offsets():
    document = json.loads(render_json(BOTH, 1))
    assert document["format"] == 1
    assert document["counts"] == {"error": 1, "warning": 1, "note": 0}
    first, second = document["diagnostics"]
    offset = specimens.TEXT.index("flihgts")
    assert first["code"] == "E202"
    assert first["file"] == "delay.mlops"
    assert first["range"] == {
        "start": {"line": 4, "column": 12, "offset": offset},
        "end": {"line": 4, "column": 19, "offset": offset + 7},
    }
    assert first["hint"] == "did you mean 'flights'?"
    assert [set(n) for n in first["notes"]] == [{"message", "file", "range"}, {"message"}]
    assert first["fix"] is None
    assert second["fix"]["safe"] is True
    assert second["fix"]["edits"][0]["range"]["end"] == {"line": 3, "column": 1, "offset": 46}


def test_json_of_nothing_is_still_a_document():
    assert json.loads(render_json([], 0))["diagnostics"] == []


def test_sarif_is_what_the_standard_wants():
    # The schema of OASIS without its descriptions.
    schema = json.loads((Path(__file__).parent / "sarif-2.1.0.schema.json").read_text("utf-8"))
    document = json.loads(render_sarif(BOTH))
    Draft4Validator(schema).validate(document)
    run = document["runs"][0]
    rules = [r["id"] for r in run["tool"]["driver"]["rules"]]
    assert rules == ["E202", "W501"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    assert run["results"][0]["relatedLocations"][0]["message"]["text"] == "sources are declared here"


def test_sarif_fingerprints_stay_when_lines_move_and_tell_twins_apart():
    source = Source("a.mlops", "x = oops\nx = oops\n")
    moved = Source("a.mlops", "\n\nx = oops\n")

    def prints(*diagnostics: Diagnostic) -> list[str]:
        results = json.loads(render_sarif(diagnostics))["runs"][0]["results"]
        return [r["partialFingerprints"]["mlopsc/v1"] for r in results]

    one = Diagnostic(UNKNOWN, Span(source, 4, 8), "m")
    two = Diagnostic(UNKNOWN, Span(source, 13, 17), "m")
    assert prints(one) == prints(Diagnostic(UNKNOWN, span(moved, "oops"), "m"))
    assert len(set(prints(one, two))) == 2


def test_sarif_fixes_are_by_file_and_in_order():
    a, b = Source("a b.mlops", "one two"), Source("dir/b.mlops", "three")
    edits = (Edit(span(b, "three"), "3"), Edit(span(a, "two"), "2"), Edit(span(a, "one"), "1"))
    document = json.loads(render_sarif([Diagnostic(UNUSED, span(a, "one"), "m", fix=Fix("count", edits))]))
    changes = document["runs"][0]["results"][0]["fixes"][0]["artifactChanges"]
    assert [c["artifactLocation"]["uri"] for c in changes] == ["a%20b.mlops", "dir/b.mlops"]
    assert [r["insertedContent"]["text"] for r in changes[0]["replacements"]] == ["1", "2"]


def test_github_escapes_what_would_end_a_command():
    source = Source("50%,a:b.mlops", "x = 1\n")
    diagnostic = Diagnostic(UNKNOWN, span(source, "x"), "100% wrong", (Note("see: this, that"),), "write\ny")
    assert render_github([diagnostic]) == (
        "::error file=50%25%2Ca%3Ab.mlops,line=1,endLine=1,col=1,endColumn=1,title=E202 unknown-name"
        "::100%25 wrong%0Anote: see: this, that%0Ahint: write%0Ay\n"
    )


def test_github_gives_no_columns_over_several_lines():
    source = Source("a.mlops", "one\ntwo\n")
    said = render_github([Diagnostic(UNUSED, Span(source, 0, 7), "m")])
    assert said == "::warning file=a.mlops,line=1,endLine=2,title=W501 unused-source::m\n"


def test_github_paths_are_relative_to_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "ml"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert "file=ml/delay.mlops," in render_github([specimens.unknown()])
