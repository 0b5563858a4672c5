"""Where lineage events go: to an OpenLineage endpoint or into a file, in order, and never in the pipeline's way.

    runs/<run>/openlineage-events/<time>.json    what is not delivered yet
    runs/<run>/openlineage-events/told/          which starts and ends were told (openlineage.py)

An event is written down before it is sent, and removed when it has arrived. What an endpoint that is down did not take
stays there, and the next process of the same run sends it first.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .store import finite

try:
    import fcntl
except ImportError:  # Windows: processes of one run do not wait for each other, and may send in another order
    fcntl = None  # type: ignore[assignment]

ENDPOINT, NAMESPACE = "api/v1/lineage", "default"  # OpenLineage's own
TIMEOUT = 5.0  # seconds for one request
PATIENCE = 10.0  # seconds that a process waits at its end for what is not sent yet
_PAUSE = 0.5  # seconds before the one further try


@dataclass(frozen=True)
class Receiver:
    """Who is told: the url that events are posted to, or the file that they are appended to. `missing` is the secret
    that would name it and is not set; `hidden` are values that no log may show."""

    namespace: str
    url: str | None = None
    key: str | None = None
    file: Path | None = None
    missing: str | None = None
    hidden: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Without what could be a password."""
        if self.url is None:
            return str(self.file or self.missing)
        parts = urllib.parse.urlsplit(self.url)
        return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def receiver_of(setting: Mapping[str, Any] | None, environ: Mapping[str, str], folder: Path) -> Receiver | None:
    """Who the environment says is told, else the spec; nobody where neither does. A spec's file lies in `folder`.

    The variables are those of OpenLineage's own clients. They stand above the spec, as the one who runs a pipeline
    knows where events go there.
    """
    if environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return None
    setting = setting or {}
    namespace = environ.get("OPENLINEAGE_NAMESPACE") or setting.get("namespace") or NAMESPACE
    if url := environ.get("OPENLINEAGE_URL"):
        key = environ.get("OPENLINEAGE_API_KEY")
        return Receiver(namespace, _posted_to(url, environ), key, hidden=(key,) if key else ())
    file = environ.get("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH")
    if file and environ.get("OPENLINEAGE__TRANSPORT__TYPE", "").lower() == "file":
        return Receiver(namespace, file=Path(file).absolute())
    if setting.get("file"):
        return Receiver(namespace, file=folder / setting["file"])
    if setting.get("url") is None:
        return None
    url, missing = _value(setting["url"], environ)
    key, no_key = _value(setting.get("key"), environ)
    if missing or no_key:
        return Receiver(namespace, missing=missing or no_key)
    secrets = [v for v, given in ((url, setting["url"]), (key, setting.get("key"))) if v and not isinstance(given, str)]
    return Receiver(namespace, _posted_to(url or "", environ), key, hidden=tuple(secrets))


def _posted_to(url: str, environ: Mapping[str, str]) -> str:
    return urllib.parse.urljoin(url.rstrip("/") + "/", environ.get("OPENLINEAGE_ENDPOINT") or ENDPOINT)


def _value(given: str | Mapping[str, str] | None, environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """A text or what a secret holds; and the name of the secret that is not set."""
    if not isinstance(given, Mapping):
        return given, None
    found = environ.get(given["name"])
    return (found, None) if found else (None, given["name"])


def _plain(error: Exception) -> str:
    """What the system said, without its numbers."""
    cause = getattr(error, "reason", error)
    if "unknown url type" in str(cause):
        return "an address begins with http:// or https://"
    return (getattr(cause, "strerror", None) or str(cause)).lower()


class _RefusedError(Exception):
    """The endpoint does not take this event; another it may."""


class Delivery:
    """Takes events and sees them on their way. `folder` is where those wait that have not arrived."""

    def __init__(self, receiver: Receiver, folder: Path) -> None:
        self.receiver, self.folder = receiver, folder
        self.why: str | None = f"the secret {receiver.missing} is not set" if receiver.missing else None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._count = 0
        self._sender: threading.Thread | None = None

    def send(self, event: Mapping[str, Any]) -> None:
        """Returns at once; raises OSError where the event cannot even be written down."""
        line = json.dumps(finite(event), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        with self._lock:
            if self.receiver.file is not None and self._all_appended() and self._appended(line):
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            self._count += 1
            name = f"{time.time_ns():020d}-{self._count:06d}-{os.getpid()}.json"
            aside = self.folder / f".{name}"
            aside.write_text(line, "utf-8")
            aside.replace(self.folder / name)
            self._start()
        self._wake.set()

    def _all_appended(self) -> bool:
        """What could not be written to the file before comes first."""
        for path in self.waiting():
            if not self._appended(path.read_text("utf-8")):
                return False
            path.unlink()
        return True

    def _appended(self, line: str) -> bool:
        """Written in one piece: other processes append to the same file."""
        file = self.receiver.file
        assert file is not None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(number, line.encode("utf-8", "surrogatepass") + b"\n")
            finally:
                os.close(number)
        except OSError as e:
            self.why = f"{file}: {_plain(e)}"
            return False
        return True

    def _start(self) -> None:
        if self.receiver.url is not None and self._sender is None:
            self._sender = threading.Thread(target=self._work, name="openlineage", daemon=True)
            self._sender.start()

    def close(self, patience: float = PATIENCE) -> list[Path]:
        """Waits for what is on its way, and returns what has not arrived. Events may be sent afterwards, too."""
        with self._lock:
            if self.receiver.file is not None:
                self._all_appended()
            elif self.waiting():
                self._start()
            sender, self._sender = self._sender, None
            self._closing = True
        self._wake.set()
        if sender is not None:
            sender.join(patience)
            if sender.is_alive():
                self.why = self.why or f"no answer in {patience:g} s"
        self._closing = False
        return self.waiting()

    def waiting(self) -> list[Path]:
        """The events that have not arrived, the earliest first."""
        return sorted(p for p in self.folder.glob("*.json")) if self.folder.is_dir() else []

    # ---------------------------------------------------------------- sending

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            closing = self._closing
            try:
                with self._alone():
                    arrived = self._send_waiting()
            except OSError as e:
                self.why, arrived = _plain(e), False
            # One endpoint that does not answer must not cost a pipeline more than its two tries.
            if closing or not arrived:
                return

    def _send_waiting(self) -> bool:
        """False: the endpoint cannot be reached; what waits goes on waiting."""
        for path in self.waiting():
            try:
                self._post(path.read_bytes())
            except _RefusedError as e:
                self.why = str(e)
                path.replace(path.with_suffix(".refused"))
                continue
            except OSError as e:
                self.why = _plain(e)
                return False
            path.unlink()
        return True

    def _post(self, body: bytes) -> None:
        # Imported here: it costs more than all else that the runtime imports.
        import http.client
        import urllib.error
        import urllib.request

        assert self.receiver.url is not None
        headers = {"Content-Type": "application/json", "User-Agent": "mlops-runtime"}
        if self.receiver.key:
            headers["Authorization"] = f"Bearer {self.receiver.key}"
        for last in (False, True):
            try:
                request = urllib.request.Request(self.receiver.url, body, headers, method="POST")
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    answer.read()
                return
            except urllib.error.HTTPError as e:
                if e.code in (400, 409, 413, 422):
                    raise _RefusedError(f"the endpoint answered {e.code} {e.reason}") from e
                if last or e.code < 500:
                    raise OSError(f"the endpoint answered {e.code} {e.reason}") from e
            except (OSError, http.client.HTTPException, ValueError) as e:
                if last or not isinstance(e, OSError):
                    raise OSError(_plain(e)) from e
            time.sleep(_PAUSE)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Processes of the same run that share its folder send one after another, so that the order holds."""
        with (self.folder / ".lock").open("w") as lock:
            if fcntl is not None:
                with contextlib.suppress(OSError):
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield
