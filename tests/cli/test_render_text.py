"""What people see of a diagnostic, to the letter."""

from __future__ import annotations

import pytest
from mlopsc.cli.render_text import render_all, render_diagnostic, render_line, summary
from mlopsc.cli.terminal import ansi, width
from mlopsc.compiler.diagnostics import Diagnostic, Note
from mlopsc.compiler.source import Source, Span

from . import specimens
from .specimens import UNKNOWN, span


def drawn(text: str, marked: str, *, path: str = "a.mlops") -> str:
    source = Source(path, text)
    return render_diagnostic(Diagnostic(UNKNOWN, span(source, marked), "what is wrong"))


def test_the_line_the_carets_the_other_places_and_the_hint():
    assert render_diagnostic(specimens.unknown()) == (
        "error[E202]: no source or stage named 'flihgts'\n"
        " --> delay.mlops:4:12\n"
        "  |\n"
        "4 |     inputs = [flihgts]\n"
        "  |               ^^^^^^^\n"
        "  |\n"
        "note: sources are declared here\n"
        " --> delay.mlops:2:8\n"
        "  |\n"
        '2 | source flights { uri = "data/*.csv" }\n'
        "  |        -------\n"
        "  |\n"
        "  = note: names are case-sensitive\n"
        "  = hint: did you mean 'flights'?"
    )


def test_a_fix_says_who_applies_it():
    assert render_diagnostic(specimens.unused()).endswith("  = fix: remove it (`mlopsc lint --fix` does it)")


def test_one_line_has_place_message_and_hint():
    assert render_line(specimens.unknown()) == (
        "delay.mlops:4:12: error[E202]: no source or stage named 'flihgts' (did you mean 'flights'?)"
    )


@pytest.mark.parametrize(
    ("line", "marked", "below"),
    [
        ("東京 = flihgts", "flihgts", "       ^^^^^^^"),
        ("名前 = 1", "名前", "^^^^"),
        ("e\u0301te\u0301 = x", "x", "      ^"),
        ("a\tb", "b", "    ^"),
        ("ab\tc\td", "d", "        ^"),
        ("a\tb", "\t", " ^^^"),
        ("x = \x1b[31m", "\x1b", "    ^"),
        ("x = \u202ey", "y", "     ^"),
        ("emoji 🎉 = x", "x", "           ^"),
    ],
)
def test_carets_stand_under_wide_combining_and_control_characters(line: str, marked: str, below: str):
    shown = drawn(line, marked).splitlines()
    assert shown[4] == f"  | {below}"
    assert width(shown[3]) >= width(shown[4])
    assert "\x1b" not in shown[3]


def test_the_gutter_is_as_wide_as_the_widest_line_number():
    text = "\n" * 98 + "a = 1\nb = 2\n"
    source = Source("a.mlops", text)
    note = Note("first here", span(source, "b"))
    shown = render_diagnostic(Diagnostic(UNKNOWN, span(source, "a"), "m", (note,)))
    assert " 99 | a = 1" in shown
    assert "100 | b = 2" in shown


def test_an_empty_span_at_the_end_has_one_caret():
    source = Source("a.mlops", "stage x {")
    shown = render_diagnostic(Diagnostic(UNKNOWN, Span(source, 9, 9), "'}' is missing"))
    assert shown.splitlines()[3:5] == ["1 | stage x {", "  |          ^"]


def test_an_empty_file_can_be_pointed_at():
    source = Source("a.mlops", "")
    assert "1 |" in render_diagnostic(Diagnostic(UNKNOWN, Span(source, 0, 0), "nothing here"))


def test_a_span_over_several_lines_marks_each_and_leaves_out_the_middle():
    text = "".join(f"  line {i}\n" for i in range(1, 10))
    source = Source("a.mlops", text)
    shown = render_diagnostic(Diagnostic(UNKNOWN, Span(source, 2, len(text) - 1), "too long"))
    assert shown.splitlines()[3:] == [
        "1 |   line 1",
        "  |   ^^^^^^",
        "2 |   line 2",
        "  |   ^^^^^^",
        "...",
        "9 |   line 9",
        "  |   ^^^^^^",
        "  |",
    ]


def test_a_very_long_line_is_cut_around_the_span():
    shown = drawn("x" * 3000 + " wrong " + "y" * 3000, "wrong").splitlines()
    assert all(width(line) < 160 for line in shown)
    start = shown[4].index("^")
    assert shown[3][start : start + 5] == "wrong"
    assert shown[3].count("…") == 2


def test_colours_change_nothing_but_colours():
    import re

    painted = render_all([specimens.unknown()], ansi)
    assert "\x1b[1;31m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render_all([specimens.unknown()])


@pytest.mark.parametrize(
    ("found", "files", "said"),
    [
        ([], 1, "all good: 1 file checked"),
        ([specimens.unknown()], 3, "1 error in 3 files"),
        ([specimens.unknown(), specimens.unused()], 1, "1 error and 1 warning in 1 file (1 fixable with --fix)"),
    ],
)
def test_the_summary_counts(found: list[Diagnostic], files: int, said: str):
    assert summary(found, files) == said
