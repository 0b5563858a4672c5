"""Finding and reading specs: the file that is named, or the one that is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ..compiler.diagnostics import nearest

SUFFIX = ".mlops"
_PIPELINE = re.compile(r"^[ \t]*pipeline\b", re.MULTILINE)
_NEVER_IN = {"node_modules", "__pycache__", "site-packages", "build", "dist"}


class Unreadable(click.ClickException):
    """A spec that is not there, or that is no text."""

    exit_code = 2


class NotUtf8(Unreadable):
    """A spec that is text in another encoding, which lint reports where it is (E108)."""


@dataclass(frozen=True)
class Text:
    """A spec's text with `\\n` line ends, and how to write it back as it was."""

    path: Path
    text: str
    newline: str
    mark: bool  # it began with a byte order mark

    def write(self, text: str) -> None:
        """Replaces the file whole, its permissions kept: a crash leaves the old text or the new one."""
        encoded = text.replace("\n", self.newline).encode("utf-8-sig" if self.mark else "utf-8")
        target = self.path.resolve()
        aside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            aside.write_bytes(encoded)
            aside.chmod(target.stat().st_mode & 0o777)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)


def decode(path: Path, raw: bytes) -> Text:
    """Raises Unreadable where the bytes are no UTF-8 text."""
    if b"\0" in raw:
        raise Unreadable(f"{path}: a binary file, not a spec")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotUtf8(f"{path}: not UTF-8 text (byte 0x{raw[error.start]:02x} in line {line})") from None
    newline = "\r\n" if "\r\n" in text else "\n"
    return Text(path, text.replace("\r\n", "\n"), newline, raw.startswith(b"\xef\xbb\xbf"))


def read(path: Path) -> Text:
    """Raises Unreadable with a sentence for people."""
    try:
        return decode(path, path.read_bytes())
    except OSError as error:
        raise Unreadable(_why_not(path, error)) from None


def _why_not(path: Path, error: OSError) -> str:
    if not isinstance(error, FileNotFoundError):
        return f"{path}: {(error.strerror or str(error)).lower()}"
    try:
        beside = {p.stem: p.name for p in path.parent.iterdir() if p.suffix == SUFFIX}
    except OSError:
        return f"{path}: no such file, and no such folder {path.parent}"
    close = nearest(path.stem, set(beside))
    hint = f"; did you mean '{path.with_name(beside[close])}'?" if close else ""
    return f"{path}: no such file{hint}"


def is_root(path: Path) -> bool:
    """Whether a spec declares a pipeline, as far as a glance can tell."""
    try:
        return bool(_PIPELINE.search(path.read_text("utf-8", errors="replace")))
    except OSError:
        return False


def in_folder(folder: Path) -> list[Path]:
    """The specs that lie in a folder; the store `.mlops` is none."""
    return sorted(p for p in folder.glob(f"*{SUFFIX}") if p.is_file() and not p.name.startswith("."))


def the_spec(named: Path | None) -> Path:
    """The spec to work on: the file named, the one pipeline in the folder named, or the one in this folder."""
    if named is not None and not named.is_dir():
        if not named.exists():
            raise Unreadable(_why_not(named, FileNotFoundError()))
        return named
    folder = named or Path()
    specs = in_folder(folder)
    roots = [path for path in specs if is_root(path)]
    where = "this folder" if named is None else f"'{folder}'"
    if len(roots) == 1:
        return roots[0]
    if roots:
        names = ", ".join(str(path) for path in roots)
        raise Unreadable(f"several pipelines in {where}: name one of {names}")
    if specs:
        raise Unreadable(f"no pipeline in {where}: {specs[0]} has no `pipeline NAME {{ … }}`")
    raise Unreadable(f"no *{SUFFIX} file in {where}; name one, or write a first one with `mlopsc init`")


def all_specs(named: Iterable[Path]) -> list[Path]:
    """Every spec that is named or lies in a folder that is named (this one when nothing is), in order, each once."""
    found: dict[Path, None] = {}
    for path in tuple(named) or (Path(),):
        if path.is_dir():
            found |= dict.fromkeys(_within(path))
        elif path.exists():
            found[path] = None
        else:
            raise Unreadable(_why_not(path, FileNotFoundError()))
    return list(found)


def _within(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            f
            for f in folders
            if not f.startswith(".") and f not in _NEVER_IN and not Path(parent, f, "pyvenv.cfg").exists()
        )
        yield from (Path(parent, name) for name in sorted(files) if name.endswith(SUFFIX))
