"""The local runner: nodes of a plan in threads, their programs as child processes.

The order is the plan's; what is ready starts, as many at once as asked. After a failed stage no other node starts
unless the run is asked to keep going; a guard that blocks stops only what comes after it.
"""

from __future__ import annotations

import os
import queue
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .bounds import held_back
from .children import Children, InterruptedRunError, end_leftovers
from .context import Context
from .environment import any_environment
from .events import (
    BLOCKED,
    DONE,
    FAILED,
    INTERRUPTED,
    USAGE,
    Event,
    Listener,
    NodeResult,
    Problem,
    RunOptions,
    RunResult,
    ignore,
    system_reason,
)
from .locked import why_not_locked
from .nodes import run_node, skipped, write_record
from .pipeline import NotAPlanError, Pipeline
from .preflight import find_problems, why_refused
from .rehearsal import rehearse
from .report import finish
from .selection import borrow, select
from .shared import open_store, why_unusable
from .store import why_no_run_id

__all__ = ["Event", "Listener", "NodeResult", "Problem", "RunOptions", "RunResult", "new_run_id", "run"]


def run(
    plan: Mapping[str, Any],
    *,
    root: Path,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    listener: Listener = ignore,
) -> RunResult:
    """Runs the plan in this process; every program is a child process. Returns when all is over and written down.

    The user's mistakes come back as `problems` of a refused run, all at once, before anything has run. Ctrl-C (a
    KeyboardInterrupt in the main thread) ends every program and comes back as an interrupted run.
    """
    run_id = options.run or new_run_id()
    try:
        pipeline = Pipeline(plan)
    except NotAPlanError as e:
        return _refused(run_id, [Problem(str(e))])
    if why := why_no_run_id(run_id):
        return _refused(run_id, [Problem(why)])
    root = root.absolute()
    store = open_store(pipeline, root, options.store or os.environ.get("MLOPS_STORE"))
    if shut := why_unusable(store, write=not options.dry_run):
        return _refused(run_id, [Problem(shut[0], hint=shut[1] or None)])
    context = Context(
        pipeline=pipeline,
        root=root,
        store=store,
        run=run_id,
        children=Children(options.grace),
        listener=listener,
        engine=options.engine,
        trigger=options.trigger,
        accepted=options.accepted,
        locked=options.locked,
        any_environment=options.any_environment or any_environment(),
    )
    chosen, problems = select(pipeline, options)
    if options.trigger and options.trigger not in pipeline.triggers:
        problems.append(Problem(f"no trigger named '{options.trigger}'"))
    params, found = find_problems(context, chosen, options.params)
    context.params = params
    refused = why_refused(context, chosen)
    problems += found if options.dry_run else [*found, *refused]
    if options.locked is not None and not problems:
        problems += why_not_locked(context, chosen)
    if problems:
        return _refused(run_id, problems)
    if options.dry_run:
        return RunResult(run_id, "planned", DONE, planned=tuple(rehearse(context, chosen)), refused=tuple(refused))
    if options.trigger and (why := held_back(pipeline.triggers[options.trigger], pipeline.name, store)):
        return RunResult(run_id, "held", DONE, reason=f"{options.trigger} starts no run: {why}")
    try:
        store.clear_leftovers(end_leftovers)
        problems = borrow(context, chosen)
        return _refused(run_id, problems) if problems else _Runner(context, chosen, options).run()
    except OSError as e:  # what happens to one node is in its record: this is the store itself
        problem = Problem(
            f"the run cannot be written down: {system_reason(e)}",
            hint=f"what was finished is kept in {store.folder}; see to it and run again",
        )
        return RunResult(run_id, "failed", FAILED, problems=(problem,))


def new_run_id() -> str:
    """An id that sorts by time: `20261123-124503-3fa9`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"


def _refused(run_id: str, problems: list[Problem]) -> RunResult:
    return RunResult(run_id, "refused", USAGE, problems=tuple(problems))


@dataclass
class _Room:
    """How much may run at once: so many nodes, and stages within the machine's processors and memory."""

    nodes: int
    cpu: float = field(default_factory=lambda: float(os.cpu_count() or 1))
    memory: int = field(default_factory=lambda: _memory_of_machine())

    def take(self, node: Mapping[str, Any]) -> bool:
        """Makes room for a node if there is some. A stage that asks for more than all has all."""
        cpu, memory = self._share(node)
        if self.nodes < 1 or self.cpu < cpu or self.memory < memory:
            return False
        self.nodes, self.cpu, self.memory = self.nodes - 1, self.cpu - cpu, self.memory - memory
        return True

    def give_back(self, node: Mapping[str, Any]) -> None:
        cpu, memory = self._share(node)
        self.nodes, self.cpu, self.memory = self.nodes + 1, self.cpu + cpu, self.memory + memory

    def _share(self, node: Mapping[str, Any]) -> tuple[float, int]:
        asked = node.get("resources") or {}
        return (
            min(asked.get("cpu") or 0.0, float(os.cpu_count() or 1)),
            min(asked.get("memory") or 0, _memory_of_machine()),
        )


def _memory_of_machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 1 << 62


class _Runner:
    def __init__(self, context: Context, chosen: list[str], options: RunOptions) -> None:
        self.context = context
        self.options = options
        self.chosen = chosen
        self.waiting = dict.fromkeys(chosen)  # in plan order
        self.running: set[str] = set()
        among = set(chosen)
        self.before = {n: len(among.intersection(context.pipeline.waits_for(n))) for n in chosen}
        self.after: dict[str, list[str]] = {n: [] for n in chosen}
        for n in chosen:
            for b in among.intersection(context.pipeline.waits_for(n)):
                self.after[b].append(n)
        self.ready = [n for n in chosen if not self.before[n]]
        self.room = _Room(options.jobs or os.cpu_count() or 1)
        self.done: queue.SimpleQueue[tuple[str, dict[str, Any] | BaseException]] = queue.SimpleQueue()
        self.stopped_by: str | None = None

    def run(self) -> RunResult:
        begun = time.monotonic()
        self.context.tell("run_started", nodes=tuple(self.chosen))
        if self.context.lineage is not None:
            self.context.lineage.run_started()
        interrupted = False
        try:
            while self.waiting or self.running:
                self._start_ready()
                if self.running:
                    self._take_one()
        except (KeyboardInterrupt, InterruptedRunError):
            interrupted = True
            self._end()
        except BaseException:
            self._end()
            raise
        summary = finish(self.context, interrupted=interrupted)
        self.context.tell("run_finished", state=summary["state"])
        state = "interrupted" if interrupted else summary["state"]
        code = {"succeeded": DONE, "blocked": BLOCKED, "failed": FAILED, "interrupted": INTERRUPTED}[state]
        return RunResult(
            run=self.context.run,
            state=state,
            exit_code=code,
            seconds=time.monotonic() - begun,
            nodes=tuple(_result(record) for record in summary["nodes"].values()),
            folder=self.context.folder,
            report=self.context.folder / "report.html",
        )

    def _start_ready(self) -> None:
        if self.stopped_by is not None and not self.options.keep_going:
            self._leave_out()
        for node in list(self.ready):
            if self.room.nodes < 1:
                return
            if self.room.take(self.context.pipeline.nodes[node]):
                self.ready.remove(node)
                del self.waiting[node]
                self.running.add(node)
                threading.Thread(target=self._run_one, args=(node,), name=node, daemon=True).start()

    def _leave_out(self) -> None:
        for node in self.waiting:
            write_record(self.context, node, skipped(f"not started: {self.stopped_by} failed", self.stopped_by))
        self.waiting.clear()
        self.ready.clear()

    def _run_one(self, node: str) -> None:
        try:
            self.done.put((node, run_node(self.context, node)))
        except BaseException as e:
            self.done.put((node, e))

    def _take_one(self) -> None:
        node, outcome = self.done.get()
        self.running.remove(node)
        self.room.give_back(self.context.pipeline.nodes[node])
        if isinstance(outcome, BaseException):
            raise outcome
        for after in self.after[node]:
            self.before[after] -= 1
            if not self.before[after]:
                self.ready.append(after)
        if outcome["state"] == "failed":
            self.stopped_by = self.stopped_by or node

    def _end(self) -> None:
        """Ends all programs and waits for the threads that wait for them; a second Ctrl-C does not cut this short."""
        while True:
            try:
                self.context.children.end_all()
                while self.running:
                    node, _ = self.done.get()
                    self.running.discard(node)
                return
            except KeyboardInterrupt:
                self.context.children.grace = 0.0


def _result(record: Mapping[str, Any]) -> NodeResult:
    return NodeResult(
        id=record["node"],
        kind=record["kind"],
        state=record["state"],
        seconds=record["seconds"],
        reason=record["reason"],
        verdict=record.get("verdict"),
        record=record,
    )
