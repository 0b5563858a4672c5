"""Safe fixes: applied, they leave a spec that lints clean of what they fixed and means the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlopsc.compiler.lint import apply_fixes

from .specs import HEAD, findings

STAGE = '\nstage train { run = "make model", inputs = [flights], timeout = 1h }\n'


def fixed(folder: Path, text: str) -> str:
    return apply_fixes(HEAD + text, findings(folder, text)).removeprefix(HEAD)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (
            'source flights { uri = "https://example.org/flights.csv" }\n',
            'source flights { version = content, uri = "https://example.org/flights.csv" }\n',
        ),
        (
            'source flights {\n  uri = "s3://example/flights.csv"\n}\n',
            'source flights {\n  version = content\n  uri = "s3://example/flights.csv"\n}\n',
        ),
    ],
)
def test_a_mutable_source_gets_the_version_that_is_meant(tmp_path: Path, text: str, after: str) -> None:
    assert fixed(tmp_path, text + STAGE) == after + STAGE


def test_a_schedule_gets_the_zone_that_is_meant(tmp_path: Path) -> None:
    text = 'stage train { run = "make model", timeout = 1h }\n\ntrigger weekly { on schedule "0 5 * * 1" }\n'
    assert '"0 5 * * 1" in "UTC"' in fixed(tmp_path, text)


def test_equal_rules_are_left_once(tmp_path: Path) -> None:
    guard = "\nguard sane on flights {\n  rows >= 1_000\n%s}\n"
    source = 'source flights { uri = "s3://example/flights.csv", version = etag }\n'
    assert fixed(tmp_path, source + STAGE + guard % "  rows >= 1_000\n") == source + STAGE + guard % ""


def test_the_edition_is_written_first(tmp_path: Path) -> None:
    text = '## A pipeline.\npipeline nightly {}\n\nstage train { run = "make model" }\n'
    assert apply_fixes(text, findings(tmp_path, text, head="")) == f"mlops 1\n\n{text}"


def test_what_changes_the_meaning_is_not_applied(tmp_path: Path) -> None:
    text = 'param month: int = 1\n\nstage train { run = "make model" }\n'
    [found] = findings(tmp_path, text)
    assert found.fix is not None
    assert not found.fix.safe
    assert fixed(tmp_path, text) == text


def test_fixes_of_other_files_are_passed_over(tmp_path: Path) -> None:
    text = 'source flights { uri = "s3://example/flights.csv" }\n' + STAGE
    assert apply_fixes("another text", findings(tmp_path, text)) == "another text"
