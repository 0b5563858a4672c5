"""MLflow's client: which server or database a pipeline names, opened once, and its errors in words for people.

mlflow is imported where it is used, and only here. Its address may hold a password: nothing that is written or printed
repeats the address.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .registry import RegistryError

INSTALL = "pip install 'mlopsc[mlflow]'"
_SERVERS = ("http", "https")
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # the address again, with its password
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",  # MLflow's own 7 are more than two minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}


def address(version: Mapping[str, Any], root: Path, environ: Mapping[str, str]) -> str:
    """The address that the `version` block names, a relative database file put under the project's folder. Raises
    RegistryError where there is none that MLflow's client takes."""
    named = version.get("registry_uri")
    if isinstance(named, Mapping) or named is None:
        secret = named["name"] if named else "MLFLOW_TRACKING_URI"
        found = environ.get(secret, "").strip()
        if not found:
            raise RegistryError(f"the address of MLflow, the secret {secret}, is not set in the environment")
    else:
        found = str(named).strip()
    scheme = found.partition(":")[0].partition("+")[0] if ":" in found else ""
    if scheme not in (*_SERVERS, *_DATABASES):
        kind = f"begins with '{scheme}:'" if scheme else "is a path"
        raise RegistryError(
            f"the address of MLflow {kind}: write that of a server (https://…) or of a database (sqlite:///mlflow.db)"
        )
    match = re.fullmatch(r"(sqlite(?:\+\w+)?):///([^?]+)(.*)", found)
    if match is None:
        return found
    file = (root / match[2]).absolute()
    if not file.parent.is_dir():  # MLflow would make it, wherever that is
        raise RegistryError("the folder of MLflow's database does not exist")
    return f"{match[1]}:///{file}{match[3]}"


def why_not_reachable(version: Mapping[str, Any], root: Path, environ: Mapping[str, str]) -> str | None:
    """Why MLflow cannot be asked, before anything depends on it; nothing where it answers."""
    try:
        uri = address(version, root, environ)
        parts = urlsplit(uri)
        if parts.scheme in _SERVERS and not any(environ.get(p) for p in ("HTTPS_PROXY", "https_proxy")):
            _answers(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        with told(uri):
            connect(uri).search_registered_models(max_results=1)
    except (RegistryError, ValueError) as e:
        return str(e)
    return None


def _answers(host: str, port: int) -> None:
    # MLflow's client tries for half a minute before it says that nobody is there.
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError as e:
        why = (e.strerror or str(e)).lower()
        raise RegistryError(f"MLflow does not answer at {host}, port {port}: {why}") from e


def lacking(uri: str | None = None) -> str | None:
    """Which package this interpreter lacks to ask MLflow."""
    needed = ["mlflow"] if uri is None or uri.startswith(_SERVERS) else ["mlflow", "sqlalchemy", "alembic"]
    return next((name for name in needed if importlib.util.find_spec(name) is None), None)


@lru_cache(maxsize=8)
def connect(uri: str) -> Any:
    """A client of MLflow. Raises RegistryError where the package is missing."""
    if package := lacking(uri):
        raise RegistryError(f"the registry is MLflow's, and this interpreter lacks {package}: {INSTALL}")
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def download(uri: str, source: str, into: Path) -> Path:
    """Fetches an artifact, a file or a folder, into a folder."""
    from mlflow.artifacts import download_artifacts

    with told(uri):
        return Path(download_artifacts(artifact_uri=source, dst_path=str(into), tracking_uri=uri))


@contextmanager
def told(uri: str) -> Iterator[None]:
    """What MLflow and the libraries below it raise becomes a RegistryError of one line, without the address."""
    try:
        yield
    except RegistryError:
        raise
    except Exception as e:
        family = type(e).__module__.partition(".")[0]
        if family not in ("mlflow", "sqlalchemy", "alembic", "sqlite3", "requests", "urllib3", "psycopg2", "pymysql"):
            raise
        raise RegistryError(f"MLflow: {_one_line(str(e), uri)}") from None


def _one_line(text: str, uri: str) -> str:
    parts = urlsplit(uri)
    for hidden in (uri, uri.rstrip("/"), parts.netloc if parts.password else "", parts.password or ""):
        text = text.replace(hidden, "…") if hidden else text
    text = re.sub(r"\(Background on this error at: \S+\)", "", text)
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def code_of(error: Exception) -> str:
    """MLflow's own word for an error: RESOURCE_DOES_NOT_EXIST."""
    return str(getattr(error, "error_code", ""))
