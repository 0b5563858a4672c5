"""`mlopsc why`"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..compiler.diagnostics import did_you_mean
from . import specs
from .compiling import any_environment_option, profile_option, set_option
from .plan import text_of
from .rehearsed import rehearsal_of
from .run import params_option, read_params, tell_refused

if TYPE_CHECKING:
    from ..runtime.rehearsal import Planned


@click.command(short_help="Say why a stage runs again, with file and line.")
@click.argument("stage")
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@profile_option
@set_option
@params_option
@any_environment_option
def command(
    stage: str,
    spec: Path | None,
    profile: str | None,
    settings: dict[str, str],
    params_file: Path | None,
    any_environment: bool,
) -> None:
    """Say why STAGE would run again now, with file and line of what changed; or that it would be restored."""
    path = specs.the_spec(spec)
    found = rehearsal_of(
        path,
        profile=profile,
        settings=settings,
        params=read_params(params_file, settings),
        any_environment=any_environment,
    )
    tell_refused(found.refused)
    nodes = {n.node: n for n in found.nodes}
    named = [n for name, n in nodes.items() if n.kind == "stage" and stage in (name, name.partition("[")[0])]
    if not named:
        stages = [n.node for n in found.nodes if n.kind == "stage"]
        hint = did_you_mean(stage, stages) or f"stages: {', '.join(stages)}"
        raise click.UsageError(f"no stage named '{stage}'; {hint}")
    for node in named:
        for line in explained(node, nodes):
            click.echo(line)


def explained(node: Planned, nodes: dict[str, Planned]) -> Iterator[str]:
    """Why a node runs, and below it why what it waits for does."""
    if node.action == "restore" and node.accepted:
        yield f"{node.node} does not run: its result is restored {node.text}"
        yield from (f"  {cause}" for cause in node.accepted.causes)
        return
    if node.action == "restore":
        since = " (as it was before, not as it was last)" if node.causes else ""
        yield f"{node.node} does not run: nothing it depends on has changed, its result is restored {node.text}{since}"
        return
    yield f"{node.node} {'may run' if node.action == 'may_run' else 'runs'}:"
    yield from _causes(node, nodes, "  ", {node.node})


def _causes(node: Planned, nodes: dict[str, Planned], indent: str, told: set[str]) -> Iterator[str]:
    for cause in node.causes:
        said = text_of(cause)
        if not cause.waits and said in told:  # a changed lock is the reason of every stage
            continue
        told.add(said)
        yield f"{indent}{said}"
        before = cause.text.partition(".")[0] if cause.kind == "input" and cause.waits else ""
        if before in nodes and before not in told and nodes[before].kind == "stage":
            told.add(before)
            yield from _causes(nodes[before], nodes, f"{indent}  ", told)
