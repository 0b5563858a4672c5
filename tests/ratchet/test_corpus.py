"""On every spec of the repository: nothing is looser than itself, and no rule can be taken out unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from mlopsc.cli.specs import is_root
from mlopsc.compiler.driver import analyse
from mlopsc.compiler.format import format_text
from mlopsc.compiler.ratchet import compare
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax import tree

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 1, 15)
SPECS = sorted(
    path
    for path in (
        *ROOT.glob("examples/**/*.mlops"),
        *ROOT.glob("tests/plan/**/*.mlops"),
        *ROOT.glob("tests/**/guards*/*.mlops"),
    )
    if path.is_file() and is_root(path)
)
# Rules that others in the same spec ask for too: a stricter limit, or the schema.
IMPLIED = {
    "accuracy >= 0.80",
    'distance > 0 where origin == "EWR" for 99% of rows else warn "odd distances"',
    "unique(time_hour, carrier) else warn",
}


def without_each_rule(path: Path) -> Iterator[tuple[str, str]]:
    """The spec without one of its rules, for each rule that does not stand alone in its guard."""
    text = path.read_text("utf-8")
    for item in analyse(path).files[0].items:
        if isinstance(item, tree.Declaration) and item.keyword.text == "guard" and not item.formals:
            for rule in item.body if len(item.body) > 1 else ():
                yield rule.span.text, text[: rule.span.start] + text[rule.span.end :]


def test_there_are_specs() -> None:
    assert len(SPECS) >= 4


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_nothing_is_looser_than_itself(path: Path) -> None:
    text = path.read_text("utf-8")
    for same in (text, format_text(Source("x", text)), text.replace(" >= ", "    >=   ")):
        report = compare(analyse(path), analyse(path, text=same), TODAY)
        assert [d.message for d in report.found] == []
        assert report.tightened == ()


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_no_rule_is_taken_out_unseen(path: Path) -> None:
    before = analyse(path)
    unseen = set()
    for rule, text in without_each_rule(path):
        now = analyse(path, text=text)
        if not now.diagnostics.has_errors:
            found = compare(before, now, TODAY).found
            assert len(found) <= 1, (rule, [d.message for d in found])
            unseen |= set() if found else {" ".join(rule.split())}
    assert unseen <= IMPLIED
