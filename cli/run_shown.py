"""One run as `mlopsc runs show` tells it: what it was made of, what each node did, what came out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..runtime.amounts import bytes_text
from .progress import clock, word_of
from .stored import Run, digests_of, metric_text, metrics_of, short_digest
from .terminal import Paint


def shown(run: Run, paint: Paint) -> Iterator[str]:
    """The lines under the run's own."""
    rows = [*_code(run), *_where(run), *_environment(run), *_params(run), *_data(run)]
    yield from _table(rows, paint)
    yield ""
    yield from _nodes(run, paint)
    numbers: list[Row] = [
        ("metrics" if i == 0 else "", name, metric_text(v)) for i, (name, v) in enumerate(metrics_of(run).items())
    ]
    if numbers:
        yield ""
        yield from _table(numbers, paint)


Row = tuple[str, ...]


def _code(run: Run) -> Iterator[Row]:
    code = run.get("code") or {}
    if code.get("commit"):
        yield "code", code["commit"] + (f", and changes: {code['patch']}" if code.get("patch") else "")
    for name in code.get("left_out") or ():
        yield "", f"too large for the patch: {name}"
    if run.get("profile"):
        yield "profile", run["profile"]


def _where(run: Run) -> Iterator[Row]:
    machine, engine = run["machine"], run.get("engine") or {}
    if engine:
        yield "engine", " ".join(filter(None, [engine.get("name"), engine.get("run")]))
    if run.get("trigger"):
        yield "trigger", run["trigger"]
    yield "machine", _machine(machine)
    lineage = run.get("lineage") or {}
    if lineage.get("undelivered"):
        why = f" ({lineage['why']})" if lineage.get("why") else ""
        yield (
            "lineage",
            f"{lineage['undelivered']} events did not reach {lineage['to']}{why}; kept in {lineage['kept']}",
        )


def _machine(machine: Mapping[str, Any]) -> str:
    parts = [machine["host"], machine["system"], f"Python {machine['python']}"]
    if machine.get("processors"):
        parts.append(f"{machine['processors']} processors" + (f" ({p})" if (p := machine.get("processor")) else ""))
    if machine.get("memory"):
        parts.append(bytes_text(machine["memory"]))
    parts += machine.get("gpus") or []
    return ", ".join(parts)


def _environment(run: Run) -> Iterator[Row]:
    lock = run.get("lock") or {}
    if lock:
        yield "lock", f"{lock['file']} {short_digest(lock['digest'])}"
    if run.get("packages"):
        yield "packages", f"{len(run['packages'])} installed"
    for node, record in run["nodes"].items():
        if own := record.get("interpreter"):
            yield "", f"{node}: {own['executable']}, Python {own['python']}, {len(record['packages'])} packages"
        elif record.get("machine"):
            yield "", f"{node} ran on {_machine(record['machine'])}"


def _params(run: Run) -> Iterator[Row]:
    origins = run.get("origins") or {}
    for i, (name, value) in enumerate(run["params"].items()):
        text = json.dumps(value, ensure_ascii=False)
        yield "params" if i == 0 else "", name, text, f"({origins.get(name, 'default')})"


def _data(run: Run) -> Iterator[Row]:
    sizes = {a: f for r in run["nodes"].values() for a, f in (r.get("artifacts") or {}).items()}
    for i, (name, digest) in enumerate(digests_of(run, "source").items()):
        found = sizes[name]
        files = f", {found['files']} files" if found.get("files", 1) > 1 else ""
        size = bytes_text(found["size"]) if found.get("size") is not None else ""
        yield "data" if i == 0 else "", name, short_digest(digest), f"{size}{files}"


def _nodes(run: Run, paint: Paint) -> Iterator[str]:
    rows = []
    for node, record in run["nodes"].items():
        mark, word, role = word_of(_state(record))
        took = clock(record.get("seconds") or 0) if record["state"] != "skipped" else ""
        rows.append((paint(mark, role), node, word, took, _about(record)))
    widths = [max(len(row[i]) for row in rows) for i in range(1, 4)] if rows else []
    for mark, *cells, about in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"{mark} {line}  {about}".rstrip()


def _about(record: Mapping[str, Any]) -> str:
    """What a node cost, where its result came from, why it did not succeed."""
    tries = record.get("tries") or []
    last = tries[-1] if tries else {}
    parts = [
        f"{len(tries)} tries" if len(tries) > 1 else "",
        f"processor {clock(last['cpu'])}" if last.get("cpu") is not None else "",
        f"memory {bytes_text(last['memory'])}" if last.get("memory") else "",
        f"made by {record['from_run']}" if record.get("from_run") else "",
        f"{record['model']} version {record['version']}" if record.get("version") else "",
        str(record.get("reason") or ""),
    ]
    return ", ".join(filter(None, parts))


def _state(record: Mapping[str, Any]) -> str:
    verdict = record.get("verdict")
    return str(record["state"] if verdict in (None, "not_run") else verdict)


def _table(rows: list[Row], paint: Paint) -> Iterator[str]:
    """A title, then columns; the last column of a row may be as long as it wants."""
    pairs = [row for row in rows if len(row) > 2]
    widths = [max((len(row[i]) for row in pairs if len(row) > i + 1), default=0) for i in (1, 2)]
    for title, *cells in rows:
        padded = [c.ljust(w) if len(cells) > 1 else c for c, w in zip(cells, [*widths, 0], strict=False)]
        yield f"{paint(title.ljust(9), 'dim')} {'  '.join(padded)}".rstrip()
