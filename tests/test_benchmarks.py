"""The benchmark of runs keeps working: its times are nobody's business here, what it checks is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_tool_writes_the_same_and_runs_no_stage_too_many() -> None:
    arguments = ["--stages", "20", "--repeat", "1", "--pause", "0", "--only", "ours", "make"]
    ran = subprocess.run(
        [sys.executable, "benchmarks/run.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "All wrote the same, and ran as many stages as they should." in ran.stdout
