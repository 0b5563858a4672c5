"""The versioning policy and the environment."""

from __future__ import annotations

import re

from ...diagnostics import Diagnostics, did_you_mean
from ...syntax import tree
from .. import rules
from ..lineage import check_lineage
from ..model import Model
from ..sources import check_secret, missing_file, scheme_of

STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "sftp", "ssh", "smb", "hdfs", "file")
REGISTRIES = ("local", "mlflow")
MLFLOW = ("https", "http", "sqlite", "postgresql", "mysql", "mssql")


def versioning_names_what_exists(model: Model, diagnostics: Diagnostics) -> None:
    """Lock and requirements files are there; `git(…)` and `registry(…)` say something known."""
    if model.pipeline is not None:
        _file(model.pipeline.value("requirements"), model, diagnostics)
    if model.version is None:
        return
    env = model.version.value("env")
    if isinstance(env, tree.Call):
        argument = env.args[0] if len(env.args) == 1 else None
        if isinstance(argument, tree.Text):
            _file(argument, model, diagnostics)
        else:
            message = "'lock' takes the path of a lock file"
            diagnostics.report(rules.WRONG_ARGUMENTS, env.span, message, hint='write lock("requirements.txt")')
    store = model.version.value("store")
    if isinstance(store, tree.Text):
        _store(store, diagnostics)
    _git(model.version.value("code"), diagnostics)
    _registry(model.version.value("model"), diagnostics)
    check_lineage(model.version.value("lineage"), diagnostics)
    _aliases(model, diagnostics)


def _file(value: tree.Expr | None, model: Model, diagnostics: Diagnostics) -> None:
    if isinstance(value, tree.Text) and not model.project.is_file(value.value):
        missing_file(value, value.value, model, diagnostics)


def _store(value: tree.Text, diagnostics: Diagnostics) -> None:
    scheme = scheme_of(value.value)
    if not value.value.strip():
        diagnostics.report(rules.BAD_PATH, value.span, "the store is nowhere", hint='write store = ".mlops"')
    elif scheme is not None and scheme not in STORES:
        hint = did_you_mean(scheme, STORES) or "stores: " + ", ".join(f"{s}://" for s in STORES)
        diagnostics.report(rules.BAD_PATH, value.span, f"no scheme '{scheme}://' for a store", hint=hint)
    elif scheme is None and (found := value.value.partition(":/"))[1] and found[0] in STORES:
        hint = f'write "{found[0]}://{found[2].lstrip("/")}"'
        diagnostics.report(rules.BAD_PATH, value.span, "the store's address lacks a slash", hint=hint)
    elif scheme is not None and re.search(r"://[^/]*:[^/@]*@", value.value):
        # The plan, and with it everything that is built, would carry it.
        message = "a store with a password stands in the spec, where many read it"
        name = re.sub(r"://[^/]*@", "://", value.value)
        hint = f'change the password, and write store = "{name}"; credentials come from the environment'
        diagnostics.report(rules.WRITTEN_PASSWORD, value.span, message, hint=hint)


def _git(value: tree.Expr | None, diagnostics: Diagnostics) -> None:
    if not isinstance(value, tree.Call):
        return
    right = len(value.named) == 1 and not value.args and value.named[0].key.text == "require"
    if not right or not isinstance(value.named[0].value, tree.Path) or value.named[0].value.text != "clean":
        message = "'git' takes require: clean, or nothing"
        diagnostics.report(rules.WRONG_ARGUMENTS, value.span, message, hint="write git(require: clean)")


def _registry(value: tree.Expr | None, diagnostics: Diagnostics) -> None:
    if not isinstance(value, tree.Call):
        return
    name = value.args[0] if len(value.args) == 1 else None
    if not isinstance(name, tree.Text):
        message = "'registry' takes the name of a registry"
        diagnostics.report(rules.WRONG_ARGUMENTS, value.span, message, hint='write registry("local")')
    elif name.value not in REGISTRIES:
        hint = did_you_mean(name.value, REGISTRIES)
        diagnostics.report(rules.BAD_CHOICE, name.span, f"no registry '{name.value}'", hint=hint)
    for entry in value.named:
        if entry.key.text == "uri" and isinstance(name, tree.Text) and name.value == "local":
            message = "the built-in registry lies in the store, and has no address"
            diagnostics.report(rules.WRONG_ARGUMENTS, entry.key.span, message, hint='write registry("local")')
        elif entry.key.text != "uri":
            hint = did_you_mean(entry.key.text, ["uri"])
            diagnostics.report(
                rules.WRONG_ARGUMENTS, entry.key.span, f"a registry has no '{entry.key.text}'", hint=hint
            )
        elif isinstance(entry.value, tree.Call):
            check_secret(entry.value, diagnostics)
        elif isinstance(entry.value, tree.Text):
            _address(entry.value, diagnostics)


def _address(value: tree.Text, diagnostics: Diagnostics) -> None:
    """An address of MLflow that is written down: a server or a database, without a password."""
    text = value.value.strip()
    scheme = text.partition(":")[0].partition("+")[0] if ":" in text else ""
    hint = 'write a server, "https://mlflow.example.org", or a database, "sqlite:///mlflow.db"'
    if scheme not in MLFLOW:
        known = did_you_mean(scheme, MLFLOW) if scheme else None
        what = f"MLflow has no registry at '{scheme}:'" if scheme else "MLflow has no registry in a folder"
        diagnostics.report(rules.BAD_PATH, value.span, what, hint=known or hint)
    elif re.search(r"//[^/]*:[^/@]+@", text):
        message = "a password has no place in a spec"
        diagnostics.report(
            rules.BAD_PATH, value.span, message, hint='write uri: secret("MLFLOW_TRACKING_URI"), and set that'
        )


def _aliases(model: Model, diagnostics: Diagnostics) -> None:
    """MLflow takes no alias that could be a version, and few signs."""
    registry = model.version.value("model") if model.version is not None else None
    mlflow = isinstance(registry, tree.Call) and any(
        isinstance(a, tree.Text) and a.value == "mlflow" for a in registry.args
    )
    for deploy in model.of("deploy") if mlflow else ():
        alias = deploy.value("alias")
        if not isinstance(alias, tree.Text) or re.fullmatch(r"(?!latest$)(?!v\d+$)[\w-]{1,255}", alias.value, re.I):
            continue
        message = f"MLflow has no alias '{alias.value}'"
        hint = "letters, digits, _ and -; neither 'latest' nor a version like 'v1'"
        diagnostics.report(rules.BAD_CHOICE, alias.span, message, hint=hint)
