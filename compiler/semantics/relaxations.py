"""What a spec allows to be looser than it was: every `relaxed "reason" until DAY`, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ..syntax import tree
from .model import Model

Relaxation = tree.Relaxed | tree.RelaxDecl


def relaxations(model: Model) -> Iterator[Relaxation]:
    """All of them, in source order within each file; those of a template once."""
    for file in model.files:
        for item in file.items:
            if isinstance(item, tree.RelaxDecl):
                yield item
            elif isinstance(item, tree.ApplyDecl) and item.relaxed is not None:
                yield item.relaxed
            elif isinstance(item, tree.Declaration) and item.keyword.text == "guard":
                yield from _of_guard(item)


def _of_guard(guard: tree.Declaration) -> Iterator[tree.Relaxed]:
    for statement in guard.body:
        found = statement if isinstance(statement, tree.Relaxed) else getattr(statement, "relaxed", None)
        if found is not None:
            yield found


def last_day(relaxation: Relaxation) -> date | None:
    """The last day on which it allows something; nothing where it is no day of the calendar."""
    try:
        year, month, day = (int(part) for part in relaxation.until.value.split("-"))
        return date(year, month, day)
    except ValueError:
        return None
