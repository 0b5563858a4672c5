"""What each block may hold: the attributes of the language, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import kinds as k
from .kinds import Kind


@dataclass(frozen=True)
class Shape:
    """The attributes, nested blocks and fields of one kind of block.

    `open`: attributes of any name are taken. `fields`: `name: type` statements are taken.
    """

    attributes: Mapping[str, Kind] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    blocks: Mapping[str, Shape] = field(default_factory=dict)
    fields: bool = False
    open: Kind | None = None


_TEXTS = k.list_of(k.TEXT)
_ENV = Shape(open=k.either(k.TEXT, k.NUMBER, k.TRUTH, k.SECRET))
_RESOURCES = Shape({"cpu": k.NUMBER, "memory": k.SIZE, "gpu": k.COUNT})
_URI = k.either(k.TEXT, k.SECRET)

_STAGE_DEFAULTS: dict[str, Kind] = {
    "timeout": k.DURATION,
    "retries": k.RETRIES,
    "image": k.TEXT,
    "cache": k.word("on", "off"),
    "env": k.MAP,
    "resources": k.MAP,
}

PIPELINE = Shape(
    {
        "owner": k.TEXT,
        "tags": _TEXTS,
        "python": k.TEXT,
        "requirements": k.TEXT,
        **_STAGE_DEFAULTS,
    },
    blocks={"env": _ENV, "resources": _RESOURCES},
)

SOURCE = Shape(
    {
        "uri": _URI,
        "connection": _URI,
        "table": k.TEXT,
        "query": k.TEXT,
        "dialect": k.PATH,
        "timeout": k.DURATION,
        "format": k.word("csv", "parquet", "jsonl"),
        "version": k.either(
            k.word("content", "etag", "mtime"),
            k.call("pinned", 'pinned("sha256:…")'),
            k.call("column", "column(name)"),
        ),
    },
    blocks={"schema": Shape(fields=True)},
)

VERSION = Shape(
    {
        "code": k.either(k.word("git", "off"), k.call("git", "git(require: clean)")),
        "data": k.word("content", "off"),
        "params": k.word("all", "off"),
        "env": k.either(k.word("off"), k.call("lock", 'lock("requirements.txt")')),
        "metadata": k.word("all", "off"),
        "lineage": k.either(k.word("off"), k.call("openlineage", 'openlineage(url: secret("OPENLINEAGE_URL"))')),
        "model": k.either(k.word("off"), k.call("registry", 'registry("local")')),
        "store": k.TEXT,
    }
)

STAGE = Shape(
    {
        "run": k.RUN,
        "inputs": k.either(k.list_of(k.PATH), k.MAP),
        "params": k.list_of(k.PATH),
        "when": k.EXPRESSION,
        **_STAGE_DEFAULTS,
    },
    required=frozenset({"run"}),
    blocks={"outputs": Shape(fields=True), "env": _ENV, "resources": _RESOURCES},
)

DEPLOY = Shape(
    {"model": k.PATH, "alias": k.TEXT, "run": k.RUN, "rollback": k.RUN, "timeout": k.DURATION},
    required=frozenset({"model"}),
)

MONITOR = Shape({"current": k.PATH, "reference": k.PATH}, required=frozenset({"current"}), open=k.EXPRESSION)

TRIGGER = Shape(
    {"cooldown": k.DURATION, "debounce": k.DURATION, "delivery": k.word("each", "coalesce", "latest"), "limit": k.COUNT}
)

EVENTS = ("started", "finished", "failed", "blocked", "deployed", "rolled_back", "retrained")
NOTIFY = Shape({"events": k.list_of(k.word(*EVENTS)), "webhook": _URI}, required=frozenset({"events", "webhook"}))

TARGET = Shape(open=k.ANYTHING)

PROFILE = Shape(
    blocks={
        "version": VERSION,
        "params": Shape(open=k.ANYTHING),
        "pipeline": PIPELINE,
        "stage": STAGE,
        "source": SOURCE,
        "target": TARGET,
        "deploy": DEPLOY,
        "trigger": TRIGGER,
        "notify": NOTIFY,
    }
)

# What to write for an attribute that is required.
EXAMPLES = {
    "run": '"python train.py"',
    "model": "STAGE.model",
    "current": "SOURCE",
    "events": "[failed]",
    "webhook": 'secret("WEBHOOK")',
}

SHAPES: dict[str, Shape] = {
    "pipeline": PIPELINE,
    "source": SOURCE,
    "version": VERSION,
    "stage": STAGE,
    "deploy": DEPLOY,
    "monitor": MONITOR,
    "trigger": TRIGGER,
    "notify": NOTIFY,
    "target": TARGET,
    "profile": PROFILE,
}

OUTPUT_KINDS = ("table", "model", "metrics", "file", "dir", "plot", "report")
PARAM_TYPES = ("int", "float", "string", "bool", "duration", "size", "date")
COLUMN_TYPES = ("bool", "int", "float", "decimal", "string", "date", "timestamp", "json")
