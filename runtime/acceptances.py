"""Changes that somebody declared harmless: the result that a stage had stands for the key that it has now.

    accepted/<key>.json   which result, who said so, when, why, and what had changed

An acceptance holds for exactly this pair: a further change makes another key, and a result that is not there as it was
put cannot be restored. It never becomes an entry of the cache, so that whoever restores by it also says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .context import Context
from .store import Store, read_json


@dataclass(frozen=True)
class Acceptance:
    """`key` is the stage's key now, `result` the key that its result was made for, `outputs` that result's digests.

    `by` is whoever accepted, `at` when (UTC), `why` the reason given, `causes` what had changed, as `mlopsc why` says.
    """

    node: str
    key: str
    result: str
    outputs: Mapping[str, str]
    by: str
    at: str
    why: str
    causes: tuple[str, ...]
    pipeline: str = ""

    def plain(self) -> dict[str, Any]:
        """As the store and records hold it."""
        return {**asdict(self), "outputs": dict(self.outputs), "causes": list(self.causes)}

    @property
    def told(self) -> str:
        """`change accepted by Ann <ann@example.org>: only the log lines`"""
        return f"change accepted by {self.by}: {self.why}"


def acceptance_of(found: Any) -> Acceptance | None:
    """What a record says; nothing where it is no acceptance."""
    try:
        texts = {name: str(found[name]) for name in ("node", "key", "result", "by", "at", "why")}
        causes = tuple(map(str, found["causes"]))
        return Acceptance(**texts, outputs=dict(found["outputs"]), causes=causes, pipeline=found.get("pipeline") or "")
    except (KeyError, TypeError, ValueError):
        return None


def known_result(
    context: Context, key: str, *, look_only: bool = False
) -> tuple[dict[str, Any], Acceptance | None] | None:
    """The cache entry of the result that a stage with this key has, wholly there; and by whose word, where it was made
    for another key. With `look_only` nothing is fetched from where it is kept."""
    look = context.store.known if look_only else context.store.cached
    entry = look(key)
    if entry is not None:
        return entry, None
    accepted = accepted_for(context, key)
    entry = look(accepted.result) if accepted else None
    if entry is None or accepted is None or digests_of(entry) != dict(accepted.outputs):
        return None
    return entry, accepted


def digests_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """The digests of a cache entry's outputs by name."""
    return {name: kept["digest"] for name, kept in entry["outputs"].items()}


def accepted_in(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What was accepted, by node, of the records of a run."""
    return {node: record["accepted"] for node, record in records.items() if record.get("accepted")}


def accepted_for(context: Context, key: str) -> Acceptance | None:
    """The acceptance of a key: of `mlops.lock`, else of the store."""
    return acceptance_of(context.accepted.get(key) or context.store.read(acceptance_path(context.store, key)))


def acceptance_path(store: Store, key: str) -> Path:
    """Where the store keeps the acceptance of a key."""
    return store.folder / "accepted" / f"{key.removeprefix('sha256:')}.json"


def keep_acceptance(store: Store, accepted: Acceptance) -> None:
    """Puts an acceptance into the store."""
    store.write_json(acceptance_path(store, accepted.key), {"format": 1, **accepted.plain()})


def drop_acceptance(store: Store, accepted: Acceptance) -> None:
    """Takes an acceptance out of the store."""
    store.drop(acceptance_path(store, accepted.key))


def kept_acceptances(store: Store) -> Iterator[Acceptance]:
    """Those of the store, in no order that means anything."""
    store.refresh(store.folder / "accepted")
    for path in sorted((store.folder / "accepted").glob("*.json")):
        if found := acceptance_of(read_json(path)):
            yield found
