"""The table of backends: the four that travel with mlopsc, and those that other packages register.

A package registers a backend under the entry point group `mlopsc.backends`. Nothing is imported before a backend is
asked for by name, so that commands that only need the names stay quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from .base import Backend

ENTRY_POINTS = "mlopsc.backends"

_OURS = {
    "local": ("local", "LocalPython"),
    "airflow": ("airflow", "Airflow"),
    "github": ("github", "GitHubActions"),
    "kubernetes": ("kubernetes", "Kubernetes"),
}


class _Table(Mapping[str, Backend]):
    """Names to backends, ours first. A name of ours cannot be taken over by another package."""

    def __init__(self) -> None:
        self._loaded: dict[str, Backend] = {}

    @cached_property
    def _registered(self) -> dict[str, EntryPoint]:
        return {e.name: e for e in entry_points(group=ENTRY_POINTS) if e.name not in _OURS}

    def __getitem__(self, name: str) -> Backend:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Backend:
        if name in _OURS:
            module, cls = _OURS[name]
            backend: Backend = getattr(import_module(f".{module}", __package__), cls)()
            return backend
        registered: Backend = self._registered[name].load()()
        return registered

    def __contains__(self, name: object) -> bool:
        return name in _OURS or name in self._registered

    def __iter__(self) -> Iterator[str]:
        return iter((*_OURS, *sorted(self._registered)))

    def __len__(self) -> int:
        return len(_OURS) + len(self._registered)


BACKENDS: Mapping[str, Backend] = _Table()
