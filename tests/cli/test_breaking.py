"""`mlopsc breaking`, on real git repositories."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from .conftest import Call

SPEC = """mlops 1

import "shared/guards.mlops"

pipeline nightly {}

source flights { uri = "data/flights.csv" }

apply complete(carrier) on flights

guard sane on flights {
  rows >= 100
  distance between 1 and 6000
}

stage train {
  run    = "python steps/train.py"
  inputs = [flights]
  outputs { metrics: metrics = "metrics.json" }
}

guard good on train.metrics { accuracy >= 0.80 }

profile prod { params { month = 2 } }
param month: int = 1
"""
SHARED = "mlops 1\n\nguard complete(c: column, missing: percent = 1%) { nulls(c) <= missing }\n"


def git(folder: Path, *arguments: str) -> str:
    who = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    names = {f"GIT_{w}_{k}": v for w in ("AUTHOR", "COMMITTER") for k, v in (("NAME", "a"), ("EMAIL", "a@example.org"))}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **who, **names}
    )
    return done.stdout.decode()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a spec in a folder; its data is not in git."""
    spec = tmp_path / "p" / "nightly.mlops"
    for path, text in {
        "nightly.mlops": SPEC,
        "shared/guards.mlops": SHARED,
        "steps/train.py": "print()\n",
        "data/flights.csv": "carrier,distance\nAA,1\n",
    }.items():
        file = spec.parent / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    (tmp_path / ".gitignore").write_text("data\n", "utf-8")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return spec


def edit(spec: Path, old: str, new: str) -> None:
    text = spec.read_text("utf-8")
    assert old in text
    spec.write_text(text.replace(old, new), "utf-8")


def test_what_has_not_changed_is_not_looser(call: Call, repository: Path) -> None:
    said = call("breaking", repository, "--against", "main")
    assert (said.code, said.out) == (0, "all good: no guard asks for less than at main\n")


def test_a_looser_rule_is_shown_with_what_it_was_and_how_to_allow_it(call: Call, repository: Path) -> None:
    edit(repository, "rows >= 100", "rows >= 90")
    said = call("breaking", "p", "--against", "main", "--today", "2026-01-15")
    assert said.code == 1
    assert "error[E603]: 'rows >= 90' asks for less than 'rows >= 100' did" in said.out
    assert "--> p/nightly.mlops:12:3" in said.out
    assert "--> main:p/nightly.mlops:12:3" in said.out
    assert 'write behind the rule: relaxed "why" until 2026-02-14' in said.out


def test_what_is_relaxed_passes_until_its_day_is_over(
    call: Call, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(repository, "rows >= 100", 'rows >= 90 relaxed "holidays" until 2026-02-14')
    said = call("breaking", repository, "--against", "main", "--today", "2026-02-14", "-v")
    assert said.code == 0
    assert "(until 2026-02-14: holidays)" in said.out
    assert call("breaking", repository, "--against", "main", "--today", "2026-02-15").code == 1
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1771113600")  # 2026-02-15
    assert call("breaking", repository, "--against", "main").code == 1
    assert "W594" in call("lint", repository).out


def test_an_import_and_a_template_are_read_from_the_revision(call: Call, repository: Path) -> None:
    edit(repository.parent / "shared/guards.mlops", "1%", "2%")
    said = call("breaking", repository, "--against", "HEAD")
    assert "'nulls(carrier) <= 2%' asks for less than 'nulls(carrier) <= 1%' did" in said.out
    assert "HEAD:p/shared/guards.mlops:3" in said.out


def test_a_spec_that_was_moved_is_found_by_its_pipeline(call: Call, repository: Path) -> None:
    edit(repository, "rows >= 100", "rows >= 90")
    moved = repository.with_name("renamed.mlops")
    repository.rename(moved)
    said = call("breaking", moved, "--against", "main")
    assert said.code == 1
    assert "main:p/nightly.mlops:12:3" in said.out


def test_a_new_spec_has_nothing_to_be_compared_with(call: Call, repository: Path) -> None:
    new = repository.with_name("weekly.mlops")
    new.write_text('mlops 1\n\npipeline weekly {}\n\nsource s { uri = "data/flights.csv" }\n', "utf-8")
    said = call("breaking", new, "--against", "main")
    assert said.code == 0
    assert "was not there at main: nothing to compare" in said.out


def test_what_is_gone_is_shown_where_it_was_and_annotated_where_it_can_be_seen(call: Call, repository: Path) -> None:
    edit(repository, "guard good on train.metrics { accuracy >= 0.80 }\n", "")
    said = call("breaking", repository, "--against", "main")
    assert "error[E601]: guard 'good' is gone, and with it 1 rule" in said.out
    assert "main:p/nightly.mlops:22:7" in said.out
    annotation = call("breaking", repository, "--against", "main", "--format", "github")
    assert annotation.out.startswith(f"::error file={repository},line=5,")
    document = json.loads(call("breaking", repository, "--against", "main", "--format", "json").out)
    assert [d["code"] for d in document["diagnostics"]] == ["E601"]
    sarif = json.loads(call("breaking", repository, "--against", "main", "--format", "sarif").out)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "E601"


def test_stricter_rules_are_listed_when_asked_for(call: Call, repository: Path) -> None:
    edit(repository, "rows >= 100", "rows >= 200\n  unique(carrier)")
    said = call("breaking", repository, "--against", "main", "-v")
    assert said.code == 0
    assert "'rows >= 200' of 'flights' was 'rows >= 100'" in said.out
    assert "'unique(carrier)' of 'flights' is new" in said.out


def test_nothing_is_checked_out(call: Call, repository: Path) -> None:
    edit(repository, "rows >= 100", "rows >= 200")
    before = git(repository.parent, "status", "--porcelain")
    call("breaking", repository, "--against", "main")
    assert git(repository.parent, "status", "--porcelain") == before
    assert "rows >= 200" in repository.read_text("utf-8")


def test_a_profile_is_applied_at_both_revisions(call: Call, repository: Path) -> None:
    assert call("breaking", repository, "--against", "main", "--profile", "prod").code == 0
    edit(repository, "profile prod {", "profile staging { params { month = 3 } }\nprofile prod {")
    assert call("breaking", repository, "--against", "main", "--profile", "staging").code == 0


def test_an_unknown_revision_is_said(call: Call, repository: Path) -> None:
    for name in ("nowhere", "--help", "", "HEAD~7"):
        said = call("breaking", repository, f"--against={name}")
        assert said.code == 2
        assert "revision" in said.err


def test_a_folder_without_git_is_said(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.mlops").write_text("mlops 1\n\npipeline p {}\n", "utf-8")
    said = call("breaking", "a.mlops", "--against", "main")
    assert said.code == 2
    assert "is in no git repository" in said.err


def test_a_revision_whose_spec_has_errors_is_said(call: Call, repository: Path) -> None:
    edit(repository, "rows >= 100", "rows >= ")
    git(repository.parent, "commit", "-qam", "broken")
    edit(repository, "rows >= ", "rows >= 100")
    said = call("breaking", repository, "--against", "main")
    assert said.code == 2
    assert "main:p/nightly.mlops:12" in said.err
    assert "the spec at main has errors" in said.err


def test_a_script_that_was_in_no_revision_is_no_obstacle(call: Call, repository: Path) -> None:
    git(repository.parent, "rm", "-q", "--cached", "steps/train.py")
    git(repository.parent, "commit", "-qm", "untracked")
    edit(repository, "rows >= 100", "rows >= 90")
    said = call("breaking", repository, "--against", "main")
    assert said.code == 1
    assert "E603" in said.out


def test_a_hook_of_git_may_ask(call: Call, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert call("breaking", repository, "--against", "HEAD").code == 0


def test_a_linked_worktree_is_a_repository_too(call: Call, repository: Path, tmp_path: Path) -> None:
    git(repository.parent, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    spec = tmp_path / "linked" / "p" / "nightly.mlops"
    (spec.parent / "data").mkdir()
    (spec.parent / "data" / "flights.csv").write_text("carrier,distance\n", "utf-8")
    edit(spec, "rows >= 100", "rows >= 90")
    said = call("breaking", spec, "--against", "main")
    assert said.code == 1
    assert "E603" in said.out


def test_names_with_blanks_and_letters_of_any_language(call: Call, repository: Path) -> None:
    odd = repository.parent / "ein Ördner" / "späte Flüge.mlops"
    odd.parent.mkdir()
    odd.write_text('mlops 1\n\npipeline late {}\n\nsource s { uri = "x.csv" }\n\nguard g on s { rows >= 2 }\n', "utf-8")
    (odd.parent / "x.csv").write_text("a\n", "utf-8")
    git(repository.parent, "add", "-A")
    git(repository.parent, "commit", "-qm", "odd names")
    edit(odd, "rows >= 2", "rows >= 1")
    said = call("breaking", odd, "--against", "main")
    assert "main:p/ein Ördner/späte Flüge.mlops:7" in said.out


def test_links_out_of_the_repository_lead_nowhere(call: Call, repository: Path, tmp_path: Path) -> None:
    (repository.parent / "data.csv").symlink_to("/etc/passwd")
    (repository.parent / "up.csv").symlink_to("../../../../etc/passwd")
    (repository.parent / "same.mlops").symlink_to("nightly.mlops")
    git(repository.parent, "add", "-A")
    git(repository.parent, "commit", "-qm", "links")
    assert call("breaking", repository, "--against", "HEAD").code == 0


def test_every_way_around_the_ratchet_that_we_thought_of(call: Call, repository: Path) -> None:
    """Each edit makes something pass that was stopped."""
    original = repository.read_text("utf-8")
    for old, new, code in [
        ("guard sane on flights {", "guard sane on flights {\n  distance > 0\n", None),
        ("  rows >= 100\n", "", "E602"),
        ("rows >= 100", "rows >= 100 else warn", "E604"),
        ("rows >= 100", "rows >= 1e-9", "E603"),
        ("distance between 1 and 6000", "distance between 1 and 6000 for 99%", "E603"),
        ("distance between 1 and 6000", 'distance between 1 and 6000 where carrier == "AA"', "E603"),
        ("distance between 1 and 6000", "distance >= 1 or distance <= 6000", "E602"),
        ("distance between 1 and 6000", "abs(distance) <= 6000", "E602"),
        ("apply complete(carrier) on flights", "apply complete(distance) on flights", "E60"),
        ("apply complete(carrier) on flights", "apply complete(carrier, missing: 2%) on flights", "E603"),
        ("accuracy >= 0.80", "accuracy >= 0.80 - 0.1", "E603"),
        ("accuracy >= 0.80", "accuracy >= champion.accuracy", "E60"),
        ("accuracy >= 0.80", "accuracy * 2 >= 0.80", "E603"),
        ("accuracy >= 0.80", "not accuracy < 0.7", "E603"),
        ("accuracy >= 0.80", "accuracy >= 0.80 or auc >= 0.1", "E60"),
        ('source flights { uri = "data/flights.csv" }', 'source flights2 { uri = "data/flights.csv" }', None),
    ]:
        text = original.replace(old, new)
        assert text != original
        if "flights2" in new:
            text = text.replace("on flights", "on flights2").replace("[flights]", "[flights2]")
        repository.write_text(text, "utf-8")
        said = call("breaking", repository, "--against", "main")
        assert said.code == (1 if code else 0), (new, said.out, said.err)
        assert code is None or f"error[{code}" in said.out, (new, said.out)
