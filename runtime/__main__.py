"""`python mlops.pyz …`: the runtime as a program."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from .commands import main

    sys.exit(main(sys.argv[1:]))
