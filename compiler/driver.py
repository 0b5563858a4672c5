"""The compiler on one page: text to model, model to plan, plan against what a target can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .diagnostics import Diagnostics
from .project import Project
from .semantics.checks import CHECKS
from .semantics.loading import load, read_source
from .semantics.model import Model
from .semantics.profiles import apply_profile, find_profile
from .semantics.resolve import resolve
from .source import Source, Span
from .support import require_support
from .syntax import tree

if TYPE_CHECKING:
    from .lower import Lowered

__all__ = ["Analysis", "analyse", "compile_plan", "require_support"]


@dataclass(frozen=True)
class Analysis:
    """What is known of a spec after every check. `model` holds what could be understood, also where errors are."""

    root: Source
    files: tuple[tree.File, ...]
    model: Model
    diagnostics: Diagnostics = field(repr=False)


def analyse(
    path: Path,
    *,
    shown: str | None = None,
    text: str | None = None,
    profile: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> Analysis:
    """Reads a spec and checks everything that can be known without running it.

    `shown` is the path that messages use (default: as given), `text` replaces the file's content (an editor's
    unsaved buffer), `settings` are values of `--set` by param. Raises OSError when the file cannot be read.
    """
    diagnostics = Diagnostics()
    name = shown or path.as_posix()
    root = Source(name, text) if text is not None else read_source(path, name, diagnostics)
    files = load(root, diagnostics)
    if profile is not None:
        at = Source("--profile", profile)
        declared = find_profile(files, profile, Span(at, 0, len(profile)), diagnostics)
        if declared is not None:
            files = apply_profile(files, declared)
    model = resolve(root, files, Project(path.parent), settings or {}, profile, diagnostics)
    for check in CHECKS:
        check(model, diagnostics)
    if not diagnostics.has_errors and any(s.dialect for s in model.sources.values()):
        from .lower.databases import refuse_what_databases_cannot_say

        refuse_what_databases_cannot_say(model, diagnostics)
    return Analysis(root, files, model, diagnostics)


def compile_plan(analysis: Analysis) -> Lowered:
    """The plan of a spec without errors, and where it uses which feature."""
    from .lower import lower

    if analysis.diagnostics.has_errors:
        raise ValueError("a spec with errors has no plan")
    return lower(analysis.model)
