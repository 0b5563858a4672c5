"""`mlopsc plan`"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import specs
from .compiling import any_environment_option, spec_options
from .rehearsed import Rehearsal, rehearsal_of
from .run import params_option, read_params, tell_refused
from .since import CLASSES, Since, changes_since, render_since
from .terminal import Paint, paint_for
from .today import today_option

if TYPE_CHECKING:
    from ..runtime.rehearsal import Planned

FAILED, CHANGES = 1, 2  # with --fail-on, with --detailed-exitcode

_WORDS = {  # action: mark, word, role
    "read": ("·", "read", "dim"),
    "check": ("·", "checked", "dim"),
    "restore": ("↺", "restored", "place"),
    "run": ("▸", "runs", "warning"),
    "may_run": ("?", "may run", "warning"),
    "skip": ("·", "skipped", "dim"),
    "deploy": ("▸", "deployed", "warning"),
    "may_deploy": ("?", "may deploy", "warning"),
    "keep": ("·", "no change", "dim"),
    "fail": ("✗", "fails", "error"),
}


@click.command(short_help="Say what a run would do now, and why.")
@spec_options
@params_option
@any_environment_option
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the plan in this file: `mlopsc run FILE` then does exactly this, or refuses.",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 2 when a stage would run (with --since: when something has changed), with 0 otherwise.",
)
@click.option(
    "--since",
    metavar="REF",
    help="Say instead what has changed in spec and code since a branch, a tag or a commit, by what it asks of people.",
)
@click.option(
    "--fail-on",
    type=click.Choice(CLASSES),
    help="With --since: exit with 1 when a change is of this class or a weightier one.",
)
@today_option
def command(
    spec: Path | None,
    profile: str | None,
    settings: dict[str, str],
    params_file: Path | None,
    any_environment: bool,
    as_json: bool,
    output: Path | None,
    detailed_exitcode: bool,
    since: str | None,
    fail_on: str | None,
    today: date,
) -> int:
    """Say what a run would do now: what runs and why, what is restored. Nothing is run, nothing is changed.

    A stage behind one that runs *may* run: when that one writes what it wrote before, its consumers are restored.

    --since REF compares with a git revision instead, and sorts what has changed: BREAKING for those who use the
    pipeline from outside, RETRAIN where models are made anew, REDEPLOY where what was built is to be deployed again,
    COSMETIC where words have changed.
    """
    path = specs.the_spec(spec)
    if since is not None:
        if settings or params_file or any_environment:
            raise click.UsageError("--since compares what is written: leave out --set, --params and --any-environment")
        return _since(changes_since(path, since, profile, today), as_json, output, detailed_exitcode, fail_on)
    if fail_on is not None:
        raise click.UsageError("--fail-on is about changes since a revision: name it with --since")
    found = rehearsal_of(
        path,
        profile=profile,
        settings=settings,
        params=read_params(params_file, settings),
        any_environment=any_environment,
    )
    tell_refused(found.refused)
    _tell(found.document(), render_plan(found, paint_for(sys.stdout)), as_json, output)
    if output is not None and not as_json:
        click.echo(f"kept: mlopsc run {output} does this, or refuses")
    return CHANGES if detailed_exitcode and found.changes else 0


def _since(found: Since, as_json: bool, output: Path | None, detailed_exitcode: bool, fail_on: str | None) -> int:
    _tell(found.document(), render_since(found, paint_for(sys.stdout)), as_json, output)
    if fail_on is not None and found.fails(fail_on):
        return FAILED
    return CHANGES if detailed_exitcode and found.changes else 0


def _tell(document: Mapping[str, Any], lines: Iterable[str], as_json: bool, output: Path | None) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if output is not None:
        output.write_text(text, "utf-8")
    if as_json:
        click.echo(text, nl=False)
    else:
        for line in lines:
            click.echo(line, color=True)


def render_plan(plan: Rehearsal, paint: Paint) -> Iterator[str]:
    """A line a node, and one for each further cause."""
    wide = max((len(n.node) for n in plan.nodes), default=0)
    for node in plan.nodes:
        yield from _lines(node, wide, paint)
    yield ""
    if plan.not_locked:
        yield f"not as mlops.lock says: {', '.join(plan.not_locked)}"
    yield _closing(plan)


def _lines(node: Planned, wide: int, paint: Paint) -> Iterator[str]:
    mark, word, role = _WORDS[node.action]
    reasons = [text_of(cause) for cause in node.causes] if node.action in ("run", "may_run") else [node.text]
    head = f"{paint(mark, role)} {node.node:<{wide}}  {paint(f'{word:<10}', role)}"
    yield f"{head}  {reasons[0]}" if reasons else head
    for reason in reasons[1:]:
        yield f"  {'':<{wide}}  {'':<10}  {reason}"


def text_of(cause: object) -> str:
    """`steps/train.py:14: fit() changed`"""
    where, text = getattr(cause, "where", ""), getattr(cause, "text", "")
    return f"{where}: {text}" if where else text


def _closing(plan: Rehearsal) -> str:
    stages = [n for n in plan.nodes if n.kind == "stage"]
    runs = sum(n.action == "run" for n in stages)
    may = sum(n.action == "may_run" for n in stages)
    restored = sum(n.action == "restore" for n in stages)
    said = [f"{runs} run" + ("s" if runs == 1 else "")] if runs else []
    said += [f"{may} may run"] if may else []
    said += [f"{restored} restored"] if restored else []
    if not runs and not may:
        return f"{plan.pipeline}: nothing to run, {restored} of {len(stages)} stages restored"
    return f"{plan.pipeline}: of {len(stages)} stages, {', '.join(said)}"
