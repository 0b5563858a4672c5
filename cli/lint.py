"""`mlopsc lint`"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from ..compiler.diagnostics import Diagnostics, Severity
from ..compiler.syntax import tree
from . import specs
from .compiling import profile_option, set_option
from .reporting import format_option, report
from .terminal import paint_for
from .today import today

_ROUNDS = 8  # of fixing; a fix may open the way for another
_SHARED = ("param", "source", "guard", "profile")


@dataclass(frozen=True)
class _Options:
    profile: str | None
    settings: Mapping[str, str]


@dataclass
class _Checked:
    """What was found in how many files."""

    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    files: set[Path] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)


@click.command(short_help="Check specs.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--fix", is_flag=True, help="Apply the fixes that are safe, then report what is left.")
@format_option
@click.option(
    "--stdin-filename",
    type=click.Path(path_type=Path),
    default=Path("stdin.mlops"),
    help="The path that '-' stands for: it decides where imports and files are looked up.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@profile_option
@set_option
def command(
    paths: tuple[Path, ...],
    fix: bool,
    format_: str,
    stdin_filename: Path,
    strict: bool,
    profile: str | None,
    settings: dict[str, str],
) -> int:
    """Check specs: files, folders (every *.mlops within), or '-' for standard input.

    Without a path: this folder. Exits with 1 when there are errors.
    """
    options = _Options(profile, settings)
    stdin = Path("-") in paths
    if stdin:
        if len(paths) > 1:
            raise click.UsageError("'-' stands alone: standard input is one spec")
        given = specs.decode(stdin_filename, sys.stdin.buffer.read())
        checked = _check_text(given, fix, options)
    else:
        found = specs.all_specs(paths)
        if not found:
            raise specs.Unreadable(f"no *{specs.SUFFIX} file in {', '.join(map(str, paths)) or 'this folder'}")
        checked = _check_files(found, fix, options)
    if format_ != "text" or checked.diagnostics or not checked.unreadable:  # Nothing is good that nobody could read.
        stream = sys.stderr if fix and stdin else sys.stdout
        report(list(checked.diagnostics), format_, len(checked.files), stream=stream)
    for message in checked.unreadable:
        click.echo(f"{paint_for(sys.stderr)('error', 'error')}: {message}", err=True, color=True)
    if checked.unreadable:
        return 2
    counted = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
    return int(any(d.severity in counted for d in checked.diagnostics))


def _check_files(paths: list[Path], fix: bool, options: _Options) -> _Checked:
    fixed: dict[Path, None] = {}
    for _ in range(_ROUNDS if fix else 0):
        changed = _fix_once(_checked(paths, options))
        fixed |= dict.fromkeys(changed)
        if not changed:
            break
    for path in fixed:
        click.echo(f"{path}: fixed", err=True)
    return _checked(paths, options)


def _fix_once(checked: _Checked) -> list[Path]:
    from ..compiler.lint import apply_fixes

    changed = []
    sources = {e.span.source.path: e.span.source for d in checked.diagnostics if d.fix for e in d.fix.edits}
    for path, source in sources.items():
        text = apply_fixes(source.text, checked.diagnostics)
        if text == source.text:
            continue
        given = specs.read(Path(path))
        if given.text == source.text:
            given.write(text)
            changed.append(given.path)
    return changed


def _checked(paths: list[Path], options: _Options) -> _Checked:
    """Roots first: a file that a root imports is checked with it, not by itself."""
    checked = _Checked()
    for path in sorted(paths, key=lambda p: not specs.is_root(p)):
        if path.resolve() not in checked.files:
            try:
                _analyse_into(checked, path, specs.read(path).text, options)
            except specs.NotUtf8:
                _analyse_into(checked, path, None, options)
            except specs.Unreadable as error:
                checked.unreadable.append(error.message)
    return checked


def _check_text(given: specs.Text, fix: bool, options: _Options) -> _Checked:
    from ..compiler.lint import apply_fixes

    for _ in range(_ROUNDS if fix else 0):
        checked = _Checked()
        _analyse_into(checked, given.path, given.text, options)
        text = apply_fixes(given.text, checked.diagnostics)
        if text == given.text:
            break
        given = specs.Text(given.path, text, given.newline, given.mark)
    if fix:
        click.echo(given.text, nl=False)
    checked = _Checked()
    _analyse_into(checked, given.path, given.text, options)
    return checked


def _analyse_into(checked: _Checked, path: Path, text: str | None, options: _Options) -> None:
    from ..compiler.driver import analyse
    from ..compiler.lint import lint, read_levels
    from .git import tracked_files

    analysis = analyse(path, text=text, profile=options.profile, settings=options.settings)
    checked.files.add(path.resolve())
    checked.files |= {Path(file.source.path).resolve() for file in analysis.files}
    alone = _is_shared(analysis.files[0])
    for diagnostic in analysis.diagnostics:
        if not (alone and diagnostic.rule.slug == "no-pipeline"):
            checked.diagnostics.add(diagnostic)
    findings = lint(
        analysis.model,
        read_levels(path),
        today=today(),
        found=analysis.diagnostics,
        tracked=None if alone else tracked_files(path.parent),
    )
    refused = []
    if analysis.model.targets:
        from ..backends.checks import target_problems

        refused = list(target_problems(analysis))
    # What a target refuses at a place says more than a warning about that target at the same place.
    places = {(d.span.source.path, d.span.start) for d in refused}
    kept = [d for d in findings if d.code != "W543" or (d.span.source.path, d.span.start) not in places]
    for diagnostic in (*kept, *refused):
        checked.diagnostics.add(diagnostic)


def _is_shared(file: tree.File) -> bool:
    """Whether a file has only what other files import: on its own it needs no pipeline."""
    found = [item.keyword.text for item in file.items if isinstance(item, tree.Declaration)]
    params = any(isinstance(item, tree.ParamDecl) for item in file.items)
    return (bool(found) or params) and not file.broken and all(keyword in _SHARED for keyword in found)
