"""The command line in this process, and in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlopsc.cli.main import main

MLOPSC = Path(sys.executable).with_name("mlopsc")


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command line in an empty folder; `stdin` is what it reads there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("GITHUB_WORKSPACE", "MLOPSC_DEBUG", "MLOPS_STORE", "MLOPS_PARAMS", "MLOPS_ROOT", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*argv: object, stdin: bytes = b"") -> Said:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in argv])
        printed = capsys.readouterr()
        said = Said(ended.value.code, printed.out, printed.err)
        assert "Traceback" not in said.out + said.err
        return said

    return run


def spawn(*argv: object, cwd: Path, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the installed `mlopsc`, as a user would."""
    return subprocess.run(
        [str(MLOPSC), *map(str, argv)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, "NO_COLOR": "1", **env},
        timeout=120,
        check=False,
    )
