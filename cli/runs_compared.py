"""Two runs side by side, as `mlopsc runs compare` tells them: what differs, part by part."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .stored import Run, digests_of, metric_text, metrics_of, short_digest
from .terminal import Paint

Differing = Mapping[str, tuple[Any, Any]]


def differences(first: Run, second: Run) -> dict[str, Differing]:
    """For each part what is not the same, with its value in both; None where one has it not."""
    return {name: dict(_differing(of(first), of(second), name in _KNOWN_TO_BOTH)) for name, of in PARTS.items()}


def side_by_side(runs: tuple[str, str], parts: Mapping[str, Differing], paint: Paint) -> Iterator[str]:
    """A table: the part, what differs, its value in either run, and by how much a number differs."""
    rows = [
        (title if i == 0 else "", name, _told(title, then), _told(title, now), _change(title, then, now))
        for title, differing in parts.items()
        for i, (name, (then, now)) in enumerate(differing.items())
    ]
    widths = [max(len(row[i]) for row in [*rows, ("", "", *runs, "")]) for i in range(1, 4)]
    for title, *cells, change in [("", "", *runs, ""), *rows]:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"{paint(title.ljust(9), 'dim')} {line}  {change}".rstrip()


def _differing(then: Mapping[str, Any], now: Mapping[str, Any], known: bool) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name) and not (known and (name not in then or name not in now)):
            yield name, (then.get(name), now.get(name))


def _code(run: Run) -> dict[str, Any]:
    found = {k: v for k, v in (run.get("code") or {}).items() if k in ("commit", "uncommitted")}
    for record in run["nodes"].values():
        found.update((record.get("key_parts") or {}).get("code") or {})
    return found


def _environment(run: Run) -> dict[str, Any]:
    """Where it ran, and the lock of its packages."""
    machine, lock = run["machine"], run.get("lock") or {}
    found = {k: machine.get(k) for k in ("python", "host", "system", "processor", "gpus")}
    found["engine"] = (run.get("engine") or {}).get("name")
    return {**found, **({lock["file"]: short_digest(lock["digest"])} if lock else {})}


def _packages(run: Run) -> dict[str, str]:
    found = dict(run.get("packages") or {})
    for node, record in run["nodes"].items():
        found.update({f"{name} ({node})": v for name, v in (record.get("packages") or {}).items()})
    return found


def _models(run: Run) -> dict[str, str]:
    return {r["model"]: f"version {r['version']}" for r in run["nodes"].values() if r.get("version") and r.get("model")}


PARTS: dict[str, Callable[[Run], Mapping[str, Any]]] = {
    "code": _code,
    "params": lambda run: run["params"],
    "data": lambda run: digests_of(run, "source"),
    "where": _environment,
    "packages": _packages,
    # MLOPS_SEED follows from the key, whose parts are told; nobody knows what a restored result began with.
    "hash seed": lambda run: {n: r["seeds"]["PYTHONHASHSEED"] for n, r in run["nodes"].items() if r.get("seeds")},
    "results": lambda run: digests_of(run, "stage"),
    "metrics": metrics_of,
    "verdicts": lambda run: {n: r["verdict"] for n, r in run["nodes"].items() if r.get("verdict")},
    "states": lambda run: {n: r["state"] for n, r in run["nodes"].items() if r["kind"] in ("stage", "deploy")},
    "models": _models,
}
_KNOWN_TO_BOTH = ("hash seed",)


def _told(part: str, value: Any) -> str:
    if value is None:
        return "-"
    if part in ("code", "data", "results"):
        return short_digest(value)
    if part == "metrics":
        return metric_text(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _change(part: str, then: Any, now: Any) -> str:
    numbers = isinstance(then, int | float) and isinstance(now, int | float)
    return f"{now - then:+.4g}" if part == "metrics" and numbers else ""
