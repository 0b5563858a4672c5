"""`mlopsc test`: the policy tests of a spec, offline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import specs
from .compiling import lowered_of, spec_options
from .terminal import paint_for


@click.command(short_help="Run a spec's policy tests.")
@spec_options
def command(spec: Path | None, profile: str | None, settings: dict[str, str]) -> int:
    """Run the policy tests of a spec: given numbers, expected verdicts.

    Nothing is run and no data is read: rules are decided by the evaluator that production uses.
    """
    from ..compiler.plan.document import plan_document
    from ..runtime.policy import run_policy_tests

    path = specs.the_spec(spec)
    results = run_policy_tests(plan_document(lowered_of(path, profile=profile, settings=settings).plan))
    paint = paint_for(sys.stdout)
    for result in results:
        mark = paint("passed", "good") if result.passed else paint("failed", "error")
        click.echo(f"{mark} {result.title}", color=True)
        for expectation in result.expectations:
            if not expectation.met:
                where = f"{result.file}:{result.line}"
                click.echo(
                    f"  {where}: expected {expectation.node} {expectation.expected}, and it {_was(expectation.found)}"
                )
                for reason in expectation.reasons:
                    click.echo(f"    {reason}")
    failed = sum(not r.passed for r in results)
    if not results:
        click.echo(f'{path} has no tests: write test "…" {{ given … expect … }}')
    else:
        click.echo(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _was(found: str) -> str:
    said = {"error": "cannot be decided", "failed": "fails", "runs": "runs", "fires": "fires", "waits": "waits"}
    return said.get(found, f"is {found}")
