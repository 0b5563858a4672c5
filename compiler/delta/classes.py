"""The four classes of a change, and a change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..plan.place import Place


class Class(Enum):
    """What a change asks of people, the most first."""

    BREAKING = "breaking"  # who uses the pipeline from outside may fail, or something that was checked is not
    RETRAIN = "retrain"  # models are made anew
    REDEPLOY = "redeploy"  # models stay; what was built is to be deployed again
    COSMETIC = "cosmetic"  # nothing but words for people

    @property
    def weight(self) -> int:
        """From 0, words alone, to 3, what breaks others."""
        return (Class.COSMETIC, Class.REDEPLOY, Class.RETRAIN, Class.BREAKING).index(self)


@dataclass(frozen=True)
class Change:
    """One difference: what is so now, why it is of its class, where it stands now and where it stood.

    `subject` is the node, param or part of the spec that it is about. `models` are the artifacts that a RETRAIN makes
    anew. `allowed` says why and until when, where the spec allows it (`relaxed`).
    """

    kind: Class
    subject: str
    message: str
    why: str
    now: Place | None = None
    was: Place | None = None
    models: tuple[str, ...] = ()
    allowed: str | None = None
