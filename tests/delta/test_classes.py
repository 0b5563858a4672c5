"""What a change of a spec asks of people: edits of one spec with their classes, and properties of every spec."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from mlopsc.cli.specs import is_root
from mlopsc.compiler.delta import Change, differences
from mlopsc.compiler.delta.pair import meaning
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.format import format_text
from mlopsc.compiler.source import Source

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TODAY = date(2026, 1, 15)
CORPUS = sorted(p for p in (*ROOT.glob("examples/**/*.mlops"), *ROOT.glob("tests/plan/**/*.mlops")) if is_root(p))

# An edit of base/main.mlops (or of another file), the classes that it has, and words of the weightiest.
EDITS = [
    # Who uses the pipeline from outside may fail, or something that was checked is not.
    ('page: report = "page.html"', "", "breaking", "output 'tell.page' is gone"),
    ('page: report = "page.html"', 'sheet: report = "page.html"', "breaking redeploy", "output 'tell.page' is gone"),
    ('page: report = "page.html"', 'page: file = "page.html"', "breaking", "is a file, was a report"),
    ('page: report = "page.html"', 'page: report = "index.html"', "breaking", "the file index.html, was the file page"),
    ('rows: table = "rows.csv"', 'rows: table = "rows.parquet"', "breaking breaking", "'clean.rows'"),
    ("distance: int in 1..6000", "distance: int in 1..5000", "breaking", "column 'distance' of source 'flights' takes"),
    ("distance: int in 1..6000", "distance: int? in 1..6000", "breaking", "E606: a schema asks for less"),
    ("carrier: string?", "carrier: string?\n    origin: string", "breaking", "column 'origin' of source 'flights' is"),
    ("carrier: string?", "carrier: string", "breaking", "column 'carrier' of source 'flights' takes less"),
    ("carrier: string?", "carrier: string?\n    note: string?", "breaking", "'note'"),
    ("accuracy >= 0.80", "accuracy >= 0.70", "breaking", "E603: a rule lets more through"),
    ("accuracy >= 0.80", "accuracy >= 0.80 else warn", "breaking", "E604"),
    ("guard fine on train.metrics {\n  loss <= 2\n}\n", "", "breaking", "guard 'fine' is gone"),
    ("guard sane on flights {\n  distance <= 6000 else warn\n}\n", "", "redeploy", "all that it asked is still asked"),
    ("accuracy >= 0.80", 'accuracy >= 0.70 relaxed "holidays" until 2026-02-14', "breaking", "E603"),
    ('alias    = "champion"', 'alias    = "live"', "breaking", "alias of deploy 'production' is \"live\", was"),
    ("in 1..12", "in 1..11", "breaking", "param 'month' takes fewer values"),
    ('in ["log", "hinge"]', 'in ["log"]', "breaking", "param 'loss' takes fewer values"),
    ("param month: int   = 1    in 1..12", "param month: int   in 1..12", "breaking", "has no default any more"),
    ("param unused: int = 3\n", "", "breaking", "param 'unused' is gone"),
    ("param unused: int = 3", "param unused: float = 3", "breaking", "param 'unused' is float, was int"),
    ("param unused: int = 3", "param unused: int = 3\nparam other: int", "breaking", "is new and has no default"),
    ('store = ".mlops"', 'store = "s3://acme/nightly"', "breaking", 'the store is "s3://acme/nightly", was ".mlops"'),
    ('registry("local")', 'registry("mlflow", uri: "sqlite:///m.db")', "breaking breaking", "the registry is"),
    ("code  = git(require: clean)", "code  = git", "breaking", "code need not be a clean commit"),
    ('env   = lock("requirements.txt")\n', "", "breaking retrain", "the environment has no lock any more"),
    ("pipeline nightly", "pipeline daily", "breaking", "the pipeline is 'daily', was 'nightly'"),
    ("cooldown = 12h", "cooldown = 1h", "breaking", "E607"),
    ("deploy production {\n  model    = train.model", "deploy served {\n  model    = train.model",
     "breaking redeploy", "deploy 'production' is gone"),
    # Models are made anew.
    ("param month: int   = 1 ", "param month: int   = 2 ", "retrain", "param 'month' is 2, was 1"),
    ('"data/flights.csv"', '"data/more.csv"', "retrain", 'uri of source \'flights\' is "data/more.csv"'),
    ("python steps/clean.py", "python steps/clean.py -v", "retrain", "what stage 'clean' runs"),
    ("params = [month, loss]", "params = [loss]", "retrain", "stage 'train' takes other params"),
    ("timeout = 30m", "timeout = 30m\n  cache = off", "retrain", "cache of stage 'train'"),
    ("distance <= 6000 else warn", "distance <= 6000 else quarantine", "retrain", "may set other rows aside"),
    ("steps/helper.py: FACTOR = 2", "FACTOR = 3", "retrain", "FACTOR changed in steps/helper.py"),
    ("steps/train.py: print(FACTOR)", "print(FACTOR, 1)", "retrain", "top level changed"),
    ("requirements.txt: pandas==2.0", "pandas==2.1", "retrain", "requirements.txt pins pandas 2.1, was 2.0"),
    # Models stay; what was built is to be deployed again.
    ("timeout = 30m", "timeout = 40m", "redeploy", "timeout of stage 'train' is 40m, was 30m"),
    ('"0 5 * * 1"', '"0 6 * * 1"', "redeploy", "trigger 'weekly'"),
    ("cooldown = 12h", "cooldown = 24h", "redeploy", "cooldown of trigger 'weekly' is 24h, was 12h"),
    ('dag_id = "nightly"', 'dag_id = "n"', "redeploy", "target airflow has other options"),
    ("target local {}", "", "redeploy", "target local is gone"),
    ("in 1..12", "in 1..24", "redeploy", "param 'month' takes more values"),
    ("param unused: int = 3", "param unused: int = 4", "redeploy", "param 'unused' is 4, was 3"),
    ("accuracy >= 0.80", "accuracy >= 0.90", "redeploy", "guard 'good' asks for more"),
    ("accuracy >= 0.80", "accuracy >= 0.80\n  loss <= 1", "redeploy", "guard 'good' asks for more"),
    ("python steps/tell.py", "python steps/tell.py -v", "redeploy", "what stage 'tell' runs"),
    ("steps/tell.py: print()", "print(2)", "redeploy", "steps/tell.py"),
    ('python       = "3.11"', 'python       = "3.12"', "redeploy", "python of the pipeline is 3.12, was 3.11"),
    ("events = [failed]", "events = [failed, blocked]", "redeploy", "notify 'ops'"),
    # Words for people.
    ("## Learns.", "## Learns more.", "cosmetic", "stage 'train' is described otherwise"),
    ("# A comment.", "# Another one.", "cosmetic", "comments, layout or order"),
    ('owner        = "a@example.org"', 'owner        = "b@example.org"', "cosmetic", "the owner of the pipeline"),
    ("steps/train.py: print(FACTOR)", "print(FACTOR)  # twice", "cosmetic", "steps/train.py"),
    ("expect good blocks", "expect good blocks\n  expect production skipped", "cosmetic", "policy tests"),
]  # fmt: skip


@pytest.fixture
def compared(tmp_path: Path) -> Callable[[str, str], tuple[Change, ...]]:
    def compare(old: str, new: str) -> tuple[Change, ...]:
        shutil.copytree(HERE / "base", tmp_path / "now")
        before, file = analyse(HERE / "base/main.mlops"), tmp_path / "now/main.mlops"
        if old.partition(": ")[0].startswith(("steps/", "requirements.txt")):
            name, _, old = old.partition(": ")
            file = tmp_path / "now" / name
        text = file.read_text("utf-8")
        assert text.count(old) == 1, old
        file.write_text(text.replace(old, new), "utf-8")
        now = analyse(tmp_path / "now/main.mlops")
        for each in (before, now):
            assert not each.diagnostics.has_errors, [d.message for d in each.diagnostics]
        return differences(before, now, TODAY)

    return compare


@pytest.mark.parametrize(("old", "new", "classes", "words"), EDITS, ids=[f"{i}-{e[2]}" for i, e in enumerate(EDITS)])
def test_an_edit_has_its_class(compared, old: str, new: str, classes: str, words: str) -> None:
    found = compared(old, new)
    assert [c.kind.value for c in found] == classes.split(), found
    assert words in f"{found[0].message}; {found[0].why}"
    assert found[0].now is not None or found[0].was is not None


def test_a_change_says_where_it_stands_and_stood_and_what_is_made_anew(compared) -> None:
    (found,) = compared("param month: int   = 1 ", "\nparam month: int   = 2 ")
    assert (found.now.line, found.was.line) == (found.was.line + 1, found.was.line)
    assert found.models == ("train.model",) and found.why == "train.model made anew"


def test_what_the_spec_relaxes_is_breaking_and_allowed(compared) -> None:
    (found,) = compared("accuracy >= 0.80", 'accuracy >= 0.70 relaxed "holidays" until 2026-02-14')
    assert found.allowed == "until 2026-02-14: holidays"


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_layout_and_comments_are_cosmetic_and_equal_specs_differ_in_nothing(path: Path) -> None:
    text = path.read_text("utf-8")
    before = analyse(path)
    assert differences(before, analyse(path), TODAY) == ()
    for other in (
        format_text(Source("x", text.replace(" = ", "   =   "))),
        f"# said first\n\n{text}",
        text + "\n\n# end\n",
    ):
        found = differences(before, analyse(path, text=other), TODAY)
        assert {c.kind.value for c in found} == ({"cosmetic"} if other != text else set()), found


@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.stem)
def test_no_line_is_taken_out_unseen(path: Path) -> None:
    """What the plan means otherwise is never said to be words."""
    text, before = path.read_text("utf-8"), analyse(path)
    lines, tried = text.splitlines(keepends=True), 0
    for i, line in enumerate(lines):
        now = analyse(path, text="".join(lines[:i] + lines[i + 1 :]))
        if not line.strip() or now.diagnostics.has_errors:
            continue
        tried += 1
        found = differences(before, now, TODAY)
        assert found, line
        if {c.kind.value for c in found} == {"cosmetic"}:
            assert _meant(now) == _meant(before), line
    assert tried


def _meant(analysis) -> object:
    plan = compile_plan(analysis).plan
    # Queries name lines of the spec in their comments.
    nodes = sorted(re.sub(r"\([\w./]+\.mlops:\d+\)", "", repr(meaning(n))) for n in plan.nodes)
    return nodes, plan.targets, repr(plan.version), sorted((p.name, p.value) for p in plan.params), plan.python
