"""Sources in object stores: s3:// gs:// az://, listed first, then read exactly as they were listed.

A listing says of each object what tells its state: the generation (Google), else the etag; with `version = mtime` also
the time of its last change and its size. An object is fetched where nothing in the store was read in that state. What
is written to it between the listing and the last byte is found, by the server (If-Match of S3) or by asking again
(Google, Azure), and ends the node: no file is half of one state and half of another.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .context import Context, FailedNodeError
from .digests import tree_digest
from .fetched import FILES, artifact_of, recall, remember
from .remote import OBJECT_STORES, PACKAGES
from .store import safe_id

_BLOCK = 8 << 20  # bytes of one request
_AT_ONCE = 8  # objects
# What may stand behind the name of one object: which of its versions is meant.
_VERSION = re.compile(r"(\?version[Ii]d=[^*?\[]+|#\d+)$")


def scheme_of(source: Mapping[str, Any]) -> str | None:
    """The scheme of an object store, where the source lies in one."""
    scheme = (source.get("uri") or "").partition("://")[0]
    return scheme if scheme in OBJECT_STORES else None


def is_object(source: Mapping[str, Any]) -> bool:
    """Whether a source lies in an object store."""
    return scheme_of(source) is not None


def is_pattern(uri: str) -> bool:
    """Whether a URI names objects by a pattern."""
    return any(c in _VERSION.sub("", uri) for c in "*?[")


def why_no_objects(context: Context, source: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """What keeps this machine from reading the source, and what to type: the package, the credentials, the bucket."""
    scheme = scheme_of(source) or ""
    package = PACKAGES[scheme]
    if importlib.util.find_spec(package) is None:
        return f"a source at {scheme}:// needs {package}, which this interpreter lacks", f"pip install {package}"
    try:
        listing_of(context, source)
    except FailedNodeError as e:
        return str(e), None
    return None


@dataclass(frozen=True)
class Listed:
    """An object as its store lists it. `name` is what its file will be called; `seal` tells its state."""

    path: str
    name: str
    size: int
    seal: str


@dataclass(frozen=True)
class Listing:
    """The objects of a source at one moment. shape: `one`, `many` of a pattern, or a `folder`."""

    objects: tuple[Listed, ...]
    shape: str
    system: Any = field(repr=False)  # fsspec's


def listing_of(context: Context, source: Mapping[str, Any]) -> Listing:
    """What the object store says is there; asked once before a run and not again by the run itself.

    Raises FailedNodeError with one sentence.
    """
    found: Listing | None = context.listings.get(source["id"])
    if found is None:
        found = context.listings[source["id"]] = _listing(source)
    return found


def _listing(source: Mapping[str, Any]) -> Listing:
    uri = source["uri"]
    with _told(uri):
        system, path = _open(uri)
        if is_pattern(uri):
            shape, base = "many", re.split(r"[*?\[]", path)[0].rpartition("/")[0]
            found = system.glob(path, detail=True) or _nothing(system, path)
        elif uri.endswith("/") or (about := system.info(path))["type"] == "directory":
            shape, base = "folder", path.rstrip("/")
            found = system.find(base, detail=True) or _nothing(system, path)
        else:
            shape, base, found = "one", _VERSION.sub("", path).rpartition("/")[0], {path: about}
    objects = [
        Listed(name, _VERSION.sub("", name)[len(base) :].lstrip("/"), int(about["size"]), _seal(source, name, about))
        for name, about in sorted(found.items())
        if about["type"] == "file" and not name.endswith("/")
    ]
    if not objects:
        raise FailedNodeError(f"no object matches {uri}" if shape == "many" else f"there is no object below {uri}")
    _check_names(objects)
    return Listing(tuple(objects), shape, system)


def _nothing(system: Any, path: str) -> dict[str, Any]:
    # fsspec finds nothing in a bucket that is not there.
    system.ls(path.partition("/")[0], detail=False)
    return {}


def _check_names(objects: list[Listed]) -> None:
    """Objects may have names that no files can have beside each other."""
    names = {o.name for o in objects}
    for o in objects:
        parts = o.name.split("/")
        if "" in parts or "." in parts or ".." in parts or "\0" in o.name:
            raise FailedNodeError(
                f"the object '{o.path}' cannot be a file: its name has an empty part, or dots for one"
            )
        above = next((a for n in range(1, len(parts)) if (a := "/".join(parts[:n])) in names), None)
        if above is not None:
            raise FailedNodeError(f"the object '{o.path}' cannot be a file: '{above}' is an object, too")


def _seal(source: Mapping[str, Any], name: str, about: Mapping[str, Any]) -> str:
    seal = etag_of(about)
    if source["version"] == "mtime":
        changed = next((about[k] for k in ("LastModified", "updated", "last_modified") if about.get(k)), None)
        if changed is not None:  # it counts whole seconds, and a second change may fall on one
            return f"mtime:{changed} size:{about['size']} {seal}"
    if seal is None:
        raise FailedNodeError(f"the object store says no etag of '{name}': write version = content")
    return seal


def etag_of(about: Mapping[str, Any]) -> str | None:
    """What tells an object's state: Google's generation, else its etag."""
    if about.get("generation"):
        return f"generation:{about['generation']}"
    found = about.get("ETag") or about.get("etag")
    return f"etag:{str(found).strip(chr(34))}" if found else None


# --------------------------------------------------------------------- reading


def foreseen(context: Context, source: Mapping[str, Any]) -> tuple[dict[str, str | None], str | None]:
    """The digests of the objects by name, where the store has them in the state in which they are now; and that of the
    source, where only the listing is needed to tell it."""
    found = listing_of(context, source)
    digests = {name: str(entry["digest"]) if entry else None for name, entry in _had(context, source, found).items()}
    whole = {name: digest for name, digest in digests.items() if digest is not None}
    if len(whole) < len(digests) or source["version"].startswith("column:"):
        return digests, None
    return digests, next(iter(whole.values())) if found.shape == "one" else tree_digest(whole)


def paths_in(context: Context, source: Mapping[str, Any]) -> list[Path]:
    """Where a run of this context puts the objects."""
    found = listing_of(context, source)
    base = context.folder / safe_id(source["id"])
    if found.shape == "folder":
        return [base / FILES]
    return [base / (o.name if found.shape == "one" else f"{FILES}/{o.name}") for o in found.objects]


def _had(context: Context, source: Mapping[str, Any], found: Listing) -> dict[str, dict[str, Any] | None]:
    """By name what the store has of the listed objects; nothing with `version = content`, which trusts no etag."""
    trusts = source["version"] != "content"
    return {o.name: recall(context.store, _place(source, o), o.seal) if trusts else None for o in found.objects}


def read_objects(context: Context, source: Mapping[str, Any]) -> dict[str, Any]:
    """The artifact of the source's objects as they are listed now."""
    found = listing_of(context, source)
    del context.listings[source["id"]]
    have = _had(context, source, found)
    missing = [o for o in found.objects if have[o.name] is None]
    if missing:
        have |= _fetched(context, source, found.system, missing)
    files = {name: entry for name, entry in have.items() if entry is not None}
    seals = {o.name: o.seal for o in found.objects}
    return {**artifact_of(context, source, files, found.shape), "seals": seals, "fetched": len(missing)}


def _place(source: Mapping[str, Any], listed: Listed) -> str:
    return f"{scheme_of(source)}://{listed.path}"


def _fetched(
    context: Context, source: Mapping[str, Any], system: Any, objects: list[Listed]
) -> dict[str, dict[str, Any]]:
    from concurrent.futures import ThreadPoolExecutor

    with _told(source["uri"]), context.store.workspace(safe_id(source["id"])) as workspace:

        def fetch(numbered: tuple[int, Listed]) -> tuple[str, dict[str, Any]]:
            number, listed = numbered
            # Named by number: names may be longer than a file system takes, and differ in case only.
            path = workspace / str(number)
            about = _download(context, system, source, listed, path)
            kept = context.store.put(path)
            return listed.name, remember(context.store, _place(source, listed), listed.seal, kept, **about)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(pool.map(fetch, enumerate(objects)))


def _download(context: Context, system: Any, source: Mapping[str, Any], listed: Listed, path: Path) -> dict[str, str]:
    """Writes an object to a file, in the state in which it was listed; returns its version id, if it has one."""
    try:
        with system.open(listed.path, "rb", cache_type="none") as remote, path.open("xb") as file:
            about = remote.details
            _check_seal(source, listed, about)
            while block := remote.read(_BLOCK):
                if context.children.asked.is_set():
                    raise FailedNodeError("the run was ended")
                file.write(block)
    except FileNotFoundError as e:
        raise FailedNodeError(f"'{listed.path}' was taken away while it was read; run again") from e
    except Exception as e:
        # What s3fs raises where S3 has another etag than was asked for.
        raise _written_to(listed.path) if type(e).__name__ == "FileExpired" else e from None
    if scheme_of(source) != "s3":  # each request to S3 says which etag it wants
        _check_seal(source, listed, system.info(listed.path))
    if (size := path.stat().st_size) != listed.size:
        raise FailedNodeError(f"'{listed.path}' was cut short: {size:,} of {listed.size:,} bytes came; run again")
    version = about.get("VersionId") or about.get("version_id")
    return {"version_id": str(version)} if version and version != "null" else {}


def _check_seal(source: Mapping[str, Any], listed: Listed, about: Mapping[str, Any]) -> None:
    if _seal(source, listed.path, about) != listed.seal:
        raise _written_to(listed.path)


def _written_to(path: str) -> FailedNodeError:
    return FailedNodeError(f"'{path}' was written to while it was read; run again when that is over")


# --------------------------------------------------------------------- failures


def _open(uri: str) -> tuple[Any, str]:
    import fsspec  # type: ignore[import-untyped]

    # What fsspec remembers of earlier looks would hide a change.
    system, path = fsspec.core.url_to_fs(uri, use_listings_cache=False, skip_instance_cache=True)
    return system, str(path)


@contextmanager
def _told(uri: str) -> Iterator[None]:
    """What an object store says against a request, as one sentence."""
    try:
        yield
    except FailedNodeError:
        raise
    except ImportError as e:
        raise FailedNodeError(f"{uri} cannot be read: {e}") from e
    except Exception as e:
        raise FailedNodeError(_sentence(uri, e), str(e)) from e


def _sentence(uri: str, error: Exception) -> str:
    kind, said = type(error).__name__, (str(error).strip() or "it does not say why").splitlines()[0]
    bucket = uri.partition("://")[2].partition("/")[0]
    if "Credential" in kind and not isinstance(error, PermissionError):
        return f"there are no credentials for {uri}: {_KEYS.get(uri.partition('://')[0], 'see the store of objects')}"
    if isinstance(error, FileNotFoundError):
        none = "bucket does not exist" in said.lower() or "nosuchbucket" in said.lower() or "container" in said.lower()
        missing = f"there is no object {uri}"
        if uri.startswith("s3:"):
            return f"there is no bucket '{bucket}'" if none else missing
        return f"{missing}, or no bucket '{bucket}'"  # others do not tell the one from the other
    if isinstance(error, PermissionError):
        return f"the credentials may not read {uri}: {said}"
    if "Connect" in kind or "Timeout" in kind or isinstance(error, ConnectionError | TimeoutError):
        return f"the object store of {uri} cannot be reached: {said}"
    return f"{uri} cannot be read: {said}"


_KEYS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE; FSSPEC_S3_ANON=true reads what is public",
    "gs": "gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
