"""Files from elsewhere: their bytes are objects in the store, remembered by what their server says of their state.

    fetched/<digest of place and seal>.json   {"place", "seal", "digest", "size", "mtime", …}

The seal is an etag, a generation or a time. Losing an entry costs a download and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .context import Context, FailedNodeError
from .digests import value_digest
from .outlines import files_outline, keep_outline
from .store import Kept, Store, safe_id

FILES = "files"  # the folder of several files


def recall(store: Store, place: str, seal: str) -> dict[str, Any] | None:
    """What was kept of a place in this state, where its bytes are still in the store."""
    found = store.read(_entry(store, place, seal))
    return found if found and store.here(found) else None


def remember(store: Store, place: str, seal: str, kept: Kept, **more: Any) -> dict[str, Any]:
    """Notes that the bytes of a place in this state are these."""
    entry = {"place": place, "seal": seal, **kept.plain(), **more}
    store.share([kept.digest])
    store.write_json(_entry(store, place, seal), entry)
    return entry


def _entry(store: Store, place: str, seal: str) -> Path:
    return store.folder / "fetched" / f"{value_digest([place, seal]).removeprefix('sha256:')}.json"


def check_pin(source: Mapping[str, Any], digest: str) -> None:
    """Raises FailedNodeError where the source is pinned to another digest."""
    pinned = pinned_digest(source)
    if pinned is not None and pinned != digest:
        raise FailedNodeError(f"is pinned to {pinned}, and is now {digest}")


def pinned_digest(source: Mapping[str, Any]) -> str | None:
    """The digest that a source must have, where it is pinned."""
    version: str = source["version"]
    return version.removeprefix("pinned:") if version.startswith("pinned:") else None


def artifact_of(
    context: Context, source: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]], shape: str
) -> dict[str, Any]:
    """The artifact of what was kept by name, in a place of this run. shape: `one` file, `many`, or a `folder`."""
    base = f"runs/{context.run}/{safe_id(source['id'])}"
    if shape == "one":
        [(name, kept)] = files.items()
        digest, place = str(kept["digest"]), f"{base}/{name}"
    else:
        digests = {name: str(kept["digest"]) for name, kept in files.items()}
        digest, place = context.store.keep_listing(digests), f"{base}/{FILES}"
        keep_outline(context.store, digest, files_outline(digests))
    check_pin(source, digest)
    context.store.place(digest, context.store.folder / place)
    kind = "dir" if shape == "folder" else "table" if source.get("format") else "file"
    found = {
        "kind": kind,
        "digest": digest,
        "size": sum(f["size"] for f in files.values()),
        "mtime": sum(f["mtime"] for f in files.values()),
        "file": place,
        "files": len(files),
    }
    return {**found, "members": sorted(files)} if shape == "many" else found
