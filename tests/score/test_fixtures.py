"""What each test of the score makes of a spec with records: a fixture a case.

The first lines of a fixture say what is expected, `# expect: TEST = POINTS "part of the evidence or of what is
missing"`, and after `# facts:`, as YAML, what surrounds the spec: `carried` (features, or `all`), `runs`,
`reproductions`, `models`, and `files`, which lie in a repository of git beside the spec.
"""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest
import yaml
from mlopsc.cli.scored import carried, repository_of
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.features import Feature
from mlopsc.compiler.score import ALL_TESTS, Score, score
from mlopsc.compiler.score.facts import Facts, ModelRecord

HERE = Path(__file__).parent
FIXTURES = sorted(HERE.glob("*.mlops"))
TODAY = date(2026, 11, 23)
EXPECT = re.compile(r'# expect: (?P<test>[A-Z][\w ]*?) = (?P<points>[\d.]+)(?: "(?P<said>.*)")?$')


def expectations(text: str) -> list[tuple[str, float, str]]:
    lines = [line for line in text.splitlines() if line.startswith("# expect:")]
    found = [EXPECT.match(line) for line in lines]
    assert all(found), lines[[m is None for m in found].index(True)]
    return [(m["test"], float(m["points"]), m["said"] or "") for m in found if m]


def scored(path: Path, folder: Path) -> Score:
    text = path.read_text("utf-8")
    _, _, said = text.partition("# facts:\n")
    lines = [line[2:] for line in said.split("\nmlops 1")[0].splitlines()]
    facts = yaml.safe_load("\n".join(lines)) or {}
    spec = folder / f"{path.name.split('.')[0]}.mlops"
    spec.write_text(text, "utf-8")
    for name, content in (facts.get("files") or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content.format(spec=spec.name) if "{spec}" in content else content, "utf-8")
    analysis = analyse(spec)
    assert not analysis.diagnostics.has_errors, [d.message for d in analysis.diagnostics]
    plan = compile_plan(analysis).plan
    if "files" in facts:
        for file in folder.rglob("*.yml"):
            file.write_text(file.read_text("utf-8").replace("DIGEST", plan.digest.replace(":", ": ")), "utf-8")
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    named = facts.get("carried", [])
    features = frozenset(Feature) if named == "all" else frozenset(Feature[name.upper()] for name in named)
    given = dict.fromkeys(("carried", "everywhere", "natively"), features) if "carried" in facts else carried(plan)
    return score(
        Facts(
            plan=plan,
            today=TODAY,
            **given,
            runs=tuple(facts.get("runs", ())),
            reproductions=tuple(facts.get("reproductions", ())),
            models=tuple(
                ModelRecord(m["name"], tuple(m["versions"]), tuple(m["moves"]), frozenset(m["provenance"]))
                for m in facts.get("models", ())
            ),
            repository=repository_of(folder) if "files" in facts else None,
        )
    )


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_a_spec_gets_the_points_that_it_deserves(path: Path, tmp_path: Path) -> None:
    found = {o.test.id: o for o in scored(path, tmp_path).outcomes}
    for test, points, said in expectations(path.read_text("utf-8")):
        outcome = found[test]
        words = "; ".join(map(str, outcome.evidence)) if outcome.points else outcome.missing
        assert (outcome.points, said in words) == (points, True), f"{test}: {outcome.points}, {words}"


def test_every_derivation_has_a_fixture_that_has_it_and_one_that_has_not() -> None:
    points: dict[str, set[bool]] = {}
    for path in FIXTURES:
        for test, number, _ in expectations(path.read_text("utf-8")):
            points.setdefault(test, set()).add(number > 0)
    assert {t.id for t in ALL_TESTS if points.get(t.id, set()) != {True, False}} == {
        t.id for t in ALL_TESTS if t.derive is None
    }
