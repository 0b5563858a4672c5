"""`mlopsc score` on a real run: derived from its records, stated in a file, held to a minimum, in three formats."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from .conftest import Call

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "grammar/score.schema.json").read_text("utf-8"))
STATEMENT = """
[[statement]]
test = "Data 5"
text = "Speeds of cars are about nobody."
by   = "ops@example.org"
date = 2026-11-01
link = "README.md"
"""


@pytest.fixture
def quickstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The quickstart in a repository of its own."""
    folder = tmp_path / "quickstart"
    shutil.copytree(ROOT / "examples/quickstart", folder, ignore=shutil.ignore_patterns(".mlops", "build"))
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)
    monkeypatch.chdir(folder)
    return folder


def test_a_run_made_again_is_worth_points_while_it_is_fresh(call: Call, quickstart: Path) -> None:
    before = json.loads(call("score", "--format", "json").out)
    assert call("run", "-q").code == 0
    assert call("reproduce", "last").code == 0
    (kept,) = (quickstart / ".mlops/reproductions").glob("*.json")
    outcome = json.loads(kept.read_text("utf-8"))
    assert outcome["same"] is True and set(outcome["digests"]) == {"train.model", "train.metrics"}
    after = json.loads(call("score", "--format", "json").out)
    for document in (before, after):
        jsonschema.validate(document, SCHEMA)
    assert (before["run"], after["run"]) == (None, outcome["run"])
    assert before["reproducibility"]["points"] == 1  # the data is versioned by content
    # the code, its commit, randomness, surroundings, results, made again, provenance
    assert after["reproducibility"]["points"] == 8
    assert after["ml_test_score"]["sections"]["Infra"]["points"] == 2
    much_later = json.loads(call("score", "--format", "json", "--today", "2036-01-01").out)
    assert much_later["reproducibility"]["points"] == 2  # a model's provenance grows no older than the model
    assert any("days old" in t["missing"] for t in much_later["reproducibility"]["tests"] if t["missing"])


def test_below_the_minimum_is_a_finding_that_says_which(call: Call, quickstart: Path) -> None:
    said = call("score", "--min", "1", "--min", "reproducibility=1", "--min", "level=1")
    assert said.code == 1
    assert said.err.splitlines() == [
        "error: ml-test-score is 0, and at least 1 was asked for",
        "error: level is 0, and at least 1 was asked for",
    ]
    assert call("score", "--min", "reproducibility=1", "--min", "0").code == 0
    wrong = call("score", "--min", "quality=1")
    assert wrong.code == 2 and "reproducibility=N, ml-test-score=N, level=N" in wrong.err


def test_a_statement_is_shown_as_one(call: Call, quickstart: Path) -> None:
    (quickstart / "score.toml").write_text(STATEMENT, "utf-8")
    shown = call("score", "--today", "2026-11-23").out
    assert "◐ Data 5" in shown and "stated: ops@example.org, 2026-11-01: Speeds of cars" in shown
    assert "Data 5" not in next(line for line in shown.splitlines() if "not known: Data" in line)
    (quickstart / "score.toml").write_text(STATEMENT.replace("Data 5", "Dta 5"), "utf-8")
    wrong = call("score")
    assert wrong.code == 2 and "score.toml: statement 1: no test 'Dta 5'; did you mean 'Data 5'?" in wrong.err


def test_a_broken_file_of_statements_is_wrong_usage(call: Call, quickstart: Path) -> None:
    (quickstart / "score.toml").write_text("[[statement]\n", "utf-8")
    assert call("score").code == 2


def test_one_test_is_explained(call: Call, quickstart: Path) -> None:
    said = call("score", "--explain", "infra-4").out
    assert said.startswith("Infra 4  A model's quality is validated before it is served.\n")
    assert "quickstart: 1, derived\n  quickstart.mlops:14: guard good_enough: r2 >= 0.6\n" in said
    wrong = call("score", "--explain", "Infr 4")
    assert wrong.code == 2 and "did you mean 'Infra 4'?" in wrong.err


def test_every_test_is_listed_with_what_to_write(call: Call, quickstart: Path) -> None:
    shown = call("score", "-v").out
    for name in ("Repro 13", "Data 7", "Model 1", "Infra 6", "Monitor 7", "Level 2 delivery"):
        assert f"{name} " in shown
    assert "write: guard cars_sane on cars {" in shown


def test_markdown_has_a_row_for_every_test(call: Call, quickstart: Path) -> None:
    said = call("score", "--format", "markdown").out
    assert said.startswith("## Score of `quickstart`\n")
    assert sum(line.startswith(("| Data ", "| Model ", "| Infra ", "| Monitor ")) for line in said.splitlines()) == 28


@pytest.mark.parametrize("command", [("score",), ("models", "list"), ("runs", "list"), ("gc",)], ids=" ".join)
def test_a_store_that_cannot_be_used_is_wrong_usage(
    call: Call, quickstart: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    spec = quickstart / "quickstart.mlops"
    spec.write_text(spec.read_text("utf-8") + '\nversion { store = "s3://acme/x" }\n', "utf-8")
    said = call(*command)
    assert said.code == 2 and said.err.startswith("error: a store at s3:// needs s3fs") and not said.out
    assert "pip install s3fs" in said.err
