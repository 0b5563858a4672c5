"""Where in the spec a part of the plan was written, for messages of the runtime and of the engines' pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the spec something was written: path relative to the root spec's folder, line and column from 1."""

    file: str
    line: int
    column: int
