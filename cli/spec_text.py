"""The text of a drafted spec."""

from __future__ import annotations

from ..compiler.syntax.literals import quote
from .draft import Draft


def spec_text(drafted: Draft, python: str) -> str:
    """The spec, not yet in the one style."""
    blocks = [
        "mlops 1",
        _pipeline(drafted, python),
        "\n".join(f"param {name}: {option.type} = {option.default}" for name, option in sorted(drafted.params.items())),
        *(_source(drafted, name) for name in drafted.sources),
        *(_stage(drafted, i) for i in range(len(drafted.steps))),
        "target local {}",
        _left_out(drafted),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _pipeline(drafted: Draft, python: str) -> str:
    lines = [f"## {_about(drafted)}", f"pipeline {drafted.name} {{", f'  python = "{python}"']
    if drafted.scan.requirements:
        lines.append(f"  requirements = {quote(drafted.scan.requirements)}")
    return "\n".join([*lines, "}"])


def _about(drafted: Draft) -> str:
    steps = [step.name for step in drafted.steps]
    listed = ", ".join(steps[:-1]) + f" and {steps[-1]}" if len(steps) > 1 else steps[0]
    return f"Runs {listed}" + (f" on {', '.join(drafted.sources)}." if drafted.sources else ".")


def _source(drafted: Draft, name: str) -> str:
    text = f"source {name} {{\n  uri     = {quote(drafted.sources[name])}\n  version = content\n}}"
    least = drafted.least_rows.get(name)
    return f"{text}\n\nguard {name}_sane on {name} {{\n  rows >= {least:_}\n}}" if least else text


def _stage(drafted: Draft, index: int) -> str:
    step = drafted.steps[index]
    lines = [f"stage {step.name} {{", f"  run = {step.run}"]
    if any(":" in i for i in step.inputs):
        lines.append("  inputs = { " + ", ".join(step.inputs) + " }")
    elif step.inputs:
        lines.append(f"  inputs = [{', '.join(step.inputs)}]")
    if step.params:
        lines.append(f"  params = [{', '.join(step.params)}]")
    if step.outputs:
        lines.append("  outputs {")
        lines += [f"    {o.name}: {o.kind} = {quote(o.path)}" for o in step.outputs]
        lines.append("  }")
    if not step.cached:
        lines.append("  cache = off  # the step cannot import its script, so changes in it would go unseen")
    return "\n".join([*lines, "}"])


def _left_out(drafted: Draft) -> str:
    if not drafted.left_out:
        return ""
    return "\n".join(["# Left out:", *(f"#   {path}: {why}" for path, why in drafted.left_out)])
