"""`docs/score.md`: every test, and how it is derived, from the declarations.

`python -m mlopsc.compiler.score.page > docs/score.md` prints it; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import MEANINGS, ML_TEST_SCORE
from .facts import FRESH
from .findings import Test
from .maturity import LEVEL_1, LEVEL_2
from .reproducibility import REPRODUCIBILITY
from .statements import HOLDS

_HEAD = f"""\
# The score of a pipeline

`mlopsc score` says how far a pipeline has come, by three rubrics:

- a **reproducibility checklist**: the items of the machine learning reproducibility checklist (Pineau et al., JMLR 22,
  2021; used by NeurIPS) that a pipeline can show, and what practice adds;
- the **ML Test Score** (Breck, Cai, Nielsen, Salib, Sculley: "The ML Test Score: A Rubric for ML Production Readiness
  and Technical Debt Reduction", IEEE Big Data 2017): 28 tests in four sections;
- the **MLOps level** 0, 1 or 2 of Google's "MLOps: Continuous delivery and automation pipelines in machine learning".

Each answer is derived from the spec, from the records in its store, and from the repository around it, and names what
shows it: the line of a guard, a run, a line of a workflow. Nothing else counts:

- What only warns stops nothing, and a guard behind the stage that learns guards no training.
- What no target of the spec carries is not there (`mlopsc targets`).
- A record counts for {FRESH.days} days. What was done longer ago says little of what is there today.
- A workflow counts where it runs the command on this spec, and where its failure fails the job (`|| true` and
  `continue-on-error` do not). Workflows of GitHub Actions are read.
- What spec and records cannot show is **not known**, and gives nothing, until somebody states it.

Records are asked of the pipeline's own store, or of the one that `MLOPS_STORE` names: a fresh checkout has none.

This is strict, and a low score is no shame: it says what to do next.

## What people state

A file `score.toml` beside the spec holds what was done by hand:

```toml
[[statement]]
test    = "Data 5"
text    = "Only the pipeline's own account reads the raw feed; reviewed with security."
by      = "ops-ml@example.org"
date    = 2026-11-01
link    = "docs/privacy.md"
expires = 2027-05-01
```

`link` is where the result is written down, an address or a file of the project. A statement holds for {HOLDS.days} days
after its date when no `expires` is said, and for a year at most. Where a folder has several pipelines,
`pipeline = "NAME"` says which it is about. It gives half a point, as the paper does for what is done by hand,
documented and handed round, and is shown as stated. Only the 28 tests of the ML Test Score can be stated.

## The command

    mlopsc score                                   # what holds, and what to do next
    mlopsc score --verbose                         # every test, and what to write
    mlopsc score --explain "Data 1"                # what one test asks for
    mlopsc score --min 1 --min reproducibility=8 --min level=1
    mlopsc score --format markdown                 # for a comment on a pull request

`--min N` is about the ML Test Score; with any of them below, the command exits with 1 and says which. `--format json`
is described by `grammar/score.schema.json`. On the page of a run of GitHub Actions:

    - run: mlopsc score --format markdown >> "$GITHUB_STEP_SUMMARY"

`--today` and `SOURCE_DATE_EPOCH` set the day from which ages are counted.
"""
_SECTIONS = {
    "Data": "Features and data",
    "Model": "Model development",
    "Infra": "Infrastructure",
    "Monitor": "Monitoring",
}


def score_markdown() -> str:
    """The page."""
    return "\n".join([*_lines()]) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "## Reproducibility"
    yield "\nAn item holds or does not; the result is how many hold.\n"
    yield from _table(REPRODUCIBILITY)
    yield "\n## ML Test Score"
    yield "\nA test gives a whole point where it is done by itself, again and again, and half a point where it was done"
    yield "by hand and written down. The score is the lowest of the four sections' sums, because all four matter.\n"
    yield "| points | what the paper makes of it, in our words |"
    yield "| --- | --- |"
    below: float | None = None
    for points, words in MEANINGS:
        shown = "0" if below is None else f"above {below:g}" if points == MEANINGS[-1][0] else f"up to {points:g}"
        yield f"| {shown} | {words} |"
        below = points
    for name, tests in ML_TEST_SCORE.items():
        yield f"\n### {_SECTIONS[name]}\n"
        yield from _table(tests)
    yield "\n## MLOps level"
    yield "\nLevel 1 asks for all of these:\n"
    yield from _table(LEVEL_1)
    yield "\nLevel 2 asks for these besides:\n"
    yield from _table(LEVEL_2)


def _table(tests: Sequence[Test]) -> Iterator[str]:
    yield "| | test | what gives the point |"
    yield "| --- | --- | --- |"
    for test in tests:
        asks = test.asks if test.derive else f"Not known: {test.asks[0].lower()}{test.asks[1:]}"
        yield f"| {test.id} | {test.title} | {asks} |"


if __name__ == "__main__":
    print(score_markdown(), end="")
