"""`mlopsc init`: what it writes lints clean, builds and runs, and nothing that was there is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlopsc.cli.scripts import Option, read_script

from .conftest import Call

PREPARE = """import argparse
p = argparse.ArgumentParser()
p.add_argument("--flights", required=True)
p.add_argument("--month", type=int, default=1)
p.add_argument("--out", required=True)
a = p.parse_args()
open(a.out, "w").write(open(a.flights).read() * a.month)
"""
TRAIN = """import argparse, json
p = argparse.ArgumentParser()
p.add_argument("--features", required=True)
p.add_argument("--learning-rate", type=float, default=0.1)
p.add_argument("--model", required=True)
p.add_argument("--metrics", default="metrics.json")
p.add_argument("--verbose", action="store_true")
a = p.parse_args()
json.dump({"rate": a.learning_rate}, open(a.model, "w"))
json.dump({"rows": len(open(a.features).readlines())}, open(a.metrics, "w"))
"""
CLEAN = """import csv
rows = list(csv.reader(open("data/raw.csv")))
with open("data/clean.csv", "w") as file:
    csv.writer(file).writerows(rows)
"""
FIT = """import csv, json, pickle
from pathlib import Path
from shared import SCALE
DATA = Path("data/clean.csv")
rows = list(csv.reader(open(DATA)))
pickle.dump({"n": len(rows) * SCALE}, open("model.pkl", "wb"))
json.dump({"n": len(rows)}, open("metrics.json", "w"))
"""


def works(call: Call) -> str:
    """The spec is clean, formatted, builds and runs; its text."""
    linted = call("lint", "--strict")
    assert linted.code == 0, linted.out
    assert call("fmt", "--check").code == 0
    built = call("build")
    assert built.code == 0, built.err
    ran = call("run")
    assert ran.code == 0, ran.out + ran.err
    (spec,) = Path().glob("[!.]*.mlops")
    return spec.read_text()


def test_an_empty_folder_gets_something_that_runs(call: Call, tmp_path: Path):
    said = call("init", "--name", "first")
    assert said.code == 0
    assert {p.name for p in tmp_path.iterdir()} == {"first.mlops", "train.py", "homes.csv"}
    assert "mlopsc run" in said.out
    works(call)


def test_a_folder_with_only_data_gets_a_summary_of_it(call: Call, tmp_path: Path):
    (tmp_path / "Sales 2024.csv").write_text("day,sum\n1,2\n2,\n3,4\n")
    assert call("init", "--name", "sales").code == 0
    assert 'uri     = "Sales 2024.csv"' in works(call)


def test_scripts_with_a_command_line_become_stages(call: Call, tmp_path: Path):
    (tmp_path / "prepare.py").write_text(PREPARE)
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "flights.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "explore.ipynb").write_text("{}")
    said = call("init", "--name", "delay")
    assert "left out explore.ipynb" in said.out
    text = works(call)
    assert "--flights {inputs.flights} --month {params.month} --out {outputs.result}" in text
    assert "inputs = [prepare.result]" in text
    assert "param learning_rate: float = 0.1" in text
    assert "--model {outputs.model} --metrics {outputs.metrics}" in text
    assert "--verbose" not in text


def test_odd_names_of_files_survive(call: Call, tmp_path: Path):
    (tmp_path / 'the "raw" data.csv').write_text("a,b\n1,2\n3,4\n")
    (tmp_path / 'my "first" {x} prepare.py').write_text(PREPARE.replace("flights", "raw"))
    (tmp_path / 'my "old" clean.py').write_text(CLEAN.replace("data/raw", "it's").replace("data/clean", 'cl\\"ean'))
    (tmp_path / "it's.csv").write_text("a,b\n1,2\n")
    assert call("init", "--name", "odd").code == 0
    text = works(call)
    assert "stage my_first_x_prepare" in text
    assert "stage my_old_clean" in text


def test_scripts_with_paths_in_their_text_run_unchanged(call: Call, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/raw.csv").write_text("a,b\n1,2\n")
    for name, text in (("clean.py", CLEAN), ("fit.py", FIT), ("shared.py", "SCALE = 2\n")):
        (tmp_path / name).write_text(text)
    assert call("init", "--name", "old").code == 0
    text = works(call)
    assert 'run    = python("mlops_steps/run_fit.py:step")' in text
    assert "stage shared" not in text
    assert (tmp_path / "fit.py").read_text() == FIT
    (tmp_path / "shared.py").write_text("SCALE = 3\n")
    again = call("run")
    assert "fit: started" in again.err
    assert "clean: restored" in again.err


def test_a_script_that_cannot_be_guessed_is_named_and_left_out(call: Call, tmp_path: Path):
    (tmp_path / "odd.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--name', required=True)\np.parse_args()\n"
    )
    (tmp_path / "argv.py").write_text("import sys\nprint(sys.argv[1])\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    said = call("init", "--name", "odd")
    assert said.code == 0
    assert "left out odd.py: needs --name" in said.out
    assert "left out argv.py: reads its arguments by itself" in said.out


def test_nothing_is_overwritten(call: Call, tmp_path: Path):
    (tmp_path / "train.py").write_text("def fit(): ...\n")
    said = call("init")
    assert said.code == 2
    assert "is there already; nothing was written" in said.err
    assert {p.name for p in tmp_path.iterdir()} == {"train.py"}


def test_a_folder_with_a_pipeline_is_left_alone(call: Call, tmp_path: Path):
    (tmp_path / "a.mlops").write_text("pipeline a {}\n")
    said = call("init")
    assert said.code == 2
    assert "a.mlops declares a pipeline already" in said.err


def test_a_new_folder_is_made(call: Call, tmp_path: Path):
    assert call("init", "new/Project-1").code == 0
    assert (tmp_path / "new/Project-1/project_1.mlops").is_file()


def test_print_writes_nothing(call: Call, tmp_path: Path):
    said = call("init", "--print", "--name", "x")
    assert "pipeline x {" in said.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["stage", "class", "1st try", "日本", "Über-Model"])
def test_any_folder_name_becomes_a_name_of_the_language(call: Call, name: str):
    assert call("init", "--name", name).code == 0
    assert call("lint", "--strict").code == 0


def test_options_are_read_from_the_syntax_tree(tmp_path: Path):
    (tmp_path / "a.py").write_text(
        "from pathlib import Path\n"
        "p.add_argument('data', type=Path)\n"
        "p.add_argument('-o', '--out-file', default=Path('x.csv'))\n"
        "p.add_argument('--shift', type=int, default=-3)\n"
        "p.add_argument('--many', nargs='+', required=True)\n"
        "p.add_argument('--flag', action='store_true')\n"
        "p.add_argument('--version', action='version')\n"
    )
    script = read_script(tmp_path, "a.py")
    assert script is not None
    assert script.options == (
        Option("", "data", "string", None, True, False),
        Option("--out-file", "out_file", "string", "x.csv", False, False),
        Option("--shift", "shift", "int", -3, False, False),
        Option("--many", "many", "string", None, True, True),
        Option("--flag", "flag", "bool", None, False, False),
    )


def test_paths_are_read_and_written(tmp_path: Path):
    (tmp_path / "a.py").write_text(
        "import pandas as pd, joblib\n"
        "OUT = 'model.joblib'\n"
        "frame = pd.read_csv('in.csv')\n"
        "frame.to_parquet('out.parquet')\n"
        "joblib.dump(frame, OUT)\n"
        "Path('notes.md').write_text('x')\n"
        "print('see report.html')\n"
        "open('log.txt', mode='a')\n"
        "open('/etc/absolute.csv')\n"
    )
    script = read_script(tmp_path, "a.py")
    assert script is not None
    assert script.reads == ("in.csv",)
    assert set(script.writes) == {"out.parquet", "model.joblib", "notes.md", "log.txt"}
