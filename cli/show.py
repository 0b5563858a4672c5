"""`mlopsc show`"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import specs
from .compiling import analysis_of, lower, spec_options, stop_on_errors

if TYPE_CHECKING:
    from ..compiler.syntax import tree


@click.command(short_help="Print a spec as it is meant.")
@spec_options
@click.option("--json", "as_json", is_flag=True, help="Print the lossless JSON form of the spec.")
@click.option("--plan", "as_plan", is_flag=True, help="Print plan.json: what every target is built from.")
def command(spec: Path | None, profile: str | None, settings: dict[str, str], as_json: bool, as_plan: bool) -> None:
    """Print a spec as it is meant, a profile's overrides in place; or turn its JSON form back into text.

    `mlopsc show a.mlops --json > a.json` and `mlopsc show a.json > a.mlops` are the inverse of each other.
    """
    if as_json and as_plan:
        raise click.UsageError("--json and --plan are two different forms: choose one")
    if settings and not as_plan:
        raise click.UsageError("--set changes the plan, not the text: add --plan")
    if spec is not None and spec.suffix == ".json":
        click.echo(_text_of(spec), nl=False)
        return
    analysis = analysis_of(specs.the_spec(spec), profile=profile, settings=settings)
    if as_plan:
        from ..compiler.plan.document import plan_json

        click.echo(plan_json(lower(analysis).plan), nl=False)
        return
    from ..compiler.syntax.document import file_document, file_text

    stop_on_errors(analysis.diagnostics)
    document = file_document(_whole(analysis.files) if profile else analysis.files[0])
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(_formatted(file_text(document)), nl=False)


def _whole(files: tuple[tree.File, ...]) -> tree.File:
    """The root with what it imports, for a profile changes that too."""
    from ..compiler.syntax import tree

    if len(files) == 1:
        return files[0]
    root, *others = files
    imported = [i for file in others for i in file.items if not isinstance(i, tree.Import | tree.Edition)]
    own = [i for i in root.items if not isinstance(i, tree.Import)]
    after = next(
        (at for at, i in enumerate(own) if isinstance(i, tree.Declaration) and i.keyword.text == "pipeline"), -1
    )
    return replace(root, items=(*own[: after + 1], *imported, *own[after + 1 :]))


def _text_of(path: Path) -> str:
    from ..compiler.syntax.document import file_text

    try:
        document: Any = json.loads(specs.read(path).text)
    except ValueError as error:
        raise specs.Unreadable(f"{path}: not JSON: {error}") from None
    try:
        return _formatted(file_text(document))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise specs.Unreadable(f"{path}: not the JSON form of a spec ({error})") from None


def _formatted(text: str) -> str:
    from ..compiler.format import format_text
    from ..compiler.source import Source

    return format_text(Source("shown.mlops", text))
