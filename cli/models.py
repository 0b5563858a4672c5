"""`mlopsc models`"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..compiler.diagnostics import did_you_mean
from .compiling import profile_option
from .runs import spec_option
from .stored import registries_of
from .terminal import paint_for

if TYPE_CHECKING:
    from ..runtime.registry import Alias, ModelRegistry
    from ..runtime.store import Store

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="List models, show a version, move an alias, go back.")
def command() -> None:
    """List models, show a version, move an alias to one, or back. A version has a number, and may have an alias."""


@command.command("list")
@spec_option
@profile_option
@_json_option
def list_(spec: Path | None, profile: str | None, as_json: bool) -> None:
    """All models with their versions and aliases."""
    _, store, registries = registries_of(spec, profile)
    found = {r.model: r for r in registries}
    if as_json:
        document = {
            name: {
                "versions": r.versions(),
                "aliases": {n: {"version": a.version, "settled": a.settled} for n, a in r.aliases().items()},
            }
            for name, r in found.items()
        }
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    if not found:
        click.echo(_none(store))
    paint = paint_for(sys.stdout)
    for name, registry in found.items():
        click.echo(paint(name, "strong"), color=True)
        for version in registry.versions():
            named = ", ".join(_aliases_of(registry, version["version"]))
            made = version["created"][:19].replace("T", " ")
            line = f"  {version['version']:>3}  {made}  run {version.get('run', '-')}  {_numbers(version)}"
            click.echo(f"{line}  {paint(named, 'good')}".rstrip(), color=True)


def _none(store: Store) -> str:
    return f"no model of this pipeline has been registered (store: {store.where}); a deploy does that"


def _aliases_of(registry: ModelRegistry, number: int) -> Iterator[str]:
    for name, alias in registry.aliases().items():
        if alias.version == number:
            yield name if alias.settled else f"{name} (its deployment is not finished)"


def _numbers(version: Mapping[str, Any]) -> str:
    found = [(n, v) for values in (version.get("metrics") or {}).values() for n, v in values.items()]
    return ", ".join(f"{n} {v:.4g}" if isinstance(v, float) else f"{n} {v}" for n, v in found[:4])


def _one_model(spec: Path | None, profile: str | None, name: str | None) -> tuple[Store, ModelRegistry]:
    """The model of that name (its end is enough), or the only one."""
    _, store, found = registries_of(spec, profile)
    fitting = [r for r in found if name in (None, r.model) or (name and r.model.endswith(f".{name}"))]
    if len(fitting) == 1:
        return store, fitting[0]
    names = [r.model for r in found]
    if not found:
        raise click.UsageError(_none(store))
    if name is None:
        raise click.UsageError(f"several models: name one with --model: {', '.join(names)}")
    raise click.UsageError(f"no model '{name}'; {did_you_mean(name, names) or 'there are: ' + ', '.join(names)}")


def _version(registry: ModelRegistry, named: str) -> dict[str, Any]:
    """The version of this number or alias."""
    alias = registry.alias(named)
    number = alias.version if alias else int(named) if named.isdecimal() and len(named) < 19 else None
    found = registry.version(number) if number is not None else None
    if found is None:
        known = [str(v["version"]) for v in registry.versions()] + list(registry.aliases())
        raise click.UsageError(f"{registry.model} has no version '{named}'; there are: {', '.join(known)}")
    return found


_model_option = click.option("--model", metavar="NAME", help="Which model, where there are several.")
_alias_option = click.option("--alias", default="champion", show_default=True, help="Which alias.")


@command.command("show")
@click.argument("version")
@_model_option
@spec_option
@profile_option
@_json_option
@click.option("--card", is_flag=True, help="Print a model card in Markdown.")
@click.option("--provenance", is_flag=True, help="Print the in-toto statement of where it comes from.")
def show(
    version: str,
    model: str | None,
    spec: Path | None,
    profile: str | None,
    as_json: bool,
    card: bool,
    provenance: bool,
) -> None:
    """A version: its metrics, its run, its params; its history of aliases."""
    from ..runtime.model_card import model_card
    from ..runtime.provenance import provenance_of

    store, registry = _one_model(spec, profile, model)
    found = _version(registry, version)
    if card:
        click.echo(model_card(store, found), nl=False)
        return
    if as_json or provenance:
        document = provenance_of(registry, found["version"]) if provenance else found
        if document is None:
            raise click.UsageError(f"version {found['version']} has no statement of where it comes from")
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    aliases = ", ".join(_aliases_of(registry, found["version"]))
    click.echo(f"{registry.model} version {found['version']}" + (f": {aliases}" if aliases else ""))
    click.echo(f"file: {registry.where(found['version'])}")
    click.echo(f"digest: {found['digest'] or '-'}")
    click.echo(f"made by run {found.get('run') or '-'}, {found['created']}")
    if found.get("commit"):
        click.echo(f"commit {found['commit']}")
    for name, verdict in (found.get("verdicts") or {}).items():
        click.echo(f"guard {name} {verdict}")
    for name, accepted in (found.get("accepted") or {}).items():
        click.echo(f"{name}: change accepted by {accepted['by']}: {accepted['why']}")
    for name, data in (found.get("data") or {}).items():
        click.echo(f"data {name} {data}")
    for name, value in (found.get("params") or {}).items():
        click.echo(f"param {name} = {json.dumps(value, ensure_ascii=False)}")
    for of, values in (found.get("metrics") or {}).items():
        for name, value in values.items():
            click.echo(f"{of}.{name} = {value}")
    for move in registry.moves():
        if found["version"] in (move.get("to"), move.get("from")):
            click.echo(
                f"{move['at']}: {move['alias']} {move.get('from') or '-'} → {move.get('to') or '-'} ({move['why']})"
            )


_why_option = click.option("--why", default="by hand", show_default=True, help="The reason, for the history.")
_force_option = click.option("--force", is_flag=True, help="Also while a deployment has not ended: it was killed.")


@command.command("promote")
@click.argument("version")
@_alias_option
@_model_option
@spec_option
@profile_option
@_why_option
@_force_option
@_json_option
def promote(
    version: str,
    alias: str,
    model: str | None,
    spec: Path | None,
    profile: str | None,
    why: str,
    force: bool,
    as_json: bool,
) -> None:
    """Move an alias to a version by hand. No guard is asked: each version has passed them when it was made.

    The commands of a deploy are not run: this moves the alias alone. No run moves it back to the version that it
    leaves; a version that is new does.
    """
    _, registry = _one_model(spec, profile, model)
    number = _version(registry, version)["version"]
    before = registry.alias(alias)
    if before is None and not re.fullmatch("(?!latest$)(?!v[0-9]+$)[A-Za-z_][A-Za-z0-9_-]*", alias):
        raise click.UsageError(
            f"'{alias}' cannot be an alias: a letter, then letters, digits, _ and -, and neither 'latest' nor like 'v1'"
        )
    _move(registry, alias, before, number, f"promoted: {why}", force, as_json)


@command.command("rollback")
@_alias_option
@_model_option
@spec_option
@profile_option
@_why_option
@_force_option
@_json_option
def rollback(
    alias: str, model: str | None, spec: Path | None, profile: str | None, why: str, force: bool, as_json: bool
) -> None:
    """Move an alias back to the version that it had before. Twice is there and back again."""
    _, registry = _one_model(spec, profile, model)
    before = registry.alias(alias)
    if before is None:
        known = ", ".join(registry.aliases()) or "it has none"
        raise click.UsageError(f"{registry.model} has no alias '{alias}'; aliases: {known}")
    if before.previous is None:
        raise click.UsageError(f"{alias} had no other version before: there is nothing to go back to")
    _move(registry, alias, before, before.previous, f"rolled back: {why}", force, as_json)


def _move(
    registry: ModelRegistry, alias: str, before: Alias | None, number: int, why: str, force: bool, as_json: bool
) -> None:
    served = before.version if before else None
    if before is not None and not before.settled:
        if not force:
            raise click.ClickException(
                f"the deployment of version {before.version} by run {before.run} has not ended; wait for it, or run "
                f"the pipeline again; if it was killed, --force moves {alias} in its stead"
            )
        served = before.previous  # what the killed deployment had found
    moved = before is None or not before.settled or before.version != number
    if moved:
        _there(registry, number)
        if not registry.move(alias, number, expected=before, previous=served, run="", why=why):
            raise click.ClickException(f"{alias} was moved by somebody else at the same time; look, and try again")
    if as_json:
        document = {"model": registry.model, "alias": alias, "from": served, "to": number, "moved": moved}
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
    elif moved:
        new = "" if before else " (a new alias)"
        click.echo(f"{alias}: version {served or '-'} → {number}{new}")
    else:
        click.echo(f"{alias} points at version {number} already")


def _there(registry: ModelRegistry, number: int) -> None:
    """An alias never points at what cannot be had."""
    from ..runtime.events import system_reason

    try:
        if registry.file(number) is not None:
            return
        why = "there is no such version any more"
    except OSError as e:
        why = system_reason(e)
    raise click.ClickException(f"the files of version {number} of {registry.model} cannot be had: {why}")
