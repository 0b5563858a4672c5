"""report.html: one file, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from .pipeline import Pipeline


def render_page(summary: Mapping[str, Any], pipeline: Pipeline) -> str:
    rows = "".join(f"<tr><td>{escape(n)}<td>{escape(r['state'])}" for n, r in summary["nodes"].items())
    return f"<!doctype html><meta charset=utf-8><title>{escape(pipeline.name)}</title><table>{rows}</table>\n"
