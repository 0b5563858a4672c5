"""Sources at s3://, over HTTP against a real server: fetched once, read as listed, and told beforehand by a plan."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from mlopsc.compiler.driver import analyse, compile_plan
from mlopsc.compiler.plan.document import plan_document
from mlopsc.runtime.events import RunOptions
from mlopsc.runtime.executor import run

pytestmark = pytest.mark.engine("s3")
SPEC = """mlops 1

pipeline p {{ owner = "ops@example.org" }}

version {{ code = off }}

source data {{
  uri     = "{uri}"
  version = {version}
  {more}
}}
{rules}
stage read {{
  run     = "python read.py {{outputs.out}} {{inputs.data}}"
  inputs  = [data]
  outputs {{ out: file = "out.json" }}
}}
"""
READ = """
import json, pathlib, sys
found = {}
for given in map(pathlib.Path, sys.argv[2:]):
    for path in sorted(p for p in given.rglob("*") if p.is_file()) if given.is_dir() else [given]:
        found[path.relative_to(given).as_posix() if given.is_dir() else path.name] = path.read_text()
pathlib.Path(sys.argv[1]).write_text(json.dumps(found))
"""
_names = (f"sources-{i}" for i in itertools.count())


class Bucket:
    """A project whose source is in a bucket of its own."""

    def __init__(self, server, root: Path, *, versions: bool = False) -> None:
        self.server, self.root = server, root
        self.name = server.bucket(next(_names), versions=versions)
        self.system = server.file_system()
        (root / "read.py").write_text(READ)

    def put(self, **objects: str) -> None:
        for name, text in objects.items():
            self.system.pipe_file(f"{self.name}/{name.replace('__', '/')}.csv", text.encode())

    def run(self, path: str, version: str = "etag", *, more: str = "", rules: str = "", **options: Any):
        spec = self.root / "pipeline.mlops"
        uri = path if "://" in path else f"s3://{self.name}/{path}"
        spec.write_text(SPEC.format(uri=uri, version=version, more=more, rules=rules))
        analysis = analyse(spec)
        wrong = [d.message for d in analysis.diagnostics if d.rule.code.startswith("E")]
        assert not wrong, wrong
        document = plan_document(compile_plan(analysis).plan)
        self.result = run(document, root=self.root, options=RunOptions(jobs=2, **options))
        return {r.id: dict(r.record or {}, state=r.state, reason=r.reason) for r in self.result.nodes}

    def foreseen(self, path: str, version: str = "etag", **spec: Any) -> dict[str, Any]:
        self.run(path, version, dry_run=True, **spec)
        return {p.node: p for p in self.result.planned}

    def read(self) -> dict[str, str]:
        return json.loads((self.result.folder / "read" / "out.json").read_text())

    def gets(self) -> int:
        """How many requests so far were for the bytes of an object."""
        return sum(line.startswith(f"GET /{self.name}/") and "list-type" not in line for line in self.server.requests())


@pytest.fixture
def bucket(s3, tmp_path, monkeypatch):
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    return Bucket(s3, tmp_path)


def test_one_object_a_pattern_and_a_folder_are_given_as_files_are(bucket):
    bucket.put(data__a="a\n1\n", data__b="a\n2\n", data__deep__c="a\n3\n", other="a\n4\n")
    for path, given in (
        ("data/a.csv", {"a.csv": "a\n1\n"}),
        ("data/*.csv", {"a.csv": "a\n1\n", "b.csv": "a\n2\n"}),
        ("data/**/*.csv", {"a.csv": "a\n1\n", "b.csv": "a\n2\n", "c.csv": "a\n3\n"}),
        ("data/", {"a.csv": "a\n1\n", "b.csv": "a\n2\n", "deep/c.csv": "a\n3\n"}),
        ("data", {"a.csv": "a\n1\n", "b.csv": "a\n2\n", "deep/c.csv": "a\n3\n"}),
    ):
        found = bucket.run(path)
        assert found["read"]["state"] in ("succeeded", "restored"), (path, found, bucket.result.problems)
        assert bucket.read() == given, path


def test_an_object_is_fetched_once_for_each_state(bucket):
    bucket.put(a="a\n1\n", b="a\n2\n")
    assert bucket.run("*.csv")["data"]["artifacts"]["data"]["fetched"] == 2
    gets = bucket.gets()
    again = bucket.run("*.csv")
    assert (again["read"]["state"], bucket.gets()) == ("restored", gets)
    bucket.put(b="a\n3\n")
    third = bucket.run("*.csv")
    assert (third["data"]["artifacts"]["data"]["fetched"], third["read"]["state"]) == (1, "succeeded")
    assert bucket.read() == {"a.csv": "a\n1\n", "b.csv": "a\n3\n"}
    bucket.put(b="a\n2\n")  # as it was: the etag is known
    gets = bucket.gets()
    assert (bucket.run("*.csv")["read"]["state"], bucket.gets()) == ("restored", gets)


def test_a_plan_tells_which_object_changed_and_fetches_nothing(bucket):
    bucket.put(a="a\n1\n", b="a\n2\n")
    first = bucket.foreseen("*.csv")
    assert (first["data"].text.endswith("(2 objects, 2 to fetch)"), first["read"].action) == (True, "run")
    bucket.run("*.csv")
    gets = bucket.gets()
    assert bucket.foreseen("*.csv")["read"].action == "restore"
    bucket.put(b="a\n3\n", c="a\n4\n")
    plan = bucket.foreseen("*.csv")
    assert plan["data"].text.endswith("(3 objects, 2 to fetch)")
    assert plan["read"].action == "may_run"  # the bytes may be those of before
    assert [(c.file, c.text) for c in plan["read"].causes] == [
        ("b.csv", "data has other content"), ("c.csv", "data: a file is new"),
    ]  # fmt: skip
    assert bucket.gets() == gets


def test_content_reads_the_bytes_in_every_run_and_a_pin_holds_them(bucket):
    bucket.put(a="a\n1\n")
    digest = bucket.run("a.csv", "content")["data"]["artifacts"]["data"]["digest"]
    gets = bucket.gets()
    assert bucket.run("a.csv", "content")["read"]["state"] == "restored"
    assert bucket.gets() > gets
    assert bucket.foreseen("a.csv", "content")["read"].action == "may_run"
    pinned = f'pinned("{digest}")'
    assert bucket.run("a.csv", pinned)["read"]["state"] == "restored"
    bucket.put(a="a\n2\n")
    assert bucket.run("a.csv", pinned)["data"]["reason"].startswith(f"is pinned to {digest}, and is now sha256:")


def test_a_pattern_and_a_folder_are_pinned_by_the_digest_of_their_listing(bucket):
    bucket.put(d__a="a\n1\n", d__b="a\n2\n")
    digest = bucket.run("d/*.csv")["data"]["artifacts"]["data"]["digest"]
    assert digest.startswith("tree:")
    assert bucket.run("d/", f'pinned("{digest}")')["read"]["state"] == "succeeded"  # a folder is given otherwise
    bucket.put(d__c="a\n3\n")
    assert "is pinned to tree:" in bucket.run("d/", f'pinned("{digest}")')["data"]["reason"]


def test_the_time_of_change_and_a_high_water_mark(bucket):
    bucket.put(a="day,x\n1,1\n")
    assert bucket.run("a.csv", "mtime")["read"]["state"] == "succeeded"
    assert bucket.run("a.csv", "mtime")["data"]["artifacts"]["data"]["fetched"] == 0
    assert bucket.run("a.csv", "column(day)")["read"]["state"] == "succeeded"
    bucket.put(a="day,x\n1,2\n")
    assert bucket.run("a.csv", "column(day)")["read"]["state"] == "restored"
    bucket.put(a="day,x\n2,2\n")
    assert bucket.run("a.csv", "column(day)")["read"]["state"] == "succeeded"


def test_guards_and_a_schema_judge_what_was_fetched(bucket):
    bucket.put(d__a="a,b\n1,x\n2,y\n", d__b="a,b\n3,z\n")
    rules = "guard g on data {\n  rows == 3\n  a between 1 and 2 else quarantine\n}"
    found = bucket.run("d/*.csv", more="schema { a: int, b: string }", rules=rules)
    assert (found["g"]["verdict"], found["g"]["quarantined"]["rows"], found["read"]["state"]) == (
        "warned", 1, "succeeded"
    ), found["g"]  # fmt: skip
    blocked = bucket.run("d/*.csv", more="schema { a: string, b: int }")
    assert blocked["read"]["state"] == "skipped"


def test_an_object_written_to_between_the_listing_and_the_reading_ends_the_node(bucket, monkeypatch):
    from mlopsc.runtime import object_sources

    bucket.put(a="a\n1\n", b="a\n2\n")
    fetched = object_sources._fetched

    def meanwhile(*listed):
        bucket.put(b="a\n3\n")
        return fetched(*listed)

    with monkeypatch.context() as patched:
        patched.setattr(object_sources, "_fetched", meanwhile)
        found = bucket.run("*.csv")
    assert found["data"]["state"] == "failed"
    assert found["data"]["reason"] == (
        f"'{bucket.name}/b.csv' was written to while it was read; run again when that is over"
    )
    assert found["read"]["state"] == "skipped"
    assert bucket.run("*.csv")["read"]["state"] == "succeeded"
    assert bucket.read()["b.csv"] == "a\n3\n"


def test_an_object_written_to_in_the_midst_of_its_bytes_ends_the_node(bucket, monkeypatch):
    from mlopsc.runtime import object_sources

    monkeypatch.setattr(object_sources, "_BLOCK", 1000)
    bucket.put(a="x" * 5000)
    check = object_sources._check_seal

    def meanwhile(source, listed, about):
        check(source, listed, about)
        bucket.put(a="y" * 5000)

    monkeypatch.setattr(object_sources, "_check_seal", meanwhile)
    found = bucket.run("a.csv")
    assert found["data"]["reason"] == (
        f"'{bucket.name}/a.csv' was written to while it was read; run again when that is over"
    )


def test_a_version_of_an_object_is_kept_to(s3, bucket, tmp_path):
    bucket = Bucket(s3, tmp_path, versions=True)
    bucket.put(a="a\n1\n")
    first = bucket.system.call_s3("head_object", Bucket=bucket.name, Key="a.csv")["VersionId"]
    bucket.put(a="a\n2\n")
    bucket.run("a.csv")
    assert bucket.read() == {"a.csv": "a\n2\n"}
    found = bucket.run(f"a.csv?versionId={first}")
    assert bucket.read() == {"a.csv": "a\n1\n"}, found
    entries = [json.loads(p.read_text()) for p in (tmp_path / ".mlops" / "fetched").glob("*.json")]
    assert first in {e.get("version_id") for e in entries}


def test_what_keeps_a_bucket_from_being_read_is_said_before_anything_runs(bucket, monkeypatch):
    bucket.put(a="a\n1\n")

    def problem(path: str) -> str:
        bucket.run(path)
        assert bucket.result.exit_code == 2
        return bucket.result.problems[0].message

    assert problem("b.csv") == f"there is no object s3://{bucket.name}/b.csv"
    assert problem("*.parquet") == f"no object matches s3://{bucket.name}/*.parquet"
    assert problem("s3://no-such-bucket-here/a.csv") == "there is no bucket 'no-such-bucket-here'"
    assert problem("s3://no-such-bucket-here/*.csv") == "there is no bucket 'no-such-bucket-here'"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "cannot be reached" in problem("a.csv")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert problem("a.csv").startswith(f"there are no credentials for s3://{bucket.name}/a.csv: set AWS_ACCESS_KEY_ID")


def test_the_keys_stand_in_no_file(bucket):
    bucket.put(a="a\n1\n")
    bucket.run("a.csv")
    for path in (bucket.root / ".mlops").rglob("*"):
        if path.is_file():
            assert b"testing-secret" not in path.read_bytes(), path


def test_names_that_no_file_can_have_are_refused(bucket):
    bucket.system.call_s3("put_object", Bucket=bucket.name, Key="d/../x.csv", Body=b"1")
    bucket.run("d/**")
    assert "/d/../x.csv' cannot be a file" in bucket.result.problems[0].message
