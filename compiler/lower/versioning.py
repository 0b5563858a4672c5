"""The versioning policy with its defaults."""

from __future__ import annotations

from ..plan import nodes as plan
from ..semantics.model import Model
from ..semantics.sources import secret_or_text
from ..syntax import tree


def lower_versioning(model: Model) -> plan.Versioning:
    """What the `version` block says, and the defaults where it says nothing."""
    default = plan.Versioning()
    entity = model.version
    if entity is None:
        return default
    code, env, registry = entity.value("code"), entity.value("env"), entity.value("model")
    lock = env.args[0].value if isinstance(env, tree.Call) and isinstance(env.args[0], tree.Text) else None
    name: str = default.registry
    uri = None
    if isinstance(registry, tree.Call) and isinstance(registry.args[0], tree.Text):
        name = registry.args[0].value
        uri = next((secret_or_text(e.value) for e in registry.named if e.key.text == "uri"), None)
        if name == "mlflow" and uri is None:
            uri = plan.Secret("MLFLOW_TRACKING_URI")  # where MLflow's own tools look
    elif isinstance(registry, tree.Path):
        name = registry.text

    def word(attribute: str, otherwise: str) -> str:
        value = entity.value(attribute)
        return value.text if isinstance(value, tree.Path) else otherwise

    return plan.Versioning(
        code=word("code", default.code),
        require_clean=isinstance(code, tree.Call),
        data=word("data", default.data),
        params=word("params", default.params),
        env_lock=lock,
        metadata=word("metadata", default.metadata),
        registry=name,
        registry_uri=uri,
        store=entity.text("store") or default.store,
        lineage=_lineage(entity.value("lineage")),
    )


def _lineage(value: tree.Expr | None) -> plan.Lineage | None:
    if not isinstance(value, tree.Call):
        return None
    named = {e.key.text: secret_or_text(e.value) for e in value.named}
    file, key, namespace = (
        secret_or_text(value.args[0]) if value.args else None,
        named.get("key"),
        named.get("namespace"),
    )
    return plan.Lineage(
        file=file if isinstance(file, str) else None,
        url=named.get("url"),
        key=key if isinstance(key, plan.Secret) else None,
        namespace=namespace if isinstance(namespace, str) else None,
    )
