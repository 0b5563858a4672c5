"""Which comment belongs where, by position: before an element, behind it, or after the last one."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from ..syntax.tree import Comment


@dataclass(frozen=True, slots=True)
class Lead:
    """A comment on a line of its own."""

    text: str
    doc: bool
    blank: bool  # a blank line stands before it


@dataclass(slots=True)
class Place:
    """What surrounds one element of a body, a list or a file."""

    leads: list[Lead] = field(default_factory=list)
    blank: bool = False  # a blank line stands directly before the element
    trailing: str | None = None


@dataclass(slots=True)
class Arrangement:
    """The elements' places in order, the comment behind the opening bracket, and those after the last element."""

    places: list[Place]
    head: str | None
    rest: list[Lead]


class Comments:
    """The comments of a file, asked for by offsets."""

    def __init__(self, text: str, comments: tuple[Comment, ...]) -> None:
        self._text = text
        self._all = comments
        self._starts = [c.span.start for c in comments]

    def within(self, start: int, end: int) -> tuple[Comment, ...]:
        """The comments that begin in a stretch of the text."""
        return self._all[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def arrange(self, elements: list[tuple[int, int]], start: int, end: int) -> Arrangement:
        """Places the comments between `start` and `end` that lie outside all elements, which are in order."""
        places: list[Place] = []
        pending: list[Lead] = []
        head: str | None = None
        last = start
        for position, element in self._events(elements, start, end):
            blank = self._text[last:position].count("\n") >= 2
            if element is None:
                comment = self._at(position)
                last = comment.span.end
                behind = not comment.own_line and not pending
                if behind and places and places[-1].trailing is None:
                    places[-1].trailing = written(comment)
                elif behind and not places and head is None and "\n" not in self._text[start:position]:
                    head = written(comment)
                else:
                    pending.append(Lead(written(comment), comment.doc, blank))
            else:
                places.append(Place(pending, blank))
                pending = []
                last = element
        return Arrangement(places, head, pending)

    def _events(self, elements: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int | None]]:
        """Elements (with where they end) and the comments between them, in order."""
        events: list[tuple[int, int | None]] = []
        last = start
        for first, after in elements:
            events += [(c.span.start, None) for c in self.within(last, first)]
            events.append((first, after))
            last = max(last, after)
        events += [(c.span.start, None) for c in self.within(last, end)]
        return events

    def _at(self, position: int) -> Comment:
        return self._all[bisect_left(self._starts, position)]


def written(comment: Comment) -> str:
    """A comment as its author wrote it, without the space that trails it."""
    return comment.span.text.rstrip()
