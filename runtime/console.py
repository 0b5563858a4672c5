"""Progress as plain lines: what happened, to which node, how long it took."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from .conditions import number_text
from .events import Event, RunResult


class Console:
    """A listener that prints. Lines of programs are marked with the name of their node."""

    def __init__(self, out: TextIO | None = None, *, logs: bool = True, node_names: bool = True) -> None:
        self.out = out or sys.stdout
        self.logs = logs
        self.node_names = node_names
        self.width = 0

    def __call__(self, event: Event) -> None:
        tell = getattr(self, f"_{event.kind}", None)
        for line in tell(event) if tell else ():
            print(line, file=self.out, flush=True)

    def _run_started(self, event: Event) -> list[str]:
        self.width = max(map(len, event.nodes), default=0)
        return [f"run {event.run}"]

    def _node_started(self, event: Event) -> list[str]:
        again = f" (try {event.attempt})" if event.attempt > 1 else ""
        return [self._line(event, f"started{again}")]

    def _log(self, event: Event) -> list[str]:
        if not self.logs:
            return []
        return [f"{event.node} | {event.text}" if self.node_names else event.text]

    def _retry(self, event: Event) -> list[str]:
        return [self._line(event, f"{event.text}; again in {number_text(event.delay, 'duration')}")]

    def _warning(self, event: Event) -> list[str]:
        return [f"warning: {event.text}"]

    def _planned(self, event: Event) -> list[str]:
        return [f"{event.node}: {(event.state or '').replace('_', ' ')}", f"    {event.text}"]

    def _node_finished(self, event: Event) -> list[str]:
        record = event.record or {}
        state = record.get("verdict") or event.state or ""
        seconds = f" in {record['seconds']:.1f} s" if state in ("succeeded", "failed") else ""
        reason = f": {event.reason}" if event.reason and event.reason != state else ""
        lines = [self._line(event, f"{state}{seconds}{reason}")]
        lines += [f"    {line}" for rule in record.get("rules", ()) for line in rule_lines(rule)]
        return lines

    def _line(self, event: Event, text: str) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(event.at))
        return f"{clock} {(event.node or '').ljust(self.width)}  {text}"


def rule_lines(rule: dict[str, object]) -> list[str]:
    """What there is to say about a rule that did not simply pass."""
    if rule["outcome"] == "passed":
        return []
    measured = ", ".join(f"{name} = {m['text']}" for name, m in rule["measured"].items())  # type: ignore[attr-defined]
    return [f"{rule['outcome']}: {rule['text']}" + (f" ({measured})" if measured else "")]


def closing_lines(result: RunResult) -> list[str]:
    """The last lines of a run on a terminal."""
    if result.problems:
        return [f"error: {problem}" for problem in result.problems]
    if result.state == "planned":
        return []
    if result.state == "held":
        return [result.reason or ""]
    counts: dict[str, int] = {}
    for node in result.nodes:
        counts[node.state] = counts.get(node.state, 0) + 1
    summary = ", ".join(f"{n} {state}" for state, n in counts.items())
    lines = [f"run {result.run} {result.state} in {result.seconds:.1f} s: {summary}"]
    return [*lines, f"report: {result.report}"] if result.report else lines
