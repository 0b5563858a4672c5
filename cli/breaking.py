"""`mlopsc breaking`: what a spec asks for less than it did at a git revision."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from ..compiler.diagnostics import Diagnostic, Diagnostics, Note
from ..compiler.source import Source, Span
from . import specs
from .compiling import analysis_of, profile_option, spec_argument, stop_on_errors
from .reporting import format_option, report
from .revisions import NoRevision, Repository, spec_at
from .terminal import paint_for
from .today import today_option

if TYPE_CHECKING:
    from ..compiler.driver import Analysis
    from ..compiler.ratchet import Report

Shown = Callable[[Span], Span]


@click.command(short_help="Fail where guards ask for less than at a git revision.")
@spec_argument
@click.option("--against", metavar="REF", required=True, help="A branch, a tag or a commit, such as origin/main.")
@format_option
@click.option("-v", "--verbose", is_flag=True, help="List what is allowed, and what is stricter, too.")
@today_option
@profile_option
def command(spec: Path | None, against: str, format_: str, verbose: bool, today: date, profile: str | None) -> int:
    """Compare the guards of a spec with those at a git revision, and fail where they ask for less.

    What is meant is said in the spec: relaxed "why" until 2027-03-31. Exits with 1 when something is looser.
    """
    path = specs.the_spec(spec)
    repository = Repository.around(path.parent)
    commit = repository.commit(against)
    now = analysis_of(path, profile=profile)
    stop_on_errors(now.diagnostics)
    with TemporaryDirectory(prefix="mlopsc-") as folder:
        root = Path(folder).resolve()
        old = spec_at(repository, commit, path, root)
        if old is None:
            report([], format_, 1, f"{path} was not there at {against}: nothing to compare")
            return 0
        shown = shown_at(against, root)
        before = analysis_before(old, against, profile, shown)
        from ..compiler.ratchet import compare

        result = compare(before, now, today)
        found = [_elsewhere(d, shown) for d in result.found]
        if format_ not in ("text", "json"):
            found = [_in_the_spec(d, now) for d in found]
    report(found, format_, len(now.files), f"no guard asks for less than at {against}")
    if format_ == "text":
        _tell(result, verbose)
    return 1 if found else 0


def analysis_before(path: Path, ref: str, profile: str | None, shown: Shown) -> Analysis:
    """The spec as it was. A profile that was not there yet had no overrides."""
    from ..compiler.driver import analyse

    text = specs.read(path).text
    before = analyse(path, text=text, profile=profile)
    if profile is not None and profile not in before.model.profiles:
        before = analyse(path, text=text)
    wrong = Diagnostics()
    for d in before.diagnostics:
        # Data that git does not keep was there then, as it is now.
        if d.severity.value == "error" and d.rule.slug != "file-not-found":
            wrong.add(_elsewhere(d, shown))
    if wrong.has_errors:
        from .render_text import render_all

        click.echo(render_all(wrong, paint_for(sys.stderr)), err=True, nl=False, color=True)
        raise NoRevision(f"the spec at {ref} has errors, and cannot be compared with")
    return before


def shown_at(ref: str, root: Path) -> Shown:
    """Spans of the other revision as people name its files: REF:PATH."""
    known: dict[str, Source] = {}

    def shown(span: Span) -> Span:
        path = Path(span.source.path)
        if not path.is_absolute() or not path.is_relative_to(root):
            return span
        named = f"{ref}:{path.relative_to(root).as_posix()}"
        source = known.setdefault(named, Source(named, span.source.text))
        return Span(source, span.start, span.end)

    return shown


def _elsewhere(d: Diagnostic, shown: Shown) -> Diagnostic:
    notes = tuple(replace(n, span=shown(n.span)) if n.span else n for n in d.notes)
    return replace(d, span=shown(d.span), notes=notes)


def _in_the_spec(d: Diagnostic, now: Analysis) -> Diagnostic:
    """A finding about what is gone, put where a reader of the change finds it: at the pipeline's name."""
    if any(d.span.source is f.source for f in now.files) or now.model.pipeline is None:
        return d
    return replace(d, span=now.model.pipeline.name.span, notes=(Note("it was here", d.span), *d.notes))


def _tell(result: Report, verbose: bool) -> None:
    paint = paint_for(sys.stdout)
    for diagnostic, relaxation in result.allowed if verbose else ():
        line = f"{diagnostic.span.source.path}:{diagnostic.span.line}"
        click.echo(f"{line}: {diagnostic.message} (until {relaxation.until.value}: {relaxation.reason.value})")
    if verbose:
        for said in result.tightened:
            click.echo(f"{paint('stricter', 'good')}: {said}", color=True)
    if result.allowed and not verbose:
        count = len(result.allowed)
        click.echo(f"{count} more {'is' if count == 1 else 'are'} relaxed for a time: -v says what")
