"""W511"""

from __future__ import annotations

from ...diagnostics import Diagnostics, Severity, declare
from ...semantics.model import Model
from ...syntax import tree

UNVERSIONED = declare("W511", "unversioned", Severity.WARNING, "The versioning policy leaves something out.")
_LOST = {
    "code": ("which code made it", "git"),
    "data": ("which data made it", "content"),
    "params": ("which params made it", "all"),
    "env": ("which packages made it", 'lock("requirements.txt")'),
    "metadata": ("when and where it was made", "all"),
    "model": ("which models there were", 'registry("local")'),
}


def everything_is_versioned(model: Model, diagnostics: Diagnostics) -> None:
    """Nothing in `version` is off: a result can be made again."""
    for name, attribute in (model.version.attributes if model.version else {}).items():
        value = attribute.value
        if isinstance(value, tree.Path) and value.text == "off" and name in _LOST:
            lost, instead = _LOST[name]
            message = f"with {name} = off nobody can tell later {lost}"
            diagnostics.report(UNVERSIONED, value.span, message, hint=f"write {name} = {instead}")
