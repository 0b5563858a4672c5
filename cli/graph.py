"""`mlopsc graph`"""

from __future__ import annotations

from pathlib import Path

import click

from . import specs
from .compiling import lowered_of, spec_options


@click.command(short_help="Draw what waits for what.")
@spec_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(["ascii", "mermaid", "dot", "svg"]),
    default="ascii",
    show_default=True,
    help="How to draw.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def command(
    spec: Path | None, profile: str | None, settings: dict[str, str], format_: str, output: Path | None
) -> None:
    """Draw what waits for what: sources, guards, stages, deploys."""
    lowered = lowered_of(specs.the_spec(spec), profile=profile, settings=settings)
    from ..compiler.graph import RENDERINGS

    text = RENDERINGS[format_](lowered.plan)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
