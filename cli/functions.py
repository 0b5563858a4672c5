"""`mlopsc functions`: what rules can measure."""

from __future__ import annotations

import json
import sys

import click
from click.shell_completion import CompletionItem

from .terminal import has_colour


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from ..compiler.functions import FUNCTIONS

    return [CompletionItem(f.name, help=f.doc) for f in FUNCTIONS.values() if f.name.startswith(incomplete)]


@click.command(short_help="List the functions of guard rules, or explain one.")
@click.argument("name", required=False, shell_complete=_complete)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to print them.",
)
def command(name: str | None, format_: str) -> None:
    """List the functions of guard rules with what they give, or explain the one that is named.

    markdown: the page docs/functions.md. json: the registry for editors.
    """
    from ..compiler.functions import FUNCTIONS
    from ..compiler.functions.page import functions_document, functions_markdown, unit

    if name is not None:
        if name not in FUNCTIONS:
            raise click.UsageError(_unknown(name))
        if format_ == "json":
            [found] = [f for f in functions_document()["functions"] if f["name"] == name]
            click.echo(json.dumps(found, indent=2, ensure_ascii=False))
            return
        print_function(name)
    elif format_ == "json":
        click.echo(json.dumps(functions_document(), indent=2, ensure_ascii=False))
    elif format_ == "markdown":
        click.echo(functions_markdown(), nl=False)
    else:
        width = max(len(f.signature) for f in FUNCTIONS.values())
        given = max(len(unit(f)) for f in FUNCTIONS.values())
        for f in FUNCTIONS.values():
            click.echo(f"{f.signature:{width}}  {unit(f):{given}}  {f.doc}")


def print_function(name: str) -> None:
    """The entry of one function."""
    from ..compiler.functions import FUNCTIONS
    from ..compiler.functions.page import entry

    text = f"# `{FUNCTIONS[name].signature}`\n\n{entry(FUNCTIONS[name])}"
    if not has_colour(sys.stdout):
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def _unknown(name: str) -> str:
    from ..compiler.diagnostics import did_you_mean
    from ..compiler.functions import FUNCTIONS

    return f"no function '{name}'; {did_you_mean(name, list(FUNCTIONS)) or '`mlopsc functions` lists them'}"
