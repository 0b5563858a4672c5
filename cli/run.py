"""`mlopsc run`"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..runtime.events import Event, Problem, RunResult
from . import specs
from .build import require_targets
from .compiling import analysis_of, any_environment_option, lower, profile_option, set_option
from .outcome import render_outcome
from .progress import PlainProgress, Progress
from .terminal import has_colour, is_terminal, paint_for

if TYPE_CHECKING:
    pass


params_option = click.option(
    "--params",
    "params_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A JSON file of params; --set wins over it.",
)


@click.command(short_help="Run the pipeline on this machine.")
@click.argument("words", nargs=-1, metavar="[SPEC] [SELECTION]...")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="How many nodes run at once. Default: the processors.")
@click.option("--from", "after", multiple=True, metavar="NODE", help="Run this node and all that comes after it.")
@click.option("--only", multiple=True, metavar="NODE", help="Run this node alone.")
@params_option
@set_option
@profile_option
@any_environment_option
@click.option("-n", "--dry-run", is_flag=True, help="Print what would run, with its commands, and run nothing.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure go on with what does not need it.")
@click.option("--locked", is_flag=True, help="Refuse to run where something else would be used than mlops.lock says.")
@click.option("--run", "run_id", metavar="ID", help="Name the run; the same name again goes on with it.")
@click.option("--trigger", metavar="NAME", help="Start only if this trigger's cooldown and limit let it.")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the verdicts to this file as JUnit."
)
@click.option("-q", "--quiet", is_flag=True, help="Do not print what the programs print; it is kept in their logs.")
@click.option("-v", "--verbose", is_flag=True, help="Print all that the programs print, on a terminal too.")
@click.option(
    "--no-fast", is_flag=True, hidden=True, help="Look at everything, also where nothing seems to have changed."
)
def command(
    words: tuple[str, ...],
    jobs: int | None,
    after: tuple[str, ...],
    only: tuple[str, ...],
    params_file: Path | None,
    settings: dict[str, str],
    profile: str | None,
    any_environment: bool,
    dry_run: bool,
    keep_going: bool,
    locked: bool,
    run_id: str | None,
    trigger: str | None,
    junit: Path | None,
    quiet: bool,
    verbose: bool,
    no_fast: bool,  # fresh.py answers nothing where it is given
) -> int:
    """Run the pipeline on this machine. What has not changed since an earlier run is restored instead of run.

    In place of the spec a plan of `mlopsc plan -o PLAN.json` may be named: that is run, or refused if it would now be
    something else.

    A SELECTION is a node's name: `train`, `+train` with all before it, `train+` with all after it. Exits with 3 when
    a guard blocked, 4 when a stage failed.
    """
    from ..backends.checks import options_of
    from ..compiler.plan.document import plan_document
    from ..runtime.children import end_in_order
    from ..runtime.events import RunOptions
    from ..runtime.executor import run
    from .lockfile import read_lock
    from .locking import keep_lock, lock_acceptances, lock_path, locked_stages

    began = time.time_ns()  # before the first file is read
    named, selection = _split(words)
    asked = (selection, only, after, params_file, settings, any_environment, locked, run_id, trigger, junit)
    whole = not any(asked)
    if named is not None and named.suffix == ".json":
        from .approved import read_approved, require_unchanged

        whole = False
        if selection or after or only or params_file or settings or profile or any_environment:
            raise click.UsageError(f"{named} says already what is run, and with what: name nothing else")
        approved = read_approved(named)
        require_unchanged(approved)
        named, profile, settings = approved.spec, approved.document.get("profile"), approved.document["settings"]
        params, any_environment = approved.document["params"], bool(approved.document.get("any_environment"))
    else:
        params = read_params(params_file, settings)
    path = specs.the_spec(named)
    analysis = analysis_of(path, profile=profile, settings=settings)
    lowered = lower(analysis)
    require_targets(["local"], lowered, analysis, quiet=True)
    local = options_of(lowered, "local")
    lock = read_lock(lock_path(path))
    options = RunOptions(
        run=run_id,
        params=params,
        jobs=jobs or local.get("jobs"),
        select=selection,
        only=only,
        after=after,
        dry_run=dry_run,
        any_environment=any_environment,
        trigger=trigger,
        keep_going=keep_going or bool(local.get("keep_going")),
        accepted=lock_acceptances(lock),
        locked=locked_stages(path, profile) if locked else None,
    )
    plan = plan_document(lowered.plan)
    root = path.resolve().parent
    if dry_run:
        return _finish(run(plan, root=root, options=options, listener=_say_planned), quiet=True)
    end_in_order()
    with _progress(quiet, verbose) as progress:
        result = run(plan, root=root, options=options, listener=progress)
    if not (locked or settings or params):
        keep_lock(path, profile, result, whole=not (selection or after or only))
    # One that another process has added to meanwhile was not asked by this run.
    if whole and lock_acceptances(read_lock(lock_path(path))) == options.accepted:
        from .certificates import keep_certificate

        keep_certificate(result, plan, analysis, path, profile, began)
    if junit is not None:
        _write_junit(result, junit)
    return _finish(result, quiet=False)


def _write_junit(result: RunResult, file: Path) -> None:
    from .render_junit import junit

    if result.folder is not None and (result.folder / "run.json").is_file():
        file.write_text(junit(json.loads((result.folder / "run.json").read_text("utf-8"))), "utf-8")


def _split(words: tuple[str, ...]) -> tuple[Path | None, tuple[str, ...]]:
    """What looks like a path is the spec; the other words select nodes."""
    paths = [w for w in words if w.endswith((specs.SUFFIX, ".json")) or "/" in w or "\\" in w or w in (".", "..")]
    if not paths and words and Path(words[0]).is_dir() and not specs.in_folder(Path()):
        paths = [words[0]]
    if len(paths) > 1:
        raise click.UsageError(f"one spec at a time, not {' and '.join(paths)}")
    return Path(paths[0]) if paths else None, tuple(w for w in words if w not in paths)


def read_params(file: Path | None, settings: Mapping[str, str]) -> dict[str, Any]:
    """The params of the file that `--set` does not give; the runtime checks them against the plan."""
    if file is None:
        return {}
    try:
        values = json.loads(file.read_text("utf-8-sig"))
    except ValueError as error:
        raise specs.Unreadable(f"{file}: not JSON: {error}") from None
    if not isinstance(values, dict):
        raise specs.Unreadable(f"{file}: an object of params is wanted, such as {{'month': 6}}".replace("'", '"'))
    return {name: value for name, value in values.items() if name not in settings}


def _progress(quiet: bool, verbose: bool) -> Progress:
    if is_terminal(sys.stderr) and not quiet:
        from rich.console import Console

        from .progress import LiveProgress

        return LiveProgress(Console(stderr=True, no_color=not has_colour(sys.stderr)), verbose=verbose)

    def say(line: str) -> None:
        with suppress(BrokenPipeError):  # A reader that leaves (`| head`) must not end the run.
            click.echo(line, err=True, color=True)

    return PlainProgress(say, paint_for(sys.stderr), quiet=quiet)


def _say_planned(event: Event) -> None:
    if event.kind == "planned":
        word = (event.state or "").replace("_", " ")
        click.echo(f"{event.node}: {word}" + (f"\n    {event.text}" if event.text else ""))


def tell_refused(problems: Sequence[Problem]) -> None:
    """What a rehearsal says of a run that would not start now, a line each."""
    paint = paint_for(sys.stderr)
    for problem in problems:
        click.echo(f"{paint('warning', 'warning')}: mlopsc run refuses this: {problem}", err=True, color=True)


def _finish(result: RunResult, *, quiet: bool) -> int:
    tell_refused(result.refused)
    if result.problems:
        paint = paint_for(sys.stderr)
        for problem in result.problems:
            click.echo(f"{paint('error', 'error')}: {problem}", err=True, color=True)
    elif result.state == "held":
        click.echo(result.reason or "the trigger holds the run back")
    elif not quiet:
        with suppress(BrokenPipeError):
            click.echo(render_outcome(result, paint_for(sys.stdout)), nl=False, color=True)
    return result.exit_code
