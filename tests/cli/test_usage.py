"""What a user in a hurry gets to see: never a traceback, always what to do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from . import spec
from .conftest import Call, spawn


def test_version_and_help(call: Call):
    from mlopsc import __version__

    assert call("--version").out == f"mlopsc {__version__}\n"
    helped = call("--help")
    assert helped.code == 0
    for name in ("init", "lint", "fmt", "build", "run", "graph", "show", "explain", "targets", "completion"):
        assert f"\n  {name} " in helped.out


@pytest.mark.parametrize(
    "name", ["init", "lint", "fmt", "build", "run", "graph", "show", "explain", "targets", "completion"]
)
def test_every_command_has_help(call: Call, name: str):
    helped = call(name, "--help")
    assert helped.code == 0
    assert helped.out.startswith(f"Usage: mlopsc {name}")


def test_no_command_shows_the_help_and_is_wrong_usage(call: Call):
    said = call()
    assert said.code == 2
    assert "Commands:" in said.out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["bulid"], "no command named 'bulid'; did you mean 'build'?"),
        (["xyzzy"], "no command named 'xyzzy'"),
        (["a.mlops"], "name a command first: mlopsc lint a.mlops"),
        (["lint", "--fxi"], "--fix"),
        (["lint", "--format", "xml"], "'xml' is not one of"),
        (["run", "--set", "month"], "'month' is not NAME=VALUE"),
        (["run", "-j", "0"], "0 is not in the range"),
        (["run", "a/b.mlops", "c.mlops"], "one spec at a time"),
        (["build", "-T", "airflw"], "no target named 'airflw'; did you mean 'airflow'?"),
        (["explain", "E2O2"], "no diagnostic 'E2O2'"),
        (["completion", "bsh"], "'bsh' is not one of"),
        (["show", "--set", "times=3"], "add --plan"),
        (["lint", "-", "a.mlops"], "'-' stands alone"),
    ],
)
def test_wrong_usage_says_what_was_meant(call: Call, tmp_path: Path, argv: list[str], says: str):
    spec.tiny(tmp_path)
    said = call(*argv)
    assert said.code == 2
    assert says in said.err
    assert said.out == ""


@pytest.mark.parametrize("name", ["lint", "fmt", "build", "run", "graph", "show"])
def test_a_missing_file_is_named_with_the_nearest(call: Call, tmp_path: Path, name: str):
    spec.tiny(tmp_path)
    said = call(name, "tniy.mlops")
    assert said.code == 2
    assert said.err == "error: tniy.mlops: no such file; did you mean 'tiny.mlops'?\n"


def test_a_name_that_resembles_nothing_gets_no_suggestion(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    assert call("lint", "production.mlops").err == "error: production.mlops: no such file\n"
    assert call("lint", "no/such/a.mlops").err == "error: no/such/a.mlops: no such file, and no such folder no/such\n"


@pytest.mark.parametrize("name", ["build", "run", "graph", "show"])
def test_a_folder_without_specs(call: Call, name: str):
    said = call(name)
    assert said.code == 2
    assert said.err == "error: no *.mlops file in this folder; name one, or write a first one with `mlopsc init`\n"


@pytest.mark.parametrize("name", ["build", "graph"])
def test_a_folder_with_two_pipelines_asks_which(call: Call, tmp_path: Path, name: str):
    spec.tiny(tmp_path)
    (tmp_path / "other.mlops").write_text("pipeline other {}\n")
    said = call(name)
    assert said.code == 2
    assert said.err == "error: several pipelines in this folder: name one of other.mlops, tiny.mlops\n"


def test_a_shared_file_does_not_count_as_a_pipeline(call: Call, tmp_path: Path):
    spec.tiny(tmp_path)
    (tmp_path / "shared.mlops").write_text("param seed: int = 7\n")
    assert call("graph").code == 0


def test_a_folder_may_be_named(call: Call, tmp_path: Path):
    spec.tiny(tmp_path / "project")
    assert call("graph", "project").code == 0
    assert call("run", "project", "-n").code == 0


@pytest.mark.parametrize("name", ["lint", "fmt", "build", "run", "graph", "show"])
@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\0\0", b"pipeline caf\xe9 {}\n", b"pipeline a {\0}"])
def test_a_binary_file_is_refused(call: Call, tmp_path: Path, name: str, raw: bytes):
    (tmp_path / "a.mlops").write_bytes(raw)
    said = call(name, "a.mlops")
    assert said.code in (1, 2)
    assert "a.mlops" in said.out + said.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_file_that_may_not_be_read(call: Call, tmp_path: Path):
    spec.tiny(tmp_path).chmod(0)
    said = call("lint", "tiny.mlops")
    assert (said.code, said.err) == (2, "error: tiny.mlops: permission denied\n")


def test_a_spec_with_errors_is_a_finding_for_every_command(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, spec.GOOD.replace("on total.metrics", "on total.metrisc"))
    for name in ("build", "run", "graph"):
        said = call(name)
        assert said.code == 1
        assert "did you mean 'metrics'?" in said.err
        assert "1 error in 1 file" in said.err


def test_our_own_bug_says_so_and_exits_with_70(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spec.tiny(tmp_path)

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("mlopsc.compiler.driver.analyse", broken)
    said = call("lint", "tiny.mlops")
    assert said.code == 70
    assert "internal error in mlopsc" in said.err
    assert "please report" in said.err


def test_the_traceback_of_our_own_bug_is_shown_on_request(tmp_path: Path, monkeypatch, capsys):
    from mlopsc.cli.main import main

    monkeypatch.setenv("MLOPSC_DEBUG", "1")
    monkeypatch.setattr("mlopsc.cli.explain.codes", lambda: 1 / 0)
    with pytest.raises(SystemExit) as ended:
        main(["explain"])
    assert ended.value.code == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path):
    import subprocess

    from .conftest import MLOPSC

    ran = subprocess.run(
        ["sh", "-c", f"'{MLOPSC}' targets --format json | head -n 1"], capture_output=True, cwd=tmp_path, check=False
    )
    assert ran.returncode == 0
    assert ran.stderr == b""


def test_a_terminal_that_knows_no_utf8_gets_replacements(tmp_path: Path):
    spec.tiny(tmp_path)
    ran = spawn("graph", cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.returncode == 0
    assert b"numbers" in ran.stdout


def test_colours_only_where_they_are_wanted(tmp_path: Path):
    spec.tiny(tmp_path, spec.GOOD.replace("on total.metrics", "on total.metrisc"))
    assert b"\x1b" not in spawn("lint", cwd=tmp_path, FORCE_COLOR="1").stdout  # NO_COLOR wins.
    assert b"\x1b[1;31m" in spawn("lint", cwd=tmp_path, NO_COLOR="", FORCE_COLOR="1").stdout
    assert b"\x1b" not in spawn("lint", cwd=tmp_path, NO_COLOR="").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(call: Call, shell: str):
    said = call("completion", shell)
    assert said.code == 0
    assert "_MLOPSC_COMPLETE" in said.out


def test_completion_knows_commands_and_targets(tmp_path: Path):
    def completed(words: str, count: int) -> bytes:
        return spawn(cwd=tmp_path, _MLOPSC_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count)).stdout

    assert b"build" in completed("mlopsc bu", 1)
    assert b"airflow" in completed("mlopsc build -T a", 3)


def test_explain_without_a_code_lists_them_all(call: Call):
    said = call("explain")
    assert said.code == 0


def test_targets_prints_every_feature(call: Call):
    import json

    from mlopsc.compiler.features import Feature

    plain = call("targets")
    assert plain.code == 0
    document = json.loads(call("targets", "--format", "json").out)
    markdown = call("targets", "--format", "markdown").out
    assert list(document["targets"]) == ["local", "airflow", "github", "kubernetes"]
    assert len(document["features"]) == len(Feature)
    for feature in Feature:
        assert feature.value in plain.out
        assert f"| {feature.value} |" in markdown


def test_files_keep_their_permissions(call: Call, tmp_path: Path):
    path = spec.tiny(tmp_path, spec.GOOD.replace("  python =", "      python ="))
    path.chmod(0o640)
    assert call("fmt").code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
