"""What a run shows while it goes: a table that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Protocol

from ..runtime.amounts import counted
from ..runtime.events import Event
from .terminal import Paint, visible

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

_TAIL = 20  # lines of a failed program's output that are shown again

_WORDS = {  # state or verdict: mark, word, role
    "succeeded": ("✓", "done", "good"),
    "restored": ("↺", "restored", "place"),
    "passed": ("✓", "passed", "good"),
    "warned": ("!", "warned", "warning"),
    "failed": ("✗", "failed", "error"),
    "error": ("✗", "error", "error"),
    "blocked": ("■", "blocked", "error"),
    "interrupted": ("!", "interrupted", "warning"),
    "skipped": ("–", "skipped", "dim"),
    "running": ("▸", "running", "note"),
    "waiting": ("·", "waiting", "dim"),
    "retrying": ("↻", "retrying", "warning"),
}


def word_of(state: str) -> tuple[str, str, str]:
    """The mark, the word and the role of a state or verdict."""
    return _WORDS.get(state, ("?", state, "dim"))


def clock(seconds: float) -> str:
    """`0.4s`, `12s`, `3m 20s`, `1h 5m`"""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60}s"
    return f"{whole // 3600}h {whole % 3600 // 60}m"


def shown_state(event: Event) -> str:
    """A guard's verdict where it was reached, else the node's state."""
    verdict = (event.record or {}).get("verdict")
    return str(event.state if verdict in (None, "not_run") else verdict)


def clean(line: str) -> str:
    """A line of a program's output without what would play with the terminal."""
    out = ""
    for character in line.rstrip("\r").rpartition("\r")[2]:  # A progress bar writes over itself: its last state.
        out += visible(character, len(out)) if character != "\x1b" else ""
    return out


class Progress(Protocol):
    """Listens to a run; entered before it starts and left when it is over, however it ends."""

    def __enter__(self) -> Progress: ...
    def __exit__(self, *error: object) -> None: ...
    def __call__(self, event: Event) -> None: ...


class PlainProgress:
    """A line for each thing that happens, with the seconds since the start."""

    def __init__(self, say: Callable[[str], None], paint: Paint, *, quiet: bool) -> None:
        self._say, self._paint, self._quiet = say, paint, quiet
        self._began = time()
        self._started: dict[str, float] = {}

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __call__(self, event: Event) -> None:
        match event.kind:
            case "run_started":
                self._began = event.at
                self._line(event, f"run {event.run}: {counted(len(event.nodes), 'node')}")
            case "node_started":
                self._started.setdefault(event.node or "", event.at)
                again = f" (try {event.attempt})" if event.attempt > 1 else ""
                self._line(event, f"{event.node}: started{again}")
            case "log" if not self._quiet:
                self._line(event, f"{event.node} | {clean(event.text)}")
            case "warning":
                self._line(event, self._paint(f"warning: {clean(event.text)}", "warning"))
            case "retry":
                self._line(event, f"{event.node}: {event.text}; again in {clock(event.delay)}")
            case "node_finished":
                self._finished(event)

    def _finished(self, event: Event) -> None:
        _, word, role = word_of(shown_state(event))
        took = event.at - self._started.get(event.node or "", event.at)
        spent = f" in {clock(took)}" if took > 0.05 else ""
        reason = f": {clean(event.reason)}" if event.reason else ""
        self._line(event, f"{event.node}: {self._paint(word, role)}{spent}{reason}")

    def _line(self, event: Event, text: str) -> None:
        self._say(f"{self._paint(f'[{event.at - self._began:7.1f}s]', 'dim')} {text}")


@dataclass
class _Row:
    """What the table knows of a node."""

    name: str
    state: str = "waiting"
    started: float | None = None
    took: float | None = None
    reason: str = ""
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL))


_STYLES = {"good": "green", "error": "bold red", "warning": "yellow", "note": "cyan", "dim": "dim", "place": "blue"}


class LiveProgress:
    """A table of all nodes, with the last line that each running program printed.

    Where the terminal is too low for all of them: those that run and those that went wrong, and counts of the rest.
    """

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console, self._verbose = console, verbose
        self._rows: dict[str, _Row] = {}
        self._began = time()
        self._over: float | None = None
        self._live: Live | None = None

    def __enter__(self) -> LiveProgress:
        from rich.live import Live

        self._live = Live(console=self._console, get_renderable=self.render, refresh_per_second=8)
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over = time()
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        if event.kind == "run_started":
            self._began = event.at
            self._rows = {id_: _Row(id_) for id_ in event.nodes}
            return
        if event.kind == "warning":
            self._above(f"warning: {clean(event.text)}")
        row = self._rows.get(event.node or "")
        if row is None:
            return
        match event.kind:
            case "node_started":
                row.state = "running"
                row.started = event.at if row.started is None else row.started
            case "log":
                row.tail.append(clean(event.text))
                if self._verbose:
                    self._above(f"{row.name} | {row.tail[-1]}")
            case "retry":
                row.state, row.reason = "retrying", f"{event.text}; again in {clock(event.delay)}"
            case "node_finished":
                row.state, row.reason = shown_state(event), event.reason or ""
                row.took = event.at - row.started if row.started is not None else None
                if row.state == "failed" and not self._verbose:
                    for line in row.tail:
                        self._above(f"{row.name} | {line}")

    def _above(self, line: str) -> None:
        from rich.text import Text

        self._console.print(Text(line, "dim"), soft_wrap=True)

    def render(self) -> Group:
        from rich.console import Group

        rows = list(self._rows.values())
        if len(rows) > self._console.height - 3:
            calm = {"waiting", "succeeded", "restored", "passed", "skipped"}
            rows = [row for row in rows if row.state not in calm][-(self._console.height - 3) :]
        width = max((len(row.name) for row in rows), default=0)
        return Group(*(self._row(row, width) for row in rows), self._counts())

    def _row(self, row: _Row, width: int) -> Text:
        from rich.text import Text

        mark, word, role = word_of(row.state)
        style = _STYLES[role]
        now = self._over or time()
        spent = row.took if row.took is not None else now - row.started if row.started is not None else None
        said = row.reason or (row.tail[-1] if row.tail and row.state == "running" else "")
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" {mark} ", style)
        text.append(row.name.ljust(width + 2))
        text.append(word.ljust(9), style)
        text.append((clock(spent) if spent is not None else "").rjust(7) + "  ", "dim")
        text.append(clean(said), "dim")
        return text

    def _counts(self) -> Text:
        from rich.text import Text

        counts: dict[str, int] = {}
        for row in self._rows.values():
            word = word_of(row.state)[1]
            counts[word] = counts.get(word, 0) + 1
        said = ", ".join(f"{n} {word}" for word, n in counts.items())
        return Text(f"   {clock((self._over or time()) - self._began)}  {said}", "dim")
