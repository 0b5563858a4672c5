"""Artifacts as OpenLineage knows datasets: a namespace, a name, and facets.

A source goes by where its data lies, as OpenLineage's rules of naming have it, so that what another tool wrote there is
the same dataset. A result goes by the pipeline and its name in it: where it lies differs from run to run.
"""

from __future__ import annotations

import contextlib
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .context import Context, FailedNodeError, version_of
from .pipeline import producer

PRODUCER = "urn:mlopsc:runtime:1"
_SPEC = "https://openlineage.io/spec/facets"
OWN = "urn:mlopsc:openlineage:1"  # grammar/openlineage.schema.json


def facet(name: str, version: str, /, **fields: Any) -> dict[str, Any]:
    """A facet of the standard, with the version of its schema."""
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/{version}/{name}.json#/$defs/{name}", **fields}


def own_facet(name: str, /, **fields: Any) -> dict[str, Any]:
    """A facet that the standard has not, of our own schema."""
    return {"_producer": PRODUCER, "_schemaURL": f"{OWN}#/$defs/{name}", **fields}


def dataset(context: Context, name: str, namespace: str, reader: str | None = None) -> dict[str, Any]:
    """An artifact of this run as `reader` sees it, as far as it is known."""
    maker = context.pipeline.nodes[producer(name)]
    about = _source(context, maker) if maker["is"] == "source" else _result(context, maker, name, namespace)
    try:
        artifact = context.artifact(name, reader)
    except FailedNodeError:
        artifact = {}
    if version := version_of(artifact):
        about["facets"]["version"] = facet("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=version)
    if "file" in artifact:
        uri = (context.store.folder / artifact["file"]).as_uri()
        about["facets"]["dataSource"] = facet("DatasourceDatasetFacet", "1-0-1", name="store", uri=uri)
    if fields := _columns(context, maker, name, artifact):
        about["facets"]["schema"] = facet("SchemaDatasetFacet", "1-2-0", fields=fields)
    return about


def as_input(found: dict[str, Any], artifact: Mapping[str, Any]) -> dict[str, Any]:
    """A dataset as a run read it."""
    return {
        **found,
        "inputFacets": _statistics("inputStatistics", "InputStatisticsInputDatasetFacet", "1-0-0", artifact),
    }


def as_output(found: dict[str, Any], artifact: Mapping[str, Any]) -> dict[str, Any]:
    """A dataset as a run made it."""
    name = "OutputStatisticsOutputDatasetFacet"
    return {**found, "outputFacets": _statistics("outputStatistics", name, "1-0-2", artifact)}


def _statistics(key: str, name: str, version: str, artifact: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {"size": artifact.get("size"), "fileCount": artifact.get("files")}
    known = {k: v for k, v in numbers.items() if v is not None}
    return {key: facet(name, version, **known)} if known else {}


# ------------------------------------------------------------------- identity


def _source(context: Context, source: Mapping[str, Any]) -> dict[str, Any]:
    namespace, name, uri = source_place(source, context.root)
    facets = {
        "dataSource": facet("DatasourceDatasetFacet", "1-0-1", name=namespace, uri=uri),
        "datasetType": facet(
            "DatasetTypeDatasetFacet",
            "1-0-1",
            datasetType="TABLE" if source.get("format") or source.get("dialect") else "FILE",
        ),
    }
    return {"namespace": namespace, "name": name, "facets": {**facets, **_documented(source)}}


def source_place(source: Mapping[str, Any], root: Path) -> tuple[str, str, str]:
    """The namespace and the name of a source's data, and its uri.

    `file` and the absolute path, `s3://bucket` and the key, `postgres://host:port` and `database.schema.table`
    (https://openlineage.io/docs/spec/naming). A connection that is a secret shows its name only.
    """
    if source.get("dialect"):
        return _database(source)
    uri: str = source.get("uri") or ""
    parts = urllib.parse.urlsplit(uri)
    if len(parts.scheme) > 1 and parts.scheme != "file":
        host = parts.netloc.rpartition("@")[2]
        namespace = f"{parts.scheme}://{host}"
        path = parts.path if parts.scheme in ("http", "https") else parts.path.lstrip("/")
        return namespace, path or "/", f"{namespace}/{parts.path.lstrip('/')}"
    place = str(root / uri.removeprefix("file://"))
    return "file", place, "file://" + urllib.parse.quote(place)


def _database(source: Mapping[str, Any]) -> tuple[str, str, str]:
    connection, table = source.get("connection"), source.get("table") or source.get("extracts") or source["id"]
    if isinstance(connection, Mapping):
        namespace = f"{source['dialect']}://{connection['name']}"
        return namespace, str(table), f"{namespace}/{table}"
    if "://" not in (connection or ""):  # `host=db dbname=shop`, as libpq has it, too
        said = dict(re.findall(r"(\w+)\s*=\s*'?([^\s']+)", connection or ""))
        connection = f"//{said.get('host', '')}:{said.get('port', '5432')}/{said.get('dbname', '')}"
    parts = urllib.parse.urlsplit(connection or "")
    host = parts.netloc.rpartition("@")[2] or "localhost"
    namespace = f"{source['dialect']}://{host if ':' in host else host + ':5432'}"
    database = parts.path.lstrip("/") or "postgres"
    qualified = str(table) if "." in str(table) or not source.get("table") else f"public.{table}"
    return namespace, f"{database}.{qualified}", f"{namespace}/{database}"


def _result(context: Context, stage: Mapping[str, Any], name: str, namespace: str) -> dict[str, Any]:
    output = next(o for o in stage["outputs"] if name == f"{stage['id']}.{o['name']}")
    kinds = {"model": "MODEL", "table": "TABLE"}
    kind = facet(
        "DatasetTypeDatasetFacet",
        "1-0-1",
        datasetType=kinds.get(output["kind"], "FILE"),
        subType=output["kind"].upper(),
    )
    return {"namespace": namespace, "name": f"{context.pipeline.name}.{name}", "facets": {"datasetType": kind}}


def _documented(node: Mapping[str, Any]) -> dict[str, Any]:
    if not node.get("doc"):
        return {}
    return {"documentation": facet("DocumentationDatasetFacet", "1-1-0", description=node["doc"])}


# -------------------------------------------------------------------- columns


def _columns(
    context: Context, maker: Mapping[str, Any], name: str, artifact: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The columns as the source's schema declares them, else as they are in the file of a table."""
    if declared := maker.get("columns"):
        return [{"name": c["name"], "type": c["type"] + ("?" if c["nullable"] else "")} for c in declared]
    if artifact.get("kind") != "table" or maker.get("dialect"):
        return []
    if (kept := context.schemas.get(version_of(artifact))) is None:
        kept = context.schemas[version_of(artifact)] = _columns_of_file(context, maker, name)
    return kept


def _columns_of_file(context: Context, maker: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    from .call import UnreadableError, table_expression

    outputs = {f"{maker['id']}.{o['name']}": o.get("format") for o in maker.get("outputs", ())}
    # Nobody waits for a schema: where DuckDB is not there or cannot read the file, there is none.
    with contextlib.suppress(ImportError, FailedNodeError, UnreadableError, OSError):
        import duckdb

        paths = [str(p) for p in context.paths(name)]
        with contextlib.suppress(duckdb.Error), contextlib.closing(duckdb.connect()) as connection:
            asked = f"DESCRIBE SELECT * FROM {table_expression(paths, outputs.get(name) or maker.get('format'))}"
            return [{"name": str(row[0]), "type": str(row[1])} for row in connection.execute(asked).fetchall()]
    return []
