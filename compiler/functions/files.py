"""What is known of a file without reading it."""

from __future__ import annotations

from ..features import Feature
from .function import FILE, SIZE, Function

FUNCTIONS = (
    Function(
        "size",
        (),
        SIZE,
        FILE,
        "The size of the file.",
        Feature.FILE_GUARD,
        low=0,
        beside=True,
        example="size <= 200MiB",
        nothing="0 for an empty file.",
    ),
)
