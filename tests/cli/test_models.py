"""The registry by hand: versions listed and shown, an alias moved and moved back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlopsc.runtime.registry import Registry
from mlopsc.runtime.store import Store

from . import spec
from .conftest import Call

DEPLOY = """
deploy production {
  model = total.model
  alias = "champion"
}
"""


@pytest.fixture
def deployed(call: Call, tmp_path: Path) -> Path:
    """Two versions, the second of which is the champion."""
    text = spec.GOOD.replace(
        'metrics: metrics = "metrics.json"', 'metrics: metrics = "metrics.json"\n    model: model = "model.txt"'
    )
    text = text.replace("{outputs.metrics}", "{outputs.metrics} {outputs.model}")
    path = spec.tiny(tmp_path, text + DEPLOY)
    total = spec.TOTAL.replace("numbers, times, metrics =", "numbers, times, metrics, model =")
    (tmp_path / "total.py").write_text(total + 'open(model, "w").write(times)\n')
    for times in (2, 3):
        said = call("run", "-q", "--run", f"r{times}", "--set", f"times={times}")
        assert said.code == 0, said.err
    return path


def test_versions_are_listed_with_metrics_and_aliases(call: Call, deployed: Path):
    listed = call("models", "list").out
    assert listed.startswith("tiny.total.model\n")
    assert "run r2  total 6\n" in listed and "run r3  total 9  champion\n" in listed
    document = json.loads(call("models", "list", "--json").out)
    assert document["tiny.total.model"]["aliases"] == {"champion": {"version": 2, "settled": True}}


def test_an_alias_is_rolled_back_and_promoted_with_a_history(call: Call, deployed: Path):
    assert call("models", "rollback", "--why", "it was late").out == "champion: version 2 → 1\n"
    assert call("models", "promote", "2").out == "champion: version 1 → 2\n"
    assert call("models", "promote", "2").out == "champion points at version 2 already\n"
    shown = call("models", "show", "champion").out
    assert "champion 2 → 1 (rolled back: it was late)" in shown
    assert "param times = 3" in shown


def test_a_version_that_is_not_there_is_wrong_usage(call: Call, deployed: Path):
    said = call("models", "show", "7")
    assert said.code == 2 and "has no version '7'; there are: 1, 2, champion" in said.err
    other = call("models", "promote", "1", "--model", "tiny.totl.model")
    assert other.code == 2 and "did you mean 'tiny.total.model'?" in other.err


def test_a_card_says_what_was_checked(call: Call, deployed: Path):
    card = call("models", "show", "2", "--card").out
    assert "# tiny.total.model, version 2" in card and "| enough | `total >= 6` | 9 | passed |" in card
    assert "| `times` | `3` |" in card


def test_provenance_is_a_statement_about_the_bytes(call: Call, deployed: Path):
    statement = json.loads(call("models", "show", "1", "--provenance").out)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    (subject,) = statement["subject"]
    version = json.loads(call("models", "show", "1", "--json").out)
    assert subject == {"name": "model.txt", "digest": {"sha256": version["digest"].removeprefix("sha256:")}}
    build = statement["predicate"]["buildDefinition"]
    assert build["externalParameters"]["params"] == {"times": 2}
    assert {"total.py"} <= {d.get("uri") for d in build["resolvedDependencies"]}
    assert {"numbers"} <= {d.get("name") for d in build["resolvedDependencies"]}
    assert statement["predicate"]["runDetails"]["metadata"]["invocationId"] == "r2"


def test_moves_by_hand_are_said_as_json(call: Call, deployed: Path):
    back = json.loads(call("models", "rollback", "--json").out)
    assert back == {"model": "tiny.total.model", "alias": "champion", "from": 2, "to": 1, "moved": True}
    again = json.loads(call("models", "promote", "1", "--json").out)
    assert (again["moved"], again["from"], again["to"]) == (False, 1, 1)


def test_what_was_rolled_back_by_hand_no_run_brings_back(call: Call, deployed: Path):
    call("models", "rollback", "--why", "it was late")
    assert "version 2 was taken out of champion by hand" in call("plan", "--set", "times=3").out
    said = call("run", "--set", "times=3")
    assert said.code == 0 and "version 2 was taken out of champion by hand (rolled back: it was late)" in said.err
    assert "models promote 2 --alias champion" in said.err
    assert "production: version 2 was taken out of champion by hand" in said.out
    assert call("models", "list").out.count("champion") == 1
    assert call("models", "promote", "2").out == "champion: version 1 → 2\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("promote", "9"), "has no version '9'; there are: 1, 2, champion"),
        (("promote", "²"), "has no version '²'"),
        (("promote", "9" * 5000), "has no version"),
        (("promote", "../1"), "has no version '../1'"),
        (("promote", "1", "--alias", ""), "'' cannot be an alias"),
        (("promote", "1", "--alias", "2"), "'2' cannot be an alias"),
        (("promote", "1", "--alias", "latest"), "'latest' cannot be an alias"),
        (("promote", "1", "--alias", "a b"), "'a b' cannot be an alias"),
        (("rollback", "--alias", "shadow"), "tiny.total.model has no alias 'shadow'; aliases: champion"),
    ],
)
def test_moves_that_cannot_be_are_wrong_usage(call: Call, deployed: Path, words: tuple[str, ...], said: str):
    before = call("models", "list", "--json").out
    answer = call("models", *words)
    assert answer.code == 2 and said in answer.err, answer.err
    assert call("models", "list", "--json").out == before


def test_a_new_alias_is_said_to_be_new_and_has_nothing_to_go_back_to(call: Call, deployed: Path):
    assert call("models", "promote", "1", "--alias", "champoin").out == "champoin: version - → 1 (a new alias)\n"
    said = call("models", "rollback", "--alias", "champoin")
    assert said.code == 2 and "champoin had no other version before" in said.err


def test_no_alias_is_moved_to_files_that_are_gone(call: Call, deployed: Path):
    store = deployed.parent / ".mlops"
    version = json.loads(call("models", "show", "1", "--json").out)
    (store / "registry" / "tiny.total.model" / version["file"]).unlink()
    _, _, name = version["digest"].partition(":")
    (store / "objects" / "sha256" / name[:2] / name).unlink()
    said = call("models", "rollback")
    assert said.code == 1 and "the files of version 1 of tiny.total.model cannot be had" in said.err
    assert json.loads(call("models", "list", "--json").out)["tiny.total.model"]["aliases"]["champion"]["version"] == 2


def test_a_deployment_that_has_not_ended_is_not_cut_across(call: Call, deployed: Path):
    registry = Registry(Store(deployed.parent / ".mlops"), "tiny.total.model")
    under_way = {"previous": 2, "run": "r9", "why": "deploy production", "settled": False}
    assert registry.move("champion", 1, expected=registry.alias("champion"), **under_way)
    for words in (("rollback",), ("promote", "2")):
        said = call("models", *words)
        assert said.code == 1 and "the deployment of version 1 by run r9 has not ended" in said.err
    assert call("models", "promote", "2", "--force").out == "champion: version 2 → 2\n"
    alias = registry.alias("champion")
    assert alias is not None and (alias.version, alias.settled) == (2, True)


def test_before_any_deploy_there_is_nothing_to_show(call: Call, tmp_path: Path):
    spec.tiny(tmp_path, spec.GOOD)
    assert json.loads(call("models", "list", "--json").out) == {}
    for words in (("show", "1"), ("promote", "1"), ("rollback",)):
        said = call("models", *words)
        assert said.code == 2 and "no model of this pipeline has been registered" in said.err


def test_a_version_says_what_judged_it_and_what_it_was_made_of(call: Call, deployed: Path):
    shown = call("models", "show", "2").out
    assert "guard enough passed" in shown and "data numbers sha256:" in shown


def test_a_registry_that_cannot_be_asked_is_said_in_a_sentence(call: Call, deployed: Path):
    text = deployed.read_text("utf-8")
    deployed.write_text(text + '\nversion { model = registry("mlflow", uri: secret("NOT_SET_HERE")) }\n', "utf-8")
    for words in (("models", "list"), ("lineage", "champion"), ("gc",), ("models", "rollback")):
        said = call(*words)
        assert said.code == 2 and "the secret NOT_SET_HERE, is not set in the environment" in said.err, words


def damage(tmp_path: Path, number: int) -> Path:
    """A version's file with other bytes: its object is the same file."""
    file = tmp_path / f".mlops/registry/tiny.total.model/versions/{number}/model.txt"
    file.chmod(0o644)
    file.write_text("7")
    return file


def test_no_alias_is_moved_to_a_version_whose_bytes_have_changed(call: Call, deployed: Path, tmp_path: Path):
    damage(tmp_path, 1)
    for command in (("promote", "1"), ("rollback",)):
        said = call("models", *command)
        assert said.code == 1 and "its bytes are not those that were registered" in said.err
    assert "champion\n" in call("models", "list").out.splitlines(keepends=True)[2]


def test_a_damaged_version_is_told_and_put_back_by_the_run_that_makes_it_again(
    call: Call, deployed: Path, tmp_path: Path
):
    file = damage(tmp_path, 1)
    said = call("cache", "--verify")
    assert said.code == 1 and "damaged: version 1 of tiny.total.model" in said.out
    assert call("cache", "--repair").code == 1
    assert call("cache", "--verify").code == 1, "the version is as damaged as it was"
    assert call("run", "-q", "--set", "times=2").code == 0
    assert file.read_text() == "2"
    assert call("cache", "--verify").code == 0
    assert call("models", "promote", "2").out == "champion: version 1 → 2\n"


def test_a_version_whose_object_is_whole_is_put_back_from_it(call: Call, deployed: Path, tmp_path: Path):
    file = tmp_path / ".mlops/registry/tiny.total.model/versions/1/model.txt"
    file.unlink()
    file.write_text("7")
    assert call("cache", "--verify").code == 1
    said = call("cache", "--repair")
    assert said.code == 0 and "version 1 of tiny.total.model was damaged, and is put back" in said.out
    assert file.read_text() == "2" and call("models", "rollback").code == 0
