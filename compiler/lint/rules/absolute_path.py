"""W512"""

from __future__ import annotations

import re

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model

ABSOLUTE_PATH = declare("W512", "absolute-path", Severity.WARNING, "A path that exists on one machine only.")


def paths_travel(model: Model, diagnostics: Diagnostics) -> None:
    """Data and code are found on any machine that has the project."""
    for source in model.of("source"):
        uri = source.text("uri")
        if uri is None:
            continue
        if uri.startswith(("/", "~")) or re.match(r"[A-Za-z]:[\\/]", uri):
            message = f"'{uri}' is found on this machine only"
        elif uri.startswith("../"):
            message = f"'{uri}' lies outside the project, which is all that travels"
        else:
            continue
        hint = "write a path from the spec's folder, or an s3://, gs:// or https:// address"
        diagnostics.report(ABSOLUTE_PATH, source.attributes["uri"].value.span, message, hint=hint)
    for stage in model.stages.values():
        outside = [path for path in stage.code if path.startswith("../")]
        if outside:
            message = f"'{outside[0]}' lies outside the project: no target gets it"
            hint = "keep the code below the spec's folder, or move the spec up"
            diagnostics.report(ABSOLUTE_PATH, stage.entity.attributes["run"].value.span, message, hint=hint)
