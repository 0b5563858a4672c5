"""Reads the root spec and what it imports."""

from __future__ import annotations

from os.path import normpath, relpath
from pathlib import Path

from ..diagnostics import Diagnostics, Note, nearest
from ..source import Source, Span
from ..syntax import rules as syntax_rules
from ..syntax import tree
from ..syntax.parser import parse
from . import rules

EDITIONS = (1,)
_ROOT_ONLY = ("stage", "deploy", "monitor", "trigger", "notify", "target", "version", "test")


def read_source(path: Path, shown: str, diagnostics: Diagnostics) -> Source:
    """The text of a file. One that is not UTF-8 is reported and read as far as it goes. Raises OSError."""
    raw = path.read_bytes()
    try:
        return Source(shown, raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        source = Source(shown, raw.decode("utf-8-sig", "replace").replace("\r\n", "\n"))
        at = len(raw[: error.start].decode("utf-8-sig").replace("\r\n", "\n"))
        diagnostics.report(
            syntax_rules.BAD_ENCODING,
            Span(source, at, at + 1),
            f"byte {error.start} is not UTF-8 text",
            hint="save the file as UTF-8",
        )
        return source


def load(root: Source, diagnostics: Diagnostics) -> tuple[tree.File, ...]:
    """The root file first, then every file it imports, each once, in order of first mention."""
    files: dict[Path, tree.File] = {}
    _load(root, Path(root.path).resolve(), files, (), diagnostics)
    return tuple(files.values())


def _load(
    source: Source, path: Path, files: dict[Path, tree.File], trail: tuple[tuple[Path, Span], ...], found: Diagnostics
) -> None:
    file = parse(source, found)
    files[path] = file
    _check_edition(file, found)
    for item in file.items:
        if isinstance(item, tree.Import):
            _import(item, source, path, files, trail, found)
        elif trail and isinstance(item, tree.Declaration):
            _check_content(item, trail[-1][1], found)


def _import(
    item: tree.Import,
    source: Source,
    path: Path,
    files: dict[Path, tree.File],
    trail: tuple[tuple[Path, Span], ...],
    found: Diagnostics,
) -> None:
    shown = Path(source.path).parent / item.path.value
    target = shown.resolve()
    short = Path(normpath(shown))
    if short.resolve() == target:  # Not where `..` leaves a linked folder.
        shown = short
    here = (*trail, (path, item.path.span))
    if target in [p for p, _ in here]:
        first = next(span for p, span in here if p == target)
        found.report(
            rules.IMPORT_CYCLE,
            item.path.span,
            f"'{item.path.value}' imports itself in a circle",
            notes=(Note("the circle begins with this import", first),) if first != item.path.span else (),
            hint="move what both need into a third file",
        )
        return
    if target in files:
        return
    if item.path.value and target.suffix and target.suffix != ".mlops":
        found.report(
            rules.IMPORT_MISSING,
            item.path.span,
            f"'{item.path.value}' is no spec: its name does not end in .mlops",
            hint="name a spec, such as shared/guards.mlops",
        )
        return
    try:
        read = read_source(target, shown.as_posix(), found)
    except OSError as error:
        folder = Path(source.path).parent
        near = [*folder.glob("*.mlops"), *folder.glob("*/*.mlops"), *target.parent.glob("*.mlops")]
        names = {p.name: Path(relpath(p, folder)).as_posix() for p in near if p.resolve() != path}
        close = nearest(target.name, set(names))
        reason = "is a folder" if isinstance(error, IsADirectoryError) else "cannot be read"
        if isinstance(error, FileNotFoundError):
            reason = "does not exist"
        found.report(
            rules.IMPORT_MISSING,
            item.path.span,
            f"'{item.path.value}' {reason}",
            hint=f"did you mean '{names[close]}'?" if close else "paths are relative to the file that imports",
        )
        return
    _load(read, target, files, here, found)


def _check_edition(file: tree.File, found: Diagnostics) -> None:
    for item in file.items:
        if isinstance(item, tree.Edition) and item.number.value not in EDITIONS:
            found.report(
                rules.UNKNOWN_EDITION,
                item.number.span,
                f"edition {item.number.span.text} is not known to this mlopsc",
                hint="write mlops 1, or update mlopsc",
            )


def _check_content(item: tree.Declaration, imported_at: Span, found: Diagnostics) -> None:
    keyword = item.keyword.text
    if keyword == "pipeline":
        found.report(
            rules.MANY_PIPELINES,
            item.keyword.span,
            "an imported file declares a pipeline",
            notes=(Note("it is imported here", imported_at),),
            hint="a pipeline stands in the root file",
        )
    elif keyword in _ROOT_ONLY:
        found.report(
            rules.IMPORT_CONTENT,
            item.keyword.span,
            f"an imported file declares a {keyword}",
            notes=(Note("it is imported here", imported_at),),
            hint="params, sources, guards and profiles may be imported; move this into the root file",
        )
