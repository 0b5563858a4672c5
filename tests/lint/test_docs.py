"""The table of rules in docs/lint.md is the one that the code gives."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import mlopsc.compiler.lint  # noqa: F401 - declares the rules
from mlopsc.compiler.diagnostics import RULES
from mlopsc.compiler.functions import FUNCTIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "lint.md"
RULE_FILES = sorted(p for p in (ROOT / "compiler" / "lint" / "rules").glob("*.py") if p.name != "__init__.py")


def table() -> str:
    """One row a rule, in order of codes."""
    rules = sorted((r for r in RULES.values() if r.code.startswith("W5")), key=lambda r: r.code)
    rows = [f"| [{r.code}](diagnostics/{r.code}.md) | `{r.slug}` | {r.severity.value} | {r.summary} |" for r in rules]
    return "\n".join(["| code | name | level | what |", "| --- | --- | --- | --- |", *rows]) + "\n"


def test_the_table_is_that_of_the_code() -> None:
    shown = "".join(line + "\n" for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| "))
    assert shown == table(), "write what the assertion shows on the right into docs/lint.md"


def test_each_file_has_one_rule_named_after_it() -> None:
    for path in RULE_FILES:
        text = path.read_text(encoding="utf-8")
        [code] = re.findall(r'declare\(\s*"(W5\d\d)"', text)
        assert RULES[code].slug == path.stem.replace("_", "-")
        assert ast.get_docstring(ast.parse(text)) == code


def test_the_page_of_unknown_functions_names_them_all() -> None:
    page = (ROOT / "docs" / "diagnostics" / "E214.md").read_text(encoding="utf-8")
    assert [f for f in FUNCTIONS if f"| `{f}" not in page] == []
    assert [f.doc for f in FUNCTIONS.values() if f.doc not in page] == []
