"""`mlopsc run PLAN.json`: exactly what `mlopsc plan -o PLAN.json` said, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from . import specs
from .rehearsed import FORMAT, rehearsal_of

_WANTED = {"pipeline": str, "spec": str, "settings": dict, "params": dict, "digest": str, "nodes": list}


@dataclass(frozen=True)
class Approved:
    """A plan that somebody has looked at."""

    file: Path
    document: Mapping[str, Any]

    @property
    def spec(self) -> Path:
        """The spec, by the path that the plan was made with; beside the plan's file where it is not there."""
        path = Path(self.document["spec"])
        return path if path.exists() or path.is_absolute() else self.file.parent / path


def read_approved(file: Path) -> Approved:
    """Raises Unreadable where the file is no plan of ours."""
    try:
        found = json.loads(specs.read(file).text)
    except ValueError as error:
        raise specs.Unreadable(f"{file}: not JSON: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(found.get(k), kind) for k, kind in _WANTED.items()):
        raise specs.Unreadable(f"{file}: no plan; write one with `mlopsc plan -o {file}`")
    if found.get("format") != FORMAT:
        raise specs.Unreadable(f"{file}: a plan of another version of mlopsc; write it anew with `mlopsc plan`")
    return Approved(file, found)


def require_unchanged(approved: Approved) -> None:
    """Refuses, with 2, where a run would now do something else than what was approved."""
    document = approved.document
    now = rehearsal_of(
        approved.spec,
        profile=document.get("profile"),
        settings=document["settings"],
        params=document["params"],
        any_environment=bool(document.get("any_environment")),
    ).document()
    changes = list(_changes(document, now))
    if changes:
        said = "".join(f"\n  {change}" for change in changes)
        hint = f"look at it again: mlopsc plan {approved.spec} -o {approved.file}"
        raise click.UsageError(f"{approved.file} is not what a run would do now:{said}\n{hint}")


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old["digest"] != new["digest"]:
        yield f"{new['spec']} has changed"
    then, now = ({n["node"]: n for n in each["nodes"]} for each in (old, new))
    for name in dict.fromkeys([*now, *then]):
        before, after = then.get(name), now.get(name)
        if before is None or after is None:
            yield f"{name} is {'new' if before is None else 'gone'}"
        elif before["action"] != after["action"]:
            yield f"{name}: {_word(before)} was approved, and now it {_word(after)}"
        elif (before["key"], before["digest"]) != (after["key"], after["digest"]):
            yield f"{name} has changed since"


_WORDS = {
    "run": "runs",
    "may_run": "may run",
    "restore": "is restored",
    "may_deploy": "may deploy",
    "keep": "leaves its alias",
}


def _word(node: Mapping[str, Any]) -> str:
    return _WORDS.get(node["action"], f"{node['action']}s")
