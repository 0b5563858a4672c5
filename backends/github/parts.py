"""What of a plan becomes a job, and what jobs and steps are called."""

from __future__ import annotations

from typing import Any, Union

from ...compiler.plan import nodes as n

Job = dict[str, Any]
Step = dict[str, Any]
Ran = Union[n.Source, n.Stage, n.Guard, n.Deploy]
RAN = (n.Source, n.Stage, n.Guard, n.Deploy)

# The condition of a step after one whose stage `when` may have left out.
NOT_LEFT_OUT = "steps.node.outputs.left_out != 'true'"


def job_id(node: str) -> str:
    """`train[0]` as a job: `train-0`. Names of the language hold no `-`, so no two fall together."""
    return node.replace("[", "-").replace("]", "")


def stored_as(node: str) -> str:
    """What the runtime calls the node's files in the run's folder: `run.json` there is the whole run's."""
    return "run-" if node == "run" else job_id(node)


def may_be_left_out(node: Ran) -> bool:
    return isinstance(node, n.Stage) and node.when is not None
