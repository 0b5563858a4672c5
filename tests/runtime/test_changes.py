"""Why a stage runs again: causes with file and line, from the parts of its key and the outlines kept beside them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.outlines import code_outline, first_changed_line, lines_outline, lock_outline
from mlopsc.runtime.rehearsal import Planned

from . import plans as p
from .conftest import Project

CLICK, PYTEST = version("click"), version("pytest")
LOCK = f"click=={CLICK}\nb==2.0 ; python_version < '3'\npytest=={PYTEST} ; python_version >= '3'\n"
HELPER = "FACTOR = 2\n\n\ndef scale(x):\n    return x * FACTOR\n"
STEP = """import pathlib, sys
from near import scale
pathlib.Path(sys.argv[2]).write_text(str(scale(len(pathlib.Path(sys.argv[1]).read_text()))))
"""


@pytest.fixture
def ran(project: Project) -> n.Plan:
    """Two stages, the first of which imports a helper by way of another, after a run."""
    project.write("far.py", HELPER)
    project.write("near.py", "from far import scale as scale\n")
    project.write("step.py", STEP)
    project.write("other.py", "import sys, shutil\nshutil.copyfile(sys.argv[1], sys.argv[2])\n")
    project.write("data.csv", "".join(f"{i},{i}\n" for i in range(200)))
    project.write(
        "requirements.txt", f"click=={CLICK}\nb==2.0 ; python_version < '3'\npytest=={PYTEST} ; python_version >= '3'\n"
    )
    assert project.run(plan_of()).state == "succeeded"
    return plan_of()


def plan_of(rate: int = 1) -> n.Plan:
    first = p.stage(
        "first", "python step.py {inputs.data} {outputs.out}", ["data"], [p.output("out", "out.txt")],
        params=("rate",), code=("step.py", "near.py", "far.py"),
    )  # fmt: skip
    second = p.stage(
        "second", "python other.py {inputs.out} {outputs.out}", ["first.out"], [p.output("out", "out.txt")],
        code=("other.py",),
    )  # fmt: skip
    return p.plan(p.source("data", "data.csv"), first, second, params=[p.param("rate", "int", rate)],
                  version=n.Versioning(env_lock="requirements.txt"))  # fmt: skip


def rehearsed(project: Project, plan: n.Plan) -> dict[str, Planned]:
    return {found.node: found for found in project.run(plan, dry_run=True).planned}


def told(planned: Planned) -> list[str]:
    return [f"{c.where}: {c.text}" if c.where else c.text for c in planned.causes]


def test_a_comment_and_blank_space_change_nothing(project: Project, ran: n.Plan) -> None:
    project.write("far.py", "# twice\n" + HELPER.replace("\n\n\n", "\n\n\n\n  # it\n"))
    found = rehearsed(project, ran)
    assert [found[s].action for s in ("first", "second")] == ["restore", "restore"]
    assert {r.id: r.state for r in project.run(ran).nodes}["first"] == "restored"


def test_a_helper_two_imports_deep_is_told_by_name_and_line(project: Project, ran: n.Plan) -> None:
    # Of another size: Python takes a module of the same size and second for the one that it has compiled.
    project.write("far.py", HELPER.replace("x * FACTOR", "x + FACTOR + 0"))
    found = rehearsed(project, ran)
    assert found["first"].action == "run" and told(found["first"]) == ["far.py:4: scale() changed"]
    assert found["second"].action == "may_run" and told(found["second"]) == ["first.out is made anew"]
    states = {r.id: r.state for r in project.run(ran).nodes}
    assert (states["first"], states["second"]) == ("succeeded", "succeeded")


def test_what_a_stage_does_not_import_does_not_concern_it(project: Project, ran: n.Plan) -> None:
    project.write("other.py", "import sys, shutil\nshutil.copy(sys.argv[1], sys.argv[2])\n")
    found = rehearsed(project, ran)
    assert found["first"].action == "restore"
    assert told(found["second"]) == ["other.py:2: what it does at its top level changed"]


def test_a_param_is_told_with_both_values(project: Project, ran: n.Plan) -> None:
    found = rehearsed(project, plan_of(rate=3))
    assert told(found["first"]) == ["pipeline.mlops:1: param rate is 3, was 1"]
    given = {f.node: f for f in project.run(ran, dry_run=True, params={"rate": 5}).planned}
    assert told(given["first"]) == ["pipeline.mlops:1: param rate is 5, was 1, given to this run"]


def test_a_row_of_data_is_told_by_its_lines(project: Project, ran: n.Plan) -> None:
    project.write("data.csv", "".join(f"{i},{i if i != 150 else 0}\n" for i in range(200)))
    (said,) = told(rehearsed(project, ran)["first"])
    assert said.startswith("data.csv:") and said.endswith(": data has other content")
    first, _, last = said.split(":")[1].partition("-")
    assert int(first) <= 151 <= int(last or first) and int(last or first) - int(first) < 20


def test_a_package_is_told_with_both_versions(project: Project, ran: n.Plan) -> None:
    project.write("requirements.txt", "click==1.1\nb==2.0 ; python_version < '3'\nc==1\n")
    assert told(rehearsed(project, ran)["first"])[:3] == [
        f"requirements.txt:1: click is 1.1, was {CLICK}",
        "requirements.txt:3: c 1 is new",
        f"requirements.txt: pytest (python_version >= '3') {PYTEST} is gone",
    ]


def test_a_result_that_was_cleared_away_is_made_again(project: Project, ran: n.Plan) -> None:
    for entry in (project.root / ".mlops/cache").iterdir():
        entry.unlink()
    assert told(rehearsed(project, ran)["first"]) == ["its last result is not in the store any more"]


def test_what_an_earlier_run_made_is_restored_though_it_is_not_the_last(project: Project, ran: n.Plan) -> None:
    project.run(plan_of(rate=3))
    found = rehearsed(project, ran)["first"]
    assert found.action == "restore" and told(found) == ["pipeline.mlops:1: param rate is 1, was 3"]


def test_a_rehearsal_writes_nothing(project: Project, ran: n.Plan) -> None:
    def listing() -> dict[Path, float]:
        return {f: f.stat().st_mtime for f in (project.root / ".mlops").rglob("*")}

    before = listing()
    project.write("far.py", HELPER + "\n\nNEW = 1\n")
    rehearsed(project, ran)
    assert listing() == before


@given(st.lists(st.text(alphabet="ab,1", max_size=30), min_size=1, max_size=200), st.data())
def test_the_first_changed_line_is_among_those_told(tmp_path_factory: pytest.TempPathFactory, rows, data) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("lines") / "data.csv"
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    old = lines_outline(path)
    assert old is not None
    at = data.draw(st.integers(0, len(rows) - 1))
    rows[at] += "x"
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    found = first_changed_line(old, path)
    assert found is not None and found[0] <= at + 1 <= found[1] + 1


def test_outlines_of_code_and_locks(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("import os\nX = 1\nclass A:\n    y = 1\n    def f(self):\n        return 1\nX += 1\nprint(X)\n")
    outline = code_outline(path)
    assert outline is not None
    assert {name: line for name, (_, line) in outline["parts"].items()} == {
        "its imports": 1, "X": 2, "class A": 3, "A.f()": 5, "what it does at its top level": 8,
    }  # fmt: skip
    lock = tmp_path / "requirements.txt"
    lock.write_text("# made\nScikit_Learn[all]==1.5.1 \\\n    --hash=sha256:00\n-r other.txt\n")
    assert lock_outline(lock) == {"kind": "lock", "parts": {"scikit-learn": ["1.5.1", 2]}}
