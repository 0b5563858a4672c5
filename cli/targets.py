"""`mlopsc targets`: which target carries which feature, and how."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from .terminal import has_colour

if TYPE_CHECKING:
    from ..backends.base import Backend, Support
    from ..compiler.features import Feature


@click.command(short_help="Print which target carries which feature, and how.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to print the matrix.",
)
def command(format_: str) -> None:
    """Print which target carries which feature of the language.

    native: by the engine itself. emulated: the note says by what. unsupported: a build refuses it at its place.
    """
    from ..backends.table import BACKENDS

    backends = list(BACKENDS.values())
    if format_ == "json":
        click.echo(json.dumps(_document(backends), indent=2, ensure_ascii=False))
    elif format_ == "markdown":
        click.echo(matrix_markdown(backends), nl=False)
    elif has_colour(sys.stdout):
        _draw(backends)
    else:
        click.echo(_plain(backends), nl=False)


def _support(backend: Backend, feature: Feature) -> Support:
    from ..backends.base import Level, Support

    return backend.capabilities.get(feature) or Support(Level.UNSUPPORTED, "")


def _features() -> list[Feature]:
    from ..compiler.features import Feature

    return list(Feature)


def _document(backends: list[Backend]) -> dict[str, object]:
    return {
        "targets": {b.name: b.summary for b in backends},
        "features": [
            {
                "feature": f.name.lower(),
                "title": f.value,
                **{b.name: {"level": s.level.value, "how": s.how} for b in backends for s in (_support(b, f),)},
            }
            for f in _features()
        ],
    }


def _notes(backends: list[Backend]) -> dict[str, int]:
    """Each distinct explanation with its number, in the order in which the matrix first needs it."""
    notes: dict[str, int] = {}
    for feature in _features():
        for backend in backends:
            how = _support(backend, feature).how
            if how:
                notes.setdefault(how, len(notes) + 1)
    return notes


def _cell(support: Support, notes: dict[str, int]) -> str:
    return f"{support.level.value} [{notes[support.how]}]" if support.how else support.level.value


def _plain(backends: list[Backend]) -> str:
    notes = _notes(backends)
    rows = [["feature", *(b.name for b in backends)]]
    rows += [[f.value, *(_cell(_support(b, f), notes) for b in backends)] for f in _features()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *(f"[{n}] {how}" for how, n in notes.items())]) + "\n"


def matrix_markdown(backends: list[Backend]) -> str:
    """The table of `docs/targets.md`."""
    notes = _notes(backends)
    lines = ["| feature | " + " | ".join(b.name for b in backends) + " |", "| --- |" + " --- |" * len(backends)]
    for f in _features():
        cells = [_cell(_support(b, f), notes).replace("native", "✓") for b in backends]
        lines.append(f"| {f.value} | " + " | ".join(c.replace("unsupported", "–") for c in cells) + " |")
    lines += ["", "✓ native, – refused by `build` at the place that uses it.", ""]
    return "\n".join([*lines, *(f"{n}. {how}" for how, n in notes.items())]) + "\n"


def _draw(backends: list[Backend]) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..backends.base import Level

    marks = {
        Level.NATIVE: "[green]native[/]",
        Level.EMULATED: "[yellow]emulated[/]",
        Level.UNSUPPORTED: "[red]unsupported[/]",
    }
    notes = _notes(backends)
    table = Table("feature", *(b.name for b in backends), box=None, header_style="bold")
    for feature in _features():
        cells = []
        for backend in backends:
            support = _support(backend, feature)
            cells.append(marks[support.level] + (f" [dim]{notes[support.how]}[/]" if support.how else ""))
        table.add_row(feature.value, *cells)
    console = Console()
    console.print(table)
    for how, number in notes.items():
        console.print(f"{number:>3} {how}", style="dim", markup=False, highlight=False)
