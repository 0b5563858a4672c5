"""The pages that explain diagnostics, `docs/diagnostics/CODE.md`, which travel inside the package."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "diagnostics"


def page_of(code: str) -> str | None:
    """The page's Markdown, or nothing where a code has none."""
    if not re.fullmatch(r"[A-Z]\d+", code):
        return None
    try:
        return (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    except OSError:
        return None


def codes() -> dict[str, str]:
    """Every code that has a page, with the title behind it in the page's first line."""
    found = {}
    for path in sorted(FOLDER.glob("[A-Z][0-9]*.md")):
        with path.open(encoding="utf-8") as page:
            heading = page.readline().lstrip("# ").strip()
        found[path.stem] = heading.removeprefix(path.stem).strip(" :—-·`()")
    return found
