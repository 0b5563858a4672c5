"""`mlopsc lint` and `mlopsc fmt`: files, folders, standard input, formats, fixes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from . import spec
from .conftest import Call, spawn

WRONG = spec.GOOD.replace("on total.metrics", "on total.metrisc")
UGLY = spec.GOOD.replace("  python =", "      python   =")


def test_a_clean_spec(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    said = call("lint")
    assert (said.code, said.out.splitlines()[-1]) == (0, "all good: 1 file checked")


def test_exactly_what_is_printed(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, WRONG)
    said = call("lint", "tiny.mlops")
    assert said.code == 1
    assert said.out == (
        "error[E203]: stage 'total' has no output 'metrisc'\n"
        "  --> tiny.mlops:24:23\n"
        "   |\n"
        "24 | guard enough on total.metrisc {\n"
        "   |                       ^^^^^^^\n"
        "   |\n"
        "note: the stage is declared here\n"
        "  --> tiny.mlops:15:7\n"
        "   |\n"
        "15 | stage total {\n"
        "   |       -----\n"
        "   |\n"
        "   = hint: did you mean 'metrics'?\n"
        "\n"
        "1 error in 1 file\n"
    )


def test_formats_agree(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, WRONG)
    document = json.loads(call("lint", "--format", "json").out)
    (found,) = [d for d in document["diagnostics"] if d["severity"] == "error"]
    assert (found["file"], found["range"]["start"]["line"]) == ("tiny.mlops", 24)
    sarif = json.loads(call("lint", "--format", "sarif").out)
    assert found["code"] in {r["ruleId"] for r in sarif["runs"][0]["results"]}
    assert f"::error file=tiny.mlops,line=24,endLine=24,col=23,endColumn=29,title={found['code']}" in (
        call("lint", "--format", "github").out
    )


def test_folders_are_searched_and_an_imported_file_is_checked_once(call: Call, tmp_path: Path):
    shared = "guard plausible(least: int) {\n  rows >= least\n}\n"
    spec.tiny(tmp_path / "a", spec.GOOD.replace("mlops 1\n", 'mlops 1\n\nimport "../shared.mlops"\n', 1))
    spec.tiny(tmp_path / "b")
    (tmp_path / "shared.mlops").write_text(f"mlops 1\n\n{shared}")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden/broken.mlops").write_text("stage {")
    said = call("lint")
    assert said.code == 0, said.out
    assert "3 files" in said.out
    assert "2 files" in call("lint", "a", "b/tiny.mlops").out.replace("3 files", "2 files")


def test_a_shared_file_alone_needs_no_pipeline(call: Call, tmp_path: Path):
    (tmp_path / "shared.mlops").write_text("mlops 1\n\nguard some(least: int) {\n  rows >= least\n}\n")
    assert "no pipeline" not in call("lint", "shared.mlops").out
    (tmp_path / "stages.mlops").write_text('mlops 1\n\nstage a {\n  run = "true"\n}\n')
    assert "E207" in call("lint", "stages.mlops").out


def test_a_file_that_cannot_be_read_does_not_hide_the_others(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, WRONG)
    (tmp_path / "binary.mlops").write_bytes(b"\0\1\2")
    (tmp_path / "latin.mlops").write_bytes("pipeline café {}\n".encode("latin-1"))
    said = call("lint")
    assert said.code == 2
    assert said.err == "error: binary.mlops: a binary file, not a spec\n"
    assert "E203" in said.out
    assert "error[E108]" in said.out
    assert "all good" not in call("lint", "binary.mlops").out


def test_standard_input_stands_for_a_path(call: Call, tmp_path: Path):
    spec.tiny(tmp_path / "project").unlink()
    said = call("lint", "-", "--stdin-filename", "project/tiny.mlops", stdin=WRONG.encode())
    assert said.code == 1
    assert "--> project/tiny.mlops:24:23" in said.out
    assert call("lint", "-", "--stdin-filename", "project/tiny.mlops", stdin=spec.GOOD.encode()).code == 0


def test_broken_text_gives_a_finding_for_each_mistake(call: Call, tmp_path: Path):
    (tmp_path / "a.mlops").write_text("pipeline a {}\nstage b { run = }\nsource c { uri = 5% }\nstaeg d {}\n")
    document = json.loads(call("lint", "--format", "json").out)
    lines = {d["range"]["start"]["line"] for d in document["diagnostics"] if d["severity"] == "error"}
    assert {2, 3, 4} <= lines


def test_fix_applies_what_is_safe_and_keeps_line_ends(call: Call, tmp_path: Path):
    text = spec.GOOD.replace("mlops 1\n", 'mlops 1\n\nimport "shared.mlops"\n', 1)
    path = spec.tiny(tmp_path)
    (tmp_path / "shared.mlops").write_text("mlops 1\n")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    before = json.loads(call("lint", "tiny.mlops", "--format", "json").out)["diagnostics"]
    fixable = [d for d in before if d["fix"] and d["fix"]["safe"]]
    assert fixable
    said = call("lint", "tiny.mlops", "--fix")
    assert "tiny.mlops: fixed" in said.err
    raw = path.read_bytes()
    assert b"import" not in raw
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert not [d for d in json.loads(call("lint", "--format", "json").out)["diagnostics"] if d["fix"]]


def test_fix_of_standard_input_prints_the_text(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    said = call("lint", "-", "--fix", stdin=spec.GOOD.encode())
    assert said.out == spec.GOOD
    assert "all good" in said.err


def test_levels_come_from_the_project(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, spec.GOOD.replace("params = [times]", "params = []").replace("{params.times}", "2"))
    found = json.loads(call("lint", "--format", "json").out)["diagnostics"]
    warned = next(d for d in found if d["severity"] == "warning")
    assert call("lint").code == 0
    assert call("lint", "--strict").code == 1
    (tmp_path / "mlopsc.toml").write_text(f'[lint]\n{warned["slug"]} = "error"\n')
    assert call("lint").code == 1
    (tmp_path / "mlopsc.toml").write_text(f'[lint]\n{warned["code"]} = "off"\n')
    assert warned["code"] not in call("lint").out


def test_code_that_git_does_not_know_is_found_only_in_a_repository(tmp_path: Path):
    import subprocess

    spec.tiny(tmp_path)
    assert b"git does not know" not in spawn("lint", cwd=tmp_path).stdout
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert b"git does not know" in spawn("lint", cwd=tmp_path).stdout
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    assert b"git does not know" not in spawn("lint", cwd=tmp_path).stdout


def test_fmt_rewrites_and_is_content_with_its_own_work(call: Call, tmp_path: Path):
    path = spec.tiny(tmp_path, UGLY)
    assert call("fmt", "--check").code == 1
    assert path.read_text() == UGLY
    said = call("fmt")
    assert (said.code, said.out) == (0, "tiny.mlops: formatted\n")
    assert path.read_text() == spec.GOOD
    assert call("fmt", "--check").code == 0


def test_fmt_diff_shows_and_changes_nothing(call: Call, tmp_path: Path):
    path = spec.tiny(tmp_path, UGLY)
    said = call("fmt", "--diff")
    assert said.code == 1
    assert '-      python   = "3.11"\n' in said.out
    assert '+  python = "3.11"\n' in said.out
    assert path.read_text() == UGLY


def test_fmt_leaves_what_cannot_be_read_and_says_so(call: Call, tmp_path: Path):
    path = spec.tiny(tmp_path, UGLY + "\nstage   broken {  run = }\n")
    said = call("fmt")
    assert said.code == 0
    assert "tiny.mlops: parts of it cannot be read, and stay as they are" in said.err
    assert path.read_text() == spec.GOOD + "\nstage   broken {  run = }\n"


def test_fmt_touches_nothing_but_specs(call: Call, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("a  =   1\n")
    said = call("fmt", "notes.txt")
    assert (said.code, "nothing else is formatted" in said.err) == (2, True)
    assert (tmp_path / "notes.txt").read_text() == "a  =   1\n"


def test_fmt_of_standard_input(call: Call):
    said = call("fmt", "-", stdin=UGLY.encode())
    assert (said.code, said.out) == (0, spec.GOOD)
    assert call("fmt", "-", "--check", stdin=UGLY.encode()).code == 1


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_fmt_keeps_line_ends_and_the_byte_order_mark(call: Call, tmp_path: Path, newline: str, mark: bytes):
    path = spec.tiny(tmp_path)
    path.write_bytes(mark + UGLY.replace("\n", newline).encode())
    assert call("fmt").code == 0
    assert path.read_bytes() == mark + spec.GOOD.replace("\n", newline).encode()


def test_show_and_back(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    assert call("show").out == spec.GOOD
    (tmp_path / "spec.json").write_text(call("show", "--json").out)
    assert call("show", "spec.json").out == spec.GOOD
    assert json.loads(call("show", "--plan").out)["name"] == "tiny"
    assert "times: int = 5" in call("show", "--profile", "large").out


def test_a_profile_shows_in_what_is_imported(call: Call, tmp_path: Path):
    (tmp_path / "shared.mlops").write_text("mlops 1\n\nparam n: int = 1\n\nprofile large {\n  params { n = 4 }\n}\n")
    (tmp_path / "p.mlops").write_text(
        'mlops 1\n\nimport "shared.mlops"\n\npipeline p {}\n\nstage s { run = "make N={params.n}" }\n'
    )
    shown = call("show", "--profile", "large")
    assert shown.code == 0, shown.err
    assert "param n: int = 4" in shown.out
    assert "import" not in shown.out
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole/p.mlops").write_text(shown.out)
    assert call("lint", "whole").code == 0, call("lint", "whole").out
    assert 'import "shared.mlops"' in call("show").out
    (tmp_path / "wrong.json").write_text('{"format": "mlops-syntax/1", "items": [1]}')
    said = call("show", "wrong.json")
    assert said.code == 2
    assert "wrong.json" in said.err


@pytest.mark.parametrize("form", ["ascii", "mermaid", "dot", "svg"])
def test_graph_formats(call: Call, tmp_path: Path, form: str):
    spec.tiny(tmp_path)
    said = call("graph", "--format", form, "-o", "graph.out")
    assert (said.code, said.out) == (0, "")
    assert "enough" in (tmp_path / "graph.out").read_text("utf-8")
