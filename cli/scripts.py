"""What a Python script wants on its command line and which files it names, read from its syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_FILES = {
    *(".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".json", ".txt", ".npy", ".npz", ".feather", ".arrow"),
    *(".pkl", ".pickle", ".joblib", ".pt", ".pth", ".onnx", ".h5", ".keras", ".png", ".svg", ".pdf", ".html", ".md"),
}
_WRITERS = {"dump", "save", "savez", "savefig", "save_model", "write_text", "write_bytes", "write_csv", "write_parquet"}


@dataclass(frozen=True)
class Option:
    """One argument of a script: `flag` is empty for a positional one."""

    flag: str
    name: str
    type: str  # int, float, string, bool
    default: str | int | float | bool | None
    required: bool
    many: bool


@dataclass(frozen=True)
class Script:
    """A Python file of the project. `reads` and `writes` are the paths that its text names."""

    path: str
    options: tuple[Option, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    runs: bool  # does something when it is run, and is no module that only defines things
    imports: frozenset[str]
    needs_arguments: bool  # reads sys.argv by itself, so that nobody can tell what it wants

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem


def read_script(root: Path, path: str) -> Script | None:
    """Nothing where the file is no Python that parses."""
    try:
        tree = ast.parse((root / path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError, SyntaxError):
        return None
    reads, writes = _files(tree)
    options = _options(tree)
    return Script(
        path,
        options,
        tuple(p for p in reads if p not in writes),
        writes,
        _runs(tree),
        frozenset(_imports(tree)),
        not options and _reads_argv(tree),
    )


def _options(tree: ast.Module) -> tuple[Option, ...]:
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"
    ]
    calls.sort(key=lambda c: (c.lineno, c.col_offset))
    return tuple(option for call in calls if (option := _option(call)))


def _option(call: ast.Call) -> Option | None:
    names = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if not names:
        return None
    flag = next((n for n in names if n.startswith("--")), names[0])
    positional = not flag.startswith("-")
    given = {k.arg: k.value for k in call.keywords if k.arg}
    action = _constant(given.get("action"))
    if action in ("help", "version"):
        return None
    default = _constant(given.get("default"))
    many = _constant(given.get("nargs")) in ("+", "*") or action in ("append", "extend")
    optional = _constant(given.get("nargs")) in ("?", "*")
    return Option(
        "" if positional else flag,
        flag.lstrip("-").replace("-", "_"),
        "bool" if action in ("store_true", "store_false") else _type(given.get("type"), default),
        default,
        (positional and not optional) or _constant(given.get("required")) is True,
        many,
    )


def _type(node: ast.expr | None, default: object) -> str:
    name = node.id if isinstance(node, ast.Name) else ""
    if name in ("int", "float"):
        return name
    if node is None and isinstance(default, int | float) and not isinstance(default, bool):
        return type(default).__name__
    return "string"


def _constant(node: ast.expr | None) -> str | int | float | bool | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int | float) else None
    if isinstance(node, ast.Call) and node.args:  # Path("data/x.csv")
        return _constant(node.args[0])
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
        return node.value
    return None


def _files(tree: ast.Module) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths read and paths written, in order of mention. A path in a variable counts as what is done with it."""
    named = _named_paths(tree)
    reads: dict[str, None] = {}
    writes: dict[str, None] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        paths = [p for a in _parts(node) if (p := _path(a, named))]
        (writes if _writes(node) else reads).update(dict.fromkeys(paths))
    for path in writes:
        reads.pop(path, None)
    return tuple(reads), tuple(writes)


def _named_paths(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            path = _path(node.value, {})
            if path:
                found[node.targets[0].id] = path
    return found


def _parts(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call, and for `Path("x").read_text()` the object too."""
    parts = [*call.args, *(k.value for k in call.keywords)]
    if isinstance(call.func, ast.Attribute) and call.func.attr not in ("add_argument", "join", "Path"):
        parts.append(call.func.value)
    return [] if _called(call) in ("add_argument", "Path", "print", "join") else parts


def _path(node: ast.expr, named: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return named.get(node.id)
    if isinstance(node, ast.Call) and _called(node) in ("Path", "str") and len(node.args) == 1:
        return _path(node.args[0], named)
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    path = PurePosixPath(node.value)
    plain = not any(c in node.value for c in "*?{}\n :") and not path.is_absolute() and ".." not in path.parts
    return path.as_posix() if plain and path.suffix.lower() in _FILES else None


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _writes(call: ast.Call) -> bool:
    name = _called(call)
    if name == "open":
        texts = [a.value for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Constant)]
        return any(isinstance(t, str) and len(t) <= 3 and set(t) & {*"wax"} and set(t) <= {*"rwaxbt+"} for t in texts)
    return name in _WRITERS or name.startswith("to_")


def _runs(tree: ast.Module) -> bool:
    """Whether the file has statements that do something: a call, a loop, `if __name__ == "__main__"`."""
    for node in tree.body:
        if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
            if isinstance(node, ast.Try) or "TYPE_CHECKING" in ast.dump(node):
                continue
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return True
    return False


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0] if not node.level else node.module.rpartition(".")[2])
    return found


def _reads_argv(tree: ast.Module) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == "argv" for n in ast.walk(tree))
