"""`mlopsc cache`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..runtime.amounts import bytes_text, counted
from .compiling import profile_option, spec_argument
from .stored import short_digest, store_of

if TYPE_CHECKING:
    from ..runtime.store import Store

FOUND = 1


@click.command(short_help="Say what the store holds; read all of it and find what is damaged.")
@spec_argument
@profile_option
@click.option("--verify", is_flag=True, help="Read every object. Exits with 1 where one is damaged.")
@click.option("--repair", is_flag=True, help="Take damaged objects away, so that the next run makes them anew.")
def command(spec: Path | None, profile: str | None, verify: bool, repair: bool) -> int:
    """Say what the store holds. With --verify every object is read, and those that a disk has changed are named, as are
    the versions of models and the results that mlops.lock names and that are not here."""
    from ..runtime.collect import contents
    from .locking import lock_keys

    path, store = store_of(spec, profile)
    held = contents(store)
    click.echo(f"{store.where}: {counted(held['runs'], 'run')}, {counted(held['results'], 'result')} by key, "
               f"{counted(held['objects'], 'object')} of {bytes_text(held['bytes'])}")  # fmt: skip
    if not (verify or repair):
        return 0
    holdings = store.holdings()
    found = list(holdings.damaged())
    for path in found:
        click.echo(f"damaged: {holdings.name(path)}")
        if repair:
            holdings.repair(path)
    for node, key in lock_keys(path).items():
        if store.cached(key) is None:
            click.echo(f"not here: the result of {node}, which mlops.lock names ({short_digest(key)})")
    click.echo(f"{len(found)} of {held['objects']} objects are damaged" + (", and taken away" if repair else ""))
    left = _versions(store, repair)
    return FOUND if left or (found and not repair) else 0


def _versions(store: Store, repair: bool) -> int:
    """Names the versions of models whose files are damaged; how many of them still are."""
    from ..runtime.collect import damaged_versions

    left = 0
    for registry, number in damaged_versions(store):
        try:
            if repair and registry.file(number) is not None:
                click.echo(f"version {number} of {registry.model} was damaged, and is put back from the store")
                continue
        except OSError:
            pass
        left += 1
        click.echo(f"damaged: version {number} of {registry.model} ({registry.where(number)}); a run that makes "
                   "the same model again puts it back")  # fmt: skip
    return left
