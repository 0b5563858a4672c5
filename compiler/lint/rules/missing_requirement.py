"""W556"""

from __future__ import annotations

import re
import sys
from pathlib import PurePosixPath

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model, StageModel
from ...syntax import tree
from ..python_code import python_files

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
    """What the code of Python stages imports is among the requirements. An image brings what it brings."""
    required = model.pipeline.value("requirements") if model.pipeline else None
    if not isinstance(required, tree.Text) or not required.value.endswith(".txt"):
        return
    text = model.project.text(required.value)
    if text is None or re.search(r"^\s*-(r|c|e)\b|^\s*--(requirement|editable)", text, re.MULTILINE):
        return
    known = {_normal(m) for m in re.findall(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", text, re.MULTILINE)}
    known |= {_PARTS[k] for k in known if k in _PARTS}
    for stage in model.stages.values():
        if "image" in stage.entity.attributes:
            continue
        for path, module, package in _needs(stage, model):
            if package not in known:
                run = stage.entity.attributes["run"].value
                message = f"'{path}' imports {module}, and '{required.value}' has no {package}"
                hint = f"add {package}== and its version to '{required.value}'"
                diagnostics.report(MISSING_REQUIREMENT, run.span, message, hint=hint)
                known.add(package)  # one report a package


def _needs(stage: StageModel, model: Model) -> list[tuple[str, str, str]]:
    local = {PurePosixPath(p).stem for p in stage.code} | {PurePosixPath(p).parent.name for p in stage.code}
    found = []
    for path, facts in python_files(stage, model):
        for module in sorted(facts.imports - sys.stdlib_module_names - local):
            package = _PACKAGES.get(module, _normal(module))
            if package and "run" in stage.entity.attributes:
                found.append((path, module, package))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
