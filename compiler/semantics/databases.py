"""Sources in a database: the connection, the dialect that it speaks, and the table or the query."""

from __future__ import annotations

import re

from ..diagnostics import Diagnostics, nearest
from ..source import Span
from ..syntax import tree
from . import rules
from .entity import Entity

# The dialects whose databases the runtime has a driver for, by the schemes of their URIs.
DRIVEN = {"postgresql": "postgres", "postgres": "postgres"}
DIALECTS = ("postgres",)
_OTHER_NAMES = {"postgresql": "postgres", "pg": "postgres", "psql": "postgres"}
_ELSEWHERE = "query it in a stage with a secret, and guard what the stage writes"


def dialect_of(entity: Entity) -> str | None:
    """The dialect that a source's queries are in: as written, or as its connection's scheme tells."""
    declared = entity.value("dialect")
    if isinstance(declared, tree.Path):
        return declared.text
    connection = entity.text("connection")
    return DRIVEN.get(_scheme(connection)) if connection is not None else None


def check_database(entity: Entity, diagnostics: Diagnostics) -> None:
    """Reports a database source that no driver could read, or whose query is no SELECT."""
    connection = entity.value("connection")
    if connection is None:
        for name in ("table", "query", "dialect", "timeout"):
            twice = name in ("table", "query") and "uri" in entity.attributes  # said already
            if name in entity.attributes and "connection" not in entity.unread and not twice:
                message = f"'{name}' is of a database, and source '{entity.name.text}' has no connection"
                at = entity.attributes[name].name.span
                diagnostics.report(rules.MISPLACED, at, message, hint='add connection = secret("DATABASE_URL")')
                return
        return
    if isinstance(connection, tree.Text) and _has_password(connection.value):
        # The plan, and with it everything that is built, would carry it.
        message = "a connection with a password stands in the spec, where many read it"
        hint = 'change the password, and write connection = secret("DATABASE_URL") and dialect = postgres'
        diagnostics.report(rules.WRITTEN_PASSWORD, connection.span, message, hint=hint)
        return
    dialect = _checked_dialect(entity, connection, diagnostics)
    _check_version(entity, diagnostics)
    query = entity.value("query")
    if dialect is not None and isinstance(query, tree.Text):
        _check_query(query, dialect, diagnostics)
    table = entity.value("table")
    if isinstance(table, tree.Text) and table_parts(table.value) is None:
        hint = 'write table = "bookings", or "schema.bookings"'
        diagnostics.report(rules.BAD_QUERY, table.span, "this is no name of a table", hint=hint)


def table_parts(name: str) -> list[str] | None:
    """`schema.table` as its names; one with a dot in it stands in quotes. Nothing for what is no name."""
    if not re.fullmatch(r'("(?:[^"]|"")+"|[^."]+)(\.("(?:[^"]|"")+"|[^."]+)){0,2}', name) or "\0" in name:
        return None
    parts = re.findall(r'"((?:[^"]|"")+)"|([^."]+)', name)
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in parts]


def _scheme(connection: str) -> str:
    # SQLAlchemy names its driver too: postgresql+psycopg://
    return connection.partition("://")[0].partition("+")[0].lower() if "://" in connection else ""


def _has_password(connection: str) -> bool:
    return re.search(r"://[^/?#]*:[^/?#]+@|[?&\s]password=[^&\s]", connection) is not None


def _checked_dialect(entity: Entity, connection: tree.Expr, diagnostics: Diagnostics) -> str | None:
    declared = entity.value("dialect")
    if isinstance(declared, tree.Path):
        if declared.text in DIALECTS:
            return declared.text
        meant = _OTHER_NAMES.get(declared.text.lower()) or nearest(declared.text, DIALECTS)
        _no_driver(declared.text, declared.span, f"write dialect = {meant}" if meant else None, diagnostics)
        return None
    if isinstance(connection, tree.Text):
        scheme = _scheme(connection.value)
        if scheme in DRIVEN:
            return DRIVEN[scheme]
        shown = f"{scheme}://" if scheme else connection.value
        hint = None if scheme else 'write connection = "postgresql://user@host/database"'
        _no_driver(shown, connection.span, hint, diagnostics)
        return None
    # One mistake at a time: which place is meant comes first.
    one_place = len({"uri", "table", "query"} & entity.attributes.keys()) == 1
    if "dialect" not in entity.unread and one_place:
        message = f"source '{entity.name.text}' does not say what its database speaks, and a secret does not tell"
        hint = f"add dialect = {' or '.join(DIALECTS)}"
        diagnostics.report(rules.MISSING_ATTRIBUTE, entity.attributes["connection"].value.span, message, hint=hint)
    return None


def _no_driver(what: str, span: Span, hint: str | None, diagnostics: Diagnostics) -> None:
    message = f"no driver for '{what}'; databases that have one: {', '.join(DIALECTS)}"
    diagnostics.report(rules.NO_DRIVER, span, message, hint=hint or _ELSEWHERE)


def _check_version(entity: Entity, diagnostics: Diagnostics) -> None:
    version = entity.value("version")
    if isinstance(version, tree.Path) and version.text != "content":
        message = f"a database has no {version.text}"
        hint = "write column(updated_at), a column that only grows, or content, a digest of the rows"
        diagnostics.report(rules.MISPLACED, version.span, message, hint=hint)


def _check_query(query: tree.Text, dialect: str, diagnostics: Diagnostics) -> None:
    """Reports a query that is not one SELECT."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    hint = "one SELECT, without INTO and FOR UPDATE, gives a source its rows"
    try:
        found = [s for s in sqlglot.parse(query.value, read=dialect) if s is not None]
    except SqlglotError as e:
        errors = getattr(e, "errors", None)
        why = errors[0].get("description", "") if errors else str(e).splitlines()[0]
        line = errors[0].get("line") if errors else None
        where = f" in its line {line}" if line and query.value.count("\n") else ""
        diagnostics.report(rules.BAD_QUERY, query.span, f"the query cannot be read{where}: {_plain(why)}", hint=hint)
        return
    if len(found) != 1:
        message = f"the query is {len(found) or 'no'} statement{'s' if len(found) != 1 else ''}"
        diagnostics.report(rules.BAD_QUERY, query.span, message, hint=hint)
        return
    changing = (exp.Into, exp.Lock, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command)
    changes = next(found[0].find_all(*changing), None)
    if not isinstance(found[0], exp.Query) or changes is not None:
        what = (changes or found[0]).key.upper()
        diagnostics.report(rules.BAD_QUERY, query.span, f"the query is not a plain SELECT: {what}", hint=hint)


def _plain(why: str) -> str:
    return why.rstrip(".").lower() or "it is no SQL"
