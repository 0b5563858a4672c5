"""Diagnostics in the format that was asked for: one place for every command that has `--format`."""

from __future__ import annotations

import sys
from typing import TextIO

import click

from ..compiler.diagnostics import Diagnostic
from .terminal import paint_for

format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to print what is found.",
)


def report(
    found: list[Diagnostic], format_: str, files: int, all_well: str | None = None, stream: TextIO | None = None
) -> None:
    """Prints what was found in so many files. `all_well` is what text says where that is nothing."""
    stream = stream or sys.stdout
    if format_ == "json":
        from .render_json import render_json

        text = render_json(found, files)
    elif format_ == "sarif":
        from .render_sarif import render_sarif

        text = render_sarif(found)
    elif format_ == "github":
        from .render_github import render_github

        text = render_github(found)
    else:
        from .render_text import render_all, summary

        paint = paint_for(stream)
        said = paint("all good", "good") + f": {all_well}" if all_well and not found else summary(found, files, paint)
        text = render_all(found, paint) + said + "\n"
    click.echo(text, file=stream, nl=False, color=True)
