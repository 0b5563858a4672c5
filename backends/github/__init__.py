"""The GitHub Actions target: one workflow a pipeline, one job a node."""

from __future__ import annotations

from .backend import GitHubActions

__all__ = ["GitHubActions"]
