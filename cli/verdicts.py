"""`mlopsc verdicts`: what the guards of a run found."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from .compiling import profile_option
from .progress import clean, clock, word_of
from .stored import Run, run_named, store_of
from .terminal import Paint, paint_for, plain

SAMPLE = 3  # rows that the table shows of each rule
_EXIT = {"blocked": 3, "error": 4}


@click.command(short_help="Print what the guards of a run found.")
@click.argument("run", default="last")
@click.option("--spec", type=click.Path(path_type=Path), help="The spec, where it is not the one here.")
@profile_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "junit"]),
    default="table",
    show_default=True,
    help="How to print them.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead.")
def command(run: str, spec: Path | None, profile: str | None, format_: str, output: Path | None) -> int:
    """Print what the guards of a run found: the last run's, or that of the run whose id, or its beginning, is named.

    Exits with 3 when a guard blocked, and with 4 when one could not be decided.
    """
    _, store = store_of(spec, profile)
    found = run_named(store, run)
    if format_ == "junit":
        from .render_junit import junit

        text = junit(found)
    elif format_ == "json":
        text = json.dumps(verdicts_document(found), indent=1, ensure_ascii=False) + "\n"
    else:
        paint = paint_for(sys.stdout) if output is None else plain
        text = "".join(f"{line}\n" for line in _table(found, paint))
    if output is not None:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False, color=True)
    verdicts = {record["verdict"] for record in _guards(found)}
    return next((code for verdict, code in _EXIT.items() if verdict in verdicts), 0)


def _guards(run: Run) -> list[Mapping[str, Any]]:
    return [record for record in run["nodes"].values() if record["kind"] == "guard"]


def verdicts_document(run: Run) -> dict[str, Any]:
    """The guards' records of a run; `grammar/verdict.schema.json` describes each."""
    return {
        "format": 1,
        **{key: run[key] for key in ("run", "pipeline", "state", "started", "finished")},
        "guards": _guards(run),
    }


def _table(run: Run, paint: Paint) -> Iterator[str]:
    guards = _guards(run)
    if not guards:
        yield f"run {run['run']} has no guards"
    for record in guards:
        mark, word, role = word_of(record["verdict"])
        subject = f" on {record['subject']}" if record.get("subject") else ""
        seconds = clock(record.get("seconds") or 0)
        yield f"{paint(mark, role)} {record['node']}{subject} {paint(word, role)} in {seconds}"
        if not record.get("rules") and record.get("reason"):
            yield f"    {clean(record['reason'])}"
        yield from _rules(record.get("rules", ()), paint)
        if record.get("quarantined"):
            aside = record["quarantined"]
            number = f"{aside['rows']} row{'' if aside['rows'] == 1 else 's'}"
            yield f"    {number} set aside in {clean(aside['file'])}, {aside['kept']} go on"


def _rules(rules: list[Mapping[str, Any]], paint: Paint) -> Iterator[str]:
    width = max((len(rule["text"]) for rule in rules), default=0)
    for rule in rules:
        mark, _, role = word_of(rule["outcome"])
        values = ", ".join(v["text"] for v in rule["measured"].values()) or "-"
        limits = ", ".join(
            limit["text"] + (f" {limit['action']}" if len(rule["limits"]) > 1 else "") for limit in rule["limits"]
        )
        line = f"    {paint(mark, role)} {rule['text']:<{min(width, 60)}}  {values:>10}  {limits}"
        yield f"{line.rstrip()}  ({rule['file']}:{rule['line']})"
        if rule["outcome"] != "passed" and rule.get("message"):
            yield f"        {clean(rule['message'])}"
        if rule.get("relaxed"):
            yield f"        relaxed {clean(rule['relaxed'])}"
        for row in rule["sample"][:SAMPLE]:
            yield "        " + clean(", ".join(f"{k}={v}" for k, v in row.items()))[:160]
        if len(rule["sample"]) > SAMPLE:
            yield f"        and {len(rule['sample']) - SAMPLE} more in the record"
