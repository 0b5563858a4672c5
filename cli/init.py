"""`mlopsc init`"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import specs
from .draft import draft, word
from .scan import Scan, scan
from .spec_text import spec_text
from .starter import starter_for


@click.command(short_help="Write a first spec from what is in this folder.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--name", help="The pipeline's name. Default: the folder's.")
@click.option("--print", "print_only", is_flag=True, help="Print what would be written, and write nothing.")
def command(folder: Path, name: str | None, print_only: bool) -> int:
    """Write a first spec from what is in a folder: its scripts, their arguments, its data, its requirements.

    In a folder without scripts a small one is written too, so that there is something to run. Nothing that is there
    is ever overwritten.
    """
    there = [path for path in specs.in_folder(folder) if specs.is_root(path)]
    if there:
        raise specs.Unreadable(f"{there[0]} declares a pipeline already; `mlopsc lint` checks it")
    found = scan(folder) if folder.is_dir() else Scan(folder, (), (), frozenset(), None, ())
    chosen = word(name or folder.resolve().name, "pipeline")
    drafted = draft(chosen, found)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    spec = f"{chosen}{specs.SUFFIX}"
    files = {spec: spec_text(drafted, python)} if drafted.steps else starter_for(drafted, python)
    files |= {spec: _formatted(files[spec]), **drafted.files}
    if print_only:
        for path, text in files.items():
            click.echo(f"# {path}\n{text}")
        return 0
    _write(folder, files)
    for path in files:
        click.echo(f"wrote {folder / path}")
    for path, why in drafted.left_out:
        click.echo(f"left out {path}: {why}")
    if any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents)):
        click.echo("git add them: mlopsc asks that git knows what a stage runs")
    where = "" if folder == Path() else f" {folder / spec}"
    click.echo(f"\nread {folder / spec}, then:\n  mlopsc lint{where}\n  mlopsc run{where}\n  mlopsc graph{where}")
    return 0


def _write(folder: Path, files: dict[str, str]) -> None:
    """Every file, or none where one is there already."""
    for path in files:
        if (folder / path).exists():
            raise specs.Unreadable(f"{folder / path} is there already; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    try:
        for path, text in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("x", encoding="utf-8") as file:
                written.append(place)
                file.write(text)
    except OSError:
        for place in written:
            place.unlink(missing_ok=True)
        raise


def _formatted(text: str) -> str:
    from ..compiler.format import format_text
    from ..compiler.source import Source

    return format_text(Source("draft.mlops", text))
