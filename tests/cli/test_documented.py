"""Every command has a part of the page on commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlopsc.cli.main import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs/commands.md").read_text("utf-8")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_is_on_the_page(command: str) -> None:
    assert f"    mlopsc {command}" in PAGE
