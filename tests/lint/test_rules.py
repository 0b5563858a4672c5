"""What single rules must not say, and how rules behave together. What they say is in tests/diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlopsc.compiler.diagnostics import RULES
from mlopsc.compiler.driver import analyse
from mlopsc.compiler.lint import lint
from mlopsc.compiler.lint.rules import LINT_RULES, WHOLE_SPEC_RULES

from .specs import TODAY, codes, findings

ROOT = Path(__file__).parents[2]
SOURCE = """\
source flights {
  uri     = "s3://example/flights.csv"
  version = etag
  schema { delay: float?, carrier: string }
}
"""
TRAINED = (
    SOURCE
    + """
stage train {
  run     = "make model"
  inputs  = [flights]
  timeout = 1h
  outputs {
    model:   model   = "model.bin"
    metrics: metrics = "metrics.json"
  }
}

deploy production { model = train.model, alias = "champion" }
"""
)


def test_there_are_rules_enough() -> None:
    assert len(LINT_RULES) + len(WHOLE_SPEC_RULES) >= 45
    assert not set(LINT_RULES) & set(WHOLE_SPEC_RULES)


def test_every_lint_code_warns_or_notes() -> None:
    assert {r.severity.value for r in RULES.values() if r.code.startswith("W")} <= {"warning", "note"}


def test_a_misspelt_name_is_one_diagnostic(tmp_path: Path) -> None:
    assert codes(tmp_path, SOURCE + '\nstage train { run = "make model", inputs = [flihgts] }\n') == []


@pytest.mark.parametrize(
    "rules",
    [
        "accuracy between 0.8 and 0.99",
        "accuracy >= 0.8\n  accuracy <= 0.99",  # too good is suspicious
        "rmse >= 0.1\n  rmse <= 2",
        "nulls == 0\n  accuracy >= 0.8",
        "flowers == 20\n  accuracy >= 0.8",
        "accuracy >= 0.8\n  accuracy >= 0.9 else warn",
        "auc >= 0.7\n  auc >= champion.auc - 0.01",
        "lift >= 2",
    ],
)
def test_these_rules_are_meant_as_they_stand(tmp_path: Path, rules: str) -> None:
    assert codes(tmp_path, TRAINED + f"\nguard good on train.metrics {{\n  {rules}\n}}\n") == []


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("accuracy <= 0.8", "W523"),
        ("log_loss > 0.5", "W523"),
        ("f1 < 0.5", "W523"),
        ("accuracy == 0.83", "W524"),
        ("loss != 0.5", "W524"),
        ("recall >= 95", "W529"),
        ("auc >= 0.7\n  auc < 0.6", "W526"),
        ("auc between 0.7 and 0.9\n  auc > 0.9", "W526"),
        ("auc >= 0.7\n  auc > 0.7", "W527"),
        ("auc >= 0.7 and f1 >= 0.5\n  f1 >= 0.4", "W527"),
        ("auc >= 0.7\n  auc  >=  0.7 else warn", "W525"),
    ],
)
def test_these_rules_are_slips(tmp_path: Path, rules: str, code: str) -> None:
    assert code in codes(tmp_path, TRAINED + f"\nguard good on train.metrics {{\n  {rules}\n}}\n")


def test_templates_with_other_arguments_are_other_rules(tmp_path: Path) -> None:
    text = """
guard at_most(c: column, share: percent) { nulls(c) <= share }

apply at_most(delay, 5%) on flights
apply at_most(carrier, 1%) on flights
guard good on train.metrics { auc >= 0.7 }
"""
    assert codes(tmp_path, TRAINED + text) == []


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('run = "curl https://me:hunter22@example.org/x"', True),
        ('run = "push --token=ghp_abcdefghijklmnopqrstuvwxyz012345"', True),
        ('run = "push --password {params.word}"', False),
        ('run = "make model"\n  env { AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE" }', True),
        ('run = "make model"\n  env { KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }', True),
        ('run = "make model"\n  env { TOKEN_FILE = "/run/secrets/token" }', False),
        ('run = "make model"\n  env { MODEL_NAME = "flight-delay-classifier" }', False),
        ('run = "make model"\n  env { TOKENIZERS_PARALLELISM = "false" }', False),
        ('run = "make model"\n  env { API_TOKEN = secret("API_TOKEN") }', False),
    ],
)
def test_secrets_are_told_from_ordinary_texts(tmp_path: Path, text: str, secret: bool) -> None:
    found = codes(tmp_path, f'param word: string = "x"\n\nstage train {{\n  {text}\n}}\n')
    assert ("W561" in found) is secret


@pytest.mark.parametrize(
    ("cron", "zone", "found"),
    [
        ("0 5 * * 1", "Europe/Berlin", []),
        ("30 2 * * 1", "Asia/Tokyo", []),  # no summer time there
        ("30 2 * * *", "America/New_York", ["W546"]),
        ("15 1 * * *", "Europe/London", ["W546"]),
        ("0 5 1 * 1", "UTC", ["W544"]),
        ("0 5 */2 * 1", "UTC", []),
        ("0 5 30 * *", "UTC", ["W545"]),
        ("0 5 31 1,3 *", "UTC", []),
    ],
)
def test_schedules(tmp_path: Path, cron: str, zone: str, found: list[str]) -> None:
    text = f'stage train {{ run = "make model", timeout = 1h }}\n\ntrigger t {{ on schedule "{cron}" in "{zone}" }}\n'
    assert codes(tmp_path, text) == found


def test_code_in_git_is_asked_only_where_git_was_asked(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()\n", encoding="utf-8")
    text = 'stage train { run = "python train.py" }\n'
    assert codes(tmp_path, text) == []
    assert codes(tmp_path, text, tracked=frozenset()) == ["W550"]
    assert codes(tmp_path, text, tracked=frozenset({"train.py"})) == []


def test_a_trigger_on_a_file_that_the_run_writes_feeds_itself(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").write_text("a\n", encoding="utf-8")
    text = """\
source flights { uri = "flights.csv" }

stage fetch { run = "fetch --out flights.csv", timeout = 1h }

stage train { run = "make model", inputs = [flights], timeout = 1h }

trigger again {
  on change(flights)
  cooldown = 1h
}
"""
    assert codes(tmp_path, text) == ["W541"]


def test_every_example_is_clean() -> None:
    for spec in sorted(ROOT.glob("examples/*/[a-z]*.mlops")):
        analysis = analyse(spec)
        found = lint(analysis.model, today=TODAY, found=analysis.diagnostics)
        assert [(spec.name, d.code, d.message) for d in found if d.severity.value != "note"] == []


def test_lint_survives_every_broken_spec() -> None:
    fixtures = [p for p in (ROOT / "tests" / "diagnostics").glob("**/*.mlops") if p.is_file()]
    assert len(fixtures) > 100
    for path in fixtures:
        analysis = analyse(path)
        for found in (None, analysis.diagnostics):
            for d in lint(analysis.model, today=TODAY, found=found, tracked=frozenset()):
                assert 0 <= d.span.start <= d.span.end <= len(d.span.source.text)
                assert d.hint, f"{d.code} says not what to write"
                assert len(d.message) <= 120, d.message


def test_another_table_that_a_rule_names_is_no_column(tmp_path: Path):
    (tmp_path / "a.csv").write_text("id\n1\n", "utf-8")
    text = 'source {} {{ uri = "a.csv", version = content }}\n'
    text = text.format("old") + text.format("new") + "guard apart on new { overlap(old, id) <= 0% }\n"
    (found,) = [d for d in findings(tmp_path, text) if d.code == "W515"]
    assert found.message == "a guard names 'id', and source 'new' declares no columns"
