"""`score.toml`: what people state about tests that neither spec nor records can show.

    [[statement]]
    test    = "Data 5"
    text    = "Only the pipeline's own account reads the raw feed."
    by      = "ops-ml@example.org"
    date    = 2026-11-01
    link    = "docs/privacy.md"        # where the result is written down: an address, or a file of the project
    expires = 2027-05-01               # half a year after the date when it is not said, a year at most

A statement is worth the half point that the ML Test Score gives for what is done by hand, written down and handed
round, and never more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..diagnostics import did_you_mean
from ..project import Project

FILE = "score.toml"
HOLDS, LONGEST = dt.timedelta(days=182), dt.timedelta(days=366)
_TEXTS = ("test", "text", "by", "link")
_KNOWN = (*_TEXTS, "date", "expires", "pipeline")


@dataclass(frozen=True, slots=True)
class Statement:
    """That a test was done by hand: by whom, when, and where its result is written down."""

    test: str
    text: str
    by: str
    date: dt.date
    link: str
    expires: dt.date


def read_statements(
    document: Mapping[str, Any], *, pipeline: str, tests: Collection[str], project: Project, today: dt.date
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """The statements about a pipeline, those that have expired too; and what is wrong with the others, a line each."""
    unknown = [key for key in document if key != "statement"]
    problems = [f"unknown key '{key}'; write [[statement]]" for key in unknown]
    entries = document.get("statement", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return (), (*problems, "'statement' is to be a list: write [[statement]]")
    found = []
    for number, entry in enumerate(entries, 1):
        if entry.get("pipeline", pipeline) != pipeline:
            continue
        wrong = list(_wrong(entry, tests, project, today))
        problems += [f"statement {number}: {problem}" for problem in wrong]
        if not wrong:
            made = entry["date"]
            texts = {name: entry[name].strip() for name in _TEXTS}
            found.append(Statement(**texts, date=made, expires=entry.get("expires", made + HOLDS)))
    return tuple(found), tuple(problems)


def _wrong(entry: Mapping[str, Any], tests: Collection[str], project: Project, today: dt.date) -> Iterator[str]:
    for key in entry:
        if key not in _KNOWN:
            yield f"unknown key '{key}'; {did_you_mean(key, _KNOWN) or 'there are: ' + ', '.join(_KNOWN)}"
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            yield f'{name} is missing; write {name} = "…"'
    for name in ("date", "expires"):
        if (name in entry or name == "date") and _day(entry.get(name)) is None:
            yield f"{name} is to be a day; write {name} = {today}"
    test, link, made = entry.get("test"), entry.get("link"), _day(entry.get("date"))
    if isinstance(test, str) and test not in tests:
        yield f"no test '{test}'; {did_you_mean(test, tuple(tests)) or 'they are Data 1 to Monitor 7'}"
    if isinstance(link, str) and link.strip() and "://" not in link and not project.is_file(link.strip()):
        yield f"link '{link}' is no address, and no such file is there"
    if made is not None:
        if made > today:
            yield f"date {made} is in the future"
        expires = _day(entry.get("expires"))
        if expires is not None and not made < expires <= made + LONGEST:
            yield f"expires {expires} is to be within a year of {made}; look again then, and state it anew"


def _day(value: object) -> dt.date | None:
    return value if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else None
