"""An endpoint that lineage events are posted to: it keeps them as they come, and can be told to be ill."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Endpoint:
    """What came, in order. `status` is what it answers; `hold` is how long it takes, in seconds."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.status = 201
        self.gate = threading.Event()
        self.gate.set()
        self.url = ""

    def told(self, job: str | None = None) -> list[str]:
        """`START sums.double` and so on, of one job or of all."""
        found = [f"{e['eventType']} {e['job']['name']}" for e in self.events]
        return [f for f in found if job is None or f.split()[1] == job]

    def of(self, job: str, kind: str) -> dict[str, Any]:
        (found,) = [e for e in self.events if e["job"]["name"] == job and e["eventType"] == kind]
        return found


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    kept = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.gate.wait()
            if kept.status < 300:
                kept.events.append(json.loads(body))
                kept.keys.append(self.headers.get("Authorization"))
                kept.paths.append(self.path)
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield kept
    finally:
        kept.gate.set()
        server.shutdown()
        server.server_close()
