"""`mlopsc reproduce`"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from .compiling import lowered_of, profile_option
from .git import in_repository
from .runs import spec_option
from .stored import Run, digests_of, keep_reproduction, metrics_of, run_named, short_digest, store_of
from .terminal import paint_for

DIFFERENT = 1


class NotReproducible(click.ClickException):
    """Something that the run was made of is not to be had here; the message says what."""

    exit_code = 2


@click.command(short_help="Run a recorded run again from its record, and compare.")
@click.argument("run")
@spec_option
@profile_option
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="How far a metric may be off, relative to its size, where results are not equal to the bit.",
)
@click.option("--any-environment", is_flag=True, help="Go on although other packages or another Python are installed.")
@click.option("--keep", is_flag=True, help="Leave the folder in which it ran, and say where it is.")
def command(
    run: str, spec: Path | None, profile: str | None, tolerance: float, any_environment: bool, keep: bool
) -> int:
    """Run a recorded run again: its commit with its uncommitted changes, its data, its params, in a folder of its own.

    Nothing is restored and nothing is deployed. Exits with 1 when a result differs: by its digest, and for metrics by
    more than --tolerance. The outcome is kept in the store, where `mlopsc score` finds it.
    """
    path, store = store_of(spec, profile)
    found = run_named(store, run)
    _require_environment(found, any_environment)
    root = path.resolve().parent
    records = store.results_folder(found)
    if (found.get("code") or {}).get("patch"):
        store.fetch(records / found["code"]["patch"])
    with _checked_out(found, root, records, keep) as there:
        _bring_data(found, store.read(store.folder / found["plan"]) or {"nodes": ()}, root, there)
        again = _run_again(found, there)
    lines, same = _compared(found, again, tolerance)
    keep_reproduction(store, found, again, same=same, tolerance=tolerance)
    for line in lines:
        click.echo(line, color=True)
    return 0 if same else DIFFERENT


def _require_environment(run: Run, any_environment: bool) -> None:
    """Refuses another Python or other packages than the run had; with `any_environment` they are named."""
    from ..runtime.surroundings import machine, packages

    then, now = run.get("packages") or {}, packages()
    differ = [f"{n} {now.get(n, 'is missing')}, was {v}" for n, v in then.items() if now.get(n) != v]
    python = run["machine"]["python"]
    if machine()["python"].rpartition(".")[0] != python.rpartition(".")[0]:
        differ.insert(0, f"Python {machine()['python']}, was {python}")
    if not differ:
        return
    said = "; ".join(differ[:8]) + (f"; and {len(differ) - 8} more" if len(differ) > 8 else "")
    if not any_environment:
        hint = "install what the run had (its lock is in the commit), or add --any-environment"
        raise NotReproducible(f"this environment is not the run's: {said}\n{hint}")
    click.echo(f"{paint_for(sys.stderr)('note', 'note')}: another environment: {said}", err=True, color=True)


@contextmanager
def _checked_out(run: Run, root: Path, records: Path, keep: bool) -> Iterator[Path]:
    """A worktree of the run's commit with its uncommitted changes; gives the folder of the spec in it."""
    code = run.get("code") or {}
    if not code.get("commit"):
        raise NotReproducible("the run has no commit: it was made outside of git, or the policy says code = off")
    if code.get("left_out"):
        raise NotReproducible(f"files that git does not know were too large to be kept: {', '.join(code['left_out'])}")
    top = Path(tempfile.mkdtemp(prefix="mlopsc-reproduce-"))
    there = top / "code"
    _require_commit(root, code["commit"])
    _git(root, "worktree", "add", "--quiet", "--detach", str(there), code["commit"])
    try:
        if code.get("patch"):
            _git(there, "apply", "--binary", "--whitespace=nowarn", str((records / code["patch"]).resolve()))
        yield there / (code.get("folder") or "")
    finally:
        if keep:
            click.echo(f"kept: {there}", err=True)
        else:
            _git(root, "worktree", "remove", "--force", str(there))
            shutil.rmtree(top, ignore_errors=True)


def _require_commit(root: Path, commit: str) -> None:
    from ..runtime.git import GitError, NoGitError, answer

    try:
        answer(root, "cat-file", "-e", f"{commit}^{{commit}}")
    except NoGitError as error:
        raise NotReproducible(str(error)) from None
    except GitError as error:
        if not in_repository(root):
            raise NotReproducible(f"git: {error}") from None
        hint = "fetch the branch that it was on; git keeps a commit that no branch or tag names for some weeks only"
        raise NotReproducible(f"the run's commit {commit[:10]} is not in this repository\n{hint}") from None


def _git(folder: Path, *arguments: str) -> None:
    from ..runtime.git import GitError, NoGitError, ask

    try:
        ask(folder, *arguments)
    except NoGitError as error:
        raise NotReproducible(str(error)) from None
    except GitError as error:
        raise NotReproducible(f"git {arguments[0]}: {error}") from None


def _bring_data(run: Run, plan: Mapping[str, Any], root: Path, there: Path) -> None:
    """Puts the files of local sources where the run found them, from here where the commit has them not.

    A source that the run left out is brought where it is here: the spec names it, and must compile."""
    uris = {node["id"]: node.get("uri") for node in plan["nodes"] if node["is"] == "source"}
    for name, record in run["nodes"].items():
        if record["kind"] != "source":
            continue
        artifact = record.get("artifacts", {}).get(name)
        uri = uris.get(name)
        left_out = [uri] if artifact is None and uri and (root / uri).exists() else []
        for path in left_out if artifact is None else artifact.get("paths") or ():
            here, wanted = root / path, there / path
            if wanted.exists() or Path(path).is_absolute():
                continue
            if not here.exists():
                raise NotReproducible(f"the data of '{name}' is gone: {path}")
            wanted.parent.mkdir(parents=True, exist_ok=True)
            if here.is_dir():
                shutil.copytree(here, wanted)
            else:
                shutil.copyfile(here, wanted)


def _run_again(run: Run, there: Path) -> Run:
    from ..compiler.plan.document import plan_document
    from ..runtime.events import RunOptions
    from ..runtime.executor import run as run_plan
    from ..runtime.report import NO_PART

    plan = plan_document(lowered_of(there / run["spec"], profile=run.get("profile")).plan)
    left_out = {name for name, record in run["nodes"].items() if record.get("reason") == NO_PART}
    stages = tuple(n["id"] for n in plan["nodes"] if n["is"] == "stage" and n["id"] not in left_out)
    if left_out and not stages:
        raise NotReproducible("no stage was part of the run: there is nothing to make again")
    store = Path(tempfile.mkdtemp(prefix="mlopsc-store-"))
    try:
        # That the packages are those of then has been looked at: the lock alone may say otherwise of them.
        options = RunOptions(params=run["params"], select=stages, store=store, keep_going=True, any_environment=True)
        result = run_plan(plan, root=there, options=options, listener=lambda event: None)
        if result.problems:
            raise NotReproducible("; ".join(map(str, result.problems)))
        found: dict[str, Any] = json.loads((store / "runs" / result.run / "run.json").read_text("utf-8"))
        return found
    finally:
        _remove(store)


def _remove(folder: Path) -> None:
    # What the store keeps is read-only.
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _compared(then: Run, now: Run, tolerance: float) -> tuple[list[str], bool]:
    """A line for each source, result and metric; whether all agree."""
    paint = paint_for(sys.stdout)
    lines, same = [], True
    for name, digest in digests_of(then, "source").items():
        other = digests_of(now, "source").get(name)
        if other != digest:
            same = False
            versions = f"{short_digest(digest)}, now {short_digest(other)}"
            lines.append(f"{paint('✗', 'error')} data {name} is not what it was: {versions}")
    metrics = _metric_outputs(then)
    results = digests_of(now, "stage")
    for name, digest in digests_of(then, "stage").items():
        other = results.get(name)
        if other == digest:
            lines.append(f"{paint('✓', 'good')} {name} is equal ({short_digest(digest)})")
        elif name not in metrics:
            same = False
            lines.append(f"{paint('✗', 'error')} {name} differs: {short_digest(digest)}, now {short_digest(other)}")
    after = metrics_of(now)
    for name, value in metrics_of(then).items():
        other_value = after.get(name)
        close = other_value is not None and math.isclose(value, other_value, rel_tol=tolerance, abs_tol=tolerance)
        same = same and close
        if not close or value != other_value:
            mark = paint("✓", "good") if close else paint("✗", "error")
            lines.append(f"{mark} {name}: {value!r}, now {other_value!r}")
    failed = [n for n, r in now["nodes"].items() if r["state"] == "failed"]
    lines += [f"{paint('✗', 'error')} {n} failed: {now['nodes'][n]['reason']}" for n in failed]
    same = same and not failed
    lines.append(f"run {then['run']} {'is reproduced' if same else 'is not reproduced'}")
    return lines, same


def _metric_outputs(run: Run) -> set[str]:
    return {f"{n}.{o}" for n, r in run["nodes"].items() for o in (r.get("metrics") or {})}
