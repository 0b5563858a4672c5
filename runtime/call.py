"""The child side of a stage that is not a command: a Python function, a notebook or a SQL file.

Runs as a script of its own, `python call.py DOCUMENT`, in the interpreter of the runner, and needs nothing of ours.
The document is JSON, or `@` and the path of a JSON file.
"""

from __future__ import annotations

import datetime
import json
import numbers
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
    except duckdb.Error as e:
        print(f"{document['file']}: {e}", file=sys.stderr)
        return 1
    return 0


def table_expression(paths: Sequence[str], format: str | None = None) -> str:  # noqa: A002
    """What stands after FROM in DuckDB to read files of one format, which their suffix tells when nothing else does."""
    kind = format or {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}.get(
        Path(_files(paths[0])[0]).suffix, "csv"
    )
    files = "[" + ", ".join(_sql_literal(p) for path in paths for p in _files(path)) + "]"
    if kind == "parquet":
        return f"read_parquet({files})"
    if kind in ("jsonl", "json"):
        return f"read_json({files}, format = '{'newline_delimited' if kind == 'jsonl' else 'auto'}')"
    # All rows decide on a column's type, not a sample: a word far down must not break the query.
    return f"read_csv({files}, header = true, sample_size = -1)"


def _files(path: str) -> list[str]:
    # A folder as a table is all the files in it.
    folder = Path(path)
    return sorted(str(p) for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else [path]


def _sql_literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_sql_literal(v) for v in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
