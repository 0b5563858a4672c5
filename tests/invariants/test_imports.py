"""Who may import whom, and how cheap starting is: the table of ARCHITECTURE.md, read from the code."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "grammar": set(),
    "compiler": {"grammar"},
    "backends": {"compiler", "grammar"},
    "runtime": set(),
}
# The two places that are about other folders by their nature.
EXCEPTIONS = {
    "compiler/support.py": {"backends"},  # the type of a capability, for type checkers only
}


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute dotted names of what a module of ours imports, relative ones resolved to `mlopsc.…`."""
    package = ["mlopsc", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *(node.module.split(".") if node.module else [])]), node.lineno


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_folders_import_only_what_they_may(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        allowed = ALLOWED[folder] | {folder} | EXCEPTIONS.get(name, set())
        for imported, line in imports(path):
            if imported.startswith("mlopsc."):
                assert imported.split(".")[1] in allowed, f"{name}:{line} imports {imported}"


def test_only_the_syntax_folder_knows_lark() -> None:
    for path in sorted((ROOT / "compiler").rglob("*.py")):
        knows = any(name.split(".")[0] == "lark" for name, _ in imports(path))
        assert not knows or path.parent.name == "syntax", path


def test_the_runtime_needs_the_standard_library_alone() -> None:
    """Other packages are imported inside functions, where they are used."""
    for path in sorted((ROOT / "runtime").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in names:
                assert name.split(".")[0] in sys.stdlib_module_names | {"__future__"}, f"{path}: {name}"


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (("--version",), ("lark", "networkx", "sqlglot", "jinja2", "yaml", "rich", "jsonschema", "duckdb")),
        (("lint", "examples/quickstart"), ("networkx", "sqlglot", "jinja2", "jsonschema", "duckdb")),
    ],
    ids=("version", "lint"),
)
def test_starting_imports_nothing_heavy_that_it_does_not_use(
    arguments: tuple[str, ...], heavy: tuple[str, ...]
) -> None:
    code = (
        "import sys\nfrom mlopsc.cli.main import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print('MODULES', *{m.split('.')[0] for m in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split("MODULES", 1)[1].split())
    assert not loaded & set(heavy)


def test_a_node_starts_without_what_few_nodes_need() -> None:
    # Every task of an engine is a process of its own, which compiles what it imports anew.
    code = "import sys\nimport mlopsc.runtime.commands\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(ran.stdout.split()) & {"urllib.request", "http.client", "ssl", "asyncio", "fsspec", "duckdb"}
