"""What people see of a diagnostic, to the letter."""

from __future__ import annotations

from importlib import import_module

import pytest
from mlopsc.cli.render_text import render_all, render_diagnostic, render_line, summary
from mlopsc.cli.terminal import ansi, width
from mlopsc.compiler.diagnostics import Diagnostic
from mlopsc.compiler.source import Source, Span

from . import specimens
