"""W505"""

from __future__ import annotations

from pathlib import Path

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree
from ..walk import removal, used_artifacts, used_params

UNUSED_IMPORT = declare("W505", "unused-import", Severity.WARNING, "An import from which nothing is used.")


def imports_are_used(model: Model, diagnostics: Diagnostics) -> None:
    """Something that an imported file declares is used, or takes effect by itself as a guard does."""
    used = used_artifacts(model) | used_params(model) | {a.template.text for a in model.applications}
    by_path = {Path(file.source.path).resolve(): file for file in model.files}
    root = model.files[0]
    for item in root.items:
        if not isinstance(item, tree.Import):
            continue
        file = by_path.get((Path(root.source.path).parent / item.path.value).resolve())
        if file is None or file is root or file.broken or any(_counts(i, used) for i in file.items):
            continue
        fix = removal(item.span, "take the import out", safe=True)
        message = f"nothing of '{item.path.value}' is used"
        diagnostics.report(UNUSED_IMPORT, item.path.span, message, hint="take the import out", fix=fix)


def _counts(item: tree.Item, used: set[str]) -> bool:
    if isinstance(item, tree.ParamDecl):
        return item.name.text in used
    if isinstance(item, tree.Declaration) and item.name is not None:
        template = item.keyword.text == "guard" and item.formals
        return item.name.text in used if template or item.keyword.text == "source" else True
    # Whatever else a file holds takes effect by itself: a guard on a subject, an applied template, a further import.
    return isinstance(item, tree.ApplyDecl | tree.Import)
