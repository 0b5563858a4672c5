"""`mlopsc schema`: the schema block of a source, written by looking at its data."""

from __future__ import annotations

from pathlib import Path

import click

from . import specs
from .compiling import analysis_of


@click.command(short_help="Write a source's schema block by looking at its data.")
@click.argument("source")
@click.argument("spec", required=False, type=click.Path(path_type=Path))
def command(source: str, spec: Path | None) -> None:
    """Print the schema block of SOURCE, for its declaration in the spec: types, and which columns have nulls."""
    from .observed import profile, source_of

    path = specs.the_spec(spec)
    columns = profile(source_of(analysis_of(path).model, source), path.parent)
    named = [c for c in columns if c.is_name]
    width = max((len(c.name) for c in named), default=0)
    click.echo("  schema {")
    for column in columns:
        if column.is_name:
            optional = "?" if column.nulls else ""
            click.echo(f"    {column.name + ':':<{width + 1}} {column.type}{optional}")
        else:
            click.echo(f"    # {column.name!r} is no name that a spec can write")
    click.echo("  }")
