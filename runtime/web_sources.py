"""Sources at http(s)://: asked first whether they have changed, and fetched whole or not at all.

With `version = etag` the request carries what the server said last time (If-None-Match, If-Modified-Since; RFC 9110,
13.1); where it answers 304, or names the same etag, the bytes are those in the store. `mtime` asks by Last-Modified
alone. `content` fetches always; bytes of a pinned digest that are in the store are not asked for again.
"""

from __future__ import annotations

import io
import socket
import urllib.parse
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .context import Context, FailedNodeError
from .fetched import artifact_of, pinned_digest, recall, remember
from .store import safe_id

if TYPE_CHECKING:
    from email.message import Message

_SILENCE = 60.0  # seconds without a byte
_ASKING = 10.0  # seconds, where a plan asks
_BLOCK = 1 << 20
_RACY = 2.0  # seconds
_LAST = "last"  # one state of each address is remembered


def is_web(source: Mapping[str, Any]) -> bool:
    return (source.get("uri") or "").startswith(("http://", "https://"))


def web_name(uri: str) -> str:
    """What the file will be called."""
    name = Path(urllib.parse.unquote(urllib.parse.urlsplit(uri).path)).name
    return name if name not in ("", "..") and len(name.encode()) < 200 and name.isprintable() else "download"


def read_web(context: Context, source: Mapping[str, Any]) -> dict[str, Any]:
    """The artifact of an address. Raises FailedNodeError with one sentence."""
    uri: str = source["uri"]
    have = _pinned(context, source)
    if have is None:
        asks = source["version"] != "content" and pinned_digest(source) is None
        have = _fetched(context, source, recall(context.store, uri, _LAST) if asks else None)
    artifact = artifact_of(context, source, {web_name(uri): have}, "one")
    return {**artifact, **{k: have[k] for k in ("etag", "last_modified", "final") if have.get(k)}}


def unchanged(context: Context, source: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is in the store of an address, where the server says that it has not changed. Nothing where it has, where
    it cannot be asked, or where only the bytes could tell."""
    if pinned := _pinned(context, source):
        return pinned
    have = recall(context.store, source["uri"], _LAST)
    if have is None or source["version"] not in ("etag", "mtime") or not _conditions(source, have):
        return None
    try:
        with _answer(source["uri"], _conditions(source, have), "HEAD", _ASKING) as (code, headers, _):
            return have if code == 304 or _same(source, have, headers) else None
    except FailedNodeError:
        return None


def _pinned(context: Context, source: Mapping[str, Any]) -> dict[str, Any] | None:
    """The bytes of a pinned digest, where the store has them."""
    digest = pinned_digest(source)
    if digest is None:
        return None
    path = context.store.object_path(digest)
    if not path.is_file() or not context.store.as_made(path, digest):
        return None
    stat = path.stat()
    return {"digest": digest, "size": stat.st_size, "mtime": stat.st_mtime_ns}


def _conditions(source: Mapping[str, Any], have: Mapping[str, Any]) -> dict[str, str]:
    etag, changed = have.get("etag"), have.get("last_modified")
    if source["version"] == "etag" and etag:
        return {"If-None-Match": etag}
    return {"If-Modified-Since": changed} if changed else {}


def _same(source: Mapping[str, Any], have: Mapping[str, Any], headers: Message[str, str]) -> bool:
    """Whether the answer names the state that is in the store: some servers read no conditions."""
    if source["version"] == "etag" and (headers["ETag"] or have.get("etag")):
        return bool(headers["ETag"] == have.get("etag"))
    return bool(headers["Last-Modified"]) and headers["Last-Modified"] == have.get("last_modified")


def _fetched(context: Context, source: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    uri: str = source["uri"]
    conditions = _conditions(source, have) if have else {}
    with _answer(uri, conditions, "GET", _SILENCE) as (code, headers, body):
        if have and (code == 304 or _same(source, have, headers)):
            return dict(have)
        with context.store.workspace(safe_id(source["id"])) as workspace:
            path = workspace / "body"
            with path.open("xb") as file:
                _write(context, uri, headers, body, file)
            kept = context.store.put(path)
    said = {"etag": headers["ETag"], "last_modified": _settled(headers), "final": headers["X-Final-Address"]}
    return remember(context.store, uri, _LAST, kept, **{k: v for k, v in said.items() if v})


def _settled(headers: Message[str, str]) -> str | None:
    """The time of the last change, where it is over: it counts whole seconds, and a second change may fall on one."""
    from email.utils import parsedate_to_datetime

    try:
        age = parsedate_to_datetime(headers["Date"]) - parsedate_to_datetime(headers["Last-Modified"])
    except (TypeError, ValueError):
        return None
    return str(headers["Last-Modified"]) if age.total_seconds() >= _RACY else None


def _write(context: Context, uri: str, headers: Message[str, str], body: IO[bytes], file: IO[bytes]) -> None:
    """Writes the answer's bytes, unpacked where the server packed them for the way."""
    length, came = headers["Content-Length"], 0
    packed = (headers["Content-Encoding"] or "identity").strip().lower()
    # A file that is called .gz is packed by itself, whatever the server calls that.
    unpack = packed in ("gzip", "x-gzip") and not web_name(uri).endswith((".gz", ".tgz"))
    if packed not in ("identity", "gzip", "x-gzip"):
        raise FailedNodeError(f"{uri} comes packed as '{packed}', which was not asked for and cannot be read")
    unpacking = zlib.decompressobj(wbits=31) if unpack else None
    while block := body.read(_BLOCK):
        if context.children.asked.is_set():
            raise FailedNodeError("the run was ended")
        came += len(block)
        if unpacking is None:
            file.write(block)
            continue
        file.write(unpacking.decompress(block))
        while unpacking.eof and unpacking.unused_data:  # one packed part may follow another
            rest, unpacking = unpacking.unused_data, zlib.decompressobj(wbits=31)
            file.write(unpacking.decompress(rest))
    if length is not None and length.isdigit() and came != int(length):
        raise FailedNodeError(f"{uri} was cut short: {came:,} of {int(length):,} bytes came; run again")
    if unpacking is not None and not unpacking.eof:
        raise FailedNodeError(f"{uri} was cut short: what was packed for the way has no end; run again")


# -------------------------------------------------------------------- requests


@contextmanager
def _answer(
    uri: str, conditions: Mapping[str, str], method: str, timeout: float
) -> Iterator[tuple[int, Message[str, str], IO[bytes]]]:
    """The status, headers and body of an answer; 304 is one. All else that is no success is told in one sentence."""
    # Imported here: they cost more than all else that the runtime imports.
    import http.client
    import urllib.error
    import urllib.request

    class Redirects(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            if req.full_url.startswith("https:") and not newurl.startswith("https:"):
                raise FailedNodeError(f"{uri} sends to {newurl}, which is not https: name that address if it is meant")
            made = super().redirect_request(req, fp, code, msg, headers, newurl)
            if made is not None:
                made.method = method  # HEAD stays HEAD
            return made

    headers = {"User-Agent": "mlops-runtime", "Accept-Encoding": "identity", **conditions}
    try:
        request = urllib.request.Request(uri, headers=headers, method=method)
        opener = urllib.request.build_opener(Redirects)
        with closing(opener.open(request, timeout=timeout)) as answer:
            if answer.url != uri:
                answer.headers["X-Final-Address"] = answer.url
            yield answer.status, answer.headers, answer
    except urllib.error.HTTPError as e:
        with closing(e):
            if e.code != 304 or not conditions:
                raise FailedNodeError(f"cannot read {uri}: {_refusal(e.code, e.reason)}") from e
            yield e.code, e.headers, io.BytesIO()
    except (socket.timeout, TimeoutError) as e:  # noqa: UP041 - they differ before Python 3.10
        raise FailedNodeError(f"cannot read {uri}: nothing came for {timeout:g} s") from e
    except zlib.error as e:
        raise FailedNodeError(f"{uri} comes packed as gzip, and cannot be unpacked: {e}") from e
    except (http.client.HTTPException, urllib.error.URLError, OSError, ValueError) as e:
        reason = getattr(e, "reason", None) or e
        if isinstance(reason, TimeoutError):
            raise FailedNodeError(f"cannot read {uri}: nothing came for {timeout:g} s") from e
        cut = isinstance(e, http.client.IncompleteRead | ConnectionResetError)
        said = "it was cut short; run again" if cut else str(reason) or type(reason).__name__
        raise FailedNodeError(f"cannot read {uri}: {said}") from e


def _refusal(code: int, reason: str) -> str:
    known = {
        401: "it wants credentials (401)",
        403: "it may not be read (403)",
        404: "not found (404)",
        410: "gone (410)",
    }
    if 300 <= code < 400:
        return f"it sends on and on, or nowhere ({code})"
    return known.get(code, f"the server says {code} {reason}".rstrip())
