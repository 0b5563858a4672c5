"""`mlopsc verdicts`, and the record that it prints: every outcome, on a real run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from click.testing import CliRunner
from mlopsc.cli.main import cli

pytest.importorskip("duckdb")

SCHEMA = json.loads((Path(__file__).parents[2] / "grammar" / "verdict.schema.json").read_text("utf-8"))
SPEC = """mlops 1

pipeline p {}

version { code = off }

source flights { uri = "flights.csv" }
source broken { uri = "broken.csv" }

guard sound on flights { rows >= 3 }
guard late on flights { mean(delay) <= 1 else warn "is the clock <right>?" }
guard wrong on flights {
  rows >= 1
  delay <= 60
  max(delay) <= 100
}
guard aside on flights { delay <= 95 else quarantine }
guard unread on broken { rows >= 1 }

stage train {
  run     = "python train.py {inputs.flights} {outputs.metrics}"
  inputs  = [flights]
  outputs { metrics: metrics = "metrics.json" }
}

guard good on train.metrics {
  accuracy >= champion.accuracy
}
"""


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    (tmp_path / "p.mlops").write_text(SPEC)
    (tmp_path / "flights.csv").write_text("id,delay\n" + "".join(f"{i},{i * 10}\n" for i in range(11)))
    (tmp_path / "broken.csv").write_text('id,name\n1,"x\n')
    (tmp_path / "train.py").write_text("import sys\n")
    monkeypatch.chdir(tmp_path)
    return CliRunner().invoke(cli, ["run", "-q", "-k", "--junit", "run.xml"]).exit_code


def records() -> dict[str, Any]:
    said = CliRunner().invoke(cli, ["verdicts", "--format", "json"])
    document = json.loads(said.output)
    assert document["format"] == 1
    return {guard["node"]: guard for guard in document["guards"]}


def test_the_schema_describes_the_record_of_every_outcome(ran: int) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = records()
    for record in found.values():
        jsonschema.Draft202012Validator(SCHEMA).validate(record)
    assert {name: record["verdict"] for name, record in found.items()} == {
        "sound": "passed",
        "late": "warned",
        "wrong": "blocked",
        "aside": "warned",
        "unread": "error",
        "good": "not_run",
    }


def test_the_schema_refuses_what_is_no_verdict(ran: int) -> None:
    passed = records()["sound"]
    for change in ({"verdict": "fine"}, {"rules": []}, {"state": "failed"}, {"rules": [{"text": "rows"}]}):
        assert not jsonschema.Draft202012Validator(SCHEMA).is_valid({**passed, **change}), change


def test_the_table_shows_measure_limit_and_rows(ran: int) -> None:
    said = CliRunner().invoke(cli, ["verdicts"], standalone_mode=False)
    assert said.return_value == 3
    lines = {line.strip() for line in said.output.splitlines()}
    assert any("mean(delay) <= 1" in line and "50" in line and "(p.mlops:11)" in line for line in lines)
    assert {"is the clock <right>?", "id=7, delay=70", "and 1 more in the record"} <= lines
    assert "broken.csv, line 2: a quote is opened and not closed" in lines


def test_junit_has_a_suite_a_guard_and_a_case_a_rule(ran: int) -> None:
    said = CliRunner().invoke(cli, ["verdicts", "--format", "junit", "-o", "out.xml"], standalone_mode=False)
    assert (said.return_value, said.output) == (3, "")
    root = ET.fromstring(Path("out.xml").read_text("utf-8"))
    assert ET.tostring(root) == ET.tostring(ET.fromstring(Path("run.xml").read_text("utf-8")))
    valid(root)
    cases = {(s.get("name"), c.get("name")): c for s in root for c in s.findall("testcase")}
    outcome = {key: [e.tag for e in case] for key, case in cases.items()}
    assert outcome == {
        ("sound", "rows >= 3"): [],
        ("late", "mean(delay) <= 1 else warn"): ["system-out"],
        ("wrong", "rows >= 1"): [],
        ("wrong", "delay <= 60"): ["failure"],
        ("wrong", "max(delay) <= 100"): [],
        ("aside", "delay <= 95 else quarantine"): ["system-out"],
        ("unread", "unread"): ["error"],
        ("good", "good"): ["skipped"],
    }
    blocked = cases["wrong", "delay <= 60"]
    assert (blocked.get("file"), blocked.get("line"), blocked.get("classname")) == ("p.mlops", "14", "p.wrong")
    assert "id=7, delay=70" in (blocked[0].text or "")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("8", "1", "1")


def valid(root: ET.Element) -> None:
    """What JUnit's schema (Jenkins, junit-10.xsd) asks of the elements that are here, and their order."""
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite" and suite.get("name")
        tags = [e.tag for e in suite]
        assert tags == ["properties", *["testcase"] * (len(tags) - 1)]
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == sum(len(c.findall(tag)) for c in cases)
        assert float(suite.get("time", "")) >= 0
        assert len(suite.get("timestamp", "")) == len("2013-01-01T00:00:00")
        for case in cases:
            assert case.get("name") and case.get("classname")
            assert len(case) <= 1 and {e.tag for e in case} <= {"skipped", "error", "failure", "system-out"}


def test_what_xml_cannot_write_is_replaced() -> None:
    from mlopsc.cli.render_junit import junit

    rule = {"text": "x <= 1", "outcome": "blocked", "message": "\x00<&\x1b", "file": "p.mlops", "line": 1}
    guard = {"kind": "guard", "node": "g", "verdict": "blocked", "rules": [rule]}
    root = ET.fromstring(junit({"run": "r", "pipeline": "p", "started": "2013-01-01T00:00:00Z", "nodes": {"g": guard}}))
    assert root.find(".//failure").get("message") == "\ufffd<&\ufffd"
