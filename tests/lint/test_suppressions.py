"""Comments that allow a finding: with a reason, until a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mlopsc.compiler.lint import apply_fixes

from .specs import HEAD, TODAY, codes, findings

STAGE = 'stage train { run = "make model" }\n'


def allowed(comment: str) -> str:
    return f"{comment}\nparam month: int = 1\n\n{STAGE}"


def test_a_comment_above_allows_a_finding(tmp_path: Path) -> None:
    assert codes(tmp_path, allowed("# mlopsc: allow unused-param until 2026-12-31: comes next")) == []


def test_a_comment_behind_allows_a_finding(tmp_path: Path) -> None:
    text = f"param month: int = 1  # mlopsc: allow W501 until 2026-12-31: comes next\n\n{STAGE}"
    assert codes(tmp_path, text) == []


def test_several_comments_above_one_line_all_count(tmp_path: Path) -> None:
    comment = "# mlopsc: allow W501 until 2026-12-31: comes next\n# Twelve of them.\n## The month."
    assert codes(tmp_path, allowed(comment)) == []


def test_one_comment_allows_several_codes(tmp_path: Path) -> None:
    text = f"""\
# mlopsc: allow W502, mutable-source until 2026-12-31: comes next
source flights {{ uri = "https://example.org/flights.csv" }}

{STAGE}"""
    assert codes(tmp_path, text) == []


def test_the_last_day_counts(tmp_path: Path) -> None:
    text = allowed(f"# mlopsc: allow W501 until {TODAY.isoformat()}: comes next")
    assert codes(tmp_path, text) == []
    assert codes(tmp_path, text, today=date(2026, 6, 16)) == ["W590", "W501"]


def test_past_its_day_a_comment_is_told_once(tmp_path: Path) -> None:
    found = findings(tmp_path, allowed("# mlopsc: allow W501, W502 until 2026-01-01: comes next"))
    assert [(d.code, d.span.text) for d in found] == [("W590", "2026-01-01"), ("W501", "month")]


def test_a_comment_that_allows_nothing_is_told_and_taken_out(tmp_path: Path) -> None:
    text = f"# mlopsc: allow W502 until 2026-12-31: comes next\n{STAGE}"
    [found] = findings(tmp_path, text)
    assert (found.code, found.message) == ("W591", "there is no W502 here to allow")
    assert apply_fixes(HEAD + text, [found]) == HEAD + STAGE


def test_a_comment_behind_code_is_taken_out_alone(tmp_path: Path) -> None:
    text = 'stage train { run = "make model" }  # mlopsc: allow W502 until 2026-12-31: comes next\n'
    assert apply_fixes(HEAD + text, findings(tmp_path, text)) == HEAD + STAGE


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# mlopsc: allow W501", "until a day"),
        ("# mlopsc: allow W501 until 2026-12-31", "for a reason"),
        ("# mlopsc: allow W501 until 2026-12-31:", "for a reason"),
        ("# mlopsc: allow W501 until 2026-13-01: soon", "'2026-13-01' is no day"),
        ("# mlopsc: ignore W501", "what to allow"),
        ("# mlopsc: allow E202 until 2026-12-31: soon", "errors cannot be allowed"),
        ("# mlopsc: allow unused-parm until 2026-12-31: soon", "is no lint rule"),
    ],
)
def test_a_comment_that_says_too_little_allows_nothing(tmp_path: Path, comment: str, message: str) -> None:
    found = findings(tmp_path, allowed(comment))
    assert [d.code for d in found] == ["W592", "W501"]
    assert message in found[0].message


def test_a_misspelt_rule_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    found = findings(tmp_path, allowed("# mlopsc: allow unused-parm until 2026-12-31: soon"))
    assert (found[0].hint, found[0].span.text) == ("did you mean 'unused-param'?", "unused-parm")
