"""`lineage = openlineage(…)`: a file in the store, or an endpoint."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from ..diagnostics import Diagnostics, did_you_mean
from ..syntax import tree
from . import rules
from .sources import check_secret

_NAMES = ("url", "key", "namespace")
_HINT = 'write openlineage(url: secret("OPENLINEAGE_URL")), or openlineage("lineage.jsonl")'


def check_lineage(value: tree.Expr | None, diagnostics: Diagnostics) -> None:
    """Reports an `openlineage(…)` that names no place, two, or one that cannot be."""
    if not isinstance(value, tree.Call):
        return
    named = {e.key.text: e.value for e in value.named}
    for entry in value.named:
        if entry.key.text not in _NAMES:
            hint = did_you_mean(entry.key.text, _NAMES) or f"it takes {', '.join(_NAMES)}"
            message = f"'openlineage' has no '{entry.key.text}'"
            diagnostics.report(rules.WRONG_ARGUMENTS, entry.key.span, message, hint=hint)
        elif isinstance(entry.value, tree.Call) and entry.value.function.text == "secret":
            check_secret(entry.value, diagnostics)
    if len(value.args) + ("url" in named) != 1 or ("key" in named and "url" not in named):
        message = "'openlineage' takes a file or an endpoint, and a key for an endpoint only"
        diagnostics.report(rules.WRONG_ARGUMENTS, value.span, message, hint=_HINT)
        return
    for name, given in (("a file", value.args[0] if value.args else None), *named.items()):
        _place(name, given, diagnostics)


def _place(name: str, given: tree.Expr | None, diagnostics: Diagnostics) -> None:
    if given is None or name not in ("a file", *_NAMES):
        return
    secret = isinstance(given, tree.Call) and given.function.text == "secret"
    if name == "key" and not secret:
        message = "the key of an endpoint stands in no spec"
        diagnostics.report(rules.WRONG_TYPE, given.span, message, hint='write key: secret("OPENLINEAGE_API_KEY")')
    elif name == "url" and not secret:
        _url(given, diagnostics)
    elif name in ("a file", "namespace") and not isinstance(given, tree.Text):
        message = f"'openlineage' takes {name} in double quotes"
        diagnostics.report(rules.WRONG_TYPE, given.span, message, hint=_HINT if name == "a file" else None)
    elif name == "a file" and isinstance(given, tree.Text) and _leaves(given.value):
        message = "the file lies in the store, and its name leads out of it"
        diagnostics.report(rules.BAD_PATH, given.span, message, hint='write "lineage.jsonl"')


def _url(given: tree.Expr, diagnostics: Diagnostics) -> None:
    parts = urlsplit(given.value) if isinstance(given, tree.Text) else urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        message = "the url of an endpoint is a web address"
        diagnostics.report(rules.BAD_PATH, given.span, message, hint='write url: "https://lineage.example.org"')
    elif "@" in parts.netloc:
        message = "a password stands in no spec"
        diagnostics.report(rules.BAD_PATH, given.span, message, hint='write url: secret("OPENLINEAGE_URL")')


def _leaves(path: str) -> bool:
    pure = PurePosixPath(path)
    return not path.strip() or pure.is_absolute() or ".." in pure.parts or path.endswith("/")
