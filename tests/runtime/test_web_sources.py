"""Sources at http://, from a real server of this machine: what is asked, what is fetched, what is told."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime import web_sources
from mlopsc.runtime.collect import find_garbage, remove
from mlopsc.runtime.digests import text_digest
from mlopsc.runtime.store import Store

from . import plans as p
from .conftest import Project

TEXT = "a\n1\n"


class Server(ThreadingHTTPServer):
    """Answers every path by a function of its own; requests are noted as `METHOD path status`."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.requests: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None: ...

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        self.server.requests.append(f"{self.command} {self.path} {int(code)}")

    def do_GET(self) -> None:
        answer = self.server.answers.get(self.path.partition("?")[0])
        return answer(self) if answer else self.send_error(404)

    do_HEAD = do_GET  # noqa: N815


def text(body: str | bytes, code: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer with these headers; one with an etag reads If-None-Match."""
    content = body if isinstance(body, bytes) else body.encode()

    def answer(asked: BaseHTTPRequestHandler) -> None:
        etag, changed = headers.get("ETag"), headers.get("Last_Modified")
        same = etag and asked.headers["If-None-Match"] == etag
        same = same or (changed and asked.headers["If-Modified-Since"] == changed)
        asked.send_response(304 if same else code)
        for name, value in headers.items():
            asked.send_header(name.replace("_", "-"), value)
        if not same and not headers.keys() & {"Content_Length", "Transfer_Encoding"}:
            asked.send_header("Content-Length", str(len(content)))
        asked.end_headers()
        if not same and asked.command == "GET":
            asked.wfile.write(content)

    return answer


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http
        http.shutdown()


def reading(source: n.Source) -> n.Plan:
    """A source, and a stage that copies it."""
    return p.plan(source, p.stage("read", "cp {inputs.data} {outputs.out}", ["data"], [p.output("out", "out")]))


def failed(project: Project, uri: str, version: str = "content") -> str:
    result = project.run(reading(p.source("data", uri, version=version)))
    assert (result.nodes[0].state, result.nodes[1].state) == ("failed", "skipped")
    return str(result.nodes[0].reason)


def test_content_is_fetched_in_every_run(project: Project, server: Server) -> None:
    server.answers["/data.csv"] = text("a\n1\n", ETag='"1"')
    plan = reading(p.source("data", f"{server.url}/data.csv"))
    result = project.run(plan)
    assert project.output(result, "data/data.csv") == project.output(result, "read/out") == "a\n1\n"
    assert project.run(plan).nodes[1].state == "restored"
    assert server.requests == ["GET /data.csv 200"] * 2


def test_an_etag_is_asked_first_and_nothing_is_fetched_twice(project: Project, server: Server) -> None:
    server.answers["/data.csv"] = text("a\n1\n", ETag='W/"1"')
    plan = reading(p.source("data", f"{server.url}/data.csv", version="etag"))
    artifact = project.run(plan).nodes[0].record["artifacts"]["data"]  # type: ignore[index]
    assert (artifact["etag"], artifact["digest"]) == ('W/"1"', text_digest("a\n1\n"))
    assert project.run(plan).nodes[1].state == "restored"
    server.answers["/data.csv"] = text("a\n2\n", ETag='W/"2"')
    assert project.output(project.run(plan), "read/out") == "a\n2\n"
    server.answers["/data.csv"] = text("a\n2\n", ETag='W/"3"')  # another etag, the same bytes: the same data
    assert project.run(plan).nodes[1].state == "restored"
    assert [r.rpartition(" ")[2] for r in server.requests] == ["200", "304", "200", "200"]


def test_a_time_of_change_is_asked_where_there_is_no_etag(project: Project, server: Server) -> None:
    server.answers["/data.csv"] = text("a\n1\n", Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT")
    plan = reading(p.source("data", f"{server.url}/data.csv", version="etag"))
    project.run(plan)
    assert project.run(plan).nodes[1].state == "restored"
    assert server.requests[1] == "GET /data.csv 304"


def test_a_change_within_the_same_second_is_seen(project: Project, server: Server) -> None:
    from email.utils import formatdate

    now = formatdate(usegmt=True)
    plan = reading(p.source("data", f"{server.url}/data.csv", version="mtime"))
    server.answers["/data.csv"] = text("a\n1\n", Last_Modified=now)
    project.run(plan)
    server.answers["/data.csv"] = text("a\n2\n", Last_Modified=now)
    assert project.output(project.run(plan), "read/out") == "a\n2\n"


def test_a_server_that_reads_no_conditions_is_believed_its_etag(project: Project, server: Server) -> None:
    def answer(asked: BaseHTTPRequestHandler) -> None:
        del asked.headers["If-None-Match"]
        text("a\n1\n", ETag='"1"')(asked)

    server.answers["/data.csv"] = answer
    plan = reading(p.source("data", f"{server.url}/data.csv", version="etag"))
    first = project.run(plan).nodes[0].record["artifacts"]["data"]  # type: ignore[index]
    assert project.run(plan).nodes[0].record["artifacts"]["data"]["digest"] == first["digest"]  # type: ignore[index]


def test_a_plan_asks_for_the_etag_alone(project: Project, server: Server) -> None:
    server.answers["/data.csv"] = text("a\n1\n", ETag='"1"')
    plan = reading(p.source("data", f"{server.url}/data.csv", version="etag"))

    def foreseen() -> tuple[str, str]:
        source, stage = project.run(plan, dry_run=True).planned
        return source.text.rpartition("/")[2], stage.action

    assert foreseen() == ("data.csv", "run")
    assert server.requests == []
    project.run(plan)
    assert foreseen() == ("data.csv, unchanged", "restore")
    server.answers["/data.csv"] = text("a\n2\n", ETag='"2"')
    assert foreseen() == ("data.csv", "may_run")
    del server.answers["/data.csv"]
    assert foreseen() == ("data.csv", "may_run")
    assert [r.split()[0] for r in server.requests] == ["GET", "HEAD", "HEAD", "HEAD"]


def test_what_was_fetched_goes_with_the_runs_that_read_it(project: Project, server: Server) -> None:
    store = Store(project.root / ".mlops")
    server.answers["/data.csv"] = text("a\n1\n", ETag='"1"')
    plan = p.plan(p.source("data", f"{server.url}/data.csv", version="etag"))
    project.run(plan)
    assert not find_garbage(store, grace=0)
    garbage = find_garbage(store, keep_runs=0, grace=0)
    assert [f.parent.name for f in garbage.others] == ["plans", "fetched"]
    remove(store, garbage)
    assert project.run(plan).state == "succeeded"
    store.object_path(text_digest("a\n1\n")).unlink()  # an entry whose bytes are gone is none
    assert project.run(plan).state == "succeeded"
    assert [r.rpartition(" ")[2] for r in server.requests] == ["200", "200", "200"]


def test_pinned_bytes_are_fetched_once_and_no_others_taken(project: Project, server: Server) -> None:
    server.answers["/data.csv"] = text("a\n1\n")
    pinned = reading(
        p.source("data", f"{server.url}/data.csv", version=f"pinned:{text_digest('a' + chr(10) + '1' + chr(10))}")
    )
    assert project.run(pinned).state == "succeeded"
    server.answers["/data.csv"] = text("a\n2\n")
    assert project.run(pinned).nodes[1].state == "restored"
    assert len(server.requests) == 1
    assert "is pinned to sha256:" in failed(project, f"{server.url}/data.csv", f"pinned:{text_digest('other')}")


def test_a_high_water_mark_stands_for_what_was_fetched(project: Project, server: Server) -> None:
    pytest.importorskip("duckdb")
    server.answers["/data.csv"] = text("day,x\n1,1\n")
    plan = reading(p.source("data", f"{server.url}/data.csv", version="column:day", format="csv"))
    assert project.run(plan).state == "succeeded"
    server.answers["/data.csv"] = text("day,x\n1,2\n")
    assert project.run(plan).nodes[1].state == "restored"


def test_what_is_cut_short_is_no_file(project: Project, server: Server) -> None:
    url = server.url
    server.answers["/short.csv"] = text("a\n1\n", Content_Length="400")
    assert failed(project, f"{url}/short.csv") == f"{url}/short.csv was cut short: 4 of 400 bytes came; run again"
    server.answers["/chunks.csv"] = text(b"9\r\na\n1\n", Transfer_Encoding="chunked")
    assert failed(project, f"{url}/chunks.csv") == f"cannot read {url}/chunks.csv: it was cut short; run again"
    packed = gzip.compress(b"a\n" + b"1\n" * 9999)[:-9]
    server.answers["/packed.csv"] = text(packed, Content_Encoding="gzip")
    assert "cut short" in failed(project, f"{url}/packed.csv")
    assert (
        not list((project.root / ".mlops" / "fetched").glob("*"))
        if (project.root / ".mlops/fetched").exists()
        else True
    )


def test_what_is_packed_for_the_way_is_unpacked_and_a_packed_file_is_not(project: Project, server: Server) -> None:
    packed = gzip.compress(b"a\n1\n") + gzip.compress(b"2\n")
    server.answers["/data.csv"] = text(packed, Content_Encoding="gzip")
    server.answers["/data.csv.gz"] = text(packed, Content_Encoding="x-gzip", Content_Type="text/csv")
    assert project.output(project.run(reading(p.source("data", f"{server.url}/data.csv"))), "read/out") == "a\n1\n2\n"
    result = project.run(reading(p.source("data", f"{server.url}/data.csv.gz")))
    assert result.folder is not None and (result.folder / "read" / "out").read_bytes() == packed
    server.answers["/data.csv"] = text(packed, Content_Encoding="br")
    assert "comes packed as 'br'" in failed(project, f"{server.url}/data.csv")
    server.answers["/data.csv"] = text("no gzip at all", Content_Encoding="gzip")
    assert "cannot be unpacked" in failed(project, f"{server.url}/data.csv")


def test_redirects_are_followed_and_those_without_end_told(project: Project, server: Server) -> None:
    server.answers["/old.csv"] = text("", 302, Location="/new.csv")
    server.answers["/new.csv"] = text("a\n1\n", ETag='"1"')
    server.answers["/round.csv"] = text("", 302, Location="/round.csv")
    server.answers["/file.csv"] = text("", 302, Location="file:///etc/passwd")
    plan = reading(p.source("data", f"{server.url}/old.csv", version="etag"))
    artifact = project.run(plan).nodes[0].record["artifacts"]["data"]  # type: ignore[index]
    assert artifact["final"] == f"{server.url}/new.csv"
    assert project.run(plan).nodes[1].state == "restored"
    assert server.requests[-1] == "GET /new.csv 304"
    assert "it sends on and on" in failed(project, f"{server.url}/round.csv")
    assert "cannot read" in failed(project, f"{server.url}/file.csv")


@pytest.mark.parametrize(
    ("code", "said"),
    [(404, "not found (404)"), (410, "gone (410)"), (403, "it may not be read (403)"), (503, "the server says 503")],
)
def test_a_refusal_is_one_sentence(project: Project, server: Server, code: int, said: str) -> None:
    server.answers["/data.csv"] = text("", code)
    assert failed(project, f"{server.url}/data.csv").startswith(f"cannot read {server.url}/data.csv: {said}")


def test_silence_ends_a_download(project: Project, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.end_headers()
        over.wait(20)

    monkeypatch.setattr(web_sources, "_SILENCE", 0.3)
    server.answers["/data.csv"] = silent
    try:
        assert failed(project, f"{server.url}/data.csv").endswith("nothing came for 0.3 s")
    finally:
        over.set()
    assert "Connection refused" in failed(project, "http://127.0.0.1:1/data.csv")


def test_an_address_cannot_choose_where_its_file_lies(project: Project, server: Server) -> None:
    for path in ("/a/..", "/", "/%2e%2e", "/a%2Fb", "/" + "x" * 300):
        server.answers[path] = text("1")
        result = project.run(reading(p.source("data", f"{server.url}{path}")))
        assert project.output(result, "read/out") == "1", path
