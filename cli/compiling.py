"""From a spec's path to its plan, for every command that needs one: what is wrong is printed, and ends the command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..compiler.diagnostics import Diagnostic, Diagnostics, Severity
from . import specs
from .render_text import render_all, render_line, summary
from .terminal import paint_for

if TYPE_CHECKING:
    from ..compiler.driver import Analysis
    from ..compiler.lower import Lowered

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

spec_argument = click.argument("spec", required=False, type=click.Path(path_type=Path))
profile_option = click.option("--profile", metavar="NAME", help="Use the overrides of this profile.")


class Wrong(click.exceptions.Exit):
    """The spec has errors, and they have been printed."""

    def __init__(self) -> None:
        super().__init__(1)


def _settings(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"'{item}' is not NAME=VALUE", ctx, param)
        found[name.strip()] = value
    return found


set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_settings,
    help="Give a param another value; may be repeated.",
)


any_environment_option = click.option(
    "--any-environment",
    is_flag=True,
    help="Run with other packages than the lock pins. Results then count for what is installed.",
)


def spec_options(function: Decorated) -> Decorated:
    """The argument and the options of a command that works on the plan of one spec."""
    return spec_argument(profile_option(set_option(function)))


def analysis_of(path: Path, *, profile: str | None = None, settings: Mapping[str, str] | None = None) -> Analysis:
    """What the compiler understood of a spec, without lint."""
    from ..compiler.driver import analyse

    text = specs.read(path).text
    return analyse(path, text=text, profile=profile, settings=settings)


def lowered_of(path: Path, *, profile: str | None = None, settings: Mapping[str, str] | None = None) -> Lowered:
    """The plan of a spec; its errors are printed and end the command with 1."""
    return lower(analysis_of(path, profile=profile, settings=settings))


def lower(analysis: Analysis) -> Lowered:
    from ..compiler.driver import compile_plan

    stop_on_errors(analysis.diagnostics)
    return compile_plan(analysis)


def stop_on_errors(diagnostics: Diagnostics) -> None:
    """Prints the errors, all of them, and ends the command with 1; does nothing without errors."""
    if not diagnostics.has_errors:
        return
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    paint = paint_for(sys.stderr)
    click.echo(render_all(errors, paint), err=True, nl=False, color=True)
    click.echo(summary(errors, len({d.span.source.path for d in errors}), paint), err=True, color=True)
    raise Wrong


def mention(diagnostics: list[Diagnostic]) -> None:
    """Notes that are good to know and stop nothing, a line each."""
    paint = paint_for(sys.stderr)
    for diagnostic in diagnostics:
        click.echo(render_line(diagnostic, paint), err=True, color=True)
