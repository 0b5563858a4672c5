"""Why a stage runs again: what its key is made of now, beside what it was made of when it last gave a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .context import Context
from .digests import value_digest
from .outlines import (
    changed_parts,
    code_outline,
    first_changed_line,
    kept_outline,
    lock_outline,
)
from .params import DEFAULT, RUN, origin_of, shown
from .pipeline import sets_aside
from .store import read_json, safe_id

_REMEMBERED = 100  # of what a stage was made of, the latest


def keep_last(context: Context, node: str, key: str, parts: Mapping[str, Any]) -> None:
    """Notes what a stage's result was made of when it last had one, which is what a change is told against."""
    path = _last_path(context, node)
    before = read_json(path) or {}
    if before.get("key") != key:
        alike = [a for a in before.get("alike", ()) if a != _outline(parts)]
        alike = [_outline(parts), *alike][:_REMEMBERED]
        context.store.write_json(path, {"key": key, "key_parts": parts, "run": context.run, "alike": alike})


def last_of(context: Context, node: str) -> dict[str, Any] | None:
    """`key`, `key_parts` and `run` of the stage's last result."""
    found = context.store.read(_last_path(context, node))
    return found if found and isinstance(found.get("key_parts"), dict) else None


def was_alike(context: Context, stage: Mapping[str, Any], parts: Mapping[str, Any]) -> bool:
    """Whether the stage gave a result before with all that is known of it now. Where that is not all, for something
    before it runs again, it may then be restored."""
    if not stage["cache"]:
        return False
    now = _outline(parts)
    for then in (last_of(context, stage["id"]) or {}).get("alike") or ():
        if then["own"] == now["own"] and all(then["inputs"].get(n) == d for n, d in now["inputs"].items()):
            return True
    return False


def _outline(parts: Mapping[str, Any]) -> dict[str, Any]:
    """What a stage is made of, in small: its own parts, and each input of which everything is known."""
    inputs = {n: value_digest(d)[:23] for n, d in (parts.get("inputs") or {}).items() if None not in d}
    return {"own": value_digest({n: p for n, p in parts.items() if n != "inputs"})[:23], "inputs": inputs}


def note_let_pass(context: Context, guard: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Notes which rows a guard that sets some aside let pass, so that a rehearsal knows it while nothing changes."""
    # What a database holds is known to a run alone.
    if sets_aside(guard) and not guard.get("dialect") and found["state"] == "succeeded":
        subject = context.artifact(guard["subject"], reader=guard["id"])
        let = found.get("artifacts", {}).get(guard["subject"], subject)
        parts = {"let": let.get("version", let["digest"])}
        keep_last(context, guard["id"], _judged(guard, subject.get("version", subject["digest"])), parts)
    return found


def let_pass(context: Context, guard: Mapping[str, Any], subject: str | None) -> str | None:
    """The version of what a guard lets pass of a subject of this version; nothing where only a run can tell."""
    if not sets_aside(guard) or subject is None:
        return subject
    last = last_of(context, guard["id"])
    return last["key_parts"].get("let") if last and last["key"] == _judged(guard, subject) else None


def _judged(guard: Mapping[str, Any], version: str) -> str:
    # Rules by age (`freshness`) may end otherwise tomorrow; they set no rows aside.
    rules = [{k: v for k, v in rule.items() if k != "place"} for rule in guard["rules"]]
    # Its comments name lines of the spec, which move with every line above.
    query = [line for line in guard["query"].splitlines() if not line.lstrip().startswith("--")]
    return value_digest({"of": version, "query": query, "rules": rules})


def _last_path(context: Context, node: str) -> Path:
    return context.store.folder / "last" / context.pipeline.name / f"{safe_id(node)}.json"


@dataclass(frozen=True)
class Cause:
    """One thing that is not as it was. kind: first, code, param, lock, foreign, data, input, program, image, env,
    item, outputs, when, cache, gone.

    `file` and `line` say where, as far as that is known; `last` is the end of a stretch of lines.
    """

    kind: str
    text: str
    file: str | None = None
    line: int | None = None
    last: int | None = None
    waits: bool = False  # only a run will tell whether it is so

    @property
    def where(self) -> str:
        """`steps/train.py:12-14`, as far as it is known."""
        if self.file is None or self.line is None:
            return self.file or ""
        return f"{self.file}:{self.line}" + (f"-{self.last}" if self.last and self.last != self.line else "")

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {k: v for k, v in asdict(self).items() if v is not None and v is not False}


def causes(
    context: Context,
    stage: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    files: Mapping[str, Mapping[str, str]],
) -> tuple[Cause, ...]:
    """What differs between the parts of two keys of a stage, in the order in which people look for it.

    An input whose digest is not known, since what makes it runs again, is None in `new`. `files` holds the digests of
    the files of local sources, as they are now.
    """
    found = [
        *_code(context, old, new),
        *_params(context, old, new),
        *_lock(context, old, new),
        *_foreign(context, old, new),
        *_inputs(context, stage, old, new, files),
    ]
    place = stage["place"]
    for part, text in _OF_THE_STAGE.items():
        if old.get(part) != new.get(part):
            found.append(Cause(part, text.format(name=stage["name"]), place["file"], place["line"]))
    return tuple(found)


_OF_THE_STAGE = {
    "program": "what '{name}' runs is written differently",
    "outputs": "'{name}' has other outputs",
    "env": "'{name}' has other environment variables",
    "image": "'{name}' has another image",
    "lists": "'{name}' gets the files of a pattern, and got a folder, or the other way round",
    "item": "'{name}' is made for another item",
}


def _code(context: Context, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    for file, then, now in _pairs(old.get("code") or {}, new.get("code") or {}):
        if now is None:
            yield Cause("code", "is not part of the program any more", file)
        elif then is None:
            yield Cause("code", "is part of the program now", file)
        else:
            yield from _edited(context, file, then)


def _edited(context: Context, file: str, digest: str) -> Iterator[Cause]:
    old, path = kept_outline(context.store, digest), context.root / file
    new = code_outline(path)
    if old is None or new is None or old["kind"] != new["kind"]:
        yield Cause("code", "changed", file)
    elif old["kind"] == "lines":
        yield _lines("code", "changed", old, path, file)
    else:
        for name, before, after in changed_parts(old["parts"], new["parts"]):
            verb = "is gone" if after is None else "is new" if before is None else "changed"
            yield Cause("code", f"{name} {verb}", file, (after or before)[1] if after else None)


def _lines(kind: str, text: str, old: Mapping[str, Any], path: Path, file: str) -> Cause:
    first, last = first_changed_line(old, path) or (None, None)
    return Cause(kind, text, file, first, last)


def _params(context: Context, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    then, now = old.get("params") or {}, new.get("params") or {}
    declared = {p["name"]: p for p in context.pipeline.document["params"]}
    for name in dict.fromkeys([*now, *then]):
        if name in then and name in now and then[name] == now[name]:
            continue
        place = (declared.get(name) or {}).get("place") or {}
        file, line = place.get("file"), place.get("line")
        if name not in now:
            yield Cause("param", f"param {name} is not used any more", file, line)
            continue
        given = _given(declared.get(name) or {}, now[name])
        was = f", was {shown(then[name])}" if name in then else ", and was not used"
        yield Cause("param", f"param {name} is {shown(now[name])}{was}{given}", file, line)


def _given(param: Mapping[str, Any], value: Any) -> str:
    """What gave a param its value, where that is not its declaration."""
    origin = origin_of(param, value)
    return {DEFAULT: "", RUN: ", given to this run"}.get(origin, f", by {origin}")


def _lock(context: Context, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    if old.get("lock") == new.get("lock"):
        return
    file = context.pipeline.version.get("env_lock") or ""
    before = kept_outline(context.store, old["lock"]) if old.get("lock") else None
    now = lock_outline(context.root / file) if new.get("lock") else None
    changes = changed_parts((before or {"parts": {}})["parts"], now["parts"]) if before and now else []
    if not changes:
        yield Cause("lock", "the environment's lock changed", file or None)
    for name, then, after in changes:
        if after is None:
            yield Cause("lock", f"{name} {then[0]} is gone", file)
        else:
            text = f"{name} is {after[0]}, was {then[0]}" if then else f"{name} {after[0]} is new"
            yield Cause("lock", text, file, after[1])


def _foreign(context: Context, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """Packages that are installed otherwise than the lock pins them, or were."""
    then, now, file = old.get("foreign") or {}, new.get("foreign") or {}, context.pipeline.version.get("env_lock")
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name) or (name in then) != (name in now):
            is_ = (now[name] or "not installed") if name in now else "as the lock pins it"
            was = (then[name] or "not installed") if name in then else "as the lock pins it"
            yield Cause("foreign", f"{name} is {is_}, was {was}", file)


def _inputs(
    context: Context,
    stage: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    files: Mapping[str, Mapping[str, str]],
) -> Iterator[Cause]:
    then, now = old.get("inputs") or {}, new.get("inputs") or {}
    artifacts = {i["name"]: i["artifacts"] for i in stage["inputs"]}
    for name in dict.fromkeys([*now, *then]):
        if then.get(name) == now.get(name):
            continue
        if name not in now or name not in then:
            text = f"input {name} is {'new' if name in now else 'gone'}"
            yield Cause("input", text, stage["place"]["file"], stage["place"]["line"])
            continue
        if len(then[name]) != len(now[name]):
            yield Cause("input", f"input {name} has {len(now[name])} parts, had {len(then[name])}")
            continue
        for artifact, before, after in zip(artifacts[name], then[name], now[name], strict=True):
            if before != after:
                yield from _input(context, artifact, before, after, files.get(artifact) or {})


def _input(
    context: Context, artifact: str, before: str, after: str | None, files: Mapping[str, str]
) -> Iterator[Cause]:
    node = context.pipeline.nodes.get(artifact, {})
    if node.get("is") != "source":
        made = "is made anew" if after is None else "has other content"
        yield Cause("input", f"{artifact} {made}", waits=after is None)
        return
    if after is None:
        # Files that differ are a cause of their own; a side without an outline, as rows that went on, says nothing.
        told = list(_data(context, artifact, before, files)) if files and kept_outline(context.store, before) else []
        yield from told or [Cause("input", _unknown(context, artifact), waits=True)]
        return
    yield from _data(context, artifact, before, files)


def _unknown(context: Context, artifact: str) -> str:
    guards = [n for n in context.pipeline.nodes.values() if n["is"] == "guard" and n["subject"] == artifact]
    aside = next((g["id"] for g in guards if sets_aside(g)), None)
    if aside is None:
        return f"only a run can tell what {artifact} is"
    return f"only a run can tell what of {artifact} goes on: '{aside}' may set rows aside"


def _data(context: Context, artifact: str, before: str, files: Mapping[str, str]) -> Iterator[Cause]:
    """What differs in the files of a source from those that a digest stands for."""
    outline = kept_outline(context.store, before)
    if outline is not None and outline["kind"] == "lines" and len(files) == 1:
        outline = {"kind": "files", "parts": dict.fromkeys(files, before)}
    if outline is None or outline["kind"] != "files" or not files:
        yield Cause("data", f"{artifact} has other content")
        return
    for file, then, now in _pairs(outline["parts"], files):
        if now is None or then is None:
            yield Cause("data", f"{artifact}: a file is {'gone' if now is None else 'new'}", file)
            continue
        lines = kept_outline(context.store, then)
        if lines is None or lines["kind"] != "lines":
            yield Cause("data", f"{artifact} has other content", file)
        else:
            yield _lines("data", f"{artifact} has other content", lines, context.root / file, file)


def _pairs(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)
