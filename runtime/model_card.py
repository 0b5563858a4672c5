"""A model card in Markdown, from what the spec and the run's records say.

The sections are those of Mitchell et al., "Model Cards for Model Reporting" (2019), as far as a pipeline knows them;
what nobody has written down is said to be missing, and not made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .store import Store


def model_card(store: Store, version: Mapping[str, Any]) -> str:
    """The card of one version, whose run may be known here."""
    run = store.read(store.run_folder(str(version.get("run"))) / "run.json") or {}
    plan = store.read(store.folder / str(run.get("plan"))) or {}
    return card(f"{version['model']}, version {version['version']}", version, run, plan)


def card(title: str, version: Mapping[str, Any], run: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    """The card of a version, from what the records of its run and its plan say."""
    lines = [f"# {title}", ""]
    lines += _details(version, run, plan)
    lines += _table("Metrics", ("metric", "value"), _metrics(version))
    lines += _table("What it was checked against", ("guard", "rule", "measured", "outcome"), _rules(version, run))
    lines += _table("Changes that were accepted, not run", ("stage", "what changed", "why", "by"), _accepted(run))
    lines += _table("Data", ("source", "version"), _data(version, run))
    params = (version.get("params") or {}).items()
    lines += _table("Params", ("param", "value"), [(f"`{name}`", f"`{value}`") for name, value in params])
    lines += [
        "## Limits",
        "",
        "Nobody has written any down: say in the pipeline's `##` comment what it is not for.",
        "",
    ]
    return "\n".join(lines)


def _details(version: Mapping[str, Any], run: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterator[str]:
    if plan.get("doc"):
        yield from (plan["doc"], "")
    code = run.get("code") or {"commit": version.get("commit")}
    rows = {
        "owner": plan.get("owner"),
        "made": version.get("created"),
        "by run": version.get("run"),
        "commit": code.get("commit")
        and code["commit"] + (" and uncommitted changes" if code.get("uncommitted") else ""),
        "digest": version["digest"],
        "tags": ", ".join(plan.get("tags") or ()),
    }
    yield from (f"- {name}: {value}" for name, value in rows.items() if value)
    yield ""


def _metrics(version: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for of, values in (version.get("metrics") or {}).items():
        for name, value in values.items():
            yield f"{name} ({of})", f"{value:.6g}" if isinstance(value, float) else str(value)


def _rules(version: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    if not run:
        yield from ((name, "", "", verdict) for name, verdict in (version.get("verdicts") or {}).items())
    for name, record in (run.get("nodes") or {}).items():
        for rule in record.get("rules") or ():
            measured = ", ".join(str(m["text"]) for m in rule["measured"].values())
            yield name, f"`{rule['text']}`", measured, rule["outcome"]


def _accepted(run: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, record in (run.get("nodes") or {}).items():
        if accepted := record.get("accepted"):
            by = f"{accepted['by']}, {accepted['at'][:10]}"
            yield f"`{name}`", "; ".join(accepted["causes"]), accepted["why"], by


def _data(version: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not run:
        yield from ((name, f"`{digest}`") for name, digest in (version.get("data") or {}).items())
    for record in (run.get("nodes") or {}).values():
        if record["kind"] == "source":
            for name, artifact in (record.get("artifacts") or {}).items():
                yield name, f"`{artifact.get('version', artifact['digest'])}`"


def _table(title: str, head: tuple[str, ...], rows: Any) -> list[str]:
    found = [" | ".join(_cell(c) for c in row) for row in rows]
    if not found:
        return []
    ruler = " | ".join("---" for _ in head)
    return [f"## {title}", "", f"| {' | '.join(head)} |", f"| {ruler} |", *(f"| {row} |" for row in found), ""]


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())
