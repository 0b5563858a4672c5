"""The registry by hand: versions listed and shown, an alias moved and moved back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from . import spec
from .conftest import Call

DEPLOY = """
deploy production {
  model = total.model
  alias = "champion"
}
"""


@pytest.fixture
def deployed(call: Call, tmp_path: Path) -> Path:
    """Two versions, the second of which is the champion."""
    text = spec.GOOD.replace(
        'metrics: metrics = "metrics.json"', 'metrics: metrics = "metrics.json"\n    model: model = "model.txt"'
    )
    text = text.replace("{outputs.metrics}", "{outputs.metrics} {outputs.model}")
    path = spec.tiny(tmp_path, text + DEPLOY)
    total = spec.TOTAL.replace("numbers, times, metrics =", "numbers, times, metrics, model =")
    (tmp_path / "total.py").write_text(total + 'open(model, "w").write(times)\n')
    for times in (2, 3):
        said = call("run", "-q", "--run", f"r{times}", "--set", f"times={times}")
        assert said.code == 0, said.err
    return path


def test_versions_are_listed_with_metrics_and_aliases(call: Call, deployed: Path):
    listed = call("models", "list").out
    assert listed.startswith("tiny.total.model\n")
    assert "run r2  total 6\n" in listed and "run r3  total 9  champion\n" in listed
    document = json.loads(call("models", "list", "--json").out)
    assert document["tiny.total.model"]["aliases"] == {"champion": {"version": 2, "settled": True}}


def test_an_alias_is_rolled_back_and_promoted_with_a_history(call: Call, deployed: Path):
    assert call("models", "rollback", "--why", "it was late").out == "champion: version 2 → 1\n"
    assert call("models", "promote", "2").out == "champion: version 1 → 2\n"
    assert call("models", "promote", "2").out == "champion points at version 2 already\n"
    shown = call("models", "show", "champion").out
    assert "champion 2 → 1 (rolled back: it was late)" in shown
    assert "param times = 3" in shown


def test_a_version_that_is_not_there_is_wrong_usage(call: Call, deployed: Path):
    said = call("models", "show", "7")
    assert said.code == 2 and "has no version '7'; there are: 1, 2, champion" in said.err
    other = call("models", "promote", "1", "--model", "tiny.totl.model")
    assert other.code == 2 and "did you mean 'tiny.total.model'?" in other.err


def test_a_card_says_what_was_checked(call: Call, deployed: Path):
    card = call("models", "show", "2", "--card").out
    assert "# tiny.total.model, version 2" in card and "| enough | `total >= 6` | 9 | passed |" in card
    assert "| `times` | `3` |" in card


def test_provenance_is_a_statement_about_the_bytes(call: Call, deployed: Path):
    statement = json.loads(call("models", "show", "1", "--provenance").out)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    (subject,) = statement["subject"]
    version = json.loads(call("models", "show", "1", "--json").out)
    assert subject == {"name": "model.txt", "digest": {"sha256": version["digest"].removeprefix("sha256:")}}
    build = statement["predicate"]["buildDefinition"]
    assert build["externalParameters"]["params"] == {"times": 2}
    assert {"total.py"} <= {d.get("uri") for d in build["resolvedDependencies"]}
    assert {"numbers"} <= {d.get("name") for d in build["resolvedDependencies"]}
    assert statement["predicate"]["runDetails"]["metadata"]["invocationId"] == "r2"
