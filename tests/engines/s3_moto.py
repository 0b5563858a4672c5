"""Runs inside the environment `s3`: moto's S3 over HTTP on a free port of this machine, until its standard input ends.

Prints its port. Each request is a line in the file that is named: method, path, status. What is a promise of S3 and not
of moto holds here too: of writers on one condition one wins, and an upload that its sender leaves half is not kept.
A number in the file `refuse` beside it: so many requests are answered with 503, as S3 does when it is hurried.
"""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

log = Path(sys.argv[1])
refuse = log.with_name("refuse")
moto = DomainDispatcherApplication(create_backend_app)
one_by_one = threading.Lock()

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
INCOMPLETE = b"<Error><Code>IncompleteBody</Code><Message>The request body terminated unexpectedly</Message></Error>"


def app(environ, start_response):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    # Chunks say themselves where they end.
    whole = environ["wsgi.input"].read() if environ.get("wsgi.input_terminated") else environ["wsgi.input"].read(size)
    told = []

    def answer(status, headers, *rest):
        told.append(status.partition(" ")[0])
        return start_response(status, headers, *rest)

    with one_by_one:
        if _refused():
            body = [_plain(answer, "503 Slow Down", SLOW_DOWN)]
        elif len(whole) < size:
            body = [_plain(answer, "400 Bad Request", INCOMPLETE)]
        else:
            environ["wsgi.input"] = io.BytesIO(whole)
            environ["CONTENT_LENGTH"] = str(len(whole))
            body = list(moto(environ, answer))
        with log.open("a") as f:
            query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
            f.write(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{query} {told[0] if told else '-'}\n")
    return body


def _refused():
    try:
        left = int(refuse.read_text() or 0)
    except FileNotFoundError:
        return False
    refuse.write_text(str(max(left - 1, 0)))
    return left > 0


def _plain(answer, status, body):
    answer(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return body


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_request(self, *args):
        pass


server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
server.daemon_threads = True
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
