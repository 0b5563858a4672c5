"""Build output: all or nothing, and nobody's work is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mlopsc.backends.base import OutputFile
from mlopsc.cli.output import Refused, compare, manifest_name, write

ONE = [OutputFile.of_text("dags/a.py", "a = 1\n"), OutputFile.of_text("run.sh", "true\n", executable=True)]


def tree(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): p.read_text("utf-8")
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != manifest_name("airflow")
    }


def put(folder: Path, files: list[OutputFile], *, force: bool = False, pipeline: str = "p") -> list[tuple[str, str]]:
    return [(d.path, d.kind) for d in write(folder, "airflow", pipeline, files, force=force)]


def differences(folder: Path, files: list[OutputFile]) -> list[tuple[str, str]]:
    return [(d.path, d.kind) for d in compare(folder, "airflow", files)]


def test_what_was_written_is_up_to_date(tmp_path: Path):
    assert put(tmp_path / "out", ONE) == [("dags/a.py", "missing"), ("run.sh", "missing")]
    assert differences(tmp_path / "out", ONE) == []
    assert put(tmp_path / "out", ONE) == []
    assert os.access(tmp_path / "out/run.sh", os.X_OK)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"dags", "run.sh", manifest_name("airflow")}


def test_stale_files_are_replaced_and_those_no_longer_made_removed_with_their_folder(tmp_path: Path):
    put(tmp_path, ONE)
    new = [OutputFile.of_text("run.sh", "false\n", executable=True)]
    assert differences(tmp_path, new) == [("dags/a.py", "extra"), ("run.sh", "stale")]
    put(tmp_path, new)
    assert tree(tmp_path) == {"run.sh": "false\n"}
    assert not (tmp_path / "dags").exists()


def test_a_file_edited_by_hand_is_kept_unless_forced(tmp_path: Path):
    put(tmp_path, ONE)
    (tmp_path / "dags/a.py").write_text("mine\n")
    with pytest.raises(Refused, match="edited by hand"):
        put(tmp_path, [OutputFile.of_text("dags/a.py", "a = 2\n")])
    assert tree(tmp_path)["dags/a.py"] == "mine\n"
    assert (tmp_path / "run.sh").exists()
    put(tmp_path, [OutputFile.of_text("dags/a.py", "a = 2\n")], force=True)
    assert tree(tmp_path) == {"dags/a.py": "a = 2\n"}


def test_an_edited_file_that_is_no_longer_made_is_kept_too(tmp_path: Path):
    put(tmp_path, ONE)
    (tmp_path / "dags/a.py").write_text("mine\n")
    with pytest.raises(Refused):
        put(tmp_path, ONE[1:])


def test_a_file_that_somebody_else_put_there_is_kept(tmp_path: Path):
    (tmp_path / "run.sh").write_text("mine\n")
    with pytest.raises(Refused, match=r"run\.sh: not made by mlopsc"):
        put(tmp_path, ONE)
    assert tree(tmp_path) == {"run.sh": "mine\n"}


def test_a_folder_of_another_pipeline_is_refused(tmp_path: Path):
    put(tmp_path, ONE)
    with pytest.raises(Refused, match="holds the pipeline 'p'"):
        put(tmp_path, ONE, pipeline="q")


def test_two_targets_may_share_a_folder(tmp_path: Path):
    put(tmp_path, ONE)
    write(tmp_path, "github", "p", [OutputFile.of_text("ci.yml", "on: push\n")], force=False)
    assert differences(tmp_path, ONE) == []


def test_a_failure_in_the_middle_takes_everything_back(tmp_path: Path):
    put(tmp_path, ONE)
    before = tree(tmp_path)
    (tmp_path / "z").mkdir()
    (tmp_path / "z/in_the_way").write_text("x")
    new = [
        OutputFile.of_text("dags/a.py", "a = 2\n"),
        OutputFile.of_text("b.py", "b\n"),
        OutputFile.of_text("z", "z\n"),
    ]
    with pytest.raises(Refused, match="nothing was written"):
        put(tmp_path, new)
    (tmp_path / "z/in_the_way").unlink()
    assert tree(tmp_path) == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".mlopsc-") and p.is_dir()]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(Refused, match="cannot write"):
        put(tmp_path / "out" / "airflow", ONE)


def test_a_broken_manifest_makes_files_foreign_and_leads_nowhere(tmp_path: Path):
    outside = tmp_path / "precious"
    outside.write_text("x")
    out = tmp_path / "out"
    put(out, ONE)
    (out / manifest_name("airflow")).write_text('{"format": 1, "pipeline": "p", "files": {"../precious": "0"}}')
    assert differences(out, ONE) == []
    put(out, ONE, force=True)
    assert outside.exists()
    (out / manifest_name("airflow")).write_text("not json")
    assert differences(out, []) == []
