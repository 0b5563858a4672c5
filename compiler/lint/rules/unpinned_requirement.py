"""W555"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree

UNPINNED_REQUIREMENT = declare(
    "W555", "unpinned-requirement", Severity.WARNING, "A requirement that means another version tomorrow."
)


def requirements_are_pinned(model: Model, diagnostics: Diagnostics) -> None:
    """Every line of the requirements file, or of the lock file where there is one, names one version."""
    value = _lock(model) or (model.pipeline.value("requirements") if model.pipeline else None)
    if not isinstance(value, tree.Text) or not value.value.endswith(".txt"):
        return
    loose = list(_loose(model.project.text(value.value) or ""))
    if loose:
        shown = ", ".join(f"'{name}' (line {line})" for line, name in loose[:3])
        more = f" and {len(loose) - 3} more" if len(loose) > 3 else ""
        message = f"'{value.value}' pins no version of {shown}{more}"
        hint = "write NAME==VERSION; `pip-compile` or `uv pip compile` does it for all"
        diagnostics.report(UNPINNED_REQUIREMENT, value.span, message, hint=hint)


def _lock(model: Model) -> tree.Expr | None:
    env = model.version.value("env") if model.version else None
    return env.args[0] if isinstance(env, tree.Call) and env.args else None


def _loose(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        requirement = line.split("#")[0].split(";")[0].strip().rstrip("\\").strip()
        match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
        if match and not re.search(r"===?\s*[0-9]", requirement) and " @ " not in requirement:
            yield number, match.group()
