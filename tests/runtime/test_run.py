"""A whole run: order, gates, records, and what the next run restores."""

from __future__ import annotations

from . import plans as p
from .conftest import Project

COPY = "import sys, shutil; shutil.copy(sys.argv[1], sys.argv[2])"


def copying(project: Project) -> None:
    project.write("data.csv", "a,b\n1,2\n3,4\n")
    project.write("copy.py", COPY)


def test_a_pipeline_runs_and_the_second_run_restores(project: Project) -> None:
    copying(project)
    plan = p.plan(
        p.source("data", "data.csv"),
        p.stage(
            "prepare", "python copy.py {inputs.data} {outputs.rows}", ["data"], [p.output("rows", "rows.csv")],
            code=("copy.py",),
        ),
    )  # fmt: skip
    result = project.run(plan)
    assert (result.state, result.exit_code) == ("succeeded", 0), result
    assert project.output(result, "prepare/rows.csv") == "a,b\n1,2\n3,4\n"
    assert project.states(plan) == {"data": "succeeded", "prepare": "restored"}
