"""`mlopsc runs`"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from .compiling import profile_option
from .progress import clock, word_of
from .stored import Run, digests_of, metric_text, metrics_of, run_named, short_digest, store_of
from .terminal import Paint, paint_for

spec_option = click.option("--spec", type=click.Path(path_type=Path), help="The spec, where it is not the one here.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="List runs, show one, compare two.")
def command() -> None:
    """List runs, show one, compare two. A run is named by its id, by the beginning of it, or `last`."""


@command.command("list")
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@profile_option
@click.option("-n", "--number", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@_json_option
def list_(spec: Path | None, profile: str | None, number: int, as_json: bool) -> None:
    """The last runs, the latest first."""
    _, store = store_of(spec, profile)
    runs = [run for run, _ in zip(store.finished_runs(), range(number), strict=False)]
    if as_json:
        click.echo(json.dumps([_summary(run) for run in runs], indent=1, ensure_ascii=False))
        return
    if not runs:
        click.echo(f"no run has come to its end in {store.folder}")
    paint = paint_for(sys.stdout)
    for run in runs:
        click.echo(_line(run, paint), color=True)


def _summary(run: Run) -> dict[str, Any]:
    kept = ("run", "pipeline", "state", "started", "finished", "profile", "params", "code", "engine", "trigger")
    return {**{k: run.get(k) for k in kept}, "metrics": metrics_of(run)}


def _line(run: Run, paint: Paint) -> str:
    state = state_of(run)
    mark, _, role = word_of(state)
    states = [r["state"] for r in run["nodes"].values() if r["kind"] == "stage"]
    done = f"{states.count('succeeded')} ran, {states.count('restored')} restored"
    by = " ".join(filter(None, [(run.get("engine") or {}).get("name"), run.get("trigger")]))
    return "  ".join(
        [
            f"{paint(mark, role)} {run['run']}",
            f"{run['started'][:19].replace('T', ' ')}",
            f"{paint(state, role)}",
            f"{done:<22}",
            _commit(run),
            by,
        ]
    ).rstrip()


def state_of(run: Run) -> str:
    """How the run ended. One that was ended by hand has failed for those who wait for it, and is told as what it is."""
    return "interrupted" if run.get("interrupted") else str(run["state"])


def _commit(run: Run) -> str:
    code = run.get("code") or {}
    return f"{code['commit'][:10]}{'+' if code.get('uncommitted') else ''}" if code.get("commit") else "-"


@command.command("show")
@click.argument("run")
@spec_option
@profile_option
@_json_option
def show(run: str, spec: Path | None, profile: str | None, as_json: bool) -> None:
    """What a run was made of, and what it made."""
    _, store = store_of(spec, profile)
    found = run_named(store, run)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    paint = paint_for(sys.stdout)
    for line in _shown(found, paint):
        click.echo(line, color=True)
    click.echo(f"report: {store.run_folder(found['run']) / 'report.html'}")


def _shown(run: Run, paint: Paint) -> Iterator[str]:
    yield _line(run, paint)
    code, machine = run.get("code") or {}, run["machine"]
    if code.get("commit"):
        yield f"code: {code['commit']}" + (f", and changes: {code['patch']}" if code.get("patch") else "")
    yield f"machine: {machine['host']}, {machine['system']}, Python {machine['python']}"
    origins = run.get("origins") or {}
    for name, value in run["params"].items():
        yield f"param {name} = {json.dumps(value, ensure_ascii=False)} ({origins.get(name, 'default')})"
    for name, digest in digests_of(run, "source").items():
        yield f"data {name} {digest}"
    for node, record in run["nodes"].items():
        mark, word, role = word_of(_state(record))
        reason = f": {record['reason']}" if record.get("reason") else ""
        yield f"{paint(mark, role)} {node} {word} in {clock(record.get('seconds') or 0)}{reason}"
    for name, value in metrics_of(run).items():
        yield f"{name} = {metric_text(value)}"


def _state(record: Mapping[str, Any]) -> str:
    verdict = record.get("verdict")
    return str(record["state"] if verdict in (None, "not_run") else verdict)


@command.command("compare")
@click.argument("first")
@click.argument("second")
@spec_option
@profile_option
@_json_option
def compare(first: str, second: str, spec: Path | None, profile: str | None, as_json: bool) -> None:
    """What differs between two runs: params, data, code, packages, results, metrics, verdicts."""
    _, store = store_of(spec, profile)
    runs = run_named(store, first), run_named(store, second)
    parts = {name: dict(_differing(*(of(r) for r in runs))) for name, of in _PARTS.items()}
    if as_json:
        click.echo(json.dumps({"runs": [r["run"] for r in runs], **parts}, indent=1, ensure_ascii=False))
        return
    click.echo(f"{runs[0]['run']} → {runs[1]['run']}")
    for title, differing in parts.items():
        for name, (then, now) in differing.items():
            click.echo(f"{title:<9} {name}: {_told(title, then, now)}")
    if not any(parts.values()):
        click.echo("the two runs are alike: code, data, params, packages, results, metrics and verdicts")


def _code_of(run: Run) -> dict[str, Any]:
    found = {k: v for k, v in (run.get("code") or {}).items() if k in ("commit", "uncommitted")}
    for node, record in run["nodes"].items():
        for file, digest in ((record.get("key_parts") or {}).get("code") or {}).items():
            found[f"{file} ({node})"] = digest
    return found


_PARTS: dict[str, Callable[[Run], Mapping[str, Any]]] = {
    "code": _code_of,
    "params": lambda run: run["params"],
    "data": lambda run: digests_of(run, "source"),
    "packages": lambda run: run.get("packages") or {},
    "results": lambda run: digests_of(run, "stage"),
    "metrics": metrics_of,
    "verdicts": lambda run: {n: r["verdict"] for n, r in run["nodes"].items() if r.get("verdict")},
    "states": lambda run: {n: r["state"] for n, r in run["nodes"].items() if r["kind"] in ("stage", "deploy")},
}


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            yield name, (then.get(name), now.get(name))


def _told(part: str, then: Any, now: Any) -> str:
    if part in ("code", "data", "results"):
        return f"{short_digest(then)} → {short_digest(now)}"
    if part == "metrics" and isinstance(then, int | float) and isinstance(now, int | float):
        return f"{metric_text(then)} → {metric_text(now)} ({now - then:+.4g})"
    return f"{'nothing' if then is None else then} → {'nothing' if now is None else now}"
