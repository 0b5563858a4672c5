"""Every code has a page; its first example has the mistake, and its second has not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from mlopsc.compiler.diagnostics import RULES

from .harness import HERE, diagnose, said

PAGES = HERE.parents[1] / "docs" / "diagnostics"
# An example of settings stands before the spec that it is for.
_BLOCK = re.compile(r"(?:^```toml\n(?P<toml>[^`]*)^```\n\n)?^```mlops\n(?P<spec>.*?)^```$", re.MULTILINE | re.DOTALL)
# What a spec was at another revision, for the codes that compare two.
_BEFORE = re.compile(r"^```mlops before\n(?P<spec>.*?)^```$", re.MULTILINE | re.DOTALL)
# What the files that examples name hold: scripts, data, requirements, shared specs.
PROJECT = HERE / "project"


def examples(code: str) -> list[tuple[str, str]]:
    """The specs of a page, each with the settings that are shown with it."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    return [(m["spec"], m["toml"] or "") for m in _BLOCK.finditer(page)]


def codes(text: str, code: str, folder: Path, encoding: str = "utf-8", settings: str = "") -> list[str]:
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    (folder / "mlopsc.toml").write_text(settings, encoding="utf-8")
    before = _BEFORE.search((PAGES / f"{code}.md").read_text(encoding="utf-8"))
    if before is not None:
        (folder / "before.mlops").write_text(before["spec"], encoding="utf-8")
    path = folder / "example.mlops"
    path.write_bytes(text.encode(encoding))
    return [said(d) for d in diagnose(path, code) if d.code == code]


def test_there_are_pages() -> None:
    assert len(list(PAGES.glob("*.md"))) >= 10


def test_every_page_is_about_a_code() -> None:
    assert sorted({p.stem for p in PAGES.glob("*.md")} - set(RULES) - {"README"}) == []


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_page_shows_the_mistake_and_its_correction(code: str, tmp_path: Path) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code} {RULES[code].slug}\n")
    (wrong, settings), (right, right_settings) = examples(code)[:2]
    # A page is UTF-8 itself: the example of that mistake stands for a file in another encoding.
    assert codes(wrong, code, tmp_path, "latin-1" if code == "E108" else "utf-8", settings)
    assert codes(right, code, tmp_path, settings=right_settings) == []
