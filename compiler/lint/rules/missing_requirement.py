"""W556"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from ...code import local_code
from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.custom_checks import custom_checks
from ...semantics.model import Model
from ...source import Span
from ...syntax import tree
from ..python_code import facts_of

MISSING_REQUIREMENT = declare(
    "W556", "missing-requirement", Severity.WARNING, "Code imports a package that the requirements do not name."
)
# Modules whose package has another name. Where a module is in no list, its own name is taken for the package's.
_PACKAGES = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "bs4": "beautifulsoup4",
    "google": "",
    "azure": "",
    "psycopg2": "psycopg2-binary",
    "attr": "attrs",
    "pkg_resources": "setuptools",
    "mlops": "",
}
_PARTS = {"opencv-python-headless": "opencv-python", "psycopg2": "psycopg2-binary"}


def imported_packages_are_required(model: Model, diagnostics: Diagnostics) -> None:
    """What the code of Python stages and of checks imports is required. An image brings what it brings."""
    required = model.pipeline.value("requirements") if model.pipeline else None
    if not isinstance(required, tree.Text) or not required.value.endswith(".txt"):
        return
    text = model.project.text(required.value)
    if text is None or re.search(r"^\s*-(r|c|e)\b|^\s*--(requirement|editable)", text, re.MULTILINE):
        return
    known = {_normal(m) for m in re.findall(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", text, re.MULTILINE)}
    known |= {_PARTS[k] for k in known if k in _PARTS}
    for span, code in (*_of_stages(model), *_of_checks(model)):
        for path, module, package in _needs(code, model):
            if package not in known:
                message = f"'{path}' imports {module}, and '{required.value}' has no {package}"
                hint = f"add {package}== and its version to '{required.value}'"
                diagnostics.report(MISSING_REQUIREMENT, span, message, hint=hint)
                known.add(package)  # one report a package


def _of_stages(model: Model) -> Iterator[tuple[Span, Iterable[str]]]:
    """The code that stages run, and where the spec says so."""
    for stage in model.stages.values():
        if "image" not in stage.entity.attributes and "run" in stage.entity.attributes:
            yield stage.entity.attributes["run"].value.span, stage.code


def _of_checks(model: Model) -> Iterator[tuple[Span, Iterable[str]]]:
    """The code of checks in guards, which run in the Python of the pipeline."""
    rules = [r for g in model.guards.values() for r in g.rules if isinstance(r, tree.RuleLine)]
    for call in (c for rule in rules for c in custom_checks(rule.expression)):
        if call.args and isinstance(call.args[0], tree.Text):
            yield call.args[0].span, local_code(model.project, call.args[0].value.rpartition(":")[0])


def _needs(code: Iterable[str], model: Model) -> list[tuple[str, str, str]]:
    local = {PurePosixPath(p).stem for p in code} | {PurePosixPath(p).parent.name for p in code}
    found = []
    for path, facts in facts_of(code, model):
        for module in sorted(facts.imports - sys.stdlib_module_names - local):
            package = _PACKAGES.get(module, _normal(module))
            if package:
                found.append((path, module, package))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
