"""`mlopsc lineage`"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from .compiling import profile_option
from .runs import spec_option
from .stored import Run, registries_of, short_digest, store_of


@dataclass(frozen=True)
class Made:
    """An artifact as a run made it."""

    run: Run
    node: str
    artifact: str
    version: str  # what stands in the keys of those who read it

    @property
    def record(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.run["nodes"][self.node]
        return found

    @property
    def read(self) -> set[str]:
        """The versions of what the node read."""
        inputs = (self.record.get("key_parts") or {}).get("inputs") or {}
        return {version for found in inputs.values() for version in found}


@click.command(short_help="Say what made a file, a node's results or a model, and what was made from it.")
@click.argument("what", metavar="NODE|FILE|MODEL")
@spec_option
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str, spec: Path | None, profile: str | None, as_json: bool) -> None:
    """Say what made WHAT, back to the data, and what was made from it.

    WHAT is a node or an artifact of the last run that has it (train, train.model), a file by its content, or a version
    of a model (champion, or MODEL@3).
    """
    _, store = store_of(spec, profile)
    runs: list[Run] = list(store.finished_runs())
    found = list(_named(what, runs)) or list(_of_model(what, spec, profile, runs))
    if not found and any(what in run["nodes"] for run in runs):
        raise click.UsageError(f"'{what}' has made nothing that is kept: name what it reads, or a version of a model")
    if not found:
        from ..compiler.diagnostics import nearest

        records = [r for run in runs for r in run["nodes"].items()]
        names = {n for node, record in records for n in (node, *(record.get("artifacts") or ()))}
        close = nearest(what, tuple(sorted(names)))
        raise click.UsageError(
            f"nothing is known of '{what}': it is no node, no artifact, no version of a model, and no run has made or "
            "read a file of that content" + (f"; did you mean '{close}'?" if close else "")
        )
    if as_json:
        click.echo(json.dumps([_document(m, runs) for m in found], indent=1, ensure_ascii=False))
        return
    for made in found:
        click.echo(_title(made))
        for line in _before(made, "  ", set()):
            click.echo(line)
        after = list(_after(made, runs, "  ", set()))
        if after:
            click.echo("was used for")
            for line in after:
                click.echo(line)


def _named(what: str, runs: list[Run]) -> Iterator[Made]:
    path = Path(what)
    if path.is_file() or path.is_dir():
        from ..runtime.digests import path_digest

        digest = path_digest(path)
        first = [m for run in reversed(runs) for m in _artifacts(run) if digest in (m.version, _digest(m))]
        yield from first[:1]
        return
    for run in runs:
        found = [m for m in _artifacts(run) if what in (m.node, m.artifact)]
        if found:
            yield from found
            return


def _digest(made: Made) -> str:
    return str(made.record["artifacts"][made.artifact].get("digest"))


def _of_model(what: str, spec: Path | None, profile: str | None, runs: list[Run]) -> Iterator[Made]:
    name, _, number = what.partition("@")
    for registry in registries_of(spec, profile)[2]:
        if number and name not in (registry.model, registry.model.rpartition(".")[2]):
            continue
        alias = registry.alias(number or name)
        chosen = alias.version if alias else int(number) if number.isdecimal() else None
        version = registry.version(chosen) if chosen is not None else None
        for run in runs:
            if version and run["run"] == version.get("run"):
                yield from (m for m in _artifacts(run) if _digest(m) == version["digest"])


def _artifacts(run: Run) -> Iterator[Made]:
    for node, record in run["nodes"].items():
        for name, artifact in (record.get("artifacts") or {}).items():
            yield Made(run, node, name, artifact.get("version", artifact["digest"]))


def _inputs(made: Made) -> Iterator[Made]:
    """What the node read, as the same run made it."""
    versions = made.read
    seen = set()
    for other in _artifacts(made.run):
        if other.version in versions and other.node != made.node and other.version not in seen:
            seen.add(other.version)
            yield other


def _readers(made: Made, runs: list[Run]) -> Iterator[Made]:
    """What was made of the very bytes, in any run, each once."""
    seen = set()
    for run in runs:
        for other in _artifacts(run):
            if made.version in other.read and (other.artifact, other.version) not in seen:
                seen.add((other.artifact, other.version))
                yield other


def _title(made: Made) -> str:
    return f"{made.artifact} {short_digest(made.version)}{_how(made)}"


def _how(made: Made) -> str:
    record, run = made.record, made.run
    if record["kind"] == "source":
        paths = record["artifacts"][made.artifact].get("paths") or []
        return f", read from {', '.join(paths[:3])}" if paths else ""
    by = record.get("from_run") or run["run"]
    commit = (run.get("code") or {}).get("commit")
    params = ", ".join(f"{k}={v}" for k, v in (record.get("params") or {}).items())
    told = f" ({params})" if params else ""
    if record.get("accepted"):
        return f", made by {made.node} in run {by}, {record['reason']}"
    return f", made by {made.node} in run {by}{told}" + (f", {commit[:10]}" if commit else "")


def _before(made: Made, indent: str, told: set[str]) -> Iterator[str]:
    for file in sorted((made.record.get("key_parts") or {}).get("code") or {}):
        yield f"{indent}code {file}"
    for other in _inputs(made):
        yield f"{indent}{_title(other)}"
        if other.version not in told:
            told.add(other.version)
            yield from _before(other, f"{indent}  ", told)


def _after(made: Made, runs: list[Run], indent: str, told: set[str]) -> Iterator[str]:
    for other in _readers(made, runs):
        yield f"{indent}{_title(other)}"
        if other.version not in told:
            told.add(other.version)
            yield from _after(other, runs, f"{indent}  ", told)
    for run in runs:
        for node, record in run["nodes"].items():
            version = record.get("version")
            models = [m for m in _artifacts(run) if _digest(m) == _digest(made) and m.artifact == made.artifact]
            if record["kind"] == "deploy" and version is not None and models and record["state"] == "succeeded":
                line = f"{indent}version {version} of {record['model']}, by {node} in run {run['run']}"
                if line not in told and str(record["model"]).endswith(made.artifact):
                    told.add(line)
                    yield line


def _document(made: Made, runs: list[Run]) -> dict[str, Any]:
    return {
        "artifact": made.artifact,
        "version": made.version,
        "node": made.node,
        "run": made.run["run"],
        "from": [_document(m, []) for m in _inputs(made)],
        "to": [{"artifact": m.artifact, "version": m.version, "run": m.run["run"]} for m in _readers(made, runs)],
    }
