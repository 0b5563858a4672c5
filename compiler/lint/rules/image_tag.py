"""W553"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ..walk import texts

IMAGE_TAG = declare("W553", "image-tag", Severity.WARNING, "An image by its tag, which can be moved.")


def images_are_named_by_digest(model: Model, diagnostics: Diagnostics) -> None:
    """An image is named by what is in it."""
    for name, text in texts(model):
        if name != "image" or "@sha256:" in text.value or not text.value.strip():
            continue
        last = text.value.rsplit("/", 1)[-1]
        tag = last.partition(":")[2]
        what = f"the tag '{tag}' can be moved to another image" if tag else "without a tag the newest image is meant"
        plain = text.value.removesuffix(f":{tag}") if tag else text.value
        hint = f"write {plain}@sha256:…, as `docker images --digests` shows"
        diagnostics.report(IMAGE_TAG, text.span, what, hint=hint)
