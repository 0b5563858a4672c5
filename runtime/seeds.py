"""What random numbers began with: the seed that every stage is offered, and what is written down of it.

`MLOPS_SEED` is computed from the key of the stage's result. Equal keys promise equal results, so they have to mean
equal seeds; and a stage that is tried again, run again or run elsewhere draws the same numbers. It changes with what
the key changes with: where two values of a param are to be compared on the same random numbers, make the seed a param.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SEED = "MLOPS_SEED"
_NAMES = re.compile(r"(^|_)(seed|random_state)s?($|_|\d)", re.IGNORECASE)


def seed_of(key: str) -> int:
    """A whole number from 0 to 2**31 - 1, which every library takes (R takes no larger one)."""
    return int(key.rpartition(":")[2][:8], 16) & 0x7FFF_FFFF


def seeds(params: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """The seeds among the params, `MLOPS_SEED`, and what Python's hashes of texts began with, as the program had it."""
    found = {name: value for name, value in params.items() if _NAMES.search(name)}
    return {**found, SEED: env.get(SEED), "PYTHONHASHSEED": env.get("PYTHONHASHSEED") or "random"}
