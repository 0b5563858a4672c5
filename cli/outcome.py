"""What a run says when it is over: the guards that complained, what failed and why, where the report is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..runtime.events import NodeResult, RunResult
from .progress import clean, clock, word_of
from .stored import metric_text
from .terminal import Paint

_ROLES = {"succeeded": "good", "planned": "good", "blocked": "error", "failed": "error", "interrupted": "warning"}


def render_outcome(result: RunResult, paint: Paint) -> str:
    """Several lines, each with its newline."""
    lines: list[str] = []
    for node in result.nodes:
        if node.kind == "guard" and node.verdict in ("warned", "blocked", "error"):
            lines += _guard(node, paint)
        elif node.kind == "guard" and node.verdict == "passed":
            lines += _not_compared(node)
        elif node.state == "failed":
            lines += [f"{paint('failed', 'error')} {node.id}: {clean(node.reason or 'no reason is known')}"]
            lines += _log(node, result)
        elif node.record.get("accepted"):
            lines.append(f"{node.id}: {clean(node.reason or '')}")
        elif node.kind == "deploy" and node.state == "succeeded":
            lines += _deploy(node)
        elif node.kind == "deploy" and node.state == "restored" and "already points at" not in (node.reason or ""):
            lines.append(f"{node.id}: {clean(node.reason or '')}")  # what was moved by hand stays
    lines += _numbers(result)
    lines.append(_closing(result, paint))
    if result.report:
        lines.append(f"report: {_shown(result.report)}")
    if result.state == "interrupted":
        lines.append("what was finished is kept: the next run goes on from here")
    return "".join(f"{line}\n" for line in lines)


def _guard(node: NodeResult, paint: Paint) -> Iterator[str]:
    _, word, role = word_of(node.verdict or node.state)
    yield f"{paint(word, role)} {node.id} on {node.record.get('subject', '')}".rstrip()
    if not node.record.get("rules"):
        yield f"  {clean(node.reason or '')}"
    aside = node.record.get("quarantined")
    if aside:
        where = clean("/".join(aside["file"].split("/")[2:]))
        rows = f"{aside['rows']} row{'' if aside['rows'] == 1 else 's'}"
        yield f"  {rows} set aside in {where} of the run, {aside['kept']} go on"
    for rule in node.record.get("rules", ()):
        if rule.get("outcome") not in ("warned", "blocked", "error"):
            continue
        _, word, role = word_of(rule["outcome"])
        measured = ", ".join(f"{name} is {value['text']}" for name, value in rule.get("measured", {}).items())
        place = f"{rule['file']}:{rule['line']}"
        yield f"  {paint(word, role)} {rule['text']}" + (f": {measured}" if measured else "") + f"  ({place})"
        if rule.get("message"):
            yield f"    {clean(rule['message'])}"
        if rule.get("relaxed"):
            yield f"    relaxed {clean(rule['relaxed'])}"
        for row in list(rule.get("sample", ()))[:3]:
            yield "    " + clean(", ".join(f"{k}={v}" for k, v in row.items()))[:160]


def _not_compared(node: NodeResult) -> Iterator[str]:
    """Rules that passed because there was nothing to compare with."""
    for rule in node.record.get("rules", ()):
        if rule.get("outcome") != "passed":
            yield f"{node.id}: {rule['text']}: {rule['outcome']}, {clean(rule.get('message') or '')}"


def _log(node: NodeResult, result: RunResult) -> Iterator[str]:
    log = node.record.get("log")
    if isinstance(log, str) and result.folder:
        yield f"  its output: {_shown(result.folder / log)}"


def _deploy(node: NodeResult) -> Iterator[str]:
    record = node.record
    version, alias = record.get("version"), record.get("alias")
    if version is not None:
        yield f"{node.id}: {alias} is now version {version}" if alias else f"{node.id}: registered version {version}"


def _numbers(result: RunResult) -> Iterator[str]:
    for node in result.nodes:
        metrics: Mapping[str, Any] = node.record.get("metrics") or {}
        if node.kind != "stage" or not isinstance(metrics, Mapping):
            continue
        for output, values in metrics.items():
            if isinstance(values, Mapping) and values:
                yield f"{node.id}.{output}: " + ", ".join(f"{k} {metric_text(v)}" for k, v in values.items())


def _closing(result: RunResult, paint: Paint) -> str:
    counts: dict[str, int] = {}
    for node in result.nodes:
        word = word_of(node.state if node.verdict in (None, "not_run") else node.verdict)[1]
        counts[word] = counts.get(word, 0) + 1
    said = ", ".join(f"{n} {word}" for word, n in counts.items())
    state = paint(result.state, _ROLES.get(result.state, "strong"))
    return f"run {result.run} {state} in {clock(result.seconds)}" + (f": {said}" if said else "")


def _shown(path: Path) -> str:
    """Relative to the working directory where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # On another drive.
        return str(path)
    return relative if len(relative) < len(str(path)) else str(path)
