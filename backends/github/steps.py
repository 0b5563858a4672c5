"""Steps within a job: its set-up, and the call of the runtime."""

from __future__ import annotations

import math
import re
import shlex

from ...compiler.plan import nodes as n
from ...compiler.plan.needs import needs_duckdb, needs_mlflow, needs_psycopg, secrets_of
from .actions import CHECKOUT, SETUP_PYTHON
from .inputs import params_expression
from .parts import RAN, Ran, Step, may_be_left_out
from .settings import Settings

# The part of a machine's memory that its kernel leaves for programs; a "16 GB" runner shows a little less.
_VISIBLE_MEMORY = 0.95

_SKIPPED = 5  # the runtime's exit code for a node that was not to run


def prepare(requirements: list[str], settings: Settings, image: str | None = None) -> list[Step]:
    """The repository, Python and the packages. A stage's image brings the last two itself."""
    steps: list[Step] = [{"uses": CHECKOUT.uses, "with": {"persist-credentials": False}}]
    if image:
        return steps
    setup: Step = {"uses": SETUP_PYTHON.uses, "with": {"python-version": settings.python}}
    steps.append(setup)
    if requirements:
        setup["with"] |= {"cache": "pip", "cache-dependency-path": "\n".join(requirements)}
        install = " ".join(f"-r {shlex.quote(r)}" for r in requirements)
        steps.append({"name": "Install the requirements", "run": f"python -m pip install {install}"})
    return steps


def requirements_of(plan: n.Plan, node: Ran, settings: Settings) -> list[str]:
    """The requirements files of what the node's program imports: its own, and drivers for who asks tables."""
    runs_own = isinstance(node, n.Stage | n.Deploy) or (isinstance(node, n.Guard) and bool(node.checks))
    found = [settings.requirements] if settings.requirements and runs_own else []
    if needs_duckdb(node) and settings.duckdb not in found:
        found.append(settings.duckdb)
    if needs_psycopg(plan, node) and settings.psycopg not in found:
        found.append(settings.psycopg)
    if needs_mlflow(plan, node) and settings.mlflow not in found:
        found.append(settings.mlflow)
    return found


def brings_duckdb(plan: n.Plan, settings: Settings) -> bool:
    """Whether a requirements file of ours is among the output."""
    return settings.brings_duckdb and any(needs_duckdb(node) for node in plan.nodes if isinstance(node, RAN))


def brings_psycopg(plan: n.Plan, settings: Settings) -> bool:
    """The same for the driver of PostgreSQL."""
    return settings.brings_psycopg and any(needs_psycopg(plan, node) for node in plan.nodes)


def brings_mlflow(plan: n.Plan, settings: Settings) -> bool:
    """The same for MLflow's client."""
    return settings.brings_mlflow and any(needs_mlflow(plan, node) for node in plan.nodes)


def check_runner(node: Ran) -> list[Step]:
    """A runner's size is its label's. One that is smaller than the stage asks for is refused, not put up with."""
    if not isinstance(node, n.Stage):
        return []
    lines = []
    if node.resources.cpu is not None:
        lines += ["cpus=$(nproc)", f'[ "$cpus" -ge {math.ceil(node.resources.cpu)} ] || small="$cpus CPUs"']
    if node.resources.memory is not None:
        kib = math.floor(node.resources.memory / 1024 * _VISIBLE_MEMORY)
        lines += [
            "memory=$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo)",
            f'[ "$memory" -ge {kib} ] || small="$memory KiB of memory"',
        ]
    if not lines:
        return []
    complaint = f'echo "::error::stage {node.name} asks for a larger runner than this one, which has $small"'
    lines = ["small=", *lines, f'[ -z "$small" ] || {{ {complaint}; exit 1; }}']
    return [{"name": "Check the size of the runner", "run": "\n".join(lines) + "\n"}]


def run_node(plan: n.Plan, node: Ran, settings: Settings, python: str) -> Step:
    step: Step = {"name": _title(node), "id": "node"}
    if not may_be_left_out(node):
        del step["id"]
    if env := params_env(plan) | {name: secret_expression(name) for name in secrets_of(plan, node)}:
        step["env"] = env
    command = runtime_command(python, f"node {shlex.quote(node.id)} --retry", settings)
    if may_be_left_out(node):
        command = (
            "code=0\n"
            f"{command.rstrip()} || code=$?\n"
            f'if [ "$code" -eq {_SKIPPED} ]; then\n'
            '  echo "left_out=true" >> "$GITHUB_OUTPUT"\n'
            "  exit 0\n"
            "fi\n"
            'exit "$code"\n'
        )
    step["run"] = command
    return step


def params_env(plan: n.Plan) -> dict[str, str]:
    """Values from outside reach the runtime as data, in its environment and never in the text of a script."""
    return {"MLOPS_PARAMS": params_expression(plan.params)} if plan.params else {}


def runtime_command(python: str, words: str, settings: Settings) -> str:
    """A call of the runtime that travels with the workflow, as a shell reads it."""
    return (
        f"{python} {settings.folder}/mlops.pyz {words} --root {shlex.quote(settings.root)} \\\n"
        f'  --plan {settings.folder}/plan.json --run "$GITHUB_RUN_ID" --engine github --engine-run "$GITHUB_RUN_ID"\n'
    )


def _title(node: Ran) -> str:
    kind = type(node).__name__.lower()
    return {"source": "Read the source", "guard": "Judge", "deploy": "Deploy", "stage": "Run the stage"}[kind]


def secret_expression(name: str) -> str:
    """A secret of the repository, as a workflow names it."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name)
    key = f"secrets.{name}" if plain else f"secrets['{name.replace(chr(39), chr(39) * 2)}']"
    return f"${{{{ {key} }}}}"
