"""The pages for people who change mlopsc name files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *(f"examples/{e}/README.md" for e in ("flight_delay", "quickstart", "iris_awk")),
]
TOP = tuple(f"{p.name}/" for p in ROOT.iterdir() if p.is_dir() and not p.name.startswith("."))
PLACEHOLDER = re.compile(r"NAME|CODE|\*|…")


def paths_of(text: str, folder: Path) -> list[Path]:
    """What is linked, relative to the page, and what stands in backticks and begins with a folder of the root."""
    linked = [folder / link for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text)]
    named = [ROOT / word for word in re.findall(r"`([\w./-]+)`", text) if word.startswith(TOP)]
    return [path for path in (*linked, *named) if not PLACEHOLDER.search(path.relative_to(ROOT).as_posix())]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_paths_that_are_there(page: str):
    path = ROOT / page
    found = paths_of(path.read_text("utf-8"), path.parent)
    assert found
    assert [p.relative_to(ROOT).as_posix() for p in found if not p.exists()] == []


def test_every_recipe_has_its_paths():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for recipe in ("diagnostic", "lint rule", "keyword", "backend"):
        _, _, section = text.partition(f"\n## Add a {recipe}")
        assert paths_of(section.partition("\n## ")[0], ROOT), recipe
