"""Checks of the project's own: a Python function judges a guard's subject in a process of its own.

Its answer is true, false or a number. An exception, a process that was ended, a timeout, an answer of another kind and
NaN are no answer: the rule is an error, and never a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .children import Ended, new_token, run_program
from .conditions import UnknownValueError, not_finite, number_text
from .context import Context
from .openlineage import hidden as hidden_by_lineage
from .programs import Values, call_argv, program_environment
from .sources import is_many
from .stages import changed_file, file_times
from .store import read_json, safe_id


@dataclass(frozen=True)
class Answer:
    """What a check found: true, false or a number, and rows to show where the rule fails."""

    value: bool | int | float
    sample: tuple[dict[str, Any], ...] = ()


def run_check(context: Context, guard: Mapping[str, Any], check: Mapping[str, Any]) -> Answer:
    """The answer of a check about the guard's subject. Raises UnknownValueError where it gives none."""
    paths = context.paths(guard["subject"], reader=guard["id"])
    token = new_token()
    with context.store.workspace(safe_id(guard["id"]), token) as workspace:
        before = file_times(paths)
        answer = workspace / "answer.json"
        ended = _run(context, guard, check, _document(context, guard, check, paths, answer), workspace, token)
        if ended.code != 0 or ended.timed_out:
            last = next((line for line in reversed(ended.last_lines) if line.strip()), "")
            raise UnknownValueError(
                f"{check['text']}: {last.strip() if last and not ended.timed_out else ended.reason}"
            )
        if changed := changed_file(before):
            raise UnknownValueError(f"{check['text']}: it changed {changed}, which it was to judge")
        found = read_json(answer)
    if found is None:
        raise UnknownValueError(f"{check['text']}: it ended without an answer")
    return _wanted(check, Answer(found["value"], tuple(found["sample"])))


def _document(
    context: Context, guard: Mapping[str, Any], check: Mapping[str, Any], paths: list[Path], answer: Path
) -> dict[str, Any]:
    source = context.pipeline.nodes.get(guard["subject"])
    many = source is not None and source["is"] == "source" and is_many(source)
    subject = [str(p) for p in paths] if many else str(paths[0])
    return {
        "kind": "check",
        "file": str(context.root / check["file"]),
        "function": check["function"],
        "arguments": {"path": {"path": subject}, **{name: {"value": value} for name, value in check["arguments"]}},
        "result": str(answer),
    }


def _run(
    context: Context,
    guard: Mapping[str, Any],
    check: Mapping[str, Any],
    document: Mapping[str, Any],
    workspace: Path,
    token: str,
) -> Ended:
    env, hidden = program_environment({}, Values(run=context.run), token, context.environ)
    hidden += hidden_by_lineage(context)
    with context.log_path(guard["id"]).open("ab") as log:
        return run_program(
            call_argv(document, workspace),
            cwd=context.root,
            env=env,
            log=log,
            on_line=lambda line: context.tell("log", node=guard["id"], text=line),
            children=context.children,
            timeout=check["timeout"],
            hidden=hidden,
        )


def _wanted(check: Mapping[str, Any], answer: Answer) -> Answer:
    """The answer, if it is of the kind that the rule can use."""
    value = answer.value
    if odd := not_finite(value):
        raise UnknownValueError(f"{check['text']} is {odd}")
    if check["wants"] == "truth" and not isinstance(value, bool):
        hint = f"compare it: {check['text']} <= …"
        raise UnknownValueError(f"{check['text']} answered {number_text(value)}, and true or false is wanted; {hint}")
    if check["wants"] == "number" and isinstance(value, bool):
        raise UnknownValueError(f"{check['text']} answered {number_text(value)}, and a number is wanted")
    return answer
