"""Levels of rules: from the nearest file, by code or by name."""

from __future__ import annotations

from pathlib import Path

from mlopsc.compiler.diagnostics import Severity
from mlopsc.compiler.lint import read_levels

from .specs import findings

UNUSED = 'param month: int = 1\n\nstage train { run = "make model" }\n'


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rule_is_switched_off(tmp_path: Path) -> None:
    write(tmp_path / "mlopsc.toml", '[lint]\nunused-param = "off"\n')
    assert findings(tmp_path, UNUSED, levels=read_levels(tmp_path / "spec.mlops")) == []


def test_a_rule_becomes_an_error_by_its_code(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.mlopsc.lint]\nW501 = "error"\n')
    [found] = findings(tmp_path, UNUSED, levels=read_levels(tmp_path / "spec.mlops"))
    assert found.severity is Severity.ERROR


def test_the_nearest_file_with_levels_holds(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.mlopsc.lint]\nW501 = "off"\n')
    write(tmp_path / "team" / "pyproject.toml", "[tool.other]\n")
    assert read_levels(tmp_path / "team" / "spec.mlops").by_code == {"W501": None}
    write(tmp_path / "team" / "mlopsc.toml", '[lint]\nW501 = "note"\n')
    assert read_levels(tmp_path / "team" / "spec.mlops").by_code == {"W501": Severity.NOTE}


def test_unknown_rules_and_levels_are_told_with_the_nearest_name(tmp_path: Path) -> None:
    file = write(tmp_path / "mlopsc.toml", '[lint]\nno-sead = "off"\nno-seed = "loud"\nE202 = "off"\nW501 = "of"\n')
    problems = read_levels(tmp_path / "spec.mlops").problems
    assert problems[0].hint == "did you mean 'no-seed'?"
    assert [p.span.line for p in problems] == [2, 3, 4, 5]
    assert problems[2].message == "'E202' is an error, and errors have no level"
    assert problems[3].hint == "did you mean 'off'?"
    assert Path(problems[0].span.source.path).resolve() == file.resolve()


def test_files_that_cannot_be_read_change_nothing(tmp_path: Path) -> None:
    write(tmp_path / "mlopsc.toml", "[lint\n")
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    assert read_levels(tmp_path / "spec.mlops").problems == ()
