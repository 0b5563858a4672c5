"""What a run would do, for the commands that say so: `plan`, `why`, and `run` with an approved plan."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .build import require_targets
from .compiling import analysis_of, lower
from .terminal import paint_for

if TYPE_CHECKING:
    from ..runtime.events import Problem
    from ..runtime.rehearsal import Planned

FORMAT = 1  # of the document that `plan --json` and `plan -o` write


@dataclass(frozen=True)
class Rehearsal:
    """The nodes of a pipeline with what a run would do with each, and what it was asked with."""

    spec: Path
    profile: str | None
    settings: Mapping[str, str]
    params: Mapping[str, Any]
    any_environment: bool
    pipeline: str
    digest: str  # of the spec, with profile and settings
    nodes: tuple[Planned, ...]
    refused: tuple[Problem, ...] = ()  # why the run itself would not start now
    not_locked: tuple[str, ...] | None = None  # of which stages mlops.lock says something else, where there is one

    @property
    def changes(self) -> tuple[Planned, ...]:
        """The stages that run or may run."""
        return tuple(n for n in self.nodes if n.action in ("run", "may_run"))

    def document(self) -> dict[str, Any]:
        """The plan as JSON: what `run` is held to when it is given the file."""
        return {
            "format": FORMAT,
            "pipeline": self.pipeline,
            "spec": self.spec.as_posix(),
            "profile": self.profile,
            "settings": dict(self.settings),
            "params": dict(self.params),
            "any_environment": self.any_environment,
            "digest": self.digest,
            "refused": [str(problem) for problem in self.refused],
            "not_locked": self.not_locked,
            "nodes": [
                {
                    "node": n.node,
                    "kind": n.kind,
                    "action": n.action,
                    "text": n.text,
                    "key": n.key,
                    "digest": n.digest,
                    "causes": [c.plain() for c in n.causes],
                    **({"accepted": n.accepted.plain()} if n.accepted else {}),
                }
                for n in self.nodes
            ],
        }


def rehearsal_of(
    path: Path,
    *,
    profile: str | None,
    settings: Mapping[str, str],
    params: Mapping[str, Any],
    any_environment: bool = False,
) -> Rehearsal:
    """What a run of the spec on this machine would do now. What is wrong is printed, and ends the command; what the
    versioning policy has against a run is told, and the plan is that of a run that it has nothing against."""
    from ..compiler.plan.document import plan_document
    from ..runtime.events import RunOptions
    from ..runtime.executor import run
    from .lockfile import read_lock
    from .locking import lock_acceptances, lock_path, not_locked

    analysis = analysis_of(path, profile=profile, settings=settings)
    lowered = lower(analysis)
    require_targets(["local"], lowered, analysis, quiet=True)
    document = plan_document(lowered.plan)
    accepted = lock_acceptances(read_lock(lock_path(path)))
    options = RunOptions(params=params, dry_run=True, any_environment=any_environment, accepted=accepted)
    result = run(document, root=path.resolve().parent, options=options)
    if result.problems:
        paint = paint_for(sys.stderr)
        for problem in result.problems:
            click.echo(f"{paint('error', 'error')}: {problem}", err=True, color=True)
        raise click.exceptions.Exit(result.exit_code)
    plan = lowered.plan
    return Rehearsal(
        path,
        profile,
        settings,
        params,
        any_environment,
        plan.name,
        plan.digest,
        result.planned,
        result.refused,
        not_locked(path, profile, result.planned),
    )
