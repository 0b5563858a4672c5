"""The parser's tables are kept between runs; losing or spoiling them changes nothing but time."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax import parser

from .specs import HERE, shape

TEXT = (HERE / "corpus" / "whole.mlops").read_text(encoding="utf-8")


def read() -> object:
    parser._parser.cache_clear()
    diagnostics = Diagnostics()
    file = parser.parse(Source("spec.mlops", TEXT), diagnostics)
    wrong = Diagnostics()
    parser.parse(Source("wrong.mlops", 'stage x { owner "me" }'), wrong)
    return shape(file.items), [d.message for d in diagnostics], [d.message for d in wrong]


def test_kept_tables_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "grammar.tables"
    monkeypatch.setattr(parser, "_tables", lambda: False)
    plain = read()
    monkeypatch.setattr(parser, "_tables", lambda: str(kept))
    assert read() == plain
    assert kept.stat().st_size > 10_000
    assert read() == plain
    kept.write_bytes(kept.read_bytes()[:5000])
    assert read() == plain
    kept.write_bytes(b"nonsense")
    assert read() == plain
    monkeypatch.setattr(parser, "_tables", lambda: str(tmp_path / "no" / "folder" / "grammar.tables"))
    assert read() == plain
    parser._parser.cache_clear()
