"""Sources: where data comes from, and the schema it must have."""

from __future__ import annotations

import re
from typing import Any

from ..diagnostics import Diagnostics, did_you_mean
from ..plan import nodes as plan
from ..source import Span
from ..syntax import tree
from . import rules
from .databases import check_database, dialect_of
from .entity import Entity
from .model import Artifact, Model
from .params import type_name
from .patterns import check_pattern
from .shapes import COLUMN_TYPES
from .source_versions import check_address, check_version

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
SCHEMES = ("s3", "gs", "az", "abfs", "abfss", "http", "https")


def format_of(path: str) -> str | None:
    """The table format a path's ending tells, also behind `.gz`."""
    plain = re.sub(r"\.(gz|zst|bz2)$", "", path.lower())
    return next((f for ending, f in _FORMATS.items() if plain.endswith(ending)), None)


def scheme_of(uri: str) -> str | None:
    """`s3` of `s3://bucket/key`; nothing for a path."""
    match = re.match(r"([a-z][a-z0-9+.-]*)://", uri)
    return match.group(1) if match else None


def resolve_source(entity: Entity, model: Model, diagnostics: Diagnostics) -> None:
    """Puts a source and its artifact into the model."""
    uri = entity.text("uri")
    _check_place(entity, model, diagnostics)
    check_database(entity, diagnostics)
    columns = _columns(entity, diagnostics)
    declared = entity.value("format")
    database = "connection" in entity.attributes
    kind = declared.text if isinstance(declared, tree.Path) else "csv" if database else format_of(uri or "")
    check_version(entity, kind, model, diagnostics)
    name = entity.name.text
    model.sources[name] = plan.Source(
        id=name,
        doc="\n".join(entity.doc),
        uri=uri,
        connection=secret_or_text(entity.value("connection")),
        table=entity.text("table"),
        query=entity.text("query"),
        format=kind,
        version=_version(entity, columns, diagnostics),
        columns=tuple(columns.values()) if columns else (),
        place=model.place(entity.name.span),
        dialect=dialect_of(entity) if database else None,
        timeout=entity.seconds("timeout"),
    )
    model.artifacts[name] = Artifact(name, "table", name, entity.name.span, columns, kind)


def secret_or_text(value: tree.Expr | None) -> str | plan.Secret | None:
    """A text, or the name inside `secret("NAME")`."""
    if isinstance(value, tree.Text):
        return value.value
    if isinstance(value, tree.Call) and value.args and isinstance(value.args[0], tree.Text):
        return plan.Secret(value.args[0].value)
    return None


def check_secret(call: tree.Call, diagnostics: Diagnostics) -> None:
    """Reports a secret whose name is missing or no name of an environment variable."""
    name = call.args[0] if len(call.args) == 1 else None
    if not isinstance(name, tree.Text) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name.value):
        diagnostics.report(
            rules.WRONG_ARGUMENTS,
            (name or call).span,
            "a secret is named by letters, digits and underscores",
            hint='write secret("NAME"), never the secret itself',
        )


def _check_place(entity: Entity, model: Model, diagnostics: Diagnostics) -> None:
    """Reports a source that says no place, two, or one that is not there."""
    value, connection = entity.value("uri"), entity.value("connection")
    for item in (value, connection):
        if isinstance(item, tree.Call):
            check_secret(item, diagnostics)
    if value is None and connection is None:
        # What a database lacks, `check_database` says.
        if not {"uri", "connection"} & entity.unread and not {"table", "query"} & entity.attributes.keys():
            message = f"source '{entity.name.text}' says no place"
            hint = 'add uri = "data/FILE.csv", or connection and table'
            diagnostics.report(rules.MISSING_ATTRIBUTE, entity.name.span, message, hint=hint)
        return
    if connection is not None and not {"table", "query"} & (entity.attributes.keys() | entity.unread):
        message = f"source '{entity.name.text}' has a connection, and neither table nor query"
        diagnostics.report(rules.MISSING_ATTRIBUTE, entity.name.span, message, hint='add table = "NAME"')
    _check_one_place(entity, diagnostics)
    if not isinstance(value, tree.Text):
        return
    if not value.value.strip():
        diagnostics.report(rules.BAD_PATH, value.span, "the uri is empty", hint='write uri = "data/FILE.csv"')
        return
    if not _check_placeholders(value, diagnostics):
        return
    scheme = scheme_of(value.value)
    if scheme is not None and scheme not in SCHEMES:
        hint = did_you_mean(scheme, SCHEMES) or "schemes: " + ", ".join(f"{s}://" for s in SCHEMES)
        diagnostics.report(rules.BAD_PATH, value.span, f"no scheme '{scheme}://' for a source", hint=hint)
    elif scheme is not None:
        check_address(value, scheme, diagnostics)
    elif not model.project.exists(value.value):
        missing_file(value, value.value, model, diagnostics)


def _check_placeholders(uri: tree.Text, diagnostics: Diagnostics) -> bool:
    """Reports placeholders in a uri, which nothing fills in; says whether the uri is plain."""
    match = re.search(r"\{[A-Za-z_][\w.]*\}", uri.value)
    if match is None:
        return True
    offset = uri.span.text.find(match.group())
    span = Span(uri.span.source, uri.span.start + offset, uri.span.start + offset + len(match.group()))
    message = f"'{match.group()}' in a uri is filled in by nothing"
    hint = "name all of the data, with '*' where it has many files, and choose in a stage by its params"
    diagnostics.report(rules.UNKNOWN_PLACEHOLDER, span, message, hint=hint)
    return False


def _check_one_place(entity: Entity, diagnostics: Diagnostics) -> None:
    """Reports a source at two places."""
    pairs = (("uri", "connection"), ("uri", "table"), ("uri", "query"), ("table", "query"))
    for first, second in pairs:
        if first in entity.attributes and second in entity.attributes:
            at = entity.attributes[second].name.span
            message = f"a source has '{first}' or '{second}', and this has both"
            diagnostics.report(rules.MISPLACED, at, message, hint="take one out, or write two sources")
            return


def missing_file(at: tree.Text, path: str, model: Model, diagnostics: Diagnostics) -> None:
    """Reports a file that is not there, with the nearest one beside it."""
    close = did_you_mean(path, model.project.neighbours(path))
    span = at.span
    offset = at.span.text.find(path)
    if offset > 0:
        span = type(span)(span.source, span.start + offset, span.start + offset + len(path))
    what = "nothing matches" if any(c in path for c in "*?[") else "there is no file"
    hint = close or "paths are relative to the spec's folder"
    diagnostics.report(rules.MISSING_FILE, span, f"{what} '{path}'", hint=hint)


def _version(entity: Entity, columns: dict[str, plan.Column] | None, diagnostics: Diagnostics) -> str:
    value = entity.value("version")
    if isinstance(value, tree.Path):
        return value.text
    if isinstance(value, tree.Call):
        argument = value.args[0] if len(value.args) == 1 else None
        if value.function.text == "pinned":
            if isinstance(argument, tree.Text) and re.fullmatch(r"(sha256|tree):[0-9a-f]{64}", argument.value):
                return f"pinned:{argument.value}"
            diagnostics.report(
                rules.WRONG_ARGUMENTS,
                (argument or value).span,
                "a pinned version is a digest",
                hint='write pinned("sha256:…") with 64 hexadecimal digits',
            )
            return "content"
        if isinstance(argument, tree.Path):
            if columns is not None and argument.text not in columns:
                hint = did_you_mean(argument.text, list(columns))
                message = f"'{entity.name.text}' has no column '{argument.text}'"
                diagnostics.report(rules.UNKNOWN_COLUMN, argument.span, message, hint=hint)
            return f"column:{argument.text}"
        diagnostics.report(rules.WRONG_ARGUMENTS, value.span, "a column is named", hint="write column(updated_at)")
    return "content"


def _columns(entity: Entity, diagnostics: Diagnostics) -> dict[str, plan.Column] | None:
    schema = entity.blocks.get("schema")
    if schema is None:
        return None
    return {name: _column(field, diagnostics) for name, field in schema.fields.items()}


def _column(field: tree.Field, diagnostics: Diagnostics) -> plan.Column:
    _check_column_type(field.type, diagnostics)
    if field.value is not None:
        diagnostics.report(rules.MISPLACED, field.value.span, "a column has no value", hint="take out '= …'")
    unique, domain, pattern = False, None, None
    for constraint in field.constraints:
        if constraint.kind == "unique":
            unique = True
        elif constraint.kind == "in":
            domain = _domain(field, constraint, diagnostics)
        elif isinstance(constraint.value, tree.Text):
            check_pattern(constraint.value, diagnostics)
            if field.type.name.text != "string":
                message = f"'matches' wants a text, and '{field.name.text}' is {field.type.name.text}"
                hint = f"write {field.name.text}: string, or take it out"
                diagnostics.report(rules.WRONG_TYPE, constraint.span, message, hint=hint)
            pattern = constraint.value.value
    return plan.Column(field.name.text, type_name(field.type), field.type.nullable, unique, domain, pattern)


def _check_column_type(ref: tree.TypeRef, diagnostics: Diagnostics) -> None:
    name = ref.name.text
    if name == "list" and ref.argument is not None:
        _check_column_type(ref.argument, diagnostics)
    elif name not in COLUMN_TYPES:
        meant = {"str": "string", "text": "string", "varchar": "string", "integer": "int", "double": "float"}
        meant |= {"datetime": "timestamp", "boolean": "bool", "number": "float", "bigint": "int"}
        hint = f"write {meant[name]}" if name in meant else did_you_mean(name, COLUMN_TYPES)
        diagnostics.report(rules.UNKNOWN_TYPE, ref.name.span, f"no type '{name}' for a column", hint=hint)


def _domain(field: tree.Field, constraint: tree.Constraint, diagnostics: Diagnostics) -> plan.Condition | None:
    value = constraint.value
    column = plan.Ref("column", field.name.text)
    base = field.type.name.text
    wanted = {
        **dict.fromkeys(("int", "float", "decimal"), tree.Number),
        **dict.fromkeys(("string", "date", "timestamp"), tree.Text),
        "bool": tree.Truth,
    }.get(base)
    ends = (value.low, value.high) if isinstance(value, tree.Range) else getattr(value, "items", None)
    if ends is None or wanted is None:
        hint = 'write in ["a", "b"], or in 1..6'
        diagnostics.report(rules.BAD_DOMAIN, constraint.span, f"no domain for a column of type {base}", hint=hint)
        return None
    for end in ends:
        if not isinstance(end, wanted):
            message = f"column '{field.name.text}' is {base}, and {end.span.text} is not"
            hint = f'write "{end.span.text}"' if wanted is tree.Text else f"write a value of type {base}"
            diagnostics.report(rules.WRONG_TYPE, end.span, message, hint=hint)
            return None
    values: tuple[Any, ...] = tuple(getattr(e, "value") for e in ends)  # noqa: B009
    unit = {"int": "number", "float": "number", "decimal": "number", "bool": "bool"}.get(base, "string")
    if isinstance(value, tree.Range):
        if values[0] > values[1]:
            message = f"the domain of '{field.name.text}' ends before it begins"
            hint = f"write {value.high.span.text}..{value.low.span.text}"
            diagnostics.report(rules.BAD_DOMAIN, value.span, message, hint=hint)
            return None
        return plan.Op("between", (column, plan.Literal(values[0], unit), plan.Literal(values[1], unit)))
    if not values:
        message = f"the domain of '{field.name.text}' is empty"
        diagnostics.report(rules.BAD_DOMAIN, constraint.span, message, hint="name at least one choice")
        return None
    return plan.Op("in", (column, plan.Literal(values, "list")))
