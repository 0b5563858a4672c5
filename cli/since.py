"""`mlopsc plan --since REF`: what changed in a spec since a git revision, and what each change asks of people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .breaking import analysis_before, shown_at
from .compiling import analysis_of, stop_on_errors
from .revisions import Repository, spec_at
from .terminal import Paint

if TYPE_CHECKING:
    from ..compiler.delta import Change
    from ..compiler.plan.nodes import Place

FORMAT = 1  # of the document that `plan --since REF --json` prints
CLASSES = ("breaking", "retrain", "redeploy", "cosmetic")
_ROLES = {"breaking": "error", "retrain": "warning", "redeploy": "note", "cosmetic": "dim"}


@dataclass(frozen=True)
class Since:
    """What changed between a revision and now. `home` is the folder of the spec at the revision, from the top of the
    repository; nothing where the spec was not there."""

    spec: Path
    ref: str
    commit: str
    pipeline: str
    home: PurePosixPath | None
    changes: tuple[Change, ...]

    def worst(self) -> str | None:
        """The weightiest class of a change."""
        return self.changes[0].kind.value if self.changes else None

    def fails(self, on: str) -> bool:
        """Whether a change is of the class `on` or of a weightier one, and the spec does not allow it."""
        weighty = CLASSES[: CLASSES.index(on) + 1]
        return any(c.kind.value in weighty and c.allowed is None for c in self.changes)

    def now(self, place: Place | None) -> str | None:
        """A place in the spec as it is, for people."""
        return f"{(self.spec.parent / place.file).as_posix()}:{place.line}" if place else None

    def was(self, place: Place | None) -> str | None:
        """A place in the spec as it was, for people."""
        home = self.home or PurePosixPath()
        return f"{self.ref}:{(home / place.file).as_posix()}:{place.line}" if place else None

    def document(self) -> dict[str, Any]:
        """What `plan --since --json` prints."""
        return {
            "format": FORMAT,
            "pipeline": self.pipeline,
            "spec": self.spec.as_posix(),
            "since": self.ref,
            "commit": self.commit,
            "was_there": self.home is not None,
            "class": self.worst(),
            "changes": [self._plain(change) for change in self.changes],
        }

    def _plain(self, change: Change) -> dict[str, Any]:
        return {
            "class": change.kind.value,
            "subject": change.subject,
            "message": change.message,
            "why": change.why,
            "now": self.now(change.now),
            "was": self.was(change.was),
            "models": list(change.models),
            "allowed": change.allowed,
        }


def changes_since(path: Path, ref: str, profile: str | None, today: date) -> Since:
    """Reads the spec as it is and as it was. Its errors are printed and end the command."""
    repository = Repository.around(path.parent)
    commit = repository.commit(ref)
    now = analysis_of(path, profile=profile)
    stop_on_errors(now.diagnostics)
    name = now.model.pipeline.name.text if now.model.pipeline else path.stem
    with TemporaryDirectory(prefix="mlopsc-") as folder:
        root = Path(folder).resolve()
        old = spec_at(repository, commit, path, root)
        if old is None:
            return Since(path, ref, commit, name, None, ())
        before = analysis_before(old, ref, profile, shown_at(ref, root))
        from ..compiler.delta import differences

        home = PurePosixPath(old.parent.relative_to(root).as_posix())
        return Since(path, ref, commit, name, home, differences(before, now, today))


def render_since(found: Since, paint: Paint) -> Iterator[str]:
    """A block for each change: its class, where and what; below it where it was, and why it is of the class."""
    for change in found.changes:
        name = change.kind.value
        where = found.now(change.now) or found.was(change.was)
        yield f"{paint(f'{name.upper():<8}', _ROLES[name])}  {f'{where}: ' if where else ''}{change.message}"
        was = found.was(change.was) if change.now else None
        rest = [change.why, *([f"it was at {was}"] if was else [])]
        rest += [f"relaxed {change.allowed}"] if change.allowed else []
        yield f"{'':<8}  {paint('; '.join(rest), 'dim')}"
    if found.changes:
        yield ""
    yield closing(found)


def closing(found: Since) -> str:
    if found.home is None:
        return f"{found.spec} was not there at {found.ref}: nothing to compare"
    if not found.changes:
        return f"{found.pipeline}: nothing has changed since {found.ref}"
    counts = [(c, sum(change.kind.value == c for change in found.changes)) for c in CLASSES]
    said = ", ".join(f"{count} {name.upper()}" for name, count in counts if count)
    models = _models(found.changes)
    anew = f"; made anew: {', '.join(models)}" if models else ""
    return f"{found.pipeline} since {found.ref}: {said}{anew}"


def _models(changes: Sequence[Change]) -> list[str]:
    return list(dict.fromkeys(m for change in changes for m in change.models))
