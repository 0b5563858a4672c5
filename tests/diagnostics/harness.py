"""What the compiler says about a spec, and what the comments of a fixture expect it to say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mlopsc.backends.base import ChecksPlans
from mlopsc.backends.table import BACKENDS
from mlopsc.compiler.diagnostics import Diagnostic, Diagnostics, Severity
from mlopsc.compiler.driver import Analysis, analyse, compile_plan, require_support
from mlopsc.compiler.lint import lint, read_levels
from mlopsc.compiler.options import options_fit, plan_fits, targets_exist
from mlopsc.compiler.ratchet import compare

HERE = Path(__file__).parent
_MARK = re.compile(r"#\s*expect(?P<next>-next)?:(?P<rest>.*)")
_ONE = re.compile(r'(?P<code>[EW]\d{3})\s+"(?P<text>(?:\\.|[^"\\])*)"')
TODAY = date(2026, 1, 15)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A code on a line, with a part of what is said."""

    file: Path
    line: int
    code: str
    text: str

    def __str__(self) -> str:
        return f'{self.file.name}:{self.line}: {self.code} "{self.text}"'


def diagnose(path: Path, code: str) -> list[Diagnostic]:
    """What is reported for a spec, in order: every error, and the lint findings of the code that is asked for.

    What E6 finds is found against `before.mlops` beside the spec.
    """
    analysis = analyse(path, profile=_profile(path))
    found = list(analysis.diagnostics)
    if code.startswith("W"):
        levels = read_levels(path)
        findings = lint(analysis.model, levels, today=TODAY, found=analysis.diagnostics, tracked=frozenset())
        found += [d for d in findings if d.code == code]
    if code.startswith("E6"):
        found += compare(analyse(path.with_name("before.mlops")), analysis, TODAY).found
    if code.startswith("E4") and not analysis.diagnostics.has_errors:
        found += _of_targets(analysis)
    return [d for d in found if d.code == code or d.severity is Severity.ERROR]


def _of_targets(analysis: Analysis) -> list[Diagnostic]:
    """What the targets that a spec declares say about it."""
    found = Diagnostics()
    targets_exist(analysis.files, frozenset(BACKENDS), found)
    lowered = compile_plan(analysis)
    for name in (n for n in lowered.plan.targets if n in BACKENDS):
        require_support(lowered, name, BACKENDS[name].capabilities, found)
        options_fit(name, lowered.plan.targets[name], BACKENDS[name].options, analysis.files, found)
        if not found.has_errors and isinstance(backend := BACKENDS[name], ChecksPlans):
            plan_fits(name, backend.problems(lowered.plan, lowered.plan.targets[name]), analysis.files, found)
    return list(found)


def _profile(path: Path) -> str | None:
    """The profile that a spec is to be read with: its first line is then `# mlopsc --profile NAME`."""
    match = re.search(r"^# mlopsc --profile (\w+)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return match[1] if match else None


def root_of(fixture: Path) -> Path:
    """The spec to read: a fixture is a file, or a folder with `main.mlops`."""
    return fixture / "main.mlops" if fixture.is_dir() else fixture


def expectations(fixture: Path) -> list[Expectation]:
    """What the comments of a fixture expect: `# expect: E101 "part"`, or `# expect-next:` for the line below."""
    files = sorted(fixture.glob("**/*.mlops")) if fixture.is_dir() else [fixture]
    found: list[Expectation] = []
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            mark = _MARK.search(line)
            if mark is None:
                continue
            ones = list(_ONE.finditer(mark["rest"]))
            assert ones, f'{file}:{number}: an expectation is written: # expect: E101 "part of the message"'
            at = number + 1 if mark["next"] else number
            found += [Expectation(file, at, one["code"], re.sub(r"\\(.)", r"\1", one["text"])) for one in ones]
    return found


def differences(expected: list[Expectation], found: list[Diagnostic]) -> list[str]:
    """Diagnostics without a comment, and comments without a diagnostic."""
    left = list(found)
    problems: list[str] = []
    for expectation in expected:
        match = next((d for d in left if _meets(d, expectation)), None)
        if match is None:
            problems.append(f"missing: {expectation}")
        else:
            left.remove(match)
    problems += [f"unexpected: {d.span.source.path}:{d.span.line}: {said(d)}" for d in left]
    return problems


def said(d: Diagnostic) -> str:
    """All that a diagnostic says, in a line."""
    notes = "".join(f" ({note.message})" for note in d.notes)
    return f"{d.code} {d.message}{notes} [{d.hint}]"


def _meets(d: Diagnostic, expected: Expectation) -> bool:
    if not d.span.source.path.endswith(".mlops"):  # said of the command line or of settings, which have no marks
        return d.code == expected.code and expected.text in said(d)
    same_file = Path(d.span.source.path).resolve() == expected.file.resolve()
    return same_file and d.span.line == expected.line and d.code == expected.code and expected.text in said(d)
