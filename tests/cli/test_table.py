"""The table of backends, and how other packages join it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from mlopsc.backends.base import Level
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.features import Feature

from . import spec
from .conftest import MLOPSC

PLUGIN = """from mlopsc.backends.base import NATIVE, OutputFile
from mlopsc.compiler.features import Feature


class Makefile:
    name = "make"
    summary = "a Makefile"
    capabilities = {feature: NATIVE for feature in Feature}
    options = {"type": "object", "properties": {"jobs": {"type": "integer"}}, "additionalProperties": False}

    def emit(self, plan, options):
        yield OutputFile.of_text("Makefile", f"all:  # {plan.name}, {options}\\n")
"""


def test_the_four_are_there_in_order():
    assert list(BACKENDS)[:4] == ["local", "airflow", "github", "kubernetes"]
    assert [BACKENDS[name].name for name in BACKENDS] == list(BACKENDS)
    assert "argo" not in BACKENDS
    with pytest.raises(KeyError):
        BACKENDS["argo"]


@pytest.mark.parametrize("name", ["local", "airflow", "github", "kubernetes"])
def test_each_says_of_what_is_not_native_how_or_what_instead(name: str):
    for feature, support in BACKENDS[name].capabilities.items():
        assert isinstance(feature, Feature)
        assert support.level is Level.NATIVE or support.how, f"{name}: {feature}"


def test_another_package_can_bring_a_target(tmp_path: Path):
    site = tmp_path / "site"
    info = site / "mlopsc_make-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "mlopsc_make.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mlopsc-make\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mlopsc.backends]\nmake = mlopsc_make:Makefile\nlocal = mlopsc_make:Makefile\n"
    )
    project = tmp_path / "project"
    spec.tiny(project, spec.GOOD.replace("target local {}", "target make {\n  jobs = 2\n}"))

    def mlopsc(*argv: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1"}
        return subprocess.run(
            [MLOPSC, *argv], cwd=project, env=environment, capture_output=True, text=True, check=False
        )

    built = mlopsc("build")
    assert built.returncode == 0, built.stderr
    assert (project / "build/make/Makefile").read_text() == "all:  # tiny, {'jobs': 2}\n"
    assert "make" in mlopsc("targets").stdout.splitlines()[0]
    assert mlopsc("build", "-T", "local").returncode == 0
    assert (project / "build/local/plan.json").is_file(), "a name of ours cannot be taken over"
