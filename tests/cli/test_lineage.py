"""What made a thing, and what was made from it."""

from __future__ import annotations

import json
from pathlib import Path

from . import spec
from .conftest import Call


def test_a_result_is_followed_back_to_the_data_and_on_to_its_readers(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    call("run", "-q", "--run", "one")
    said = call("lineage", "report.page").out.splitlines()
    assert said[0].startswith("report.page ") and "made by report in run one" in said[0]
    assert "  code report.py" in said
    assert any(line.startswith("  total.metrics ") and "(times=2)" in line for line in said)
    assert any(line.startswith("    numbers ") and line.endswith("read from numbers.csv") for line in said)
    onward = call("lineage", "numbers").out
    assert "was used for\n  total.metrics " in onward and "\n    report.page " in onward


def test_a_file_is_known_by_its_content(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    call("run", "-q", "--run", "one")
    (tmp_path / "copy.json").write_bytes((tmp_path / ".mlops/runs/one/total/metrics.json").read_bytes())
    call("run", "-q", "--run", "two")
    document = json.loads(call("lineage", "copy.json", "--json").out)
    assert document[0]["artifact"] == "total.metrics" and document[0]["run"] == "one"
    assert [d["artifact"] for d in document[0]["from"]] == ["numbers"]
    (tmp_path / "copy.json").write_text("{}")
    said = call("lineage", "copy.json")
    assert said.code == 2 and "nothing is known of 'copy.json'" in said.err
    assert "did you mean 'total.metrics'?" in call("lineage", "total.metric").err


def test_a_node_that_keeps_nothing_is_told_as_one(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    call("run", "-q", "--run", "one")
    assert "'enough' has made nothing that is kept" in call("lineage", "enough").err
