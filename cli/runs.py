"""`mlopsc runs`"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from .compiling import profile_option
from .progress import word_of
from .run_shown import shown
from .runs_compared import differences, side_by_side
from .stored import Run, metrics_of, run_named, store_of
from .terminal import Paint, paint_for

spec_option = click.option("--spec", type=click.Path(path_type=Path), help="The spec, where it is not the one here.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="List runs, show one, compare two.")
def command() -> None:
    """List runs, show one, compare two. A run is named by its id, by the beginning of it, or `last`."""


@command.command("list")
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@profile_option
@click.option("-n", "--number", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@_json_option
def list_(spec: Path | None, profile: str | None, number: int, as_json: bool) -> None:
    """The last runs, the latest first."""
    _, store = store_of(spec, profile)
    runs = [run for run, _ in zip(store.finished_runs(), range(number), strict=False)]
    if as_json:
        click.echo(json.dumps([_summary(run) for run in runs], indent=1, ensure_ascii=False))
        return
    if not runs:
        click.echo(f"no run has come to its end in {store.where}")
    paint = paint_for(sys.stdout)
    for run in runs:
        click.echo(_line(run, paint), color=True)


def _summary(run: Run) -> dict[str, Any]:
    kept = ("run", "pipeline", "state", "started", "finished", "profile", "params", "code", "engine", "trigger")
    return {**{k: run.get(k) for k in kept}, "metrics": metrics_of(run)}


def _line(run: Run, paint: Paint) -> str:
    state = state_of(run)
    mark, _, role = word_of(state)
    states = [r["state"] for r in run["nodes"].values() if r["kind"] == "stage"]
    done = f"{states.count('succeeded')} ran, {states.count('restored')} restored"
    by = " ".join(filter(None, [(run.get("engine") or {}).get("name"), run.get("trigger")]))
    return "  ".join(
        [
            f"{paint(mark, role)} {run['run']}",
            f"{run['started'][:19].replace('T', ' ')}",
            f"{paint(state, role)}",
            f"{done:<22}",
            _commit(run),
            by,
        ]
    ).rstrip()


def state_of(run: Run) -> str:
    """How the run ended. One that was ended by hand has failed for those who wait for it, and is told as what it is."""
    return "interrupted" if run.get("interrupted") else str(run["state"])


def _commit(run: Run) -> str:
    code = run.get("code") or {}
    return f"{code['commit'][:10]}{'+' if code.get('uncommitted') else ''}" if code.get("commit") else "-"


@command.command("show")
@click.argument("run")
@spec_option
@profile_option
@_json_option
def show(run: str, spec: Path | None, profile: str | None, as_json: bool) -> None:
    """What a run was made of, and what it made."""
    _, store = store_of(spec, profile)
    found = run_named(store, run)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    paint = paint_for(sys.stdout)
    click.echo(_line(found, paint), color=True)
    for line in shown(found, paint):
        click.echo(line, color=True)
    click.echo(f"\nreport: {store.fetch(store.results_folder(found) / 'report.html')}")


@command.command("compare")
@click.argument("first")
@click.argument("second")
@spec_option
@profile_option
@_json_option
def compare(first: str, second: str, spec: Path | None, profile: str | None, as_json: bool) -> None:
    """What differs between two runs, side by side: code, params, data, environment, results, metrics, verdicts."""
    _, store = store_of(spec, profile)
    runs = run_named(store, first), run_named(store, second)
    parts = differences(*runs)
    names = runs[0]["run"], runs[1]["run"]
    if as_json:
        click.echo(json.dumps({"runs": names, **parts}, indent=1, ensure_ascii=False))
        return
    if not any(parts.values()):
        click.echo("the two runs are alike: code, params, data, environment, results, metrics and verdicts")
        return
    for line in side_by_side(names, parts, paint_for(sys.stdout)):
        click.echo(line, color=True)
