"""A score as text for a terminal, as Markdown for a pull request, and as JSON for programs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .. import __version__
from .terminal import Paint, is_terminal, width

if TYPE_CHECKING:
    from ..compiler.score import Outcome, Score

FORMAT = 1
_LEVELS = ("by hand", "the training pipeline runs by itself", "the pipeline is built, tested and delivered by itself")
_MARKS = {1.0: ("✓", "good"), 0.5: ("◐", "warning"), 0.0: ("·", "dim")}
_SECTIONS = {"Data": "Features and data", "Model": "Model", "Infra": "Infrastructure", "Monitor": "Monitoring"}


def points(number: float) -> str:
    """`1`, `0.5`"""
    return f"{number:g}"


def render_text(found: Score, paint: Paint, *, every: bool) -> str:
    """What holds, with its evidence, and in a line what does not; `every`: a line for each test, and what to write."""
    lines = [f"{paint(found.facts.plan.name, 'strong')}  {_records(found)}", ""]
    items = len(found.reproducibility)
    lines += _part("Reproducibility", f"{found.reproduced} of {items}", found.reproducibility, paint, every)
    head = f"{points(found.ml_test_score)}: {found.meaning}"
    lines += ["", f"{paint('ML Test Score', 'strong')}  {head}", paint("  the lowest of four sums of up to 7", "dim")]
    for name, outcomes in found.sections.items():
        lines += _part(f"  {_SECTIONS[name]}", points(found.sum_of(name)), outcomes, paint, every, indent="  ")
    lines += ["", f"{paint('MLOps level', 'strong')}  {found.level}: {_LEVELS[found.level]}"]
    lines += _level(found, paint, every)
    lines += ["", *_steps(found, paint)]
    return "\n".join(lines) + "\n"


def _records(found: Score) -> str:
    run = found.facts.last_run
    if run is None:
        return f"by its spec alone: {found.facts.why_no_run}"
    other = "" if run.get("digest") == found.facts.plan.digest else ", made by another text of the spec"
    return f"by run {run['run']} of {run['finished'][:10]}{other}"


def _part(
    title: str, total: str, outcomes: Iterable[Outcome], paint: Paint, every: bool, indent: str = ""
) -> list[str]:
    outcomes = list(outcomes)
    lines = [f"{indent}{paint(title.strip(), 'strong')}  {total}"]
    for o in outcomes:
        if o.points or every:
            lines += _line(o, paint, indent, every)
    if not every:
        lines += _rest(outcomes, paint, indent)
    return lines


def _line(o: Outcome, paint: Paint, indent: str, every: bool) -> list[str]:
    mark, role = _MARKS[o.points]
    said = _evidence(o) if o.points else o.missing if o.how == "missing" else f"not known: {o.missing}"
    wide = 18 if o.test.id.startswith("Level") else 10
    lead = f"{indent}  {mark} {o.test.id:<{wide}} "
    lines = [f"{indent}  {paint(mark, role)} {o.test.id:<{wide}} {o.test.title}"]
    shown = [f"{'stated: ' if o.how == 'stated' else ''}{said}"] if not every else [said]
    if every and o.points < 1 and o.write:
        shown.append(f"write: {o.write}")
    return lines + [" " * len(lead) + paint(text if every else _cut(text, len(lead)), "dim") for text in shown]


def _evidence(o: Outcome) -> str:
    more = f" (and {len(o.evidence) - 1} more)" if len(o.evidence) > 1 else ""
    return f"{o.evidence[0]}{more}" if o.evidence else ""


def _cut(text: str, before: int) -> str:
    """A text that begins in a column of a terminal, as far as its line goes. Files and pipes get all of it."""
    if not is_terminal(sys.stdout):
        return text
    room = max(40, shutil.get_terminal_size().columns - before)
    return text if width(text) <= room else text[: room - 1] + "…"


def _rest(outcomes: list[Outcome], paint: Paint, indent: str) -> Iterator[str]:
    for how, word in (("missing", "missing"), ("not known", "not known")):
        names = [
            o.test.id.rpartition(" ")[2] if o.test.id[:5] != "Level" else o.test.id for o in outcomes if o.how == how
        ]
        if names:
            family = outcomes[0].test.family
            yield f"{indent}  {paint('·', 'dim')} {paint(f'{word}: {family} ' + ', '.join(names), 'dim')}"


def _level(found: Score, paint: Paint, every: bool) -> Iterator[str]:
    """What the next level asks for and is not there; all of both levels where every line is wanted."""
    wanted = found.level_1 if found.level == 0 else found.level_2 if found.level == 1 else ()
    for o in (*found.level_1, *found.level_2) if every else wanted:
        if every:
            yield from _line(o, paint, "", every)
        elif o.points < 1:
            yield f"  {paint('·', 'dim')} {paint(_cut(f'{o.test.id}: {o.missing}', 4), 'dim')}"


def _steps(found: Score, paint: Paint) -> Iterator[str]:
    from ..compiler.score import next_steps

    steps = next_steps(found)
    if not steps:
        return
    yield paint("The cheapest next steps", "strong")
    for number, step in enumerate(steps, 1):
        yield f"  {number}. {paint(step.write, 'place')}"
        yield f"     {paint(_cut('for ' + ', '.join(step.tests) + ': ' + step.why, 5), 'dim')}"


def render_markdown(found: Score) -> str:
    """For a comment on a pull request: the three results, what holds and why, what does not, what to do."""
    from ..compiler.score import next_steps

    items = len(found.reproducibility)
    lines = [
        f"## Score of `{found.facts.plan.name}`",
        "",
        "| | |",
        "| --- | --- |",
        f"| Reproducibility | **{found.reproduced}** of {items} |",
        f"| ML Test Score | **{points(found.ml_test_score)}**: {found.meaning} |",
        *(f"| · {_SECTIONS[name]} | {points(found.sum_of(name))} of 7 |" for name in found.sections),
        f"| MLOps level | **{found.level}**: {_LEVELS[found.level]} |",
        "",
        f"{_records(found).capitalize()}.",
        "",
    ]
    steps = next_steps(found)
    if steps:
        lines += ["### Next", ""]
        for number, step in enumerate(steps, 1):
            lines += [f"{number}. `{step.write}`", f"   ({', '.join(step.tests)}: {_cell(step.why)})"]
        lines.append("")
    lines += ["<details><summary>Every test</summary>", "", "| | test | points | why |", "| --- | --- | --- | --- |"]
    for o in found.outcomes:
        said = "; ".join(map(str, o.evidence)) if o.points else o.missing
        how = f"{o.how}: " if o.how in ("stated", "not known") else ""
        lines.append(f"| {o.test.id} | {o.test.title} | {points(o.points)} | {_cell(how + said)} |")
    return "\n".join([*lines, "", "</details>"]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def document(found: Score, minimum: dict[str, float]) -> dict[str, Any]:
    """The JSON of `grammar/score.schema.json`."""
    from ..compiler.score import next_steps

    run = found.facts.last_run
    return {
        "format": FORMAT,
        "tool": {"name": "mlopsc", "version": __version__},
        "pipeline": found.facts.plan.name,
        "spec": found.facts.plan.spec,
        "digest": found.facts.plan.digest,
        "profile": found.facts.plan.profile,
        "day": found.facts.today.isoformat(),
        "run": run["run"] if run else None,
        "reproducibility": {
            "points": found.reproduced,
            "of": len(found.reproducibility),
            "tests": [_test(o) for o in found.reproducibility],
        },
        "ml_test_score": {
            "points": found.ml_test_score,
            "meaning": found.meaning,
            "sections": {
                name: {"points": found.sum_of(name), "of": 7, "tests": [_test(o) for o in outcomes]}
                for name, outcomes in found.sections.items()
            },
        },
        "level": {
            "level": found.level,
            "meaning": _LEVELS[found.level],
            "tests": [_test(o) for o in (*found.level_1, *found.level_2)],
        },
        "next": [{"write": s.write, "why": s.why, "tests": list(s.tests)} for s in next_steps(found)],
        "minimum": minimum,
    }


def _test(o: Outcome) -> dict[str, Any]:
    return {
        "id": o.test.id,
        "title": o.test.title,
        "points": o.points,
        "how": o.how,
        "evidence": [
            {
                "text": e.text,
                **({"file": e.place.file, "line": e.place.line} if e.place else {}),
                **({"run": e.run} if e.run else {}),
            }
            for e in o.evidence
        ],
        "missing": o.missing if o.points < 1 else None,
        "write": o.write or None if o.points < 1 else None,
    }
