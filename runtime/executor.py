"""The local runner: nodes of a plan in threads, their programs as child processes."""

from __future__ import annotations

from .events import Event, Listener, NodeResult, Problem, RunOptions, RunResult

__all__ = ["Event", "Listener", "NodeResult", "Problem", "RunOptions", "RunResult"]
