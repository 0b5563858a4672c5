"""Sources: the files that a pipeline starts from, found and digested before anything reads them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .call import UnreadableError, files_of, table_expression
from .context import Context, FailedNodeError
from .databases import is_database, read_database
from .digests import tree_digest, tree_files, value_digest
from .faults import plain_reason
from .fetched import check_pin
from .fingerprints import ChangedWhileReadError, Fingerprints, signature
from .object_sources import is_object, is_pattern, read_objects
from .outlines import files_outline, keep_outline, lines_outline, outline_path
from .pipeline import producer
from .web_sources import is_web, read_web


def is_glob(uri: str) -> bool:
    return any(c in uri for c in "*?[")


def is_many(source: Mapping[str, Any]) -> bool:
    """Whether programs get a list: decided by how the source is written, not by how many files there are today."""
    if is_object(source):
        return is_pattern(source["uri"])
    return is_glob(source.get("uri") or "") and not is_web(source)


def lists_of(context: Context, stage: Mapping[str, Any]) -> frozenset[str]:
    """The inputs that the program gets as lists: copies of a `foreach`, and sources given by a pattern."""
    sources = {s["id"] for s in context.pipeline.of("source") if is_many(s)}
    return frozenset(i["name"] for i in stage["inputs"] if i["many"] or sources & set(i["artifacts"]))


def find_files(source: Mapping[str, Any], root: Path) -> list[str]:
    """The local files or the one folder of a source, relative to the root where they are below it. Sorted."""
    uri = source.get("uri") or ""
    if is_glob(uri):
        return [p for p in _matches(uri, root) if (root / p).is_file()]
    path = uri.removeprefix("file://")
    return [path] if (root / path).exists() else []


def _matches(pattern: str, root: Path) -> list[str]:
    # pathlib refuses a pattern that starts at the root of the file system.
    return sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207


def _whole(source: Mapping[str, Any], root: Path, store: Path) -> tuple[list[str], Path | None, dict[str, Path]]:
    """The paths of a source, its folder if it is one, and its files. Raises FailedNodeError where something that
    belongs to it cannot be read, and would be missed."""
    uri, paths = source["uri"], find_files(source, root)
    folder = root / paths[0] if len(paths) == 1 and (root / paths[0]).is_dir() else None
    if folder is None:
        _check_pattern(uri, root)
        files = {p: root / p for p in paths}
    else:
        if store.resolve().is_relative_to(folder.resolve()):
            raise FailedNodeError(f"the folder {paths[0]} holds the store, which every run changes: name one below it")
        files = tree_files(folder, _refuse)
        if not files:
            raise FailedNodeError(f"the folder {paths[0]} is empty")
    for name in files:
        if not name.isascii() and any("\udc80" <= c <= "\udcff" for c in name):
            shown = name.encode("utf-8", "backslashreplace").decode()
            raise FailedNodeError(f"{shown} is no name in UTF-8: rename the file")
    return paths, folder, files


def _check_pattern(uri: str, root: Path) -> None:
    """glob passes over links to nothing and over folders that may not be read; a source has them or says so."""
    if not is_glob(uri):
        return
    for match in _matches(uri, root):
        if not (root / match).is_file() and not (root / match).is_dir():
            _refuse(root / match)
    parts = uri.split("/")
    first = next(i for i, part in enumerate(parts) if is_glob(part))
    for end in range(first, len(parts)):
        above = "/".join(parts[:end])
        folders = _matches(f"{above}/", root) if is_glob(above) else [above]
        # With ** all folders below are looked into.
        for folder in (root / f for f in (*folders, *(_matches(f"{above}/**/", root) if parts[end] == "**" else ()))):
            os.scandir(folder).close()  # what the system says against that is the reason


def _refuse(path: Path) -> None:
    what = "a link to nothing" if path.is_symlink() and not path.exists() else "a pipe, a socket or a device"
    raise FailedNodeError(f"{path} is {what}, and no file")


def why_not_readable(source: Mapping[str, Any], root: Path) -> str | None:
    """What stops this runtime from reading the source, as far as it can be known without reading."""
    uri = source.get("uri")
    if uri is None:
        return None if is_database(source) else "a source without a uri is not carried by this runtime"
    if is_web(source) or is_object(source):
        return None
    scheme = uri.partition("://")[0] if "://" in uri else ""
    if scheme not in ("", "file"):
        return f"{scheme}:// sources are not carried by this runtime; copy the files beside the spec"
    found = find_files(source, root)
    if len(found) == 1 and not ((root / found[0]).is_file() or (root / found[0]).is_dir()):
        return f"{found[0]} is a pipe or a device; a source is a file or a folder"
    if not found:
        what = f"no file matches {uri}" if is_glob(uri) else f"there is no file {uri}"
        return f"{what} in {root}"
    return None


def read_source(context: Context, source: Mapping[str, Any]) -> dict[str, Any]:
    """The artifact of a source: where its files are and the digest that stands for what is in them now."""
    why = why_not_readable(source, context.root)
    if why is not None:
        raise FailedNodeError(why)
    if is_database(source):
        return read_database(context, source)
    if is_web(source):
        return _versioned(context, source, read_web(context, source))
    if is_object(source):
        return _versioned(context, source, read_objects(context, source))
    artifact, digests = local_artifact(source, context.root, context.store.fingerprints)
    if digests and not outline_path(context.store, artifact["digest"]).exists():
        _keep_outlines(context, artifact, digests)
    return artifact


def _versioned(context: Context, source: Mapping[str, Any], artifact: dict[str, Any]) -> dict[str, Any]:
    """The artifact of what was fetched, with the version that stands for it in keys where that is not its digest."""
    if not source["version"].startswith("column:"):
        return artifact
    column, place = source["version"].removeprefix("column:"), context.store.folder / artifact["file"]
    paths = [place / m for m in artifact["members"]] if "members" in artifact else [place]
    mark = _high_water(paths, column, source.get("format"))
    return {**artifact, "version": value_digest({source["version"]: mark}), "mark": mark}


def _keep_outlines(context: Context, artifact: Mapping[str, Any], digests: Mapping[str, str]) -> None:
    """What tells a later change by file and line."""
    for name, digest in digests.items():
        if not outline_path(context.store, digest).exists():
            keep_outline(context.store, digest, lines_outline(context.root / name))
    if artifact["digest"] not in digests.values():
        keep_outline(context.store, artifact["digest"], files_outline(digests))


def local_artifact(
    source: Mapping[str, Any], root: Path, fingerprints: Fingerprints
) -> tuple[dict[str, Any], dict[str, str]]:
    """Where the files of a source are, and what is in them; and the digests of the files by path, where the source's
    version asks for them.

    Raises FailedNodeError where they change meanwhile.
    """
    paths, folder, files = _whole(source, root, fingerprints.path.parent)
    artifact = {
        "kind": "dir" if folder else "table" if source.get("format") else "file",
        "paths": paths,
        "size": sum(p.stat().st_size for p in files.values()),
        "files": len(files),
        "signature": _signature(files),
    }
    digest, digests = _version(source, files, [root / p for p in paths], fingerprints)
    below = f"{paths[0]}/" if folder else ""
    return {**artifact, "digest": digest}, {f"{below}{name}": d for name, d in digests.items()}


def why_changed(source: Mapping[str, Any], artifact: Mapping[str, Any], root: Path, prints: Fingerprints) -> str | None:
    """Says that a local source is not any more what this run has read. The bytes are asked again only where the file
    system says that something was touched; other machines see other inodes."""
    files = {p: root / p for p in find_files(source, root)}
    if len(files) == 1 and (folder := next(iter(files.values()))).is_dir():
        files = tree_files(folder)
    try:
        if _signature(files) == artifact.get("signature"):
            return None
        now = local_artifact(source, root, prints)[0]["digest"]
    except (FailedNodeError, OSError) as e:
        now = str(e)
    if now == artifact["digest"]:
        return None
    return f"'{source['id']}' is not any more what this run has read: it was written to meanwhile; run again"


def require_as_read(context: Context, artifacts: Iterable[str], reader: str | None = None) -> None:
    """Raises FailedNodeError where a local source among them is not any more what this run has read."""
    for name in artifacts:
        source = context.pipeline.nodes[producer(name)]
        if source["is"] != "source" or is_database(source):
            continue
        artifact = context.artifact(name, reader)
        if "paths" not in artifact:
            continue
        if why := why_changed(source, artifact, context.root, context.store.fingerprints):
            raise FailedNodeError(why)


def _signature(files: Mapping[str, Path]) -> str:
    return value_digest({name: signature(p) for name, p in files.items()})


def _version(
    source: Mapping[str, Any], files: Mapping[str, Path], paths: list[Path], fingerprints: Fingerprints
) -> tuple[str, dict[str, str]]:
    version: str = source["version"]
    if version == "mtime":
        return value_digest({n: [p.stat().st_size, p.stat().st_mtime_ns] for n, p in files.items()}), {}
    if version.startswith("column:"):
        try:
            mark = _high_water(paths, version.removeprefix("column:"), source.get("format"))
        except FailedNodeError as e:
            reason = str(e)
            for name, path in files.items():
                reason = reason.replace(str(path), name)
            raise FailedNodeError(reason, e.detail) from e
        return value_digest({version: mark}), {}
    try:
        digests = dict(zip(files, fingerprints.files(files.values()), strict=True))
    except ChangedWhileReadError as e:
        raise FailedNodeError(str(e)) from e
    # A pattern has a listing, however many files there are today.
    one = not is_many(source) and len(paths) == 1 and paths[0].is_file()
    digest = next(iter(digests.values())) if one else tree_digest(digests)
    check_pin(source, digest)
    return digest, digests


def _high_water(paths: list[Path], column: str, format: str | None) -> str:  # noqa: A002
    try:
        import duckdb
    except ImportError as e:
        raise FailedNodeError("a source versioned by a column needs duckdb: pip install duckdb") from e
    name = column.replace('"', '""')
    try:
        table = table_expression([str(p) for p in paths], format)
        row = duckdb.connect().execute(f'SELECT max("{name}") FROM {table}').fetchone()
    except UnreadableError as e:
        raise FailedNodeError(str(e)) from e
    except duckdb.Error as e:
        said = str(e).strip()
        files = [f for p in paths for f in files_of(str(p))]
        reader = table.partition("(")[0]
        raise FailedNodeError(plain_reason(said, reader, files), said) from e
    return str(row[0] if row else None)
