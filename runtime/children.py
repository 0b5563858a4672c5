"""The life of programs as child processes.

Every program leads a process group of its own and carries a token of its own in its environment, so that it can be
ended with all that it started, also with what left the group.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

TOKEN = "MLOPS_TASK"


def new_token() -> str:
    """A token for one program and all that it starts."""
    return secrets.token_hex(12)


class InterruptedRunError(Exception):
    """The run was asked to end; the program was ended with all that it started."""


def end_in_order() -> None:
    """Lets what asks this process to end (an engine, a closed terminal) end it as Ctrl-C does, its programs first."""
    for name in ("SIGTERM", "SIGHUP"):
        with contextlib.suppress(AttributeError, ValueError):  # no such signal here, or not in the main thread
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup
                signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@dataclass(frozen=True)
class Usage:
    """What a program and what it started and waited for have used."""

    cpu: float  # seconds of processors
    memory: int | None  # bytes of the largest of them at its largest; not known below what the runner itself needs


class Child(subprocess.Popen[bytes]):
    """A program whose end tells what it used, too: `wait4` instead of `waitpid`."""

    usage: Usage | None = None

    def __init__(self, argv: list[str], cwd: Path, env: Mapping[str, str]) -> None:
        self._reaping = threading.Lock()  # several threads may wait for it
        super().__init__(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def poll(self) -> int | None:
        """The exit code, nothing while it runs. What it used is known with it."""
        if resource is None:
            return super().poll()
        with self._reaping:
            if self.returncode is None:
                try:
                    pid, status, used = os.wait4(self.pid, os.WNOHANG)
                except ChildProcessError:  # somebody else took its end, as where SIGCHLD is ignored
                    self.returncode = 0
                else:
                    if pid:
                        self.returncode = os.waitstatus_to_exitcode(status)
                        self.usage = _usage(used)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. Raises TimeoutExpired."""
        if resource is None:
            return super().wait(timeout)
        until = None if timeout is None else time.monotonic() + timeout
        pause = 0.0005
        while (code := self.poll()) is None:
            left = pause if until is None else min(pause, until - time.monotonic())
            if left <= 0:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            time.sleep(left)
            pause = min(pause * 2, 0.05)
        return code


def _usage(used: resource.struct_rusage) -> Usage:
    # A new process starts with the memory of the one that it was forked from, and the system never forgets that.
    of_runner = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    memory = used.ru_maxrss * unit if used.ru_maxrss > of_runner else None
    return Usage(round(used.ru_utime + used.ru_stime, 3), memory)


class Children:
    """The programs that run now, to be ended together."""

    def __init__(self, grace: float = 5.0) -> None:
        self.grace = grace
        self.asked = threading.Event()
        self._lock = threading.Lock()
        self._live: dict[int, tuple[Child, str]] = {}
        self._calls: list[Callable[[], object]] = []

    def start(self, argv: list[str], cwd: Path, env: Mapping[str, str]) -> Child:
        """Starts a program. Raises InterruptedRunError where all are being ended."""
        with self._lock:
            if self.asked.is_set():
                raise InterruptedRunError
            child = Child(argv, cwd, env)
            self._live[child.pid] = (child, env.get(TOKEN, ""))
            return child

    def forget(self, child: Child) -> None:
        """Takes back a program that has ended."""
        with self._lock:
            self._live.pop(child.pid, None)

    @contextlib.contextmanager
    def interrupting(self, call: Callable[[], object]) -> Iterator[None]:
        """While this lasts, `call` is what ends the work of this thread."""
        with self._lock:
            self._calls.append(call)
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)
            if self.asked.is_set():
                raise InterruptedRunError

    def end_all(self) -> None:
        """Ends every program, and lets no other start."""
        self.asked.set()
        with self._lock:
            live = list(self._live.values())
            for call in self._calls:
                call()
        ending = [threading.Thread(target=end_tree, args=(c, t, self.grace)) for c, t in live]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code (negative: a signal), or that its time was over."""

    code: int
    timed_out: bool = False
    last_lines: tuple[str, ...] = ()
    usage: Usage | None = None
    why: str | None = None  # where it was not the program that ended it

    @property
    def reason(self) -> str:
        """Why it did not succeed, for people."""
        if self.why is not None:
            return self.why
        if self.timed_out:
            return "took longer than its timeout"
        if self.code < 0:
            with contextlib.suppress(ValueError):
                return f"ended by {signal.Signals(-self.code).name}"
        return f"exit code {self.code}"


def run_program(
    argv: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: IO[bytes],
    on_line: Callable[[str], None],
    children: Children,
    timeout: float | None = None,
    hidden: list[str] | None = None,
    leave: bool = False,
) -> Ended:
    """Runs a program to its end; its output goes to `log` and, line by line, to `on_line`.

    What it has started and left running is ended with it, unless `leave` says that this is what it is for.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        child = children.start(argv, cwd, env)
    except FileNotFoundError:
        return _not_started(f"program not found: {argv[0]}", 127, log, on_line)
    except OSError as e:
        return _not_started(f"cannot start {argv[0]}: {e.strerror}", 126, log, on_line)
    except ValueError as e:  # a NUL in an argument or in the environment
        return _not_started(f"cannot start {argv[0]}: {e}", 126, log, on_line)
    lines = _Lines(log, on_line, hidden or [])
    try:
        timed_out = not _follow(child, lines, deadline)
        if timed_out:
            lines.say(f"took longer than {timeout:g} s: ended")
            end_tree(child, env.get(TOKEN, ""), children.grace)
        code = child.wait()
        if not (leave or timed_out) and _left_running(env.get(TOKEN, "")):
            lines.say("what it left running was ended")
            end_tree(child, env.get(TOKEN, ""), children.grace)
    except BaseException:
        _end_surely(child, env.get(TOKEN, ""), children.grace)
        raise
    finally:
        children.forget(child)
        if child.stdout:
            child.stdout.close()
        lines.end()
    if children.asked.is_set() and code != 0:
        raise InterruptedRunError
    return Ended(code, timed_out, tuple(lines.last), child.usage)


def _not_started(why: str, code: int, log: IO[bytes], on_line: Callable[[str], None]) -> Ended:
    log.write(f"{why}\n".encode())
    on_line(why)
    return Ended(code, last_lines=(why,))


_LINGER = 0.3  # seconds for what a program has started to write its last lines after it


def _left_running(token: str) -> bool:
    """Whether a program that has ended has left others behind, which do not end soon by themselves either."""
    until = time.monotonic() + _LINGER
    while processes_of(token):
        if time.monotonic() > until:
            return True
        time.sleep(0.02)
    return False


def _follow(child: subprocess.Popen[bytes], lines: _Lines, deadline: float | None) -> bool:
    """Passes output on until the program has ended. False: the deadline came first."""
    assert child.stdout is not None
    open_ = True
    ended: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            wait = 0.5 if deadline is None else min(0.5, deadline - time.monotonic())
            if wait <= 0:
                return child.poll() is not None
            if ended is None and child.poll() is not None:
                ended = time.monotonic()
            # Something that the program left running may hold its output open, and write to it, for ever.
            if ended is not None and time.monotonic() > ended + _LINGER:
                return True
            if open_ and selector.select(min(wait, _LINGER) if ended else wait):
                chunk = os.read(child.stdout.fileno(), 1 << 16)
                lines.feed(chunk)
                open_ = bool(chunk)
            elif open_:
                lines.flush()
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(wait)
                    return True


class _Lines:
    """Output cut into lines, kept and passed on. A line that ends in a carriage return is shown as it ended up."""

    def __init__(self, log: IO[bytes], on_line: Callable[[str], None], hidden: list[str]) -> None:
        self.log, self.on_line = log, on_line
        # A secret of several lines is met line by line; one that holds another is hidden whole.
        parts = {part for h in hidden for part in (h, *(line for line in h.splitlines() if len(line) > 3))}
        self.hidden = sorted((p.encode() for p in parts), key=len, reverse=True)
        self.rest = b""
        self.last: list[str] = []

    def feed(self, chunk: bytes) -> None:
        *whole, self.rest = (self.rest + chunk).split(b"\n")
        for line in whole:
            self._pass(line + b"\n")
        if len(self.rest) > 1 << 20:  # a program that never ends its line
            rest = self._hide(self.rest)
            whole_until = len(rest) - (len(self.hidden[0]) if self.hidden else 0)
            self.rest = rest[whole_until:]
            self._pass(rest[:whole_until])

    def flush(self) -> None:
        # A prompt or a progress bar without a line end is shown late rather than never; a secret in it may be
        # half written, and waits.
        if self.rest and not self.hidden:
            rest, self.rest = self.rest, b""
            self._pass(rest)
        self.log.flush()

    def say(self, text: str) -> None:
        self._pass(text.encode() + b"\n")

    def end(self) -> None:
        if self.rest:
            self._pass(self.rest + b"\n")
            self.rest = b""
        self.log.flush()

    def _hide(self, text: bytes) -> bytes:
        for secret in self.hidden:
            text = text.replace(secret, b"***")
        return text

    def _pass(self, line: bytes) -> None:
        line = self._hide(line)
        self.log.write(line)
        text = line.decode("utf-8", "replace").rstrip("\r\n").rpartition("\r")[2]
        self.last = [*self.last[-19:], text]
        self.on_line(text)


def end_tree(child: subprocess.Popen[bytes], token: str, grace: float) -> None:
    """Ends a program and everything it started: asks first, and insists when the grace is over."""
    _signal(child.pid, token, signal.SIGTERM)
    until = time.monotonic() + grace
    while time.monotonic() < until:
        child.poll()
        if not _group_lives(child.pid) and not processes_of(token):
            return
        time.sleep(0.05)
    _signal(child.pid, token, signal.SIGKILL)


def _end_surely(child: subprocess.Popen[bytes], token: str, grace: float) -> None:
    # A second Ctrl-C means: now.
    while True:
        try:
            return end_tree(child, token, grace)
        except KeyboardInterrupt:
            grace = 0.0


def end_leftovers(tokens: list[str]) -> None:
    """Ends programs whose runner was killed, and waits until they are gone, for a few seconds at most."""
    end = time.monotonic() + 5
    for token in tokens:
        while (left := processes_of(token)) and time.monotonic() < end:
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def _signal(group: int, token: str, number: signal.Signals) -> None:
    strays = processes_of(token)
    with contextlib.suppress(OSError):
        os.killpg(group, number)
    for pid in strays:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def processes_of(token: str) -> list[int]:
    """Processes that carry the token in their environment, also those that left the group. Linux only, else none."""
    if not token:
        return []
    mark = f"{TOKEN}={token}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found
