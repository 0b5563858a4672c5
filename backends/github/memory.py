"""Steps of the pipeline's memory: the branch that holds the registry and the numbers of the last good run."""

from __future__ import annotations

import shlex

from ...compiler.plan import nodes as n
from .parts import RAN, Ran, Step
from .settings import Settings


def recall(node: Ran, settings: Settings) -> list[Step]:
    """What earlier runs have left, for who compares with it or adds to it."""
    asked = compares(node) - (set() if settings.keeps_models else {"champion"})
    if not asked and not (isinstance(node, n.Deploy) and settings.keeps_models):
        return []
    return [state_step("Fetch what earlier runs have left", "fetch", "", settings)]


def record_deploy(node: Ran, settings: Settings) -> list[Step]:
    if not isinstance(node, n.Deploy) or not settings.keeps_models:
        return []
    words = f' {shlex.quote(f"{node.id}: ")}"$GITHUB_RUN_ID" registry objects'
    return [state_step("Record the deployment", "push", words, settings)]


def state_step(name: str, action: str, words: str, settings: Settings) -> Step:
    return {
        "name": name,
        "env": {"GITHUB_TOKEN": "${{ github.token }}"},
        "run": f"sh {settings.folder}/state.sh {action} {shlex.quote(settings.store)} {settings.branch}{words}",
    }


def compares(node: Ran) -> set[str]:
    """Which earlier numbers the node looks at: `champion`, `previous`, or none."""
    conditions: list[n.Condition] = []
    scopes = set()
    if isinstance(node, n.Guard):
        conditions += [limit.condition for rule in node.rules for limit in rule.limits]
        scopes |= {drift.against for drift in node.drifts}
    elif isinstance(node, n.Stage) and node.when is not None:
        conditions.append(node.when)
    while conditions:
        condition = conditions.pop()
        if isinstance(condition, n.Op):
            conditions += condition.args
        elif isinstance(condition, n.Ref):
            scopes.add(condition.scope)
    return scopes & {"champion", "previous"}


def needs_state(plan: n.Plan) -> bool:
    """Whether the pipeline has a memory between runs at all."""
    asked = {scope for node in plan.nodes if isinstance(node, RAN) for scope in compares(node)}
    if plan.version.registry == "mlflow":
        return "previous" in asked
    return bool(plan.of(n.Deploy) or asked)
