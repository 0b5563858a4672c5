"""Rules about drift, from the spec to the record: references of every kind, first runs, and what a failure shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mlopsc.runtime.events import RunResult

from .conftest import Project
from .specs import plan_of

pytest.importorskip("duckdb")

TRAINING = 'source training { uri = "training.csv" }\n'
DEPLOY = """
stage train {
  run     = "cp {inputs.data} {outputs.model}"
  inputs  = [data]
  outputs { model: model = "m.bin" }
}
deploy production { model = train.model, alias = "champion" }
"""


def write(project: Project, values: Any, path: str = "data.csv") -> None:
    project.write(path, "x\n" + "".join(f"{v}\n" for v in values))


def run(project: Project, rules: str, more: str = DEPLOY) -> RunResult:
    return project.run(plan_of(project, rules, more=more))


def guard(result: RunResult) -> dict[str, Any]:
    found = {r.id: r.record for r in result.nodes}["g"]
    assert found is not None
    return found


def rule(result: RunResult) -> dict[str, Any]:
    found: dict[str, Any] = guard(result)["rules"][0]
    return found


def test_a_first_run_has_no_champion_and_says_so(project: Project) -> None:
    write(project, range(100))
    found = rule(run(project, "psi(x) <= 0.2"))
    assert found["outcome"] == "no champion"
    assert found["message"] == "nothing to compare with: no version has the alias yet; counted as passed"


def test_the_champion_is_what_its_run_saw_and_not_the_last_run(project: Project) -> None:
    rules = "ks(x) <= 0.3 warn\n  ks(x, against: previous) <= 0.3 warn"
    for first in (0, 20, 40):
        write(project, range(first, first + 100))
        result = run(project, rules + "\n  rows >= 1", DEPLOY.replace("cp {inputs.data}", "cp model.txt"))
        (project.root / "model.txt").write_text("the same model", "utf-8")
        if first == 0:  # it was not there yet
            result = run(project, rules + "\n  rows >= 1", DEPLOY.replace("cp {inputs.data}", "cp model.txt"))
    champion, previous = guard(result)["rules"][:2]
    assert champion["measured"]["ks(x)"]["text"] == "0.4"
    assert previous["measured"]["ks(x, against: previous)"]["text"] == "0.2"
    assert champion["drift"] == {
        "ks(x)": {"against": "version 1, the champion", "rows": 100, "reference_rows": 100, "exact": True}
    }
    assert champion["outcome"] == "warned" and previous["outcome"] == "passed"
    assert champion["sample"] == [{"values": "up to 39", "reference": "40.0%", "now": "0.0%"}]


def test_without_an_alias_it_is_the_last_good_run(project: Project) -> None:
    write(project, range(100))
    first = run(project, "psi(x) <= 0.2", "")
    assert rule(first)["outcome"] == "no previous run"
    write(project, range(50, 150))
    blocked = run(project, "psi(x) <= 0.2", "")
    assert (blocked.state, rule(blocked)["outcome"]) == ("blocked", "blocked")
    again = run(project, "psi(x) <= 0.2", "")
    assert rule(again)["outcome"] == "blocked", "a run that was blocked is nothing to compare with"
    assert rule(again)["drift"]["psi(x)"]["against"] == "the last good run"
    assert guard(again)["baseline"]["previous"]["run"] == first.run


def test_a_table_that_has_no_part_in_the_model_is_compared_with_the_last_good_run(project: Project) -> None:
    write(project, range(100))
    apart = (
        DEPLOY.replace("inputs.data", "inputs.other").replace("[data]", "[other]") + 'source other { uri = "o.csv" }\n'
    )
    project.write("o.csv", "x\n1\n")
    assert rule(run(project, "psi(x) <= 0.2", apart))["outcome"] == "no previous run"
    asked = run(project, "psi(x, against: champion) <= 0.2", apart)
    assert rule(asked)["outcome"] == "error" and "no champion has seen it" in rule(asked)["message"]


def test_another_table_of_the_run(project: Project) -> None:
    write(project, range(100), "training.csv")
    write(project, range(10, 110))
    found = rule(run(project, "wasserstein(x, against: training) <= 5", TRAINING))
    assert found["outcome"] == "blocked"
    assert found["measured"]["wasserstein(x, against: training)"]["value"] == pytest.approx(10)
    assert found["sample"][2] == {"share of rows": "50%", "reference": 49.0, "now": 59.0}
    assert found["drift"]["wasserstein(x, against: training)"]["against"] == "training"


def test_the_guard_waits_for_the_guards_on_its_reference(project: Project) -> None:
    write(project, [*range(100), 999], "training.csv")
    write(project, range(100))
    strict = TRAINING + "guard sound on training { x < 200 else quarantine }\n"
    result = run(project, "ks(x, against: training) <= 0", strict)
    assert rule(result)["outcome"] == "passed"
    assert rule(result)["drift"]["ks(x, against: training)"]["reference_rows"] == 100


def test_where_picks_rows_on_both_sides(project: Project) -> None:
    write(project, range(100), "training.csv")
    write(project, [*range(50), *range(200, 300)])
    assert rule(run(project, "ks(x, against: training) <= 0.1 where x < 50", TRAINING))["outcome"] == "passed"
    assert rule(run(project, "ks(x, against: training) <= 0.1", TRAINING))["outcome"] == "blocked"


@pytest.mark.parametrize(
    ("function", "values", "why"),
    [
        ("psi(x, against: training) <= 1", ["", "", ""], "the column has no value: its values are all nothing"),
        ("psi(x, against: training) <= 1", [1.5, "nan"], "1 number is NaN or infinite in the column"),
        ("psi(x, against: training) <= 1", ["a", "b"], "the reference has numbers, and the column has texts"),
        ("psi(x, against: training) <= 1", ["2013-01-01"], "numbers or texts, and the column is DATE"),
        ("ks(x, against: training) <= 0.9", ["a"], "the reference has numbers, and the column has texts"),
    ],
)
def test_what_cannot_be_measured_is_an_error(project: Project, function: str, values: list[Any], why: str) -> None:
    project.write("training.csv", "x,y\n1,1\n2,2\n")
    project.write("data.csv", "x,y\n" + "".join(f"{v},1\n" for v in values))
    result = run(project, function, TRAINING)
    assert (guard(result)["verdict"], guard(result)["state"]) == ("error", "failed")
    assert why in rule(result)["message"]


def test_a_reference_without_the_column_is_an_error_that_names_it(project: Project) -> None:
    project.write("training.csv", "y\n1\n2\n")
    write(project, range(10))
    record = guard(run(project, "psi(x, against: training) <= 1", TRAINING))
    assert record["verdict"] == "error" and '"x"' in record["reason"]


def test_a_damaged_profile_is_an_error(project: Project) -> None:
    write(project, range(100))
    result = run(project, "psi(x) <= 0.2", "")
    assert result.folder is not None
    kept = Path(result.folder) / "g.profiles.json"
    document = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps({**document, "profiles": {"x": {"format": 7}}}), "utf-8")
    found = rule(run(project, "psi(x) <= 0.2", ""))
    assert found["outcome"] == "error" and "profile format 7" in found["message"]


def test_a_rule_that_is_new_has_no_champion_to_compare_with(project: Project) -> None:
    write(project, range(100))
    run(project, "rows >= 1")
    found = rule(run(project, "psi(x) <= 0.2"))
    assert found["outcome"] == "no champion"
    assert "version 1, the champion, was made before x was profiled" in found["message"]


def test_the_report_shows_what_moved(project: Project) -> None:
    write(project, range(100), "training.csv")
    write(project, range(50, 150))
    result = run(project, "psi(x, against: training) <= 0.2", TRAINING)
    page = project.output(result, "report.html")
    assert "100 rows against 100 of training" in page and "what moved in" in page
