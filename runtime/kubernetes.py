"""Inside a cluster: the driver of a run, and the start of each of its nodes.

The driver creates one Job a node, in the plan's order, from templates made at build time, and waits. Retries,
deadlines, placement and isolation are Kubernetes' work. The driver keeps no state of its own: which Jobs exist, the API
says; what became of a node, its record in the store says. So a driver that was evicted goes on where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .bounds import held_back
from .cluster import NODE_NOTE, RUN_LABEL, Api, ApiError, Object
from .context import LETS_PASS, Context
from .events import BLOCKED, BUG, DONE, FAILED, NOT_RUN, USAGE
from .nodes import write_record
from .params import check_params
from .pipeline import NotAPlanError, Pipeline
from .report import finish
from .shared import open_store

TRY_AGAIN = 1  # the exit code after which Kubernetes starts another driver
PATIENCE = 15.0  # seconds that a finished Job's record may take to be seen: shared volumes cache
SHORTEST, UNEASY, LONGEST = 0.5, 2.0, 5.0  # seconds between two looks; from the second on, pods may be stuck


def main(argv: Sequence[str]) -> int:
    """The exit code of `kube-driver …` or `kube-node …`."""
    return kube_driver(argv[1:]) if argv[0] == "kube-driver" else kube_node(argv[1:])


def kube_node(argv: Sequence[str]) -> int:
    """`kube-node ID …`: puts the project together, then does what `node ID …` does."""
    from .commands import main as command

    options, rest = _parser("kube-node").parse_known_args(argv)
    lay_out(Path(os.environ["MLOPS_ROOT"]), options)
    code = command(["node", *rest])
    # What comes before has passed, or there would be no Job: the stage's `when` said no, which is no failed Job.
    return DONE if code == NOT_RUN else code


def kube_driver(argv: Sequence[str]) -> int:
    """`kube-driver --plan P --jobs DIR`: a whole run. The exit code tells how it ended."""
    parser = _parser("kube-driver")
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--jobs", type=Path, required=True, help="the folder of the Jobs' templates")
    parser.add_argument("--trigger", help="keep to this trigger's cooldown and limit")
    options = parser.parse_args(argv)
    # The first process of a container gets no default action for a signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    owner = Owner(os.environ["MLOPS_JOB_NAME"], os.environ["MLOPS_JOB_UID"])
    try:
        context = _context(options, owner)
        why = _held_back(context)
        if why:
            _say(f"{options.trigger} starts no run: {why}")
            return DONE
        if context.lineage is not None:
            context.lineage.run_started()
        Run(context, read_templates(options.jobs), Api.of_this_pod(), owner).carry_out()
    except (NotAPlanError, UsageError) as e:
        _say(f"error: {e}")
        return USAGE
    except ApiError as e:
        _say(f"error: {e}")
        if e.passing:
            return TRY_AGAIN
        return USAGE if e.status in (401, 403) else BUG
    summary = finish(context)
    _say(f"run {owner.run} {summary['state']}; report: {context.folder / 'report.html'}")
    return {"succeeded": DONE, "blocked": BLOCKED}.get(summary["state"], FAILED)


def _context(options: argparse.Namespace, owner: Owner) -> Context:
    root = Path(os.environ["MLOPS_ROOT"])
    lay_out(root, options)
    pipeline = Pipeline.read(options.plan)
    params, problems = check_params(pipeline.document["params"], _overrides())
    if problems:
        raise UsageError("\nerror: ".join(map(str, problems)))
    return Context(
        pipeline=pipeline,
        root=root,
        store=open_store(pipeline, root, os.environ.get("MLOPS_STORE")),
        run=owner.run,
        params=params,
        engine={"name": "kubernetes", "run": owner.run},
        trigger=options.trigger,
    )


def _held_back(context: Context) -> str | None:
    """What keeps the run's trigger from starting it; a run that has already begun is its own reason to go on."""
    if context.trigger is None or context.folder.exists():
        return None
    return held_back(context.pipeline.triggers[context.trigger], context.pipeline.name, context.store)


def _overrides() -> dict[str, Any]:
    """The values given to this run. Templates of Jobs are not made for wrong ones, so they are checked first."""
    text = os.environ.get("MLOPS_PARAMS") or "{}"
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise UsageError(f'MLOPS_PARAMS must be a JSON object such as {{"month": 3}}, not {text}')
    return given


class UsageError(Exception):
    """The run cannot start as it was asked for; the message is for people."""


class Owner:
    """The driver's own Job: the Jobs that it makes go when it goes. Its identity is the run's."""

    def __init__(self, name: str, uid: str) -> None:
        self.name, self.uid = name, uid
        self.run = f"{name}-{uid[:8]}"  # a Job's name may be used again
        self.suffix = uid.replace("-", "")[:10]

    def reference(self) -> Object:
        return {"apiVersion": "batch/v1", "kind": "Job", "name": self.name, "uid": self.uid}


class Run:
    """One run: which nodes are settled, and how."""

    def __init__(self, context: Context, templates: Mapping[str, Object], api: Api, owner: Owner) -> None:
        self.context, self.templates, self.api, self.owner = context, templates, api, owner
        self.pipeline = context.pipeline
        self.settled: dict[str, bool] = {}  # whether what comes after a node may run
        self.ended: dict[str, float] = {}  # when a Job without a record was first seen at its end
        self.told: set[tuple[str, str]] = set()

    def carry_out(self) -> None:
        """Returns when no node is left that runs or could run."""
        _say(f"run {self.owner.run}: {len(self.pipeline.nodes)} nodes")
        pause = SHORTEST
        while True:
            changed = self.step()
            if len(self.settled) == len(self.pipeline.nodes):
                return
            if pause > UNEASY:
                self.say_what_waits()
            pause = SHORTEST if changed else min(pause * 1.2, LONGEST)
            time.sleep(pause)

    def say_what_waits(self) -> None:
        """Tells once of each pod that cannot start until somebody does something."""
        for node, why in self.api.waiting(self.owner.uid):
            if (node, why) not in self.told:
                self.told.add((node, why))
                _say(f"{node}: its pod waits: {why}")

    def step(self) -> bool:
        """Looks once at all Jobs and starts what may start. True: something happened."""
        jobs = self.api.jobs_of(self.owner.uid)
        changed = False
        for node in self.pipeline.nodes:
            if node not in self.settled:
                changed |= self.look(node, jobs.get(node))
        return changed

    def look(self, node: str, job: Object | None) -> bool:
        before = [self.settled.get(b) for b in self.pipeline.waits_for(node)]
        if job is not None:
            return _condition(job) is not None and self.settle(node, job)
        if False in before:
            self.settled[node] = False
            _say(f"{node}: not run, because of what comes before it")
            return True
        if None in before:
            return False
        # A Job that is gone but left a record was removed after its end.
        if self.record(node) is not None:
            return self.settle(node, None)
        self.start(node)
        return True

    def start(self, node: str) -> None:
        job = self.job(node)
        name = job["metadata"]["name"]
        try:
            self.api.create_job(job)
            _say(f"{node}: started as job/{name}")
        except ApiError as e:
            if e.status == 409:  # made before this driver took over
                return
            if e.status == 403 and "exceeded quota" in e.message:
                _say(f"{node}: waits for quota: {e.message}")
                return
            if e.status not in (403, 422):
                raise
            self.record_failure(node, f"Kubernetes refused its Job: {e.message}")
            self.settle(node, None)

    def job(self, node: str) -> Object:
        """The node's Job, from its template."""
        job = copy.deepcopy(self.templates[node])
        name = f"{job['metadata']['name']}-{self.owner.suffix}"
        job["metadata"]["name"] = name
        job["metadata"]["ownerReferences"] = [self.owner.reference()]
        job["metadata"].setdefault("annotations", {})["mlopsc/run-id"] = self.owner.run
        for metadata in (job["metadata"], job["spec"]["template"]["metadata"]):
            metadata["labels"][RUN_LABEL] = self.owner.uid
        given = {"MLOPS_RUN_ID": self.owner.run, "MLOPS_PARAMS": json.dumps(_overrides())}
        # Kubernetes would expand `$(NAME)` in a value; `$$` is a plain `$`.
        env = [{"name": k, "value": v.replace("$", "$$")} for k, v in given.items()]
        container = job["spec"]["template"]["spec"]["containers"][0]
        container["env"] = env + container.get("env", [])
        return job

    def settle(self, node: str, job: Object | None) -> bool:
        """Takes a node's end from its record. False: the record may still appear."""
        record = self.record(node)
        if job is not None and record is None:
            first = self.ended.setdefault(node, time.monotonic())
            if time.monotonic() - first < PATIENCE and not self._died(job):
                return False
            self.record_failure(node, self._why(job))
            record = self.record(node)
        assert record is not None
        state = record["state"]
        self.settled[node] = state in LETS_PASS
        reason = f": {record['reason']}" if record.get("reason") and state not in LETS_PASS else ""
        verdict = f" ({record['verdict']})" if record.get("verdict") else ""
        _say(f"{node}: {state}{verdict}{reason}")
        return True

    def _died(self, job: Object) -> bool:
        condition = _condition(job)
        return condition is not None and condition["type"] == "Failed"

    def _why(self, job: Object) -> str:
        """Why a Job ended without a record, in Kubernetes' words."""
        condition = _condition(job) or {}
        words = [condition.get("message") or condition.get("reason") or "its Job ended without a record"]
        with contextlib.suppress(ApiError):
            words += self.api.endings(job["metadata"]["name"])
        return "; ".join(dict.fromkeys(words))

    def record(self, node: str) -> dict[str, Any] | None:
        return self.context.store.record(self.context.run, node)

    def record_failure(self, node: str, reason: str) -> None:
        """Writes down for a node what it could not write itself."""
        verdict = {"verdict": "error"} if self.pipeline.nodes[node]["is"] == "guard" else {}
        write_record(self.context, node, {"state": "failed", "reason": reason, "seconds": 0.0, **verdict})


def lay_out(root: Path, options: argparse.Namespace) -> None:
    """Makes the project's folder: code copied, data linked, each file at its path in the project."""
    root.mkdir(parents=True, exist_ok=True)
    for tree in options.copy:
        for entry in _entries(Path(tree)):
            target = root / entry.name
            if entry.is_dir():
                shutil.copytree(entry, target, dirs_exist_ok=True, copy_function=_copy)
            else:
                _copy(entry, target)
    for tree in options.link:
        _link(Path(tree), root)


def _copy(source: str | Path, target: str | Path) -> None:
    shutil.copyfile(source, target)
    with Path(target).open("rb") as file:
        if file.read(2) == b"#!":  # a ConfigMap forgets which of its files are programs
            Path(target).chmod(0o755)


def _link(tree: Path, folder: Path) -> None:
    for entry in _entries(tree):
        target = folder / entry.name
        if target.is_symlink():  # of an earlier tree: a folder in both becomes a folder of links
            first = target.readlink()
            if not (first.is_dir() and entry.is_dir()):
                continue
            target.unlink()
            target.mkdir()
            _link(first, target)
        if not target.exists():
            target.symlink_to(entry)
        elif target.is_dir() and entry.is_dir():
            _link(entry, target)


def _entries(tree: Path) -> list[Path]:
    # `..data` and its like are how a ConfigMap's volume is switched; `lost+found` is a file system's.
    return sorted(p for p in tree.iterdir() if not p.name.startswith("..") and p.name != "lost+found")


def read_templates(folder: Path) -> dict[str, Object]:
    """The Jobs' templates by their node's id."""
    found = {}
    for path in _entries(folder):
        job = json.loads(path.read_text("utf-8"))
        found[job["metadata"]["annotations"][NODE_NOTE]] = job
    return found


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"mlops.pyz {name}", allow_abbrev=False)
    parser.add_argument("--copy", action="append", default=[], help="a folder whose files are copied into the project")
    parser.add_argument("--link", action="append", default=[], help="a folder whose files are linked into the project")
    return parser


def _condition(job: Object) -> Object | None:
    """The condition that says that a Job has ended."""
    for condition in job.get("status", {}).get("conditions") or []:
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            found: Object = condition
            return found
    return None


def _say(text: str) -> None:
    print(text, flush=True)
