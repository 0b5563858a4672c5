"""The SQL of each guard as a file to read; what runs is the same text in plan.json."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..compiler.plan.nodes import Guard, Plan
from .base import OutputFile
from .printing import header, one_line

_NAMES = {"postgres": "PostgreSQL"}


def guard_files(plan: Plan, folder: str, taken: Collection[str] = ()) -> Iterator[OutputFile]:
    """`guards/NAME.sql` for each guard that asks a table, below `folder`, where no other file has that path."""
    for guard in plan.of(Guard):
        path = f"{folder}guards/{guard.id.replace('[', '-').replace(']', '')}.sql"
        if guard.query and path not in taken:
            yield OutputFile.of_text(path, _text(plan, guard))


def _text(plan: Plan, guard: Guard) -> str:
    name = _quoted(guard.subject)
    query = guard.query.partition("\n")[2].replace("{subject}", name).rstrip()
    for other in guard.tables:
        query = query.replace(f"{{{other.name}}}", _quoted(other.name))
    others = {_quoted(t.name): f" of {t.file}, every column a text" if t.file else "" for t in guard.tables}
    views = " and ".join(f"a view {view}{of}" for view, of in {name: "", **others}.items())
    doc = "".join(f"-- {line}\n" if line else "--\n" for line in ["", *guard.doc.splitlines()]) if guard.doc else ""
    return (
        f"{header(plan, '--')}--\n"
        f"-- What the guard {guard.id} ({one_line(guard.place.file)}:{guard.place.line}) measures of {guard.subject}.\n"
        "-- It is here to be read; the runtime reads plan.json, where {subject} stands for the table.\n"
        f"-- It runs in {_NAMES.get(guard.dialect or '', 'DuckDB')} once there is {views}.\n"
        f"{doc}\n{query};\n"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
