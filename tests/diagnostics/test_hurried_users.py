"""Mistakes of people in a hurry, or who know another tool: each is told once, with what to write instead."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from mlopsc.compiler.driver import analyse

from .harness import HERE, said

_CASE = re.compile(r"^(?P<mistake>\S.*)\n    (?P<told>[EW]\d{3} \[.*)$", re.MULTILINE)
CASES = _CASE.findall((HERE / "hurried_users.txt").read_text(encoding="utf-8"))
SPEC = """\
mlops 1

## A.
pipeline p { owner = "a", python = "3.11" }

param month: int = 1 in 1..12

source flights {
  uri = "data/flights.csv"
  schema {
    carrier: string
    delay: int?
    at: timestamp
  }
}

stage prep {
  run = "make prep {params.month}"
  inputs = [flights]
  outputs { features: table = "f.parquet" }
}

stage train {
  run = "make train"
  inputs = [prep.features]
  outputs { model: model = "m.bin", metrics: metrics = "m.json" }
}

guard g on flights { rows >= 1 }
guard good on train.metrics { accuracy >= 0.8 }
deploy production { model = train.model, alias = "champion" }
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    return folder


def test_there_are_cases() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize(("mistake", "told"), CASES, ids=[m for m, _ in CASES])
def test_a_mistake_is_told_once(project: Path, mistake: str, told: str) -> None:
    path = project / "spec.mlops"
    path.write_text(SPEC, encoding="utf-8")
    assert [said(d) for d in analyse(path).diagnostics] == []
    found = list(analyse(path, text=SPEC + mistake.replace(" // ", "\n") + "\n").diagnostics)
    assert [f"{d.code} [{d.span.text}] {d.hint}" for d in found] == [told]
