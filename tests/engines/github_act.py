"""Runs generated workflows with `act`, and stands in for the actions that talk to GitHub's servers.

`act` brings `actions/checkout` itself. The stand-ins do what the documentation of the real ones says of the inputs that
we use, an input that they do not know is an error, and artifacts pass through one folder that all jobs of a run share.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlopsc.backends.github import GitHubActions
from mlopsc.backends.github.actions import CACHE_RESTORE, CACHE_SAVE, DOWNLOAD, SETUP_PYTHON, UPLOAD
from mlopsc.compiler.plan.nodes import Plan

BIN = Path(__file__).parents[2] / ".engines/github/bin"
MISSING = "engine missing: github (make engines)"
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main")

_GIVEN = """\
import fnmatch, glob, json, os, shutil, sys
given = {k: v for k, v in json.loads(os.environ["GIVEN"]).items() if v}
"""
# Where many paths are given, an artifact begins at the folder that they have in common, not that of the files found.
_UPLOAD = """
known = {"name", "path", "include-hidden-files", "if-no-files-found", "overwrite", "retention-days"}
assert set(given) == known and given["include-hidden-files"] == "true" == given["overwrite"], given
paths = [os.path.abspath(p) for p in given["path"].split()]
below = [f for p in paths for f in [p, *glob.glob(p + "/**", recursive=True, include_hidden=True)]]
files = [f for f in below if os.path.isfile(f)]
if not files and given["if-no-files-found"] == "error":
    sys.exit("no files found: " + given["path"])
one = os.path.dirname(paths[0]) if os.path.isfile(paths[0]) else paths[0]
root = os.path.commonpath(paths) if len(paths) > 1 else one
target = os.path.join(os.environ["ARTIFACTS"], given["name"])
shutil.rmtree(target, ignore_errors=True)
for f in files:
    to = os.path.join(target, os.path.relpath(f, root))
    os.makedirs(os.path.dirname(to), exist_ok=True)
    shutil.copyfile(f, to)
"""
_DOWNLOAD = """
assert set(given) in ({"name", "path"}, {"pattern", "merge-multiple", "path"}), given
there = sorted(os.listdir(os.environ["ARTIFACTS"]))
if "name" in given:
    names = [given["name"]]
    if names[0] not in there:
        sys.exit("Artifact not found for name: " + names[0])
else:
    pattern = given["pattern"]
    wanted = pattern[1:-1].split(",") if pattern[0] == "{" else [pattern]
    names = [n for n in there if any(fnmatch.fnmatchcase(n, w) for w in wanted)]
for name in names:
    shutil.copytree(os.path.join(os.environ["ARTIFACTS"], name), given["path"], dirs_exist_ok=True)
print("downloaded", names)
"""
_SETUP = """
assert set(given) <= {"python-version", "cache", "cache-dependency-path"}, given
for path in given.get("cache-dependency-path", "").split():
    assert os.path.isfile(path), path
"""
_RESTORE = """
assert set(given) == {"path", "key", "restore-keys"} and given["key"].startswith(given["restore-keys"]), given
there = sorted(glob.glob(os.environ["CACHES"] + "/" + given["restore-keys"] + "*"), key=os.path.getctime)
if there:
    print("restored", os.path.basename(there[-1]))
    for path in given["path"].split():
        shutil.copytree(os.path.join(there[-1], path), path, dirs_exist_ok=True)
"""
_SAVE = """
assert set(given) == {"path", "key"}, given
target = os.path.join(os.environ["CACHES"], given["key"])
if os.path.exists(target):
    print("there already:", given["key"])
    sys.exit()
for path in given["path"].split():
    shutil.copytree(path, os.path.join(target, path))
"""
_STAND_INS = {
    UPLOAD: (_UPLOAD, ["name", "path", "include-hidden-files", "if-no-files-found", "overwrite", "retention-days"]),
    DOWNLOAD: (_DOWNLOAD, ["name", "pattern", "merge-multiple", "path"]),
    SETUP_PYTHON: (_SETUP, ["python-version", "cache", "cache-dependency-path"]),
    CACHE_RESTORE: (_RESTORE, ["path", "key", "restore-keys"]),
    CACHE_SAVE: (_SAVE, ["path", "key"]),
}


@dataclass
class Ran:
    """How a workflow's run ended. `jobs` holds the jobs that were started, by id, with their results."""

    code: int
    jobs: dict[str, str]
    log: str
    folder: Path  # of the artifacts

    def record(self, node: str) -> dict[str, Any]:
        name = node.replace("[", "-").replace("]", "")
        return json.loads((self.folder / f"record-{name}" / f"{name}.json").read_text())

    def output(self, node: str) -> str:
        """What the node's program printed."""
        return (self.folder / f"record-{node}" / f"{node}.log").read_text()

    @property
    def run(self) -> dict[str, Any]:
        return json.loads((self.folder / "report" / "run.json").read_text())

    @property
    def states(self) -> dict[str, str]:
        return {node: record["state"] for node, record in self.run["nodes"].items()}


@dataclass
class Repository:
    """A repository with a workflow in it, and a remote to push to, as GitHub's runners have one."""

    base: Path
    runs: int = field(default=0)

    def __post_init__(self) -> None:
        if not (BIN / "act").is_file():
            pytest.skip(MISSING)
        self.folder, self.home, self.remote = (self.base / name for name in ("work", "home", "remote.git"))
        for folder in (self.folder, self.home, self.base / "caches"):
            folder.mkdir()
        self.git("init", "-q", "--bare", str(self.remote))
        self.git("init", "-q")
        self.git("remote", "add", "origin", str(self.remote))
        for action, (script, inputs) in _STAND_INS.items():
            self._stand_in(self.base / action.name, script, inputs)

    def _stand_in(self, folder: Path, script: str, inputs: list[str]) -> None:
        folder.mkdir(parents=True)
        (folder / "stand_in.py").write_text(_GIVEN + script)
        step = {
            "shell": "bash",
            "env": {"GIVEN": "${{ toJSON(inputs) }}", "SCRIPT": "${{ github.action_path }}/stand_in.py"},
            "run": 'python "$SCRIPT"',
        }
        about = {"name": folder.name, "description": "a stand-in", "inputs": {i: {"required": False} for i in inputs}}
        (folder / "action.yml").write_text(yaml.safe_dump({**about, "runs": {"using": "composite", "steps": [step]}}))

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        command = ["git", *IDENTITY, *arguments]
        return subprocess.run(command, cwd=cwd or self.folder, check=True, capture_output=True, text=True).stdout

    def build(self, plan: Plan, options: Mapping[str, Any] | None = None, **files: str) -> Repository:
        """Writes what the backend emits and the project's files (`steps__train` for `steps/train.py`), and commits."""
        for file in GitHubActions().emit(plan, options or {}):
            path = self.folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        for name, text in files.items():
            path = self.folder / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self.commit()

    def write(self, path: str, text: str) -> Repository:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)
        return self

    def commit(self) -> Repository:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "work")
        return self

    def remembered(self, path: str) -> Any:
        """What the pipeline's branch holds: the names of files below a folder, or what a JSON file says."""
        branch = self.git("for-each-ref", "--format=%(refname)", "refs/heads/mlops-state/", cwd=self.remote).strip()
        if path.endswith(".json"):
            return json.loads(self.git("show", f"{branch}:{path}", cwd=self.remote))
        return self.git("ls-tree", "-r", "--name-only", branch, path, cwd=self.remote).split() if branch else []

    @property
    def workflow(self) -> Path:
        return next((self.folder / ".github/workflows").glob("*.yml"))

    def act(
        self,
        event: str = "workflow_dispatch",
        inputs: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        *,
        label: str = "ubuntu-latest",
        attempt_of: int | None = None,
        docker: Path | None = None,
    ) -> Ran:
        """Runs all jobs of the workflow. `attempt_of` keeps the artifacts of an earlier run, as a new attempt does.

        `docker` is the socket of what runs containers, where a job has one.
        """
        self.runs += attempt_of is None
        run = attempt_of or self.runs
        artifacts = self.base / f"artifacts-{run}"
        artifacts.mkdir(exist_ok=True)
        (self.base / "event.json").write_text(json.dumps({"inputs": dict(inputs or {})}))
        command = [str(BIN / "act"), event, "-W", str(self.workflow), "-e", str(self.base / "event.json")]
        command += ["-P", f"{label}=-self-hosted", "--no-cache-server", "--artifact-server-addr", "127.0.0.1"]
        command += ["--action-offline-mode", "--pull=false", "--json", "--concurrent-jobs", "2"]
        command += [
            "--env",
            f"CACHES={self.base / 'caches'}",
            "--env",
            f"ARTIFACTS={artifacts}",
            "--env",
            f"GITHUB_RUN_ID={run}",
        ]
        for action in _STAND_INS:
            repository = "/".join(action.name.split("/")[:2])
            command += ["--local-repository", f"{repository}@{action.commit}={self.base / repository}"]
        if docker:
            command += ["--container-daemon-socket", "-"]
        for name, value in (secrets or {}).items():
            command += ["--secret", f"{name}={value}"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment()
            | {"GITHUB_RUN_ID": str(run)}
            | ({"DOCKER_HOST": f"unix://{docker}"} if docker else {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return self._read(done, artifacts)

    def _environment(self) -> dict[str, str]:
        # The Python that tests run with has DuckDB, which generated jobs would install.
        tools = self.base / "bin"
        if not tools.exists():
            tools.mkdir()
            (tools / "python").write_text(
                f'#!/bin/sh\n[ "$1 $2" = "-m pip" ] || exec {sys.executable} "$@"\necho pip "$@"\n'
            )
            (tools / "python").chmod(0o755)
        path = os.pathsep.join([str(tools), "/usr/local/bin", "/usr/bin", "/bin"])
        home = str(self.home)
        return {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "PATH": path, "LANG": "C.UTF-8"}

    def _read(self, done: subprocess.CompletedProcess[str], artifacts: Path) -> Ran:
        lines, jobs = [], {}
        for line in (done.stdout + done.stderr).splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                lines.append(line)
                continue
            lines.append(f"[{entry.get('jobID', '')}] {entry.get('msg', '')}".rstrip())
            if entry.get("jobResult"):
                jobs[entry["jobID"]] = entry["jobResult"]
        return Ran(done.returncode, jobs, "\n".join(lines), artifacts)
