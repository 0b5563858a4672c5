"""`mlopsc score`"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import specs
from .compiling import spec_options
from .score_text import document, points, render_markdown, render_text
from .terminal import paint_for
from .today import today_option

if TYPE_CHECKING:
    from ..compiler.score import Score

UNDER = 1
_RESULTS = ("reproducibility", "ml-test-score", "level")


def _minimum(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for item in given:
        name, equals, number = item.rpartition("=")
        name = name if equals else "ml-test-score"
        try:
            least = float(number)
        except ValueError:
            least = -1.0
        if name not in _RESULTS or not 0 <= least < 100:
            raise click.BadParameter(f"'{item}' is none of {', '.join(f'{r}=N' for r in _RESULTS)}", ctx, param)
        found[name] = least
    return found


@click.command(short_help="Say how far a pipeline has come: reproducibility, ML Test Score, MLOps level.")
@spec_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print it; markdown is for a comment on a pull request.",
)
@click.option(
    "--min",
    "minimum",
    multiple=True,
    metavar="[NAME=]N",
    callback=_minimum,
    help="Exit with 1 below this: reproducibility=8, ml-test-score=2 (or just 2), level=1; may be repeated.",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="A line for every test, and what to write for those that are missing."
)
@click.option("--explain", metavar="TEST", help="Say what one test asks for, such as 'Data 1', and what was found.")
@today_option
def command(
    spec: Path | None,
    profile: str | None,
    settings: dict[str, str],
    format_: str,
    minimum: dict[str, float],
    verbose: bool,
    explain: str | None,
    today: date,
) -> int:
    """Say how far a pipeline has come, by a reproducibility checklist, the ML Test Score, and Google's MLOps level.

    Each answer is derived from the spec, the records of its runs and its repository, and names what shows it. What they
    cannot show counts nothing, unless somebody states it in `score.toml` beside the spec.
    """
    from ..compiler.score import score
    from .scored import gather

    test = _named(explain) if explain else None
    found = score(gather(specs.the_spec(spec), profile=profile, settings=settings, today=today))
    if test is not None:
        _explain(found, test)
    elif format_ == "json":
        click.echo(json.dumps(document(found, minimum), indent=1, ensure_ascii=False))
    elif format_ == "markdown":
        click.echo(render_markdown(found), nl=False)
    else:
        click.echo(render_text(found, paint_for(sys.stdout), every=verbose), nl=False, color=True)
    return _under(found, minimum)


def _named(name: str) -> str:
    from ..compiler.diagnostics import did_you_mean
    from ..compiler.score import ALL_TESTS, by_name

    test = by_name(name)
    if test is None:
        hint = did_you_mean(name, tuple(t.id for t in ALL_TESTS)) or "they are named in `mlopsc score --verbose`"
        raise click.UsageError(f"no test '{name}'; {hint}")
    return test.id


def _explain(found: Score, test: str) -> None:
    paint = paint_for(sys.stdout)
    outcome = next(o for o in found.outcomes if o.test.id == test)
    click.echo(f"{paint(outcome.test.id, 'strong')}  {outcome.test.title}", color=True)
    click.echo(outcome.test.asks)
    click.echo(f"\n{found.facts.plan.name}: {points(outcome.points)}, {outcome.how}")
    for evidence in outcome.evidence:
        click.echo(f"  {evidence}")
    if outcome.points < 1:
        if outcome.how != "not known" and outcome.missing:
            click.echo(f"  missing: {outcome.missing}")
        if outcome.write:
            click.echo(f"  write: {paint(outcome.write, 'place')}", color=True)


def _under(found: Score, minimum: dict[str, float]) -> int:
    """Names what is below what was asked for; 1 where something is."""
    reached = {"reproducibility": found.reproduced, "ml-test-score": found.ml_test_score, "level": found.level}
    low = [(name, least) for name, least in minimum.items() if reached[name] < least]
    paint = paint_for(sys.stderr)
    for name, least in low:
        message = f"{name} is {points(reached[name])}, and at least {points(least)} was asked for"
        click.echo(f"{paint('error', 'error')}: {message}", err=True, color=True)
    return UNDER if low else 0
