"""A run told to other tools in the words of OpenLineage, where the spec or the environment names somebody to tell.

Every process of a run calls this for what it does itself: the first one tells the run's start, the one that accounts
for all nodes its end. What was told is noted in the run's folder, in files that only one process can create. Nothing
here stops a pipeline: what cannot be told is a warning, and in the record.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Context
    from .lineage_delivery import Delivery, Receiver
    from .lineage_events import Events

FOLDER = "openlineage-events"  # ids of nodes hold no `-`, so no node's folder has this name


def lineage_of(context: Context) -> Lineage | None:
    """What tells this run; nothing where nobody is to be told."""
    setting, environ = context.pipeline.version.get("lineage"), context.environ
    if setting is None and not any(name.startswith("OPENLINEAGE_") for name in environ):
        return None
    from .lineage_delivery import receiver_of

    receiver = receiver_of(setting, environ, context.store.folder)
    return Lineage(context, receiver) if receiver is not None else None


def hidden(context: Context) -> list[str]:
    """What stands in the environment for this alone, and may be in no program's log."""
    return list(context.lineage.receiver.hidden) if context.lineage is not None else []


class Lineage:
    """Tells a run, from each of its processes.

    On GitHub each job has a folder of its own, and no process sees what others have noted. There the first node of the
    plan, which waits for nothing, tells the start of the run, and the number of an attempt is GitHub's.
    """

    def __init__(self, context: Context, receiver: Receiver) -> None:
        from .lineage_delivery import Delivery

        self.context, self.receiver = context, receiver
        self.folder = context.folder / FOLDER
        self.delivery: Delivery = Delivery(receiver, self.folder)
        self._lock = threading.RLock()
        self._made: Events | None = None
        self._warned = False
        self._apart = context.engine.get("name") == "github"

    # ------------------------------------------------------------------- telling

    def run_started(self) -> None:
        """Tells the start of the run, unless another process has."""
        with self._lock:
            try:
                if self._first("run", "START"):
                    self.delivery.send(self._events.of_run("START"))
            except Exception as e:
                self._warn(e)

    def node_started(self, node: Mapping[str, Any]) -> None:
        from .lineage_events import ABORT, KINDS, START

        if not self._apart or node["id"] == next(iter(self.context.pipeline.nodes)):
            self.run_started()
        if node["is"] not in KINDS:
            return
        with self._lock:
            try:
                attempt, under_way = self._attempt(node["id"])
                if under_way:  # the process that began it is gone
                    self._end(ABORT, node, attempt, {"reason": "it was ended before its own end, and runs again"})
                    attempt += 1
                if self._first(node["id"], f"{attempt}-START"):
                    self.delivery.send(self._events.of_node(START, node, attempt))
            except Exception as e:
                self._warn(e)

    def node_finished(self, record: Mapping[str, Any]) -> None:
        """Tells the end of a node that was begun; one that was never reached had no run."""
        from .lineage_events import ABORT, COMPLETE, FAIL, KINDS, START

        node = self.context.pipeline.nodes[record["node"]]
        if node["is"] not in KINDS:
            return
        with self._lock:
            try:
                attempt, under_way = self._attempt(node["id"])
                if record["state"] == "skipped":
                    if under_way:
                        self._end(ABORT, node, attempt, record)
                    return
                # One that was refused before it began; where each has its own folder, only its own process knows.
                if not (under_way or self._apart) and self._first(node["id"], f"{attempt}-START"):
                    self.run_started()
                    self.delivery.send(self._events.of_node(START, node, attempt))
                failed = record["state"] == "failed"
                self._end(FAIL if failed else COMPLETE, node, attempt, record)
            except Exception as e:
                self._warn(e)

    def run_finished(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Tells the end of the run, waits for what is on its way, and says what became of it, for run.json."""
        from .lineage_events import ABORT, COMPLETE, FAIL

        if not self._apart:
            self.run_started()
        event = ABORT if summary["interrupted"] else COMPLETE if summary["state"] == "succeeded" else FAIL
        with self._lock:
            try:
                if self._first("run", event):
                    self.delivery.send(self._events.of_run(event, summary))
            except Exception as e:
                self._warn(e)
        return self.close()

    def close(self, patience: float | None = None) -> dict[str, Any]:
        """Waits, for some seconds at most, for what is on its way, and says what has not arrived."""
        from .lineage_delivery import PATIENCE

        left = self.delivery.close(PATIENCE if patience is None else patience)
        refused = sorted(self.folder.glob("*.refused")) if self.folder.is_dir() else []
        found: dict[str, Any] = {"to": self.receiver.shown, "undelivered": len(left) + len(refused)}
        if left or refused:
            found.update(why=self.delivery.why, kept=FOLDER)
            self._warn(None, len(left) + len(refused))
        return found

    def _end(self, event: str, node: Mapping[str, Any], attempt: int, record: Mapping[str, Any]) -> None:
        if self._first(node["id"], f"{attempt}-END"):
            self.delivery.send(self._events.of_node(event, node, attempt, record))

    # -------------------------------------------------------------------- notes

    def _note(self, who: str, what: str) -> Path:
        from .store import safe_id

        return self.folder / "told" / f"{safe_id(who)}.{what}.json"

    def _first(self, who: str, what: str) -> bool:
        from .registry import now

        return self.context.store.create_json(self._note(who, what), {"at": now()})

    def _attempt(self, node: str) -> tuple[int, bool]:
        """Which run of a node this is, counted from 1, and whether it was begun and not ended."""
        attempt = int(self.context.environ.get("GITHUB_RUN_ATTEMPT") or 1) if self._apart else 1
        while self._note(node, f"{attempt}-END").exists():
            attempt += 1
        return attempt, self._note(node, f"{attempt}-START").exists()

    @property
    def _events(self) -> Events:
        if self._made is None:
            from .lineage_events import Events

            self._made = Events(self.context, self.receiver.namespace, code_of(self.context))
        return self._made

    def _warn(self, error: Exception | None, left: int = 0) -> None:
        if self._warned:
            return
        self._warned = True
        if error is not None:
            text = f"lineage: an event could not be made: {type(error).__name__}: {error}"
        else:
            these = "1 event is" if left == 1 else f"{left} events are"
            why = f" ({self.delivery.why})" if self.delivery.why else ""
            text = f"lineage: {these} not delivered to {self.receiver.shown}{why}; kept in {self.folder}"
        self.context.tell("warning", text=text)


def code_of(context: Context) -> dict[str, str] | None:
    """What git says of the project's code; nothing where the policy does not ask, or there is no repository."""
    from .git import answer_if_any
    from .surroundings import commit_of

    commit = commit_of(context)
    if commit is None:
        return None
    found = {"commit": commit, "root": str(context.root)}
    found["folder"] = (answer_if_any(context.root, "rev-parse", "--show-prefix") or "").strip()
    found["branch"] = (answer_if_any(context.root, "symbolic-ref", "--short", "-q", "HEAD") or "").strip()
    found["repository"] = without_password((answer_if_any(context.root, "remote", "get-url", "origin") or "").strip())
    return found


def without_password(url: str) -> str:
    """The address of a repository, without the token that some are cloned with."""
    import urllib.parse

    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return url
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
