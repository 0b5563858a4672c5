"""The objects by themselves: the API's schemas, and the rules of the API server that schemas do not know."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from mlopsc.backends.base import Level
from mlopsc.backends.kubernetes import Kubernetes
from mlopsc.backends.kubernetes.names import config_keys, legal, legal_all
from mlopsc.compiler.features import Feature
from mlopsc.compiler.plan import nodes as n
from mlopsc.runtime.kubernetes import lay_out

_spec = importlib.util.spec_from_file_location("plans", Path(__file__).parent.parent / "runtime" / "plans.py")
p = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(p)

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".engines" / "kubernetes" / "bin" / "python"
VERSIONS = ("1.27", "1.31", "1.35")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")

LONG = "a_pipeline_with_" + "a_very_" * 20 + "long_name"


def rich(name: str = "Flight_Delay") -> n.Plan:
    """A plan in which everything that the target carries is used."""
    train = [
        p.stage(
            f"train[{i}]",
            p.command("python steps/train.py {inputs.features} {outputs.metrics}"),
            {"features": "prepare.features"},
            [p.output("metrics", "m.json", "metrics")],
            name="train",
            item=n.Item("seed", i, i),
            resources=n.Resources(0.5, 4 << 30, 1),
            retries=n.Retries(2, 30.0),
            timeout=1800.0,
            image="ghcr.io/example/train@sha256:" + "0" * 64,
            env=(("PLAIN", "$(HOME)"), ("API_TOKEN", n.Secret("API_TOKEN"))),
        )
        for i in range(2)
    ]
    return p.plan(
        p.source("flights", "data/*.csv", doc="What the airline tells."),
        p.table_guard("enough", "flights", {"m0": ("rows", "count(*)")}, [p.rule("rows > 1", p.op(">", p.NUMBER, 1))]),
        p.stage("prepare", "python steps/prepare.py {inputs.flights}", ["flights"], [p.output("features", "f.csv")]),
        *train,
        p.stage(
            "train_0", "python steps/other.py", (), [p.output("model", "m", "model")], doc='a "doc" # of\ntwo: lines'
        ),
        p.deploy("production", "train_0.model"),
        n.Trigger(
            "retrain",
            "Every Monday.",
            (n.Event("schedule", cron="0 5 * * 1", zone="America/New_York"), n.Event("schedule", cron="0 5 1 * *")),
            *(None, None, None, None),
            p.HERE,
        ),
        name=name,
        params=[p.param("month", "int", 1)],
        project=(
            n.ProjectFile("steps/train.py", "print('x')  # ends with blanks  \n\ttab\n"),
            n.ProjectFile("a b.txt", ""),
        ),
    )


OPTIONS = [
    {"data": "warehouse"},
    {
        "data": "warehouse",
        "namespace": "ml",
        "service_account": "pipelines",
        "image": "registry/x:1",
        "image_pull_policy": "Always",
        "image_pull_secrets": ["registry"],
        "claim": "kept",
        "access_mode": "ReadWriteMany",
        "secret": "tokens",
        "node_selector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "run_as_user": 7,
        "gpu_resource": "amd.com/gpu",
        "cpu": 0.25,
        "memory": 1 << 29,
        "keep": 60.0,
    },
    {"code": "image", "workdir": "/app", "storage": 20 << 30, "storage_class": "fast"},
]


def files(plan: n.Plan, options: dict) -> dict[str, bytes]:
    jsonschema.validate(options, Kubernetes.options)
    assert list(Kubernetes().problems(plan, options)) == []
    return {f.path: f.content for f in Kubernetes().emit(plan, options)}


def objects(plan: n.Plan, options: dict) -> list[dict]:
    """Every object, the Jobs that the driver will create among them."""
    found = files(plan, options)
    paths = yaml.safe_load(found["kustomization.yaml"])["resources"]
    aside = {"fill-data.yaml"} & set(found)  # for people, and only for a while
    queries = {path for path in found if path.startswith("guards/")}  # to be read
    assert {*paths, *aside, *queries, "kustomization.yaml", "README.md"} == set(found)
    applied = [yaml.safe_load(found[path]) for path in (*paths, *aside)]
    return applied + [
        json.loads(text) for o in applied if "-jobs-" in o["metadata"]["name"] for text in o["data"].values()
    ]


def cases() -> Iterator[tuple[n.Plan, dict]]:
    for options in OPTIONS:
        yield rich(), options
    yield rich(LONG), OPTIONS[0]
    yield p.plan(p.stage("only", "true")), {}
    yield p.plan(p.source("cars", "cars.csv")), {}


@pytest.fixture(params=cases(), ids=lambda c: f"{c[0].name[:12]}-{'-'.join(c[1])[:30]}")
def made(request) -> list[dict]:
    return objects(*request.param)


def pods(made: list[dict]) -> Iterator[dict]:
    for o in made:
        if o["kind"] == "Job":
            yield o["spec"]["template"]["spec"]
        elif o["kind"] == "Pod":
            yield o["spec"]
        elif o["kind"] == "CronJob":
            yield o["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def jobs(made: list[dict]) -> Iterator[dict]:
    for o in made:
        if o["kind"] in ("Job", "CronJob"):
            yield o["spec"] if o["kind"] == "Job" else o["spec"]["jobTemplate"]["spec"]


def walk(value: object) -> Iterator[dict]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(each)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_of_the_api_find_nothing(version):
    if not PYTHON.exists():
        pytest.skip("engine missing: kubernetes-validate (make engines)")
    check = """\
import json, sys, kubernetes_validate
for document in json.load(sys.stdin):
    kubernetes_validate.validate(document, sys.argv[1], strict=True)
"""
    documents = [o for plan, options in cases() for o in objects(plan, options)]
    done = subprocess.run(
        [PYTHON, "-c", check, version], input=json.dumps(documents), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_names_and_labels_are_legal(made):
    for o in made:
        # A Job gets a dash and ten digits of its run; a CronJob's Jobs a dash and its minute.
        limit = {"Job": 52, "CronJob": 52}.get(o["kind"], 63)
        assert LABEL.fullmatch(o["metadata"]["name"]) and len(o["metadata"]["name"]) <= limit
        assert o["kind"] != "ConfigMap" or all(map(KEY.fullmatch, o.get("data", {})))
        for part in walk(o):
            for key, value in (part.get("labels") or {}).items() if isinstance(part.get("labels"), dict) else ():
                assert VALUE.fullmatch(value), (key, value)
                assert len(key.rpartition("/")[2]) <= 63
    for pod in pods(made):
        for named in (*pod["containers"], *pod["volumes"]):
            assert LABEL.fullmatch(named["name"])
    names = [(o["kind"], o["metadata"]["name"]) for o in made]
    assert len(set(names)) == len(names)


def test_references_between_objects_hold(made):
    there = {(o["kind"], o["metadata"]["name"]): o for o in made}
    for pod in pods(made):
        volumes = {v["name"]: v for v in pod["volumes"]}
        assert set(volumes) == {m["name"] for m in pod["containers"][0]["volumeMounts"]}
        for part in walk(pod["volumes"]):
            if "configMap" in part:
                config = there["ConfigMap", part["configMap"]["name"]]
                for item in part["configMap"].get("items", []):
                    assert item["key"] in config["data"]
            claim = part.get("persistentVolumeClaim", {}).get("claimName")
            assert claim in (None, "warehouse", "kept") or ("PersistentVolumeClaim", claim) in there
    [binding] = [o for o in made if o["kind"] == "RoleBinding"]
    assert ("Role", binding["roleRef"]["name"]) in there
    [account] = {pod["serviceAccountName"] for pod in pods(made)}
    assert binding["subjects"][0]["name"] == account


def test_enumerations_hold_what_the_api_knows(made):
    enums = {
        "restartPolicy": {"Never"},  # podFailurePolicy asks for it
        "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
        "concurrencyPolicy": {"Forbid"},
        "terminationMessagePolicy": {"File", "FallbackToLogsOnError"},
        "fsGroupChangePolicy": {"OnRootMismatch", "Always"},
        "action": {"FailJob", "Ignore", "Count"},
    }
    for o in made:
        for part in walk(o):
            for key, known in enums.items():
                assert part.get(key, next(iter(known))) in known
    for job in jobs(made):
        assert 0 not in [
            c for r in job["podFailurePolicy"]["rules"] for c in r.get("onExitCodes", {}).get("values", [])
        ]


def test_pods_keep_to_the_restricted_profile(made):
    for pod in pods(made):
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostPorts"} & set(pod)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        kinds = {"projected", "configMap", "emptyDir", "persistentVolumeClaim"}
        assert all(set(v) - {"name"} <= kinds for v in pod["volumes"])
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is True
            assert set(container["resources"]) == {"requests", "limits"}


def test_only_the_driver_talks_to_the_api_and_may_do_little(made):
    for o in made:
        if o["kind"] == "Job":
            assert o["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    [role] = [o for o in made if o["kind"] == "Role"]
    assert {v for r in role["rules"] for v in r["verbs"]} == {"create", "list"}
    assert {v for r in role["rules"] for v in r["resources"]} == {"jobs", "pods"}


def test_a_job_says_what_its_stage_asks_for():
    found = {
        o["metadata"]["annotations"]["mlopsc/node-id"]: o for o in objects(rich(), OPTIONS[0]) if o["kind"] == "Job"
    }
    spec = found["train[1]"]["spec"]
    assert spec["backoffLimit"] == 2
    assert spec["activeDeadlineSeconds"] > 3 * 1800
    container = spec["template"]["spec"]["containers"][0]
    asked = {"cpu": "500m", "memory": "4Gi", "nvidia.com/gpu": "1"}
    assert container["resources"] == {"requests": asked, "limits": asked}
    assert container["image"].startswith("ghcr.io/example/train@")
    secret = {"secretKeyRef": {"name": "flight-delay-secrets", "key": "API_TOKEN"}}
    assert {"name": "API_TOKEN", "valueFrom": secret} in container["env"]
    assert "API_TOKEN" not in json.dumps(found["prepare"])
    assert (
        found["train[1]"]["metadata"]["name"]
        != found["train_1" if "train_1" in found else "train_0"]["metadata"]["name"]
    )


def test_schedules_keep_their_time_zone():
    crons = [o["spec"] for o in objects(rich(), OPTIONS[0]) if o["kind"] == "CronJob"]
    assert [(c["schedule"], c.get("timeZone"), c.get("suspend", False)) for c in crons] == [
        ("0 0 1 1 *", None, True),
        ("0 5 * * 1", "America/New_York", False),
        ("0 5 1 * *", "Etc/UTC", False),
    ]


def test_equal_plans_give_equal_bytes_anywhere(tmp_path):
    script = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); import test_kubernetes_objects as t\n"
        "print(hashlib.sha256(repr(sorted(t.files(t.rich(), t.OPTIONS[1]).items())).encode()).hexdigest())"
    )
    digests = set()
    for seed, zone in (("0", "UTC"), ("42", "Asia/Tokyo")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
        done = subprocess.run(
            [sys.executable, "-c", script, Path(__file__).parent], env=env, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1


def test_what_cannot_work_is_said_before_anything_is_written():
    k = Kubernetes()
    [message] = k.problems(p.plan(p.source("far", "/mnt/x.csv")), {"data": "d"})
    assert "a path of one machine" in message
    [message] = k.problems(p.plan(p.stage("s", "true")), {"code": "image"})
    assert "workdir" in message
    big = (n.ProjectFile("big.py", "#" * (1 << 20) + "\n"),)
    [message] = k.problems(p.plan(p.stage("s", "true"), project=big), {})
    assert 'code = "image"' in message
    assert not list(k.problems(p.plan(p.stage("s", "true"), project=big), {"code": "image", "workdir": "/app"}))
    [message] = k.problems(p.plan(p.stage("s", "true"), requirements="requirements.txt"), {})
    assert "name an image" in message


def test_many_stages_are_carried_by_as_many_config_maps_as_it_takes():
    plan = p.plan(*(p.stage(f"s{i}", "true") for i in range(400)))
    made = objects(plan, {})
    maps = [o for o in made if o["kind"] == "ConfigMap" and "-jobs-" in o["metadata"]["name"]]
    assert sum(len(o["data"]) for o in maps) == 400
    assert len(maps) > 1
    assert all(sum(map(len, o["data"].values())) <= 1 << 20 for o in maps)
    [run] = [o for o in made if o["kind"] == "CronJob"]
    [volume] = [v for v in next(pods([run]))["volumes"] if v["name"] == "jobs"]
    assert [s["configMap"]["name"] for s in volume["projected"]["sources"]] == [o["metadata"]["name"] for o in maps]


def test_code_is_copied_and_what_is_large_is_linked(tmp_path):
    for path in (
        "code/steps/a.py",
        "code/..data/x",
        "data/data/jan.csv",
        "data/lost+found/x",
        "app/data/feb.csv",
        "app/b",
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    (tmp_path / "code" / "go.sh").write_text("#!/bin/sh\n")
    trees = {"copy": [str(tmp_path / "code")], "link": [str(tmp_path / "data"), str(tmp_path / "app")]}
    root = tmp_path / "project"
    lay_out(root, Namespace(**trees))
    lay_out(root, Namespace(**trees))  # a container that starts again finds it done
    found = {str(f.relative_to(root)): f.read_text() for f in root.rglob("*") if f.is_file()}
    assert found == {
        "go.sh": "#!/bin/sh\n",
        "steps/a.py": "code/steps/a.py",
        "data/jan.csv": "data/data/jan.csv",
        "data/feb.csv": "app/data/feb.csv",
        "b": "app/b",
    }
    assert not (root / "steps" / "a.py").is_symlink()
    assert os.access(root / "go.sh", os.X_OK) and not os.access(root / "b", os.X_OK)


def test_every_feature_has_an_answer():
    assert set(Kubernetes.capabilities) == set(Feature)
    assert all(s.how for s in Kubernetes.capabilities.values() if s.level is not Level.NATIVE)


def test_options_are_closed_and_described():
    jsonschema.Draft202012Validator.check_schema(Kubernetes.options)
    assert Kubernetes.options["additionalProperties"] is False
    assert all(o["description"] for o in Kubernetes.options["properties"].values())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"namespace": "No_Such"}, Kubernetes.options)


def test_names_stay_apart():
    assert legal("train") == "train"
    assert legal("Über_Größe") != legal("ber_gr_e") or legal("Über_Größe") == "ber-gr-e"
    assert len(set(legal_all(["a_b", "a[b]", "A_b", "a_b_"]).values())) == 4
    assert len(set(legal_all([LONG, LONG + "x"]).values())) == 2
    assert len(set(config_keys(["a/b.py", "a__b.py", "a b", "a_b"]).values())) == 4
