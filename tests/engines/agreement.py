"""What guards say on one engine beside what they say on another.

The specs are in `guards_agree/`. A run of one of them is what its records say of each node, without what is bound to
differ: times, the run's name, and the digits of an age.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlopsc.backends.local import LocalPython
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.nodes import Plan

FOLDER = Path(__file__).parent / "guards_agree"
# The second run of `twice` is of a model that is weaker than the first one's; that of `rivals` is more often right, and
# less sure.
PARAMS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "kinds": ({},),
    "twice": ({}, {"accuracy": 0.7}),
    "rivals": ({}, {"wrong": 5, "unsure": 0.4}),
}
SPECS = tuple(PARAMS)

Record = dict[str, Any]
_OF_A_GUARD = ("verdict", "state", "reason", "subject", "judged", "baseline", "rules", "quarantined", "artifacts")
# Of a file that a guard wrote: where it is and when it was written are the run's own.
_OF_A_FILE = ("digest", "size", "version", "kind", "files")


def project(folder: Path) -> Path:
    """The specs' folder, copied."""
    ignored = shutil.ignore_patterns(".mlops", "__pycache__")
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True, ignore=ignored)
    return folder


def plan_of(name: str) -> Plan:
    return compile_plan(analyse(FOLDER / f"{name}.mlops")).plan


@dataclass(frozen=True)
class Run:
    """What a run says of itself when it is over: its state, and the record of every node."""

    state: str
    records: Mapping[str, Record]

    @classmethod
    def of(cls, folder: Path) -> Run:
        found = json.loads((folder / "run.json").read_text("utf-8"))
        return cls(found["state"], found["nodes"])

    @property
    def story(self) -> dict[str, Any]:
        """What has to be the same everywhere."""
        return {"state": self.state, "nodes": {n: _told(r) for n, r in self.records.items()}}

    @property
    def rules(self) -> int:
        return sum(len(r.get("rules") or ()) for r in self.records.values())


def _told(record: Record) -> Record:
    if record["kind"] != "guard":
        return {"state": record["state"], "reason": record["reason"]}
    found: Record = copy.deepcopy({key: record[key] for key in _OF_A_GUARD if key in record})
    for rule in found.get("rules", ()):
        for name, measured in rule["measured"].items():
            if name.startswith("freshness("):
                days = round(measured["value"] / 86_400, 1)
                rule["measured"][name] = {"value": days, "text": re.sub(r"[\d.]+", "…", measured["text"])}
        for drifted in rule.get("drift", {}).values():
            drifted["against"] = re.sub(r"^run .*", "a run", drifted["against"])
    for name, kept in found.get("artifacts", {}).items():
        found["artifacts"][name] = {key: kept[key] for key in _OF_A_FILE}
    found.get("quarantined", {}).pop("file", None)
    if "previous" in found.get("baseline", {}):
        found["baseline"]["previous"] = "a run"
    return found


def here(name: str, folder: Path) -> list[Run]:
    """The spec's runs on this machine, by the script that the local target writes."""
    project(folder)
    for file in LocalPython().emit(plan_of(name), {"keep_going": True}):
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(file.content)
    runs = []
    for number, params in enumerate(PARAMS[name]):
        options = [word for key, value in params.items() for word in ("--set", f"{key}={value}")]
        command = [sys.executable, f"{name}.py", "--run", f"run-{number}", *options]
        subprocess.run(command, cwd=folder, capture_output=True, check=False)
        runs.append(Run.of(folder / f".mlops/runs/run-{number}"))
    return runs


def differences(expected: Any, found: Any, at: str = "") -> Iterator[str]:
    """Where two plain values differ, a line each. Numbers have to be equal to the last digit."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}):
            yield from differences(expected.get(key), found.get(key), f"{at}.{key}" if at else str(key))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for i, (a, b) in enumerate(zip(expected, found, strict=True)):
            yield from differences(a, b, f"{at}[{i}]")
    elif expected != found:
        yield f"{at}: {expected!r} here, {found!r} there"


def must_agree(here: list[Run], there: list[Run]) -> int:
    """Fails where one of the runs tells another story; returns how many rules were compared."""
    assert len(here) == len(there)
    for a, b in zip(here, there, strict=True):
        wrong = list(differences(a.story, b.story))
        assert not wrong, "\n".join(wrong)
    return sum(run.rules for run in here)
