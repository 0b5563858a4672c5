"""psi, js and chi2 are the numbers of Evidently, which judges them in its own environment."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".engines/evidently/bin/python"


def test_drift_is_evidentlys_to_nine_digits(tmp_path: Path) -> None:
    if not PYTHON.exists():
        pytest.skip("engine missing: evidently (make engines)")
    (tmp_path / "mlopsc").symlink_to(ROOT)  # the root of the checkout is the package
    script = Path(__file__).parent / "evidently_numbers.py"
    ended = subprocess.run([PYTHON, "-P", script, tmp_path], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    cases = json.loads(ended.stdout)
    for case in cases:
        assert case["ours"] == pytest.approx(case["theirs"], rel=1e-9, abs=1e-9), case
    assert all(n > 100 for n in Counter(c["function"] for c in cases).values()) and len(cases) > 500
    assert any(c["theirs"] > 1 for c in cases) and any(0 < c["theirs"] < 0.1 for c in cases)
