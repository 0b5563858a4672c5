"""`mlopsc build`"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ..compiler.diagnostics import Diagnostics, did_you_mean
from . import specs
from .compiling import analysis_of, lower, mention, spec_options, stop_on_errors
from .terminal import paint_for

if TYPE_CHECKING:
    from ..backends.base import OutputFile
    from ..compiler.driver import Analysis
    from ..compiler.lower import Lowered
    from ..compiler.plan.nodes import Plan
    from .output import Difference


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from ..backends.table import BACKENDS

    return [CompletionItem(name) for name in BACKENDS if name.startswith(incomplete)]


@click.command(short_help="Compile a spec to the files of its targets.")
@spec_options
@click.option(
    "-T", "--target", "targets", multiple=True, metavar="TARGET", shell_complete=_complete,
    help="Build for this target; may be repeated. Default: every target that the spec declares.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("build"), show_default=True,
    help="Write to DIR/TARGET.", metavar="DIR",
)  # fmt: skip
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Write one target's files straight to DIR, say '.' for a repository's .github/workflows.",
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when what is there is not what would be made.")
@click.option("--force", is_flag=True, help="Replace files that were edited by hand.")
def command(
    spec: Path | None,
    profile: str | None,
    settings: dict[str, str],
    targets: tuple[str, ...],
    output: Path,
    into: Path | None,
    check: bool,
    force: bool,
) -> int:
    """Compile a spec to the files of its targets.

    Nothing is written unless every target could be built. Files edited by hand are never lost without --force.
    """
    from ..backends.checks import options_of
    from ..backends.table import BACKENDS

    path = specs.the_spec(spec)
    _known(targets)
    analysis = analysis_of(path, profile=profile, settings=settings)
    lowered = lower(analysis)
    chosen = tuple(dict.fromkeys(targets)) or tuple(lowered.plan.targets)
    if not chosen:
        raise click.UsageError(
            f"{path} declares no target: name one with --target, or write `target local {{}}` in the spec"
        )
    if into is not None and len(chosen) > 1:
        raise click.UsageError(f"--into takes one target, not {', '.join(chosen)}: choose with --target")
    require_targets(chosen, lowered, analysis)
    built = {name: list(BACKENDS[name].emit(lowered.plan, options_of(lowered, name))) for name in chosen}
    folders = {name: into if into is not None else output / name for name in chosen}
    if check:
        return _check(built, folders)
    _write(built, folders, lowered.plan, force)
    return 0


def _known(targets: Sequence[str]) -> None:
    from ..backends.table import BACKENDS

    for name in targets:
        if name not in BACKENDS:
            hint = did_you_mean(name, set(BACKENDS))
            raise click.UsageError(f"no target named '{name}'" + (f"; {hint}" if hint else ""))


def require_targets(names: Sequence[str], lowered: Lowered, analysis: Analysis, *, quiet: bool = False) -> None:
    """Prints what the targets cannot carry, of all of them, and ends the command then.

    What they carry in another way is mentioned, unless `quiet`.
    """
    from ..backends.checks import check_targets

    diagnostics = Diagnostics()
    check_targets(names, lowered, analysis, diagnostics)
    stop_on_errors(diagnostics)
    if not quiet:
        mention(list(diagnostics))


def _check(built: dict[str, list[OutputFile]], folders: dict[str, Path]) -> int:
    from .output import compare, describe

    paint = paint_for(sys.stdout)
    found = 0
    for name, files in built.items():
        differences = compare(folders[name], name, files)
        found += len(differences)
        for difference in differences:
            click.echo(describe(difference, folders[name]), color=True)
        if not differences:
            click.echo(f"{folders[name]}: {paint('up to date', 'good')}", color=True)
    if found:
        click.echo("run `mlopsc build` to bring it up to date", err=True)
    return int(bool(found))


def _write(built: dict[str, list[OutputFile]], folders: dict[str, Path], plan: Plan, force: bool) -> None:
    from .output import refuse_loss, write

    for name, files in built.items():
        refuse_loss(folders[name], name, plan.name, files, force=force)
    for name, files in built.items():
        changes = write(folders[name], name, plan.name, files, force=force)
        click.echo(f"{folders[name]}: {_said(len(files), changes)}")


def _said(files: int, changes: list[Difference]) -> str:
    if not changes:
        return f"{files} files, up to date"
    removed = sum(d.kind == "extra" for d in changes)
    return f"{files} files, {len(changes) - removed} written" + (f", {removed} removed" if removed else "")
