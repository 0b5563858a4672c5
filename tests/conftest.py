"""What holds for every test: tests of real engines are marked, and the run closes with which engines really ran.

A test that needs a real engine lies in `tests/engines/`, in a file named after it, and skips with the reason
`engine missing: NAME (how to get it)` where the engine is not to be had. On a developer's machine that is a skip; under
`CI=true` it is a failure, since CI installs them all.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

# A shell starts what it puts into the background with Ctrl-C ignored, and nohup ignores a closed terminal; programs
# inherit both, and tests that interrupt a run would wait for ever.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

ENGINES = Path(__file__).parent / "engines"
MISSING = re.compile(r"engine missing: (?P<engine>[\w .-]+?)\s*(?:\((?P<why>.*)\))?$", re.DOTALL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden trees anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ENGINES):
            item.user_properties.append(("engine", _engine_of(item)))
            item.add_marker(pytest.mark.engine)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _missing_engine_fails_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _missing_engine_fails_in_ci((yield))


def _missing_engine_fails_in_ci(report):
    reason = _reason(report)
    if reason and MISSING.search(reason) and os.environ.get("CI", "").lower() in ("true", "1"):
        report.outcome = "failed"
        report.longrepr = f"{reason}\nCI installs every engine, so that nothing is skipped there."
    return report


def _reason(report) -> str | None:
    """Why it was skipped: pytest keeps (path, line, "Skipped: …")."""
    if not report.skipped or not isinstance(report.longrepr, tuple):
        return None
    return report.longrepr[2].removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    stats = terminalreporter.stats
    ran: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed"):
        for report in stats.get(outcome, []):
            engine = dict(report.user_properties).get("engine")
            if engine and report.when == "call":
                ran[engine][outcome] += 1

    skipped: dict[str, set[str]] = defaultdict(set)
    for report in stats.get("skipped", []):
        missing = MISSING.search(_reason(report) or "")
        if missing:
            skipped[missing["engine"]].add(missing["why"] or "no reason given")

    if not ran and not skipped:
        return
    terminalreporter.section("engines")
    for engine, counts in sorted(ran.items()):
        terminalreporter.line(f"ran      {engine}: " + ", ".join(f"{n} {outcome}" for outcome, n in counts.items()))
    for engine, reasons in sorted(skipped.items()):
        terminalreporter.line(f"skipped  {engine}: {'; '.join(sorted(reasons))}", yellow=True)


def _engine_of(item: pytest.Item) -> str:
    """The engine that a test runs: by its marker, by the fixture that starts it, else by the file that it is in."""
    named = [mark.args[0] for mark in item.iter_markers("engine") if mark.args]
    if named:
        return named[0]
    fixtures = getattr(item, "fixturenames", ())
    if "podman" in fixtures or "docker" in fixtures:
        return "podman"
    callspec = getattr(item, "callspec", None)
    if "airflow" in fixtures and callspec is not None and "airflow" in callspec.params:
        return f"airflow {callspec.params['airflow']}"
    return item.path.stem.removeprefix("test_").partition("_")[0]
