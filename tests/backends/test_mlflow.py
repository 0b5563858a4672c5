"""What targets make of a registry in MLflow: who is given its address, what is installed, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from mlopsc.backends.github import GitHubActions
from mlopsc.backends.kubernetes import Kubernetes
from mlopsc.cli import main

from ..runtime import plans as p

n = p.n

PLAN = p.plan(
    p.stage(
        "train",
        "touch {outputs.model} {outputs.metrics}",
        (),
        [p.output("model", "m", "model"), p.output("metrics", "metrics.json", "metrics")],
    ),
    p.guard(
        "good",
        "train.metrics",
        [p.rule("auc >= champion.auc", p.op(">=", p.metric("auc"), n.Ref("champion", "auc")))],
        champion="champion",
    ),
    p.guard("plain", "train.metrics", [p.rule("auc >= 0", p.op(">=", p.metric("auc"), 0))]),
    p.deploy("prod", "train.model", metrics=("train.metrics",)),
    version=n.Versioning(code="off", registry="mlflow", registry_uri=n.Secret("MLFLOW_TRACKING_URI")),
)
ASKS = {"train": False, "good": True, "plain": False, "prod": True}


def test_on_github_those_who_ask_are_given_the_secret_and_the_client_and_no_branch_is_kept() -> None:
    files = {f.path: f.content for f in GitHubActions().emit(PLAN, {})}
    jobs = yaml.safe_load(files[".github/workflows/demo.yml"])["jobs"]
    for name, asks in ASKS.items():
        text = yaml.safe_dump(jobs[name])
        assert ("secrets.MLFLOW_TRACKING_URI" in text, "registry.txt" in text) == (asks, asks), name
        assert "state.sh" not in text and "permissions" not in jobs[name]
    assert not [path for path in files if path.endswith("state.sh")]
    assert b"mlflow-skinny>=3,<4\n" in files[".github/mlops/demo/registry.txt"]


def test_on_kubernetes_those_who_ask_are_given_the_secret() -> None:
    files = {f.path: f.content.decode() for f in Kubernetes().emit(PLAN, {"image": "ghcr.io/example/x:1"})}
    (jobs,) = [text for path, text in files.items() if path.endswith("jobs.yaml")]
    assert jobs.count("MLFLOW_TRACKING_URI") >= 2
    assert "mlflow-skinny" in files["README.md"]


SPEC = """
mlops 1

pipeline p { owner = "ops@example.org", image = "ghcr.io/example/x:1" }

version { code = off, model = registry("mlflow", uri: "sqlite:///mlflow.db") }

stage train {
  run = "touch {outputs.model}"
  outputs { model: model = "m.bin" }
}

deploy production { model = train.model, alias = "champion" }
"""


@pytest.mark.parametrize(("target", "code"), [("local", 0), ("airflow", 0), ("github", 1), ("kubernetes", 1)])
def test_a_database_in_a_file_is_refused_where_it_would_not_be_kept(
    target: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.mlops").write_text(SPEC)
    with pytest.raises(SystemExit) as ended:
        main.main(["build", str(tmp_path / "p.mlops"), "--target", target, "--output", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert ended.value.code == code, said.err
    assert ("E401" in said.err + said.out and "sqlite:///mlflow.db" in said.err + said.out) == bool(code), said
