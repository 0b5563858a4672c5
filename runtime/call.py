"""The child side of a stage that is not a command: a Python function, a notebook or a SQL file.

Runs as a script of its own, `python call.py DOCUMENT`, in the interpreter of the runner, and needs nothing of ours.
The document is JSON, or `@` and the path of a JSON file.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import numbers
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SAMPLE_ROWS = 5  # that a check may show


def main(argv: Sequence[str]) -> int:
    text = argv[0]
    document = json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    run = {"pythoncall": call_function, "notebook": run_notebook, "sqlfile": run_sql, "check": call_check}[
        document["kind"]
    ]
    return run(document)


def call_function(document: dict[str, Any]) -> int:
    """Calls the function with keyword arguments. A traceback starts in the user's file."""
    return _call(document, lambda _: None)


def call_check(document: dict[str, Any]) -> int:
    """Calls a check, and writes its answer where the document says."""
    return _call(document, lambda answer: _write_answer(answer, Path(document["result"])))


def _call(document: dict[str, Any], use: Callable[[Any], None]) -> int:
    path = Path(document["file"])
    sys.path[0] = str(path.parent)
    sys.argv = [str(path)]
    try:
        function = getattr(_load(path), document["function"])
        use(function(**{name: _value(argument) for name, argument in document["arguments"].items()}))
    except SystemExit:
        raise
    except BaseException as e:
        frames = e.__traceback__
        while frames and frames.tb_frame.f_code.co_filename in (__file__, "<frozen importlib._bootstrap>"):
            frames = frames.tb_next
        sys.stdout.flush()
        traceback.print_exception(type(e), e, frames or e.__traceback__)
        return 1
    return 0


def _write_answer(answer: Any, path: Path) -> None:
    sample: list[Any] = []
    if isinstance(answer, dict):
        if "value" not in answer or set(answer) - {"value", "sample"}:
            raise TypeError(f"the check answered a dict of {sorted(map(str, answer))}, and wanted are value and sample")
        sample, answer = list(answer.get("sample") or []), answer["value"]
        if not all(isinstance(row, dict) for row in sample):
            raise TypeError("the sample of a check's answer is a list of rows, each a dict")
    value = _plain(answer)
    if not isinstance(value, bool | int | float):
        shown = "nothing" if value is None else f"a {type(value).__name__}"
        raise TypeError(f"the check answered {shown}, and wanted is true, false, a number, or a dict with value")
    rows = [{str(name): _shown(_plain(v)) for name, v in row.items()} for row in sample[:SAMPLE_ROWS]]
    path.write_text(json.dumps({"value": value, "sample": rows}), "utf-8")


def _plain(value: Any) -> Any:
    """A number of NumPy and the like as Python's own."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, numbers.Real):
        return float(value)
    item = getattr(value, "item", None)
    try:
        return item() if callable(item) else value
    except (TypeError, ValueError):  # of more than one value
        return value


def _shown(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return "NaN"
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _load(path: Path) -> Any:
    # Imported under its own name, and not as __main__, so that what the function pickles is found again elsewhere.
    import importlib.util

    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    # Executed here, not by the loader, so that no frame of importlib stands in the traceback.
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102
    return module


def _value(argument: dict[str, Any]) -> Any:
    if "path" in argument:
        found = argument["path"]
        return [Path(p) for p in found] if isinstance(found, list) else Path(found)
    if "date" in argument:
        found = argument["date"]
        read = datetime.date.fromisoformat
        return [read(d) for d in found] if isinstance(found, list) else read(found)
    return argument["value"]


def run_notebook(document: dict[str, Any]) -> int:
    """Executes the notebook with papermill; the executed copy is kept beside the logs."""
    try:
        import papermill  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        print("a notebook stage needs papermill: pip install papermill ipykernel", file=sys.stderr)
        return 1
    papermill.execute_notebook(
        document["file"],
        document["result"],
        parameters=document["parameters"],
        progress_bar=False,
        log_output=True,
        stdout_file=sys.stdout,
        stderr_file=sys.stderr,
    )
    return 0


def run_sql(document: dict[str, Any]) -> int:
    """Runs one SELECT in DuckDB over the inputs as views; params are variables, `getvariable('month')`."""
    try:
        import duckdb
    except ImportError:
        print("a SQL stage needs duckdb: pip install duckdb", file=sys.stderr)
        return 1
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    try:
        for name, paths in document["tables"].items():
            connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM {table_expression(paths)}')
        for name, value in document["parameters"].items():
            connection.execute(f'SET VARIABLE "{name}" = {_sql_literal(value)}')
        select = Path(document["file"]).read_text("utf-8").strip().rstrip(";")
        options = {"parquet": "FORMAT parquet", "jsonl": "FORMAT json"}.get(
            document["format"] or "", "FORMAT csv, HEADER"
        )
        connection.execute(f"COPY (\n{select}\n) TO {_sql_literal(document['result'])} ({options})")
    except UnreadableError as e:
        print(e, file=sys.stderr)
        return 1
    except duckdb.Error as e:
        print(f"{document['file']}: {e}", file=sys.stderr)
        return 1
    return 0


class UnreadableError(Exception):
    """Files that are no one table. The message says which, where, and what to do."""


# What DuckDB would otherwise guess from the rows. A guess that drops a line, or takes a row for the header, lets a rule
# pass on rows that nobody else sees; the first line alone says what separates fields, and everything else is fixed.
_CSV = (
    "header = true, sample_size = -1, quote = '\"', escape = '\"', comment = '', skip = 0, strict_mode = true, "
    "null_padding = false, ignore_errors = false, dateformat = '%Y-%m-%d'"
)
_HEAD = 1 << 16  # bytes that are looked at
_DAY_FIRST_OR_MONTH = re.compile(r"\s*\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}[ T]")


def table_expression(paths: Sequence[str], format: str | None = None) -> str:  # noqa: A002
    """What stands after FROM in DuckDB to read files of one format, which their suffix tells when nothing else does.

    Raises UnreadableError where the files are no one table: there are none, an empty one, one with other columns.
    """
    files = [f for path in paths for f in files_of(path)]
    if not files:
        raise UnreadableError(f"{paths[0] if paths else 'the table'} has no files")
    kind = format or {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}.get(
        Path(files[0].removesuffix(".gz")).suffix, "csv"
    )
    listed = "[" + ", ".join(map(_sql_literal, files)) + "]"
    if kind == "parquet":
        # Else the first file's types hold for all, and 1.7 in the second is a 2 where they are whole numbers.
        return f"read_parquet({listed}{', union_by_name = true' if len(files) > 1 else ''})"
    if kind in ("jsonl", "json"):
        form = "newline_delimited" if kind == "jsonl" else "auto"
        return f"read_json({listed}, format = '{form}', sample_size = -1)"
    return f"read_csv({listed}, {_dialect(files)}, {_CSV})"


def files_of(path: str) -> list[str]:
    """The files of a table: of a folder all that are in it, without those that programs leave: _SUCCESS, .DS_Store."""
    folder = Path(path)
    if not folder.is_dir():
        return [path]
    return sorted(str(p) for p in folder.rglob("*") if p.is_file() and not p.name.startswith((".", "_")))


def _dialect(files: Sequence[str]) -> str:
    """What separates the fields of CSV files; and columns that stay text, for their times could be read in two ways."""
    heads = {f: csv_head(f) for f in files}
    first, (delimiter, names, _) = files[0], heads[files[0]]
    texts: dict[str, str] = {}
    for file, (separates, found, rows) in heads.items():
        if set(found) != set(names) or separates != delimiter:
            lacks, more = [n for n in names if n not in found], [n for n in found if n not in names]
            differs = [f"it lacks {', '.join(map(repr, lacks))}"] if lacks else []
            differs += [f"it has {', '.join(map(repr, more))} besides"] if more else []
            differs = differs or [f"its fields are separated by {separates!r}, and there by {delimiter!r}"]
            raise UnreadableError(f"{file}: its columns are not those of {first}: {' and '.join(differs)}")
        named = (pair for row in rows for pair in zip(found, row, strict=False))
        texts.update({name: "VARCHAR" for name, value in named if _DAY_FIRST_OR_MONTH.match(value)})
    types = ", ".join(f"{_sql_literal(n)}: '{t}'" for n, t in texts.items())
    return f"delim = {_sql_literal(delimiter)}" + (f", types = {{{types}}}" if types else "")


def csv_head(file: str) -> tuple[str, list[str], list[list[str]]]:
    """What separates fields in a CSV file, its columns and its first rows. Raises UnreadableError."""
    opened: Callable[..., Any] = gzip.open if file.endswith(".gz") else open
    with opened(file, "rb") as f:
        head = f.read(_HEAD)
        head += b"" if b"\n" in head else f.readline()
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError(f"{file}: it is written in UTF-16; write it in UTF-8")
    # Python 3.10 reads no zero bytes in CSV; DuckDB takes them for letters.
    text = head.decode("utf-8-sig", "replace").replace("\0", "")
    lines = list(io.StringIO(text, newline=""))
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise UnreadableError(f"{file}: it is empty, without a line that names the columns")
    if not lines[0].strip():
        raise UnreadableError(f"{file}, line 1: a blank line stands before the names of the columns: take it out")
    bare = re.sub(r'"[^"]*"', "", first)
    delimiter = max(",;\t|", key=lambda d: (bare.count(d), d == ","))
    rows = list(csv.reader(lines, delimiter=delimiter))
    header, *others = [r for r in rows if r]
    names = [n.strip() for n in header]
    seen: dict[str, str] = {}
    for name in filter(None, names):
        if name.lower() in seen:
            twice = f"two columns are called {name!r}"
            differ = f"the columns {seen[name.lower()]!r} and {name!r} differ in case only"
            raise UnreadableError(f"{file}, line 1: {twice if seen[name.lower()] == name else differ}: rename one")
        seen[name.lower()] = name
    return delimiter, names, others


def _sql_literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_sql_literal(v) for v in value) + "]"
    return quoted_text(value)


def quoted_text(value: object) -> str:
    """A text as SQL writes it."""
    return "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
