"""A first spec from what was found in a folder. Only what can be told for sure becomes a stage; the rest is named.

A script that takes its paths on the command line is called with them. One that has its paths in its text is run by a
step beside it, which puts its inputs where it looks for them and hands on what it wrote, so that nobody has to change
a script to begin.
"""

from __future__ import annotations

import json
import keyword
import re
import shlex
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from ..compiler.syntax.literals import quote
from .scan import Scan
from .scripts import Option, Script

STEPS = "mlops_steps"

_OUT = {"out", "output", "outputs", "save", "dest", "destination", "write", "result", "results", "target", "to"}
_IN = {"in", "input", "inputs", "data", "dataset", "csv", "source", "train", "test", "from", "src", "table"}
_MADE = {"metrics", "metric", "scores", "report", "plot", "figure", "predictions"}
_NOISE = {"path", "file", "filename", "dir", "folder", "csv", "json", "parquet"}
_QUOTES = str.maketrans({"\\": "/", '"': "'"})  # what must not stand in a docstring
_COUNTED = {".csv", ".jsonl", ".ndjson", ".parquet"}
_MOST_BYTES = 200_000_000
_NO_FILE = {"name", "experiment", "mode", "url", "host", "user", "device", "id", "key", "token", "date", "method"}
_LEARNS = {"train", "fit", "learn", "tune"}
_RESERVED = {
    *("pipeline", "param", "source", "version", "stage", "guard", "apply", "deploy", "monitor", "trigger", "notify"),
    *("profile", "target", "test", "import", "mlops", "on", "in", "every", "and", "or", "not", "by", "for", "where"),
    *("between", "matches", "else", "true", "false", "foreach", "within", "expected", "given", "expect", "run"),
    *("inputs", "outputs", "params", "champion", "previous", "served", "schema", "resources", "env", "schedule"),
    *("model", "references", "unique", "key", "block", "warn", "quarantine", "checks", "per", "limit", "item"),
}


@dataclass(frozen=True)
class Made:
    """An output of a stage; `fixed` is the path that the script itself writes to."""

    name: str
    kind: str
    path: str
    fixed: str | None = None


@dataclass(frozen=True)
class Step:
    """A stage to be."""

    name: str
    script: Script
    run: str
    inputs: tuple[str, ...]
    outputs: tuple[Made, ...]
    params: tuple[str, ...]
    cached: bool = True


@dataclass
class Draft:
    """What the spec will say."""

    name: str
    scan: Scan
    sources: dict[str, str] = field(default_factory=dict)
    params: dict[str, Option] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    least_rows: dict[str, int] = field(default_factory=dict)  # of sources that are tables
    files: dict[str, str] = field(default_factory=dict)  # steps to write beside the spec
    _taken: set[str] = field(default_factory=set)

    def unique(self, text: str, otherwise: str) -> str:
        """A name of the language that nothing has yet."""
        name = word(text, otherwise)
        count = 2
        while name in self._taken:
            name, count = f"{word(text, otherwise)}_{count}", count + 1
        self._taken.add(name)
        return name


def word(text: str, otherwise: str) -> str:
    """A name of the language that is also one of Python: lower case, no keyword."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_").lstrip("0123456789_") or otherwise
    return f"{name}_" if name in _RESERVED - {"model", "key"} or keyword.iskeyword(name) else name


def draft(name: str, scan: Scan) -> Draft:
    found = Draft(name, scan)
    made: dict[str, str] = {}  # what earlier scripts make: name or path to artifact
    for script in scan.scripts:
        step = _from_options(found, script, made) if script.options else _from_paths(found, script, made)
        if step is None:
            continue
        found.steps.append(step)
        for output in step.outputs:
            made[output.name] = made[output.fixed or output.name] = f"{step.name}.{output.name}"
    found.steps = [_read_by_people(step, found.steps) for step in found.steps]
    for source, path in found.sources.items():
        least = least_rows(scan.root / path)
        if least is not None and f"{source}_sane" not in found._taken:
            found.least_rows[source] = least
    found.left_out += [(path, "call it from a stage's `run` when you know its inputs") for path in scan.others]
    return found


def _read_by_people(step: Step, steps: list[Step]) -> Step:
    """A table or file that no step reads is there for people: a report."""
    used = {i.rpartition(": ")[2] for other in steps for i in other.inputs}
    outputs = tuple(
        replace(o, kind="report") if o.kind in ("table", "file") and f"{step.name}.{o.name}" not in used else o
        for o in step.outputs
    )
    return replace(step, outputs=outputs)


def least_rows(path: Path) -> int | None:
    """How many rows a table should have at least: half of what it has now, rounded down to one digit.

    Nothing where it is no table, or where nothing here could count: guards on tables need duckdb.
    """
    if path.suffix.lower() not in _COUNTED or find_spec("duckdb") is None:
        return None
    if path.suffix.lower() == ".parquet" or path.stat().st_size > _MOST_BYTES:
        return 1
    with path.open("rb") as file:
        rows = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    half = max(rows // 2, 1)
    digits = int("1" + "0" * (len(str(half)) - 1))
    return half // digits * digits


# ------------------------------------------------- scripts with a command line


def _from_options(found: Draft, script: Script, made: dict[str, str]) -> Step | None:
    words = ["python", shlex.quote(script.path).replace("{", "{{").replace("}", "}}")]
    inputs: list[str] = []
    outputs: list[Made] = []
    params: list[str] = []
    options: dict[str, Option] = {}
    for option in script.options:
        slot = None
        artifact = _artifact(found, option, made)
        if option.type in ("int", "float") and option.default is not None:
            slot = f"params.{option.name}"
            params.append(option.name)
            options[option.name] = option
        elif _makes(option, script, artifact):
            output = _output(option, script)
            slot = f"outputs.{output.name}"
            outputs.append(output)
        elif option.type == "string" and artifact and (option.required or _words(option) & _IN):
            slot = f"inputs.{artifact.rpartition('.')[2]}"
            inputs.append(artifact)
        if slot is None:
            if option.required:
                said = option.flag or option.name.upper()
                found.left_out.append((script.path, f"needs {said}, and nothing here tells what to give it"))
                return None
            continue
        words += [option.flag] if option.flag else []
        words.append(f"{{{slot}}}")
    found.params |= {name: option for name, option in options.items() if name not in found.params}
    name = found.unique(script.stem, "step")
    command = " ".join(words)
    return Step(name, script, quote(command), tuple(dict.fromkeys(inputs)), tuple(outputs), tuple(params))


def _words(option: Option) -> set[str]:
    return set(option.name.lower().split("_"))


def _makes(option: Option, script: Script, artifact: str | None) -> bool:
    if option.type != "string":
        return False
    words = _words(option)
    if words & _OUT:
        return True
    earlier = artifact.rpartition(".")[2] if artifact and "." in artifact else ""
    if "model" in words and set(script.stem.lower().split("_")) & _LEARNS and "model" not in earlier.split("_"):
        return True
    return not earlier and bool(words & _MADE)  # else an earlier script makes it


def _output(option: Option, script: Script) -> Made:
    words = [w for w in option.name.lower().split("_") if w not in _OUT | _NOISE]
    name = word("_".join(words), "result")
    suffix = PurePosixPath(str(option.default or "")).suffix
    return Made(name, *_kind(name, suffix, script))


def _kind(name: str, suffix: str, script: Script) -> tuple[str, str]:
    """Kind and file name of an output, by its name and by what the script works with."""
    words = set(name.split("_"))
    if words & {"metrics", "metric", "scores"} and suffix in ("", ".json"):
        return "metrics", f"{name}.json"
    if words & {"model", "clf", "classifier", "regressor", "estimator"}:
        known = {"joblib": ".joblib", "torch": ".pt", "pickle": ".pkl", "json": ".json"}
        return "model", name + (suffix or next((s for m, s in known.items() if m in script.imports), ".bin"))
    if suffix in (".png", ".svg") or words & {"plot", "figure"}:
        return "plot", name + (suffix or ".png")
    if suffix in (".html", ".md", ".pdf") or "report" in words:
        return "report", name + (suffix or ".html")
    if suffix in (".csv", ".parquet", ".jsonl"):
        return "table", name + suffix
    if suffix:
        return "file", name + suffix
    return "file", name + (
        ".parquet" if "pyarrow" in script.imports else ".csv" if script.imports & {"csv", "pandas"} else ".out"
    )


def _artifact(found: Draft, option: Option, made: dict[str, str]) -> str | None:
    """The output of an earlier script, or the source, that an argument most likely wants."""
    bare = "_".join(w for w in option.name.lower().split("_") if w not in _IN | _NOISE) or option.name.lower()
    for name in (option.name.lower(), bare):
        if name in made:
            return made[name]
    if option.type != "string" or _words(option) & _OUT:
        return None
    default = str(option.default or "")
    if default in made:
        return made[default]
    if default in found.scan.files:
        return _source(found, default)
    tables = found.scan.tables
    near = [t for t in tables if bare in PurePosixPath(t).stem.lower() or PurePosixPath(t).stem.lower() in bare]
    if len(near) == 1:
        return _source(found, near[0])
    if not _words(option) & (_IN | _NOISE) and (not option.required or _words(option) & _NO_FILE):
        return None
    earlier = [a for s in found.steps for a in (f"{s.name}.{o.name}" for o in s.outputs if o.kind in ("table", "file"))]
    if earlier:
        return earlier[-1]
    return _source(found, tables[0]) if len(tables) == 1 else None


def _source(found: Draft, path: str) -> str:
    for name, uri in found.sources.items():
        if uri == path:
            return name
    name = found.unique(PurePosixPath(path).stem, "table")
    found.sources[name] = path
    return name


# --------------------------------------------- scripts with paths in their text


def _from_paths(found: Draft, script: Script, made: dict[str, str]) -> Step | None:
    if script.needs_arguments:
        found.left_out.append((script.path, "reads its arguments by itself: call it from a stage's `run`"))
        return None
    if not script.writes:
        found.left_out.append((script.path, "names no file that it writes"))
        return None
    missing = [p for p in script.reads if p not in made and p not in found.scan.files]
    if missing:
        found.left_out.append((script.path, f"reads {missing[0]}, which is not here"))
        return None
    name = found.unique(script.stem, "step")
    taken: dict[str, str] = {}
    outputs = []
    for path in script.writes:
        pure = PurePosixPath(path)
        kind, _ = _kind(word(pure.stem, "result"), pure.suffix, script)
        output = _free(word(pure.stem, "result"), taken)
        taken[output] = path
        outputs.append(Made(output, kind, f"{output}{pure.suffix}", path))
    inputs: dict[str, str] = {}
    places: dict[str, str] = {}
    for path in script.reads:
        artifact = made.get(path) or _source(found, path)
        argument = _free(artifact.rpartition(".")[2], taken)
        taken[argument] = path
        inputs[argument] = artifact
        places[argument] = path if "." in artifact else ""
    module = PurePosixPath(script.path).with_suffix("").as_posix().replace("/", ".")
    importable = all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split("."))
    followed = importable and not _imports_neighbours(found, script)
    path = f"{STEPS}/run_{name}.py"
    found.files[path] = _step_text(script.path, module if importable else None, places, outputs)
    renamed = any(argument != artifact.rpartition(".")[2] for argument, artifact in inputs.items())
    listed = tuple(f"{k}: {v}" for k, v in inputs.items()) if renamed else tuple(inputs.values())
    return Step(name, script, f'python("{path}:step")', listed, tuple(outputs), (), followed)


def _imports_neighbours(found: Draft, script: Script) -> bool:
    """Whether a script in a folder imports modules beside it: seen from the step, they are not to be found."""
    folder = PurePosixPath(script.path).parent.as_posix()
    beside = {f"{folder}/{name}{end}" for name in script.imports for end in (".py", "/__init__.py")}
    return folder != "." and bool(beside & found.scan.files)


def _free(name: str, taken: dict[str, str]) -> str:
    free, count = name, 2
    while free in taken:
        free, count = f"{name}_{count}", count + 1
    return free


def _step_text(script: str, module: str | None, places: dict[str, str], outputs: list[Made]) -> str:
    arguments = ", ".join(f"{name}: Path" for name in (*places, *(o.name for o in outputs)))
    lines = [
        f'"""Runs {script.translate(_QUOTES)} as it is:',
        "its inputs are put where it looks for them, and what it wrote is handed on.",
        "",
        "A script that takes its paths from the command line needs no such step.",
        '"""',
        "",
        "import shutil",
        "import subprocess",
        "import sys",
        "from pathlib import Path",
    ]
    if module:
        lines += [
            "from typing import TYPE_CHECKING",
            "",
            "if TYPE_CHECKING:  # Never run. It says which code this step depends on.",
            f"    import {module}  # noqa: F401",
        ]
    lines += ["", "", f"def step({arguments}) -> None:"]
    for name, place in places.items():
        if place:
            folder = PurePosixPath(place).parent.as_posix()
            lines += [f"    Path({_text(folder)}).mkdir(parents=True, exist_ok=True)"] if folder != "." else []
            lines.append(f"    shutil.copyfile({name}, {_text(place)})")
    folders = {PurePosixPath(o.fixed or "").parent.as_posix() for o in outputs} - {"."}
    lines += [f"    Path({_text(folder)}).mkdir(parents=True, exist_ok=True)" for folder in sorted(folders)]
    lines.append(f"    subprocess.run([sys.executable, {_text(script)}], check=True)")
    lines += [f"    shutil.copyfile({_text(o.fixed or '')}, {o.name})" for o in outputs]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A text of Python, in double quotes."""
    return json.dumps(value, ensure_ascii=False)
