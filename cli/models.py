"""`mlopsc models`"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..compiler.diagnostics import did_you_mean
from .compiling import profile_option
from .model_card import model_card
from .runs import spec_option
from .stored import store_of
from .terminal import paint_for

if TYPE_CHECKING:
    from ..runtime.registry import Registry
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
    _, store = store_of(spec, profile)
    found = {r.model: r for r in _registries(store)}
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
        click.echo(f"no model has been registered in {store.folder}; a deploy does that")
    paint = paint_for(sys.stdout)
    for name, registry in found.items():
        click.echo(paint(name, "strong"), color=True)
        for version in registry.versions():
            named = ", ".join(_aliases_of(registry, version["version"]))
            made = version["created"][:19].replace("T", " ")
            line = f"  {version['version']:>3}  {made}  run {version.get('run', '-')}  {_numbers(version)}"
            click.echo(f"{line}  {paint(named, 'good')}".rstrip(), color=True)


def _registries(store: Store) -> Iterator[Registry]:
    from ..runtime.registry import Registry

    folder = store.folder / "registry"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (path / "versions").is_dir():
            yield Registry(store, path.name)


def _aliases_of(registry: Registry, number: int) -> Iterator[str]:
    for name, alias in registry.aliases().items():
        if alias.version == number:
            yield name if alias.settled else f"{name} (its deployment is not finished)"


def _numbers(version: Mapping[str, Any]) -> str:
    found = [(n, v) for values in (version.get("metrics") or {}).values() for n, v in values.items()]
    return ", ".join(f"{n} {v:.4g}" if isinstance(v, float) else f"{n} {v}" for n, v in found[:4])


def _one_model(store: Store, name: str | None) -> Registry:
    """The model of that name (its end is enough), or the only one."""
    found = list(_registries(store))
    fitting = [r for r in found if name in (None, r.model) or (name and r.model.endswith(f".{name}"))]
    if len(fitting) == 1:
        return fitting[0]
    names = [r.model for r in found]
    if not found:
        raise click.UsageError(f"no model has been registered in {store.folder}; a deploy does that")
    if name is None:
        raise click.UsageError(f"several models: name one with --model: {', '.join(names)}")
    raise click.UsageError(f"no model '{name}'; {did_you_mean(name, names) or 'there are: ' + ', '.join(names)}")


def _version(registry: Registry, named: str) -> dict[str, Any]:
    """The version of this number or alias."""
    alias = registry.alias(named)
    number = alias.version if alias else int(named) if named.isdigit() else None
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
    from ..runtime.provenance import provenance_path
    from ..runtime.store import read_json

    _, store = store_of(spec, profile)
    registry = _one_model(store, model)
    found = _version(registry, version)
    if card:
        click.echo(model_card(store, registry, found), nl=False)
        return
    if as_json or provenance:
        document = read_json(provenance_path(registry, found["version"])) if provenance else found
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    click.echo(f"{registry.model} version {found['version']}: {', '.join(_aliases_of(registry, found['version']))}")
    click.echo(f"file: {registry.folder / found['file']}")
    click.echo(f"digest: {found['digest']}")
    click.echo(f"made by run {found.get('run', '-')}, {found['created']}")
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


@command.command("promote")
@click.argument("version")
@_alias_option
@_model_option
@spec_option
@profile_option
@click.option("--why", default="by hand", show_default=True, help="The reason, for the history.")
def promote(version: str, alias: str, model: str | None, spec: Path | None, profile: str | None, why: str) -> None:
    """Move an alias to a version by hand. No guard is asked: each version has passed them when it was made.

    The commands of a deploy are not run: this moves the alias alone.
    """
    _, store = store_of(spec, profile)
    registry = _one_model(store, model)
    number = _version(registry, version)["version"]
    _move(registry, alias, number, f"promoted: {why}")


@command.command("rollback")
@_alias_option
@_model_option
@spec_option
@profile_option
@click.option("--why", default="by hand", show_default=True, help="The reason, for the history.")
def rollback(alias: str, model: str | None, spec: Path | None, profile: str | None, why: str) -> None:
    """Move an alias back to the version that it had before."""
    _, store = store_of(spec, profile)
    registry = _one_model(store, model)
    before = registry.alias(alias)
    if before is None:
        raise click.UsageError(f"{registry.model} has no alias '{alias}'")
    if before.previous is None:
        raise click.UsageError(f"{alias} had no other version before: there is nothing to go back to")
    _move(registry, alias, before.previous, f"rolled back: {why}")


def _move(registry: Registry, alias: str, number: int, why: str) -> None:
    before = registry.alias(alias)
    if before is not None and before.version == number and before.settled:
        click.echo(f"{alias} points at version {number} already")
        return
    served = before.version if before else None
    if not registry.move(alias, number, expected=before, previous=served, run="", why=why):
        raise click.ClickException(f"{alias} was moved by somebody else at the same time; look, and try again")
    click.echo(f"{alias}: version {served or '-'} → {number}")
