"""What targets carry, told in one table that the docs keep, and told of every feature."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mlopsc.backends.base import Level
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.features import Feature

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/targets/README.md"
HEAD = """# Targets

What each target carries of the language: ✓ by its own means, *emulated* by means of ours (the number says which),
or – not at all: then the build refuses the spec where it asks for it, and says what to do instead.
This page is written by `mlopsc targets --format markdown`.

"""


@pytest.mark.parametrize("target", ["local", "airflow", "github", "kubernetes"])
def test_every_feature_is_spoken_of(target: str) -> None:
    capabilities = BACKENDS[target].capabilities
    assert set(capabilities) == set(Feature)
    for feature, support in capabilities.items():
        assert support.level is Level.NATIVE or support.how, f"{feature} is {support.level} and nobody says how"


def test_the_page_of_targets_is_the_table_of_the_code() -> None:
    command = [str(Path(sys.executable).with_name("mlopsc")), "targets", "--format", "markdown"]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert PAGE.read_text("utf-8") == HEAD + table, "write it anew from `mlopsc targets --format markdown`"
