"""What rules compare with, at two revisions: golden files that lost rows, or say something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..diagnostics import Note
from ..semantics.model import GuardModel, Model
from ..syntax import tree
from . import rules
from .findings import Finding
from .pairs import Revision, artifact_now

_BY_LINE = (".csv", ".jsonl")


def references_are_what_they_were(before: Revision, now: Revision) -> Iterator[Finding]:
    """Golden files: rows may be added, or move to another file; those that were there are still expected."""
    for artifact in before.model.artifacts:
        subject = artifact_now(artifact, before, now)
        new = [] if subject is None else list(_expected(now.model, subject))
        for _, old in _expected(before.model, artifact):
            same = [(g, r) for g, r in new if {k.text for k in r.key} == {k.text for k in old.key}]
            was = before.model.project.root / old.file.value
            if not same or any(_keeps(was, now.model.project.root / r.file.value) for _, r in same):
                continue
            guard, rule = next(((g, r) for g, r in same if r.file.value == old.file.value), same[0])
            message = f"'{rule.file.value}' does not expect all that '{old.file.value}' did"
            if rule.file.value == old.file.value:
                message = f"'{rule.file.value}' does not expect all that it did"
            notes = (
                Note("it was", old.file.span),
                Note("rows may be added; those that were there are gone or changed"),
            )
            yield Finding(rules.REFERENCE_CHANGED, rule.file.span, message, notes, (), rule, guard)


def _expected(model: Model, artifact: str) -> Iterator[tuple[GuardModel, tree.Expected]]:
    for guard in model.guards.values():
        for rule in guard.rules if guard.subject.name == artifact else ():
            if isinstance(rule, tree.Expected):
                yield guard, rule


def _keeps(old: Path, new: Path) -> bool:
    """Whether all that a file expected stands in another. Of a file that git does not keep, the name is all we know."""
    try:
        was, is_ = old.read_bytes(), new.read_bytes()
    except OSError:
        return old.name == new.name
    if was == is_:
        return True
    if old.suffix not in _BY_LINE or old.suffix != new.suffix:
        return False
    before, now = was.splitlines(), is_.splitlines()
    return (old.suffix != ".csv" or before[:1] == now[:1]) and set(before) <= set(now)
