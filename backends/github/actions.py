"""The actions that a workflow uses, each pinned by the commit of a release.

Looked up on 2026-11-23. To move a pin: `git ls-remote https://github.com/OWNER/NAME refs/tags/VERSION`, then change the
commit and the version together, and the date above.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """An action at one commit; `version` is the release that the commit was."""

    name: str
    commit: str
    version: str

    @property
    def uses(self) -> str:
        return f"{self.name}@{self.commit}"


CHECKOUT = Action("actions/checkout", "df4cb1c069e1874edd31b4311f1884172cec0e10", "v6.0.3")
SETUP_PYTHON = Action("actions/setup-python", "a309ff8b426b58ec0e2a45f0f869d46889d02405", "v6.2.0")
UPLOAD = Action("actions/upload-artifact", "b7c566a772e6b6bfb58ed0dc250532a479d7789f", "v6.0.0")
DOWNLOAD = Action("actions/download-artifact", "37930b1c2abaa49bbe596cd826c3c89aef350131", "v7.0.0")
CACHE_RESTORE = Action("actions/cache/restore", "55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0")
CACHE_SAVE = Action("actions/cache/save", "55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0")

ACTIONS = (CHECKOUT, SETUP_PYTHON, UPLOAD, DOWNLOAD, CACHE_RESTORE, CACHE_SAVE)
