"""`mlopsc explain CODE`"""

from __future__ import annotations

import re
import sys

import click
from click.shell_completion import CompletionItem

from ..compiler.diagnostics import nearest
from .pages import codes, page_of
from .terminal import has_colour


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(code, help=title) for code, title in codes().items() if code.startswith(incomplete.upper())]


@click.command(short_help="Explain a diagnostic, or a function of guard rules.")
@click.argument("code", shell_complete=_complete, required=False)
def command(code: str | None) -> None:
    """Explain a diagnostic, named by its code (E204) or by its slug (unknown-name), or a function of guard rules (psi).

    Without a name: the list of all diagnostics.
    """
    known = codes()
    if code is None:
        for name, title in known.items():
            click.echo(f"{name}  {title}")
        return
    if _is_function(code):
        from .functions import print_function

        print_function(code)
        return
    found = _code(code, known)
    page = page_of(found) if found else None
    if page is None:
        raise click.UsageError(_unknown(code, known))
    _print(page)


def _is_function(said: str) -> bool:
    from ..compiler.functions import FUNCTIONS

    return said in FUNCTIONS


def _code(said: str, known: dict[str, str]) -> str | None:
    bare = said.strip("[]: `")
    if re.fullmatch(r"[A-Za-z]\d+", bare):
        return bare.upper() if bare.upper() in known else None
    return next((code for code, title in known.items() if title == bare.lower().replace("_", "-")), None)


def _unknown(said: str, known: dict[str, str]) -> str:
    close = nearest(said.upper(), set(known)) or nearest(said.lower(), set(known.values()))
    if close:
        return f"no diagnostic '{said}'; did you mean '{close}'?"
    return f"no diagnostic '{said}'; `mlopsc explain` lists them"


def _print(page: str) -> None:
    if not has_colour(sys.stdout):
        click.echo(page.rstrip())
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(page))
