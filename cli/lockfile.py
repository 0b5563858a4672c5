"""`mlops.lock`: what the last good run of each pipeline of a folder used, as text that git can merge.

    # 17

    [stage.flight_delay.train]
    record = "5d0c5a2f9e13b7c4"
    key = "sha256:…"
    code."steps/train.py" = "sha256:…"
    outputs.model.digest = "sha256:…"

The text is TOML, as Cargo's and uv's locks are; `grammar/lock.schema.json` describes what a reader of TOML gets. Each
record is a table of its own, and the layout is made for three-way merges, which fail where two branches changed lines
that touch:

- A record stands between numbered lines that never change, in the one of 64 sections that the digest of its name falls
  into. Two branches that change neighbours, or that each add a record, so change lines that do not touch. Order by name
  or by plan would put the records that people add at the same time side by side.
- `record` is the digest of the lines below it. Whatever changes in a record changes it, so two branches that changed
  the same record always meet there, and what was put together from two is never taken for what a run wrote.
- There is no time, no run and no machine in it: a run that restores everything writes the same text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .specs import Unreadable

EDITION = 1
_SECTIONS = 64
_HEAD = """\
# What the last good run used: kept in git, written by `mlopsc run`, not by hand.
# The numbered lines never change; they keep records apart, so that git merges them.
edition = 1

"""
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KEY = re.compile(r'[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"')
_ANCHOR = re.compile(r"# \d\d")
_MARKS = re.compile(r"(<<<<<<<|\|\|\|\|\|\|\||=======|>>>>>>>)( |$)")


@dataclass(frozen=True, order=True)
class Name:
    """Which record: `stage` or `source`; the spec's file without its ending, with `@PROFILE` where one was used; the
    node."""

    kind: str
    pipeline: str
    node: str

    @property
    def header(self) -> str:
        """The line that a record begins with."""
        return f"[{_dotted(self.kind, self.pipeline, self.node)}]"

    @property
    def section(self) -> int:
        """The numbered section that the record stands in."""
        return int.from_bytes(hashlib.sha256(self.header.encode()).digest()[:4], "big") % _SECTIONS


@dataclass
class Lock:
    """The records of one file. `blocks` holds a record's lines below its header, `lines` where the header stands."""

    path: Path
    blocks: dict[Name, tuple[str, ...]] = field(default_factory=dict)
    lines: dict[Name, int] = field(default_factory=dict)

    def text(self) -> str:
        """The whole file."""
        sections: dict[int, list[Name]] = {}
        for name in sorted(self.blocks):
            sections.setdefault(name.section, []).append(name)
        parts = [_HEAD]
        for number in range(_SECTIONS):
            here = sections.get(number, ())
            parts.append(f"# {number:02}\n")
            for name in here:
                parts.append("\n" + "".join(f"{line}\n" for line in (name.header, *self.blocks[name])))
            parts += ["\n"] if here else []
        return "".join(parts)

    def names(self, pipeline: str) -> list[Name]:
        """The records of a pipeline, with the profile that is part of its name."""
        return sorted(name for name in self.blocks if name.pipeline == pipeline)

    def record(self, name: Name) -> dict[str, Any] | None:
        """The values of a record; nothing where there is none. Raises Unreadable where it is not as it was written."""
        if name not in self.blocks:
            return None
        body = self.blocks[name]
        if not self.whole(name):
            raise Unreadable(
                f"{self.path}:{self.lines.get(name, 1)}: the record of '{name.node}' is not as a run wrote it: it was "
                "merged from two, or edited\nrun without --locked: the lock is then written anew"
            )
        return _values(body[1:]) or {}

    def whole(self, name: Name) -> bool:
        """Whether a record is as it was written."""
        body = self.blocks[name]
        return body[:1] == (_seal(body[1:]),) and _values(body[1:]) is not None

    def set(self, name: Name, record: Mapping[str, Any]) -> None:
        body = tuple(_lines(record))
        self.blocks[name] = (_seal(body), *body)


def read_lock(path: Path) -> Lock | None:
    """The lock in a file, nothing where there is none. Raises Unreadable with what to do."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise Unreadable(f"{path}: not UTF-8 text; take the file away, and the next run writes it") from None
    return parse_lock(text, path)


def parse_lock(text: str, path: Path) -> Lock:
    """The lock in a text. Lines of a record are checked when the record is read, not here."""
    rows = text.split("\n")  # and at nothing else that a text may hold
    _require_no_marks(rows, path)
    lock = Lock(path)
    name: Name | None = None
    for number, row in enumerate(rows, 1):
        if not row or _ANCHOR.fullmatch(row) or (name is None and row.startswith("#")):
            continue
        if row.startswith("["):
            name = _name_of(row)
            if name is None or name in lock.blocks:
                what = "a record that stands there twice" if name else "no record of ours"
                raise Unreadable(f"{path}:{number}: {what}: {row}\n{_ANEW}")
            lock.blocks[name], lock.lines[name] = (), number
        elif name is not None:
            lock.blocks[name] += (row,)
        elif row != f"edition = {EDITION}":
            raise Unreadable(f"{path}:{number}: {_why_unreadable(row)}")
    return lock


_ANEW = "take the line away, or the file: the next `mlopsc run` writes what it used"


def _why_unreadable(row: str) -> str:
    edition = row.removeprefix("edition = ")
    if edition != row:
        return f"written by a newer mlopsc: its edition is {edition}, and this one knows {EDITION}"
    return f"cannot be read: {row[:60]}\n{_ANEW}"


def _require_no_marks(rows: list[str], path: Path) -> None:
    """Refuses a file in which git left a conflict, and names the records that it is about."""
    name: Name | None = None
    first, inside, names = 0, False, dict[str, None]()
    for number, row in enumerate(rows, 1):
        mark = _MARKS.match(row)
        if row.startswith("["):
            name = _name_of(row) or name
        if mark:
            first = first or number
            inside = mark[1] != ">>>>>>>"
        elif inside and name is not None and row and not _ANCHOR.fullmatch(row):
            names[name.node] = None
    if first:
        who = " and ".join(f"'{n}'" for n in names) or "the same lines"
        raise Unreadable(
            f"{path}:{first}: git left a conflict in it: both branches changed {who}\n"
            f"keep either side, or neither, and take the marks away (`git checkout --ours {path.name}` "
            "does, and so does --theirs); the next `mlopsc run` writes what it used"
        )


def _name_of(header: str) -> Name | None:
    keys = _keys(header.strip()[1:-1]) if header.rstrip().endswith("]") else None
    return Name(*keys) if keys and len(keys) == 3 and keys[0] in ("stage", "source") else None


def _seal(body: Iterable[str]) -> str:
    digest = hashlib.sha256("\n".join(body).encode()).hexdigest()
    return f'record = "{digest[:16]}"'


def _lines(record: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[str]:
    """A line for each value; tables within are keys with dots. Names are sorted where they are the user's."""
    for key, value in record.items() if not above else sorted(record.items()):
        if isinstance(value, Mapping):
            yield from _lines(value, (*above, key))
        else:
            yield f"{_dotted(*above, key)} = {_value(value)}"


def _value(value: Any) -> str:
    # JSON's text for text, numbers and lists is TOML's, but for one character.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")


def _dotted(*keys: str) -> str:
    return ".".join(k if _BARE.fullmatch(k) else _value(k) for k in keys)


def _keys(text: str) -> tuple[str, ...] | None:
    found, at = [], 0
    while m := _KEY.match(text, at):
        try:
            found.append(json.loads(m[0]) if m[0].startswith('"') else m[0])
        except ValueError:
            return None
        at = m.end()
        if at == len(text):
            return tuple(found)
        if text[at] != ".":
            return None
        at += 1
    return None


def _parsed(line: str) -> tuple[tuple[str, ...], Any] | None:
    """The keys and the value of a line; nothing where it is none that we write."""
    at = 0
    while m := _KEY.match(line, at):
        at = m.end()
        if line.startswith(" = ", at):
            keys = _keys(line[:at])
            try:
                return (keys, json.loads(line[at + 3 :])) if keys else None
            except ValueError:
                return None
        at += 1
    return None


def _values(body: Iterable[str]) -> dict[str, Any] | None:
    """The values of a record's lines; nothing where one is none of ours."""
    found: dict[str, Any] = {}
    for line in body:
        if (parsed := _parsed(line)) is None:
            return None
        keys, value = parsed
        table = found
        for key in keys[:-1]:
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                return None
        table[keys[-1]] = value
    return found
