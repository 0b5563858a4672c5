"""Versions of sources: how a change is noticed must be possible where the data lies."""

from __future__ import annotations

import re

from ..diagnostics import Diagnostics
from ..source import Span
from ..syntax import tree
from . import rules
from .entity import Entity
from .model import Model

_WEB = ("http", "https")


def check_version(entity: Entity, kind: str | None, model: Model, diagnostics: Diagnostics) -> None:
    """Reports a version that the data at the source's uri cannot have. `kind` is the source's table format."""
    version, uri = entity.value("version"), entity.text("uri")
    if uri is None:
        return
    if isinstance(version, tree.Path) and version.text == "etag" and "://" not in uri:
        hint = "write content, a digest of the bytes, or mtime"
        diagnostics.report(rules.MISPLACED, version.span, "a file beside the spec has no etag", hint=hint)
    elif isinstance(version, tree.Call) and version.function.text == "column":
        if kind is None and not _is_many(uri, model):
            message = f"a column is of a table, and nothing says that '{uri}' is one"
            hint = "add format = csv, parquet or jsonl, or write version = content"
            diagnostics.report(rules.MISPLACED, version.span, message, hint=hint)
    elif isinstance(version, tree.Call) and version.args and isinstance(version.args[0], tree.Text):
        _check_pin(version.args[0], uri, model, diagnostics)


def _check_pin(pin: tree.Text, uri: str, model: Model, diagnostics: Diagnostics) -> None:
    """One file is pinned by its digest, several by that of their listing."""
    of_many, many = pin.value.startswith("tree:"), _is_many(uri, model)
    # What lies in a bucket is known by its name only where that is a pattern, or ends as a folder's does.
    unknown = "://" in uri and not uri.startswith(("http:", "https:")) and not many
    if many and not of_many:
        message = "a folder or a pattern is pinned by the digest of its listing"
        hint = 'write pinned("tree:…"); the record of a run with version = content has it'
        diagnostics.report(rules.WRONG_ARGUMENTS, pin.span, message, hint=hint)
    elif of_many and not many and not unknown:
        message = "one file is pinned by the digest of its bytes"
        hint = 'write pinned("sha256:…"); the record of a run with version = content has it'
        diagnostics.report(rules.WRONG_ARGUMENTS, pin.span, message, hint=hint)


def _is_many(uri: str, model: Model) -> bool:
    if uri.startswith(("http:", "https:")):
        return False
    plain = re.sub(r"\?version[Ii]d=[^*?\[]+$", "", uri)
    if any(c in plain for c in "*?[") or uri.endswith("/"):
        return True
    return "://" not in uri and model.project.exists(uri) and not model.project.is_file(uri)


def check_address(uri: tree.Text, scheme: str, diagnostics: Diagnostics) -> None:
    """Reports an address that holds a password, a pattern where nothing can be listed, or no bucket."""
    host, _, path = uri.value.partition("://")[2].partition("/")
    if ":" in host.rpartition("@")[0]:
        message = "an address with a password stands in the spec, where many read it"
        hint = "change the password, and fetch the data in a stage that is given a secret"
        diagnostics.report(rules.WRITTEN_PASSWORD, uri.span, message, hint=hint)
    elif scheme in _WEB and "*" in path.partition("?")[0]:
        at = uri.span.start + uri.span.text.index("*")
        message = "what lies at an address cannot be listed, so '*' stands for nothing"
        hint = "name one file for each source, or put the files into a bucket"
        diagnostics.report(rules.BAD_PATH, Span(uri.span.source, at, at + 1), message, hint=hint)
    elif not host:
        what = "host" if scheme in _WEB else "bucket"
        hint = f'write uri = "{scheme}://{what.upper()}/FILE.csv"'
        diagnostics.report(rules.BAD_PATH, uri.span, f"the uri names no {what}", hint=hint)
    elif scheme not in _WEB and any(c in host for c in "*?["):
        hint = "name the bucket, and write the pattern behind it"
        diagnostics.report(rules.BAD_PATH, uri.span, "buckets cannot be listed", hint=hint)
