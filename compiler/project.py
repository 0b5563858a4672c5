"""The folder a spec stands in: the one window through which the compiler looks at the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """The root spec's folder. Paths given to it are relative to that folder; what was read is remembered.

    `asked` holds every path that was asked for, and whether something was there: what the plan depends on.
    """

    root: Path
    asked: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)
    _texts: dict[str, str | None] = field(default_factory=dict, repr=False)

    def is_file(self, path: str) -> bool:
        try:
            found = (self.root / path).is_file()
        except (OSError, ValueError):
            return False
        self.asked[path] = found
        return found

    def exists(self, path: str) -> bool:
        """Whether a file, a folder, or anything that a glob matches is there."""
        try:
            if any(c in path for c in "*?["):
                return next(self.root.glob(path), None) is not None
            found = (self.root / path).exists()
            self.asked[path] = found
            return found
        except (OSError, ValueError, NotImplementedError):
            return False

    def text(self, path: str) -> str | None:
        """A text file's content, or nothing where it cannot be read as UTF-8."""
        if path not in self._texts:
            try:
                self._texts[path] = (self.root / path).read_text(encoding="utf-8")
            except (OSError, ValueError):
                self._texts[path] = None
            self.asked.setdefault(path, self._texts[path] is not None)
        return self._texts[path]

    def neighbours(self, path: str) -> tuple[str, ...]:
        """Files in the same folder with the same ending: candidates for "did you mean"."""
        try:
            target = self.root / path
            names = sorted(p for p in target.parent.iterdir() if p.is_file() and p.suffix == target.suffix)
        except (OSError, ValueError):
            return ()
        return tuple(p.relative_to(self.root).as_posix() for p in names if p.is_relative_to(self.root))
