"""OpenLineage events of a run and of its nodes: which job, which run of it, what it read and made, and how it ended.

The run of the pipeline is the parent; stages, guards and deploys are jobs of their own. Ids are computed from names
(UUID version 5), so that processes that know nothing of each other, on whatever engine, speak of the same run.
"""

from __future__ import annotations

import platform
import re
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .context import Context, FailedNodeError
from .lineage_datasets import PRODUCER, as_input, as_output, dataset, facet, own_facet
from .params import shown
from .registry import now

EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
START, COMPLETE, FAIL, ABORT = "START", "COMPLETE", "FAIL", "ABORT"
KINDS = ("stage", "guard", "deploy")  # the nodes that are jobs; a source is a dataset


def run_uuid(namespace: str, job: str, run: str, attempt: int = 1) -> str:
    """The id of a job's run: the same for equal names. A node that an engine runs again has another."""
    again = f"#{attempt}" if attempt > 1 else ""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mlops:{namespace}/{job}/{run}{again}"))


class Events:
    """The events of one run of a pipeline. `code` is what git says of the project, asked once."""

    def __init__(self, context: Context, namespace: str, code: Mapping[str, str] | None) -> None:
        self.context, self.namespace, self.code = context, namespace, code
        self.pipeline = context.pipeline

    # ---------------------------------------------------------------- the run

    def of_run(self, event: str, summary: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The start of the whole run, or its end as `summary` (run.json) tells it."""
        document, told = self.pipeline.document, {"state": None} if summary is None else dict(summary)
        place = {"file": document["spec"], "line": 1}
        own: dict[str, Any] = {"profile": document.get("profile"), "spec": document["digest"]}
        if summary is not None:
            own["nodes"] = {n: r.get("verdict") or r["state"] for n, r in summary["nodes"].items()}
        facets = self._run_facets(told, self.context.params, own)
        if parent := _parent_of_all(self.context.environ):
            facets["parent"] = parent
        if at := _nominal_time(self.context.environ):
            facets["nominalTime"] = facet("NominalTimeRunFacet", "1-0-1", nominalStartTime=at)
        if event != COMPLETE and summary is not None:
            facets["errorMessage"] = _error(_why_of_run(summary), None)
        at = summary["finished"] if summary is not None else now()
        job = self._job(None, "PIPELINE", document.get("doc") or "", place)
        return self._event(event, at, run_uuid(self.namespace, self.pipeline.name, self.context.run), facets, job)

    # --------------------------------------------------------------- the nodes

    def of_node(
        self, event: str, node: Mapping[str, Any], attempt: int, record: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The start of a node, or its end as its record tells it."""
        told = record or {}
        used = {p: self.context.params.get(p) for p in node.get("params", ())}
        facets = self._run_facets(told, used, {"node": node["id"], "attempt": attempt, **_of_record(told)})
        facets["parent"] = self._parent()
        if event in (FAIL, ABORT):
            facets["errorMessage"] = _error(told.get("reason") or "it left no record", told.get("detail"))
        job = self._job(node["id"], node["is"].upper(), node.get("doc") or "", node.get("place") or {})
        job["facets"].update(_program(node, self.context.root))
        at = str(told.get("finished") or now())
        identity = run_uuid(self.namespace, job["name"], self.context.run, attempt)
        found = self._event(event, at, identity, facets, job)
        found["inputs"] = list(self._inputs(node, told))
        found["outputs"] = list(self._outputs(node, told)) if event == COMPLETE else []
        return found

    def _inputs(self, node: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        names = [a for i in node.get("inputs", ()) for a in i["artifacts"]]
        names += [node[k] for k in ("subject", "model") if node.get(k)]
        for name in dict.fromkeys(names):
            found = as_input(dataset(self.context, name, self.namespace, node["id"]), self._artifact(name, node["id"]))
            judged = [record] if node["is"] == "guard" else self._judged(name)
            if assertions := [a for each in judged for a in _assertions(each)]:
                found["inputFacets"]["dataQualityAssertions"] = facet(
                    "DataQualityAssertionsDatasetFacet", "1-1-0", assertions=assertions
                )
            yield found

    def _judged(self, name: str) -> Iterator[Mapping[str, Any]]:
        """What the guards between an artifact and its reader have found."""
        for guard in self.pipeline.of("guard"):
            if guard["subject"] == name and (record := self.context.store.record(self.context.run, guard["id"])):
                yield record

    def _outputs(self, node: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if node["is"] == "deploy":
            yield self._version(record)
        if node["is"] != "stage":
            return
        for name, artifact in (record.get("artifacts") or {}).items():
            found = as_output(dataset(self.context, name, self.namespace, node["id"]), artifact)
            if numbers := (record.get("metrics") or {}).get(name.rpartition(".")[2]):
                found["facets"]["mlops_metrics"] = own_facet("MlopsMetricsDatasetFacet", metrics=numbers)
            yield found

    def _version(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The registered model, of which this is a version."""
        version = facet("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=str(record.get("version")))
        kind = facet("DatasetTypeDatasetFacet", "1-0-1", datasetType="MODEL", subType="REGISTERED")
        name = f"registry/{record.get('model')}"
        return {"namespace": self.namespace, "name": name, "facets": {"version": version, "datasetType": kind}}

    def _artifact(self, name: str, reader: str) -> Mapping[str, Any]:
        try:
            return self.context.artifact(name, reader)
        except FailedNodeError:
            return {}

    # ------------------------------------------------------------------ facets

    def _event(
        self, event: str, at: str, identity: str, facets: Mapping[str, Any], job: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "eventType": event,
            "eventTime": at,
            "run": {"runId": identity, "facets": facets},
            "job": job,
            "inputs": [],
            "outputs": [],
            "producer": PRODUCER,
            "schemaURL": EVENT,
        }

    def _run_facets(self, told: Mapping[str, Any], params: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        engine = self.context.engine
        own = {
            "run": self.context.run,
            "state": told.get("state"),
            "engine": engine.get("name") or "local",
            "engine_run": engine.get("run"),
            "trigger": self.context.trigger,
            **own,
        }
        facets: dict[str, Any] = {
            "mlops_run": own_facet("MlopsRunFacet", **{k: v for k, v in own.items() if v is not None}),
            "processing_engine": facet(
                "ProcessingEngineRunFacet", "1-1-1", name="Python", version=platform.python_version()
            ),
        }
        if params:
            given = [{"key": k, "value": shown(v)} for k, v in params.items()]
            facets["executionParameters"] = facet("ExecutionParametersRunFacet", "1-0-0", parameters=given)
        return facets

    def _parent(self) -> dict[str, Any]:
        name = self.pipeline.name
        above = _parent_of_all(self.context.environ)
        mine = {"run": {"runId": run_uuid(self.namespace, name, self.context.run)},
                "job": {"namespace": self.namespace, "name": name}}  # fmt: skip
        return facet("ParentRunFacet", "1-2-0", **mine, root=above["root"] if above else mine)

    def _job(self, node: str | None, kind: str, doc: str, place: Mapping[str, Any]) -> dict[str, Any]:
        document = self.pipeline.document
        facets: dict[str, Any] = {
            "jobType": facet("JobTypeJobFacet", "2-0-4", processingType="BATCH", integration="MLOPS", jobType=kind)
        }
        if doc:
            facets["documentation"] = facet("DocumentationJobFacet", "1-1-0", description=doc)
        if owner := document.get("owner"):
            facets["ownership"] = facet("OwnershipJobFacet", "1-0-1", owners=[{"name": owner, "type": "OWNER"}])
        if tags := document.get("tags"):
            named = [{"key": tag, "value": "true", "source": "USER"} for tag in tags]
            facets["tags"] = facet("TagsJobFacet", "1-0-0", tags=named)
        if self.code is not None and place.get("file"):
            facets["sourceCodeLocation"] = source_code_location(self.code, place["file"], place.get("line") or 1)
        name = document["name"] if node is None else f"{document['name']}.{node}"
        return {"namespace": self.namespace, "name": name, "facets": facets}


def _of_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the standard has no word for: the key of the result, the run that it was restored from, the tries."""
    kept = ("key", "from_run", "verdict", "because", "version", "alias")
    return {
        **{k: record[k] for k in kept if record.get(k) is not None},
        "tries": len(record.get("tries") or ()) or None,
    }


def _error(message: str, detail: str | None) -> dict[str, Any]:
    trace = {"stackTrace": detail} if detail else {}
    return facet("ErrorMessageRunFacet", "1-0-1", message=message, programmingLanguage="Python", **trace)


def _why_of_run(summary: Mapping[str, Any]) -> str:
    if summary.get("interrupted"):
        return "interrupted"
    wrong = [r for r in summary["nodes"].values() if r["state"] in ("failed", "blocked")]
    return "; ".join(f"{r['node']}: {r['reason'] or r['state']}" for r in wrong) or str(summary["state"])


def _assertions(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A guard's rules. A rule with nothing to compare with counts as passed; one that could not be decided does not."""
    for rule in record.get("rules") or ():
        outcome = rule["outcome"]
        found = {
            "assertion": rule["text"],
            "success": outcome not in ("warned", "blocked", "error"),
            "severity": "warn" if all(limit["action"] != "block" for limit in rule["limits"]) else "error",
            "name": record.get("node"),
            "description": rule.get("message"),
            "expected": "; ".join(limit["text"] for limit in rule["limits"]) or None,
            "actual": "; ".join(f"{name} = {m['text']}" for name, m in rule["measured"].items()) or None,
            "content": rule["text"],
            "contentType": "expression",
        }
        yield {k: v for k, v in found.items() if v is not None}


def _program(node: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The command as the spec has it, without values; of a SQL file its text."""
    program = node.get("program") or node.get("command")
    if not program:
        return {}
    kind = program.get("is", "command")
    if kind == "sqlfile":
        try:
            query = (root / program["file"]).read_text("utf-8")
        except (OSError, ValueError):
            return {}
        return {"sql": facet("SQLJobFacet", "1-1-0", query=query, dialect="duckdb")}
    if kind == "command":
        return {"sourceCode": facet("SourceCodeJobFacet", "1-0-1", language="command", sourceCode=program["text"])}
    called = f"{program['file']}:{program['function']}" if kind == "pythoncall" else program["file"]
    return {"sourceCode": facet("SourceCodeJobFacet", "1-0-1", language="python", sourceCode=called)}


def source_code_location(code: Mapping[str, str], file: str, line: int) -> dict[str, Any]:
    """Where in which commit: as a page of the repository's web site where it has one, else by the repository."""
    path, repository = f"{code.get('folder', '')}{file}", code.get("repository", "")
    found = {"type": "git", "path": path, "version": code["commit"]}
    if code.get("branch"):
        found["branch"] = code["branch"]
    if not repository:
        root = Path(code["root"]).as_uri()
        return facet("SourceCodeLocationJobFacet", "1-1-0", **found, url=f"{root}/{urllib.parse.quote(file)}#L{line}")
    web = re.sub(r"^(?:ssh://)?(?:[^@/]+@)?([^:/]+\.[^:/]+)[:/](.+?)(?:\.git)?/?$", r"https://\1/\2", repository)
    web = re.sub(r"\.git/?$", "", web)
    url = f"{web}/blob/{code['commit']}/{urllib.parse.quote(path)}#L{line}"
    return facet("SourceCodeLocationJobFacet", "1-1-0", **found, url=url, repoUrl=repository)


def _parent_of_all(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """The run that started this one, where its starter says so: `namespace/job/run id`, as OpenLineage's tools do."""
    parent = _named_run(environ.get("OPENLINEAGE_PARENT_ID", ""))
    if parent is None:
        return None
    root = _named_run(environ.get("OPENLINEAGE_ROOT_PARENT_ID", "")) or parent
    return facet("ParentRunFacet", "1-2-0", **parent, root=root)


def _named_run(text: str) -> dict[str, Any] | None:
    parts = text.rsplit("/", 2)
    if len(parts) != 3:
        return None
    try:
        identity = str(uuid.UUID(parts[2]))
    except ValueError:
        return None
    return {"run": {"runId": identity}, "job": {"namespace": parts[0], "name": parts[1]}}


def _nominal_time(environ: Mapping[str, str]) -> str | None:
    """The time that a schedule gave to the run. Only Airflow tells its tasks, and only its scheduled runs have one."""
    if not environ.get("AIRFLOW_CTX_DAG_RUN_ID", "").startswith("scheduled__"):
        return None
    return environ.get("AIRFLOW_CTX_LOGICAL_DATE") or environ.get("AIRFLOW_CTX_EXECUTION_DATE") or None
