"""`env = lock(…)`: what is installed is what the lock pins, or nothing runs, or the results say so."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.environment import applies, differences

from . import plans as p
from .conftest import Project

CLICK = version("click")
INSTALLED = {"numpy": "2.4.6", "torch": "2.3.1+cpu", "zope_interface": "6.0", "pip": "25.0.0"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("numpy==2.4.6\n", []),
        ("NumPy == 2.4.6  # a comment\n", []),
        ("numpy==2.4.6.0 \\\n    --hash=sha256:00\n", []),
        ("numpy==2.4.*\n", []),
        ("numpy==2.5.*\n", ["numpy is 2.4.6 and not 2.5.* (line 1)"]),
        ("# made\nnumpy==2.5\n", ["numpy is 2.4.6 and not 2.5 (line 2)"]),
        ("torch==2.3.1\n", []),
        ("torch==2.3.1+cpu\n", []),
        ("torch==2.3.1+cu121\n", ["torch is 2.3.1+cpu and not 2.3.1+cu121 (line 1)"]),
        ("Zope.Interface==6\n", []),
        ("pandas[excel]==3.0\n", ["pandas is not installed and not 3.0 (line 1)"]),
        ("numpy==1.0 ; python_version < '3'\nnumpy==2.4.6 ; python_version >= '3'\n", []),
        ("pandas==3.0 ; sys_platform == 'win32' and python_full_version >= '3.9'\n", []),
        ("numpy>=1.0\n-r other.txt\n-e .\nlocal @ file:///x\n", []),
        ('[[package]]\nname = "numpy"\nversion = "2.5"\n\n[[package]]\nname = "pandas"\nversion = "3"\n',
         ["numpy is 2.4.6 and not 2.5 (line 3)"]),
        ('version = 1\n[[package]]\nname = "numpy"\nversion = "2.4.6"\n[package.metadata]\nversion = "9"\n', []),
    ],
)  # fmt: skip
def test_a_lock_beside_what_is_installed(tmp_path: Path, text: str, found: list[str]) -> None:
    lock = tmp_path / "lock"
    lock.write_text(text, "utf-8")
    assert [str(d) for d in differences(lock, INSTALLED)] == found


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("", True),
        ("python_version >= '3.10'", True),
        ("python_version < '3.9'", False),
        (f"python_full_version == '{sys.version_info.major}.{sys.version_info.minor}.*'", True),
        (f"python_full_version != '{sys.version_info.major}.{sys.version_info.minor}.*'", False),
        ("'3.9' < python_version", True),
        (f"sys_platform == '{sys.platform}' or os_name == 'nt'", True),
        (f"sys_platform in '{sys.platform} win32' and (os_name == 'x' or implementation_name != '')", True),
        ("extra == 'dev'", False),
        ("something odd ~= 1", False),
    ],
)
def test_markers(marker: str, holds: bool) -> None:
    assert applies(marker) is holds


def plan(code: str = "a.py") -> n.Plan:
    stage = p.stage("a", "python a.py {outputs.o}", (), [p.output("o", "o.txt")], code=(code,))
    return p.plan(stage, version=n.Versioning(env_lock="requirements.txt"))


@pytest.fixture
def locked(project: Project) -> Project:
    project.write("a.py", "import sys, click\nopen(sys.argv[1], 'w').write('x')\n")
    project.write("requirements.txt", f"click=={CLICK}\n")
    return project


def test_another_version_than_the_locks_is_refused(locked: Project) -> None:
    assert locked.run(plan()).state == "succeeded"
    locked.write("requirements.txt", "click==1.0\n")
    result = locked.run(plan())
    (problem,) = result.problems
    assert result.state == "refused" and (problem.file, problem.line) == ("requirements.txt", 1)
    assert f"click is {CLICK} and not 1.0 (line 1)" in problem.message
    assert "pip install -r requirements.txt" in (problem.hint or "")


def test_with_other_packages_a_result_is_another(locked: Project) -> None:
    """A result that was made with other packages is never restored for those of the lock."""
    locked.write("requirements.txt", "click==1.0\n")
    assert locked.run(plan(), any_environment=True).state == "succeeded"
    assert locked.run(plan(), any_environment=True).nodes[0].state == "restored"
    (said,) = locked.run(plan(), dry_run=True).planned
    assert (said.action, said.causes[0].text) == ("run", f"click is as the lock pins it, was {CLICK}")
    locked.write("requirements.txt", f"click=={CLICK}\n")
    assert locked.run(plan()).nodes[0].state == "succeeded"


def test_an_engine_says_it_by_the_environment(locked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    locked.write("requirements.txt", "click==1.0\n")
    monkeypatch.setenv("MLOPS_ANY_ENVIRONMENT", "1")
    assert locked.run(plan()).state == "succeeded"


def test_a_program_with_an_interpreter_of_its_own_is_not_judged(locked: Project) -> None:
    locked.write("requirements.txt", "click==1.0\n")
    stage = p.stage("a", "cp requirements.txt {outputs.o}", (), [p.output("o", "o.txt")])
    other = p.plan(stage, version=n.Versioning(env_lock="requirements.txt"))
    assert locked.run(other).state == "succeeded"
