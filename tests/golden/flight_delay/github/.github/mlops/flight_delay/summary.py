"""Prints what became of a run as Markdown, for the page of a workflow's run: `summary.py RUN.JSON`."""

import json
import sys
from pathlib import Path

MARKS = {
    "succeeded": "✅",
    "restored": "♻️",
    "passed": "✅",
    "warned": "⚠️",
    "skipped": "⏭️",
    "blocked": "⛔",
    "failed": "❌",
    "error": "❌",
}


def main(path: str) -> None:
    run = json.loads(Path(path).read_text("utf-8"))
    print(f"## {cell(run['pipeline'])}: {MARKS.get(run['state'], '')} {run['state']}\n")
    print("| node | | outcome | seconds | |")
    print("| --- | --- | --- | ---: | --- |")
    for node, record in run["nodes"].items():
        outcome = record.get("verdict") or record["state"]
        outcome = record["state"] if outcome == "not_run" else outcome
        about = [cell(record["reason"])] if record.get("reason") else []
        about += [f"{cell(k)} {v:g}" for numbers in record.get("metrics", {}).values() for k, v in numbers.items()]
        if record.get("alias"):
            about.append(f"{cell(record['alias'])} is version {record['version']}")
        seconds = f"{record.get('seconds', 0):.1f}"
        print(
            f"| {cell(node)} | {record['kind']} | {MARKS.get(outcome, '')} {outcome} | {seconds} | {', '.join(about)} |"
        )


def cell(text: str) -> str:
    """The text as it is, whatever Markdown or HTML it holds."""
    return "".join(f"&#{ord(c)};" if c in "&|`*[]<>\\~#!@" else c for c in " ".join(str(text).split()))


if __name__ == "__main__":
    main(sys.argv[1])
