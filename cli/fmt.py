"""`mlopsc fmt`"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from . import specs
from .terminal import Paint, paint_for


@click.command(short_help="Format specs.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when a file is not formatted.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change, and exit with 1 if anything.")
def command(paths: tuple[Path, ...], check: bool, diff: bool) -> int:
    """Format specs: files, folders (every *.mlops within), or '-' for standard input to standard output.

    Without a path: this folder. Comments stay; parts that cannot be read are left as they are.
    """
    if Path("-") in paths:
        if len(paths) > 1:
            raise click.UsageError("'-' stands alone: standard input is one spec")
        found = [specs.decode(Path("-"), sys.stdin.buffer.read())]
    else:
        for path in paths:
            if path.is_file() and path.suffix != specs.SUFFIX:
                raise click.UsageError(f"{path} is no *{specs.SUFFIX} file: nothing else is formatted")
        found = [specs.read(path) for path in specs.all_specs(paths)]
        if not found:
            raise specs.Unreadable(f"no *{specs.SUFFIX} file in {', '.join(map(str, paths)) or 'this folder'}")
    changed = sum([_format(given, check, diff) for given in found])
    if Path("-") not in paths:
        click.echo(_said(changed, len(found), check or diff), err=True)
    return int(bool(changed and (check or diff)))


def _format(given: specs.Text, check: bool, diff: bool) -> bool:
    """Whether the text was, or would be, changed."""
    from ..compiler.diagnostics import Diagnostics
    from ..compiler.format import format_text
    from ..compiler.source import Source
    from ..compiler.syntax.parser import parse

    source = Source(str(given.path), given.text)
    if parse(source, Diagnostics()).broken:
        click.echo(f"{given.path}: parts of it cannot be read, and stay as they are; `mlopsc lint` says why", err=True)
    text = format_text(source)
    if diff:
        click.echo(_difference(given, text, paint_for(sys.stdout)), nl=False, color=True)
    elif check and text != given.text:
        click.echo(f"{given.path}: not formatted")
    elif not check and given.path == Path("-"):
        click.echo(text, nl=False)
    elif not check and text != given.text:
        given.write(text)
        click.echo(f"{given.path}: formatted")
    return text != given.text


_ROLES = {"+": "added", "-": "removed", "@": "place"}


def _difference(given: specs.Text, text: str, paint: Paint) -> str:
    lines = difflib.unified_diff(
        given.text.splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"{given.path} (as it is)",
        f"{given.path} (formatted)",
    )
    painted = []
    for line in lines:
        bare = line.rstrip("\n")
        role = _ROLES.get(bare[:1])
        painted.append((paint(bare, role) if role else bare) + "\n")
        if not line.endswith("\n"):
            painted.append("\\ No newline at end of file\n")
    return "".join(painted)


def _said(changed: int, files: int, dry: bool) -> str:
    noun = "file" if files == 1 else "files"
    if not changed:
        return f"{files} {noun} already formatted"
    return f"{changed} of {files} {noun} {'would change' if dry else 'changed'}"
