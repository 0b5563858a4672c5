"""W562"""

from __future__ import annotations

import re

from ...diagnostics import Diagnostics, Note, Severity, declare
from ...semantics.model import Model
from ...syntax import tree

KUBERNETES_NAME = declare(
    "W562", "kubernetes-name", Severity.NOTE, "A name that Kubernetes cannot carry as it is written."
)
# A Job is named after pipeline and stage, and its pods add a dash and digits to that (RFC 1123: 63 characters).
_LONGEST = 52


def names_survive_kubernetes(model: Model, diagnostics: Diagnostics) -> None:
    """Where `target kubernetes` is declared, names are short, and differ in more than case and underscores."""
    if "kubernetes" not in model.targets:
        return
    seen: dict[str, tree.Name] = {}
    names = [stage.entity.name for stage in model.stages.values()]
    for name in [*([model.pipeline.name] if model.pipeline else []), *names]:
        if len(name.text) > _LONGEST:
            message = f"'{name.text[:20]}…' has {len(name.text)} characters, and Kubernetes takes {_LONGEST}: it is cut"
            diagnostics.report(KUBERNETES_NAME, name.span, message, hint="choose a shorter name")
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "-", name.text.lower()).strip("-")
        first = seen.setdefault(plain, name)
        if first is not name:
            message = f"'{name.text}' and '{first.text}' are one name on Kubernetes: both get a digest behind it"
            notes = (Note("the other name", first.span),)
            hint = "choose names that differ in letters"
            diagnostics.report(KUBERNETES_NAME, name.span, message, notes=notes, hint=hint)
