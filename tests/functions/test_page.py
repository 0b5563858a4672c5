"""What the documentation says of functions is what the registry says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from mlopsc.cli.main import cli
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.functions import FUNCTIONS
from mlopsc.compiler.functions.page import functions_markdown
from mlopsc.compiler.source import Source
from mlopsc.compiler.syntax.parser import parse

ROOT = Path(__file__).parents[2]
BUILT = [f for f in FUNCTIONS.values() if f.built]


def test_the_page_is_that_of_the_registry() -> None:
    page = ROOT / "docs" / "functions.md"
    assert page.read_text("utf-8") == functions_markdown(), "mlopsc functions --format markdown > docs/functions.md"


@pytest.mark.parametrize("function", BUILT, ids=lambda f: f.name)
def test_a_function_has_an_example_and_says_what_nulls_do(function) -> None:
    assert function.name in function.example
    assert function.nothing.endswith(".")
    diagnostics = Diagnostics()
    parse(Source("example.mlops", f"guard g on t {{ {function.example} }}\n"), diagnostics)
    assert list(diagnostics) == []


def test_the_json_has_every_function() -> None:
    said = CliRunner().invoke(cli, ["functions", "--format", "json"])
    assert said.exit_code == 0
    assert [f["name"] for f in json.loads(said.output)["functions"]] == list(FUNCTIONS)


@pytest.mark.parametrize("command", ["functions", "explain"])
def test_one_function_is_explained(command: str) -> None:
    said = CliRunner().invoke(cli, [command, "auc"])
    assert said.exit_code == 0
    assert "`auc(truth, predicted)`" in said.output
    assert "a rule: `auc(" in said.output


def test_a_misspelt_function_is_named() -> None:
    said = CliRunner().invoke(cli, ["functions", "acuracy"])
    assert said.exit_code == 2
    assert "did you mean 'accuracy'" in said.output
