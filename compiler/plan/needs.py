"""What a node needs of where it runs: secrets, and packages that the runtime imports for it."""

from __future__ import annotations

from . import nodes as n

PSYCOPG = "psycopg[binary]>=3.1,<4"
# What reads and writes where a URI with this scheme points; fsspec itself comes with the first three.
_FILE_SYSTEMS = {
    **dict.fromkeys(("s3", "s3a"), ("s3fs>=2025.2,<2027",)),
    **dict.fromkeys(("gs", "gcs"), ("gcsfs>=2025.2,<2027",)),
    **dict.fromkeys(("az", "abfs", "abfss"), ("adlfs>=2025.8,<2027",)),
    **dict.fromkeys(("sftp", "ssh"), ("fsspec>=2025.2,<2027", "paramiko>=3,<5")),
    "smb": ("fsspec>=2025.2,<2027", "smbprotocol>=1.13,<2"),
    "hdfs": ("fsspec>=2025.2,<2027", "pyarrow>=16"),
}
# The client and the registry in a database, without the server, its pages and pandas.
MLFLOW = ("mlflow-skinny>=3,<4", "sqlalchemy>=2,<3", "alembic>=1.13,<2")


def secrets_of(plan: n.Plan, node: n.Node) -> tuple[str, ...]:
    """Names of the secrets that the node is given, in the environment; no other has to reach it."""
    found: list[n.Secret] = []
    if isinstance(node, n.Stage):
        found += [value for _, value in node.env if isinstance(value, n.Secret)]
    source = database_of(plan, node)
    if source is not None and isinstance(source.connection, n.Secret):
        found.append(source.connection)
    if isinstance(node, n.Stage | n.Guard | n.Deploy):
        found += _lineage_secrets(plan)
    if needs_mlflow(plan, node) and isinstance(plan.version.registry_uri, n.Secret):
        found.append(plan.version.registry_uri)
    return tuple(dict.fromkeys(secret.name for secret in found))


def secrets_of_run(plan: n.Plan) -> tuple[str, ...]:
    """Names of the secrets that the end of a run is given, which accounts for all nodes."""
    return tuple(dict.fromkeys(secret.name for secret in _lineage_secrets(plan)))


def _lineage_secrets(plan: n.Plan) -> list[n.Secret]:
    lineage = plan.version.lineage
    return [s for s in (lineage.url, lineage.key) if isinstance(s, n.Secret)] if lineage else []


def database_of(plan: n.Plan, node: n.Node) -> n.Source | None:
    """The database source that the node connects to: the source itself, its extract, and the guards that run in it."""
    if isinstance(node, n.Guard) and node.dialect is not None:
        node = plan.node(node.subject)
    return node if isinstance(node, n.Source) and node.connection is not None else None


def needs_duckdb(node: n.Node) -> bool:
    """Whether the runtime asks DuckDB: for guards over files, SQL stages, and rows of a database as no CSV."""
    if isinstance(node, n.Stage):
        return isinstance(node.program, n.SqlFile)
    if isinstance(node, n.Source):
        kept_as = node.format if node.extracts is not None else "csv"
        return kept_as != "csv" or (node.dialect is None and node.version.startswith("column:"))
    return isinstance(node, n.Guard) and node.asks_table and node.dialect is None


def source_packages(node: n.Node) -> tuple[str, ...]:
    """What the runtime reads a source at a URI with, as lines of requirements."""
    return _packages(node.uri or "") if isinstance(node, n.Source) else ()


def store_packages(plan: n.Plan) -> tuple[str, ...]:
    """What the runtime speaks to the plan's store with, as lines of requirements; nothing where that is a folder."""
    return _packages(plan.version.store)


def _packages(uri: str) -> tuple[str, ...]:
    scheme, there, _ = uri.partition("://")
    return _FILE_SYSTEMS.get(scheme, ()) if there else ()


def needs_psycopg(plan: n.Plan, node: n.Node) -> bool:
    """Whether the runtime connects to PostgreSQL."""
    source = database_of(plan, node)
    return source is not None and source.dialect == "postgres"


def needs_mlflow(plan: n.Plan, node: n.Node) -> bool:
    """Whether the runtime asks MLflow's registry: to deploy, and to compare with the champion."""
    asks = isinstance(node, n.Deploy) or (isinstance(node, n.Guard) and node.champion is not None)
    return asks and plan.version.registry == "mlflow"
