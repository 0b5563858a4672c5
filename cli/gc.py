"""`mlopsc gc`"""

from __future__ import annotations

from pathlib import Path

import click

from ..runtime.amounts import bytes_text, counted
from .compiling import profile_option, spec_argument
from .stored import registries_of


class _Span(click.ParamType["float"]):
    """A duration as the language writes it: 30d, 12h."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from ..runtime.params import WrongValueError, coerce

        if isinstance(value, str) and value.isdecimal() and int(value):
            self.fail(f"'{value}' has no unit; write {value}d, or {value}h", param, ctx)
        try:
            return float(coerce(value, {"type": "duration"}))
        except WrongValueError:
            self.fail(f"'{value}' is no duration; write 30d, or 12h", param, ctx)


@click.command(short_help="Take away what nothing in the store reaches.")
@spec_argument
@profile_option
@click.option("--keep-runs", type=click.IntRange(min=0), metavar="N", help="Give up all runs but the last N.")
@click.option("--older-than", type=_Span(), metavar="AGE", help="Give up runs that ended longer ago: 30d.")
@click.option(
    "--grace", type=_Span(), default="1d", show_default=True, help="What is younger is kept, whatever reaches it."
)
@click.option("--delete", is_flag=True, help="Do it; without this it is only said.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    spec: Path | None,
    profile: str | None,
    keep_runs: int | None,
    older_than: float | None,
    grace: float,
    delete: bool,
    as_json: bool,
) -> None:
    """Say what nothing in the store reaches any more, and with --delete take it away.

    Without --keep-runs and --older-than every run is kept, and only what killed runs left behind goes. What a run that
    is kept names, what a version in the registry holds, what mlops.lock names, and the run of a model that has an alias
    are never taken.
    """
    from ..runtime.collect import find_garbage, remove, report
    from .locking import lock_keys

    path, store, registries = registries_of(spec, profile)
    garbage = find_garbage(
        store,
        registries=registries,
        keep_runs=keep_runs,
        older_than=older_than,
        grace=grace,
        locked=lock_keys(path).values(),
    )
    if delete:
        remove(store, garbage)
    if as_json:
        click.echo(report(store, garbage))
        return
    for folder in garbage.runs:
        click.echo(f"run {folder.name}")
    verb = "taken away" if delete else "would go"
    if not garbage:
        click.echo("nothing to take away: everything is reached, or younger than the grace (a day, or --grace)")
        return
    click.echo(
        f"{verb}: {counted(len(garbage.runs), 'run')}, {counted(len(garbage.entries), 'result')}, "
        f"{counted(len(garbage.objects), 'object')} ({bytes_text(garbage.size)})"
    )
    if garbage.others:
        click.echo(f"and {counted(len(garbage.others), 'note')} on what they were made of")
    if not delete:
        click.echo("add --delete to do it")
