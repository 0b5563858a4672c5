"""Each example's output for each target is kept as a tree of files; `--update-golden` writes it anew.

The runtime archive is left out of the trees, by name and inside Kubernetes' ConfigMap: it changes with every edit of
the runtime, and what it does is tested by running it.
"""

from __future__ import annotations

import base64
import difflib
import re
from pathlib import Path

import pytest
from mlopsc.backends.archive import runtime_archive
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.diagnostics import Diagnostics
from mlopsc.compiler.driver import analyse, compile_plan, require_support

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent
EXAMPLES = [s for s in sorted(ROOT.glob("examples/*/[!.]*.mlops")) if s.stem == s.parent.name]
TARGETS = ("local", "airflow", "github", "kubernetes")
# Names of ConfigMaps that hold a digest of the archive, or of what names it.
_FOLLOWS = re.compile(r"-(runtime|jobs)-[0-9a-f]{10}")


def emitted(spec: Path, target: str) -> dict[str, str]:
    """The files of a target as text, the archive in them replaced by a word."""
    lowered = compile_plan(analyse(spec))
    backend, refused = BACKENDS[target], Diagnostics()
    require_support(lowered, target, backend.capabilities, refused)
    assert not refused.has_errors, [d.message for d in refused]
    archive = runtime_archive()
    encoded = base64.b64encode(archive).decode()
    found = {}
    for file in backend.emit(lowered.plan, dict(lowered.plan.targets.get(target, {}))):
        if file.content == archive:
            found[file.path] = "the runtime archive\n"
            continue
        text = file.content.decode()
        found[file.path] = _FOLLOWS.sub(r"-\1-DIGEST", _without(text, encoded))
    return found


def _without(text: str, encoded: str) -> str:
    """Text without the encoded archive, also where it is folded into lines."""
    if encoded[:60] not in text:
        return text
    lines = text.split("\n")
    first = next(i for i, line in enumerate(lines) if encoded[:60] in line)
    last = next(i for i, line in enumerate(lines) if encoded[-20:] in line)
    head = lines[first].split(encoded[:60])[0]
    return "\n".join([*lines[:first], f"{head}the runtime archive", *lines[last + 1 :]])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("spec", EXAMPLES, ids=lambda p: p.stem)
def test_output_is_the_golden_tree(spec: Path, target: str, request: pytest.FixtureRequest) -> None:
    folder = GOLDEN / spec.stem / target
    files = emitted(spec, target)
    if request.config.getoption("--update-golden"):
        _write(folder, files)
    kept = {p.relative_to(folder).as_posix(): p.read_text("utf-8") for p in folder.rglob("*") if p.is_file()}
    assert sorted(kept) == sorted(files), f"run pytest --update-golden if {folder.relative_to(ROOT)} should change"
    for path, text in files.items():
        if kept[path] != text:
            pytest.fail(
                "".join(
                    difflib.unified_diff(kept[path].splitlines(True), text.splitlines(True), f"golden/{path}", path)
                )
            )


def _write(folder: Path, files: dict[str, str]) -> None:
    for old in folder.rglob("*"):
        if old.is_file():
            old.unlink()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
