"""The entry point of the command `mlopsc`: a run in which nothing has changed is over before anything is imported."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line and exits."""
    if sys.argv[1:2] == ["run"]:
        from .fresh import answer

        code = answer(sys.argv[2:])
        if code is not None:
            sys.exit(code)
    from .main import main as whole

    whole()
