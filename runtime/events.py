"""What a run is asked, what it tells while it goes, and what it was in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .rehearsal import Planned

# Exit codes, the same for every command.
DONE, USAGE, BLOCKED, FAILED, NOT_RUN, BUG = 0, 2, 3, 4, 5, 70
INTERRUPTED = 130  # by Ctrl-C, as shells have it


@dataclass(frozen=True)
class RunOptions:
    """What is asked of a run. Nothing selected means everything.

    `select` holds `train` (only it), `+train` (and all before it), `train+` (and all after it), `+train+`; `only` and
    `after` are the same as `train` and `train+`. What a selected node needs and is not selected is taken from the
    last run that has it.
    """

    run: str | None = None  # the run's id; made from the time when nothing is given
    params: Mapping[str, Any] = field(default_factory=dict)
    jobs: int | None = None  # how many nodes at once; the number of processors when nothing is given
    select: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    after: tuple[str, ...] = ()  # --from
    dry_run: bool = False
    any_environment: bool = False  # stages may run with other packages than the lock pins; their keys say so
    keep_going: bool = False  # after a failed stage, go on with what does not need it
    store: Path | None = None  # instead of MLOPS_STORE, which stands instead of the plan's
    grace: float = 5.0  # seconds between asking a program to end and ending it
    trigger: str | None = None  # the trigger that asks for the run; its cooldown and limit then hold
    engine: Mapping[str, str] = field(default_factory=dict)  # name and run of the engine that called us, for the record
    accepted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # acceptances by key, beside the store's
    locked: Mapping[str, Mapping[str, Any]] | None = None  # what stages must use (locked.py), or are refused


@dataclass(frozen=True)
class Event:
    """One thing that happened, in the order it happened. Listeners are called from one thread at a time.

    kind           what is set
    run_started    run, nodes (ids that will run, in plan order)
    node_started   node, attempt (from 1)
    log            node, text (one line of the program's output, without its end)
    retry          node, attempt (the one that failed), text (why), delay (seconds until the next)
    planned        node, state (would_run, would_restore, ...), text (the command): the lines of a dry run
    warning        text: what went wrong beside the run and does not stop it
    node_finished  node, state, reason, record (everything that was written down about it)
    run_finished   run, state
    """

    kind: str
    at: float  # seconds since 1970
    run: str
    node: str | None = None
    nodes: tuple[str, ...] = ()
    attempt: int = 0
    text: str = ""
    delay: float = 0.0
    state: str | None = None
    reason: str | None = None
    record: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Problem:
    """Something that would stop the run, found before anything ran. `node` is where it matters, if anywhere."""

    message: str
    node: str | None = None
    file: str | None = None
    line: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file else ""
        who = f"{self.node}: " if self.node else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{who}{self.message}{hint}"


@dataclass(frozen=True)
class NodeResult:
    """How one node ended. state: succeeded, restored, failed, blocked, skipped. verdict is a guard's."""

    id: str
    kind: str  # source, stage, guard, deploy
    state: str
    seconds: float
    reason: str | None = None
    verdict: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult:
    """How a run ended. state: succeeded, blocked, failed, interrupted, refused (see `problems`), planned, held.

    A run is `planned` after a dry run, and `held` when its trigger may not start it now (`reason`).
    """

    run: str
    state: str
    exit_code: int
    seconds: float = 0.0
    nodes: tuple[NodeResult, ...] = ()
    folder: Path | None = None  # of the run's records, logs and outputs
    report: Path | None = None  # report.html
    problems: tuple[Problem, ...] = ()
    reason: str | None = None
    planned: tuple[Planned, ...] = ()  # after a dry run
    refused: tuple[Problem, ...] = ()  # after a dry run: why the run itself would not start now


def system_reason(error: OSError) -> str:
    """What the system refused, and about which file, for people."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{error.strerror.lower() if error.strerror else error}"


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """A listener that keeps nothing."""
