"""Words of other tools, and how to say it here: hints for people who know one of those."""

from __future__ import annotations

# By keyword of the block, then by the word that was written: the attribute that is meant.
_ATTRIBUTES: dict[str, dict[str, str]] = {
    "stage": {
        **dict.fromkeys(("cmd", "command", "commands", "script", "exec", "entrypoint", "program"), "run"),
        **dict.fromkeys(("deps", "input", "reads"), "inputs"),
        **dict.fromkeys(("outs", "output", "writes"), "outputs"),
        **dict.fromkeys(("parameters", "args", "vars"), "params"),
        **dict.fromkeys(("environment", "vars"), "env"),
        **dict.fromkeys(("retry", "max_retries"), "retries"),
        **dict.fromkeys(("container", "docker"), "image"),
        **dict.fromkeys(("if", "condition", "only_if"), "when"),
    },
    "source": {
        **dict.fromkeys(("path", "file", "files", "url", "location", "glob", "bucket"), "uri"),
        **dict.fromkeys(("columns", "fields", "types"), "schema"),
        **dict.fromkeys(("sql",), "query"),
        **dict.fromkeys(("type",), "format"),
    },
    "deploy": {
        **dict.fromkeys(("cmd", "command", "script"), "run"),
        **dict.fromkeys(("stage", "name", "tag"), "alias"),
        **dict.fromkeys(("undo", "revert"), "rollback"),
    },
    "notify": {
        **dict.fromkeys(("slack", "url", "uri", "to", "channel"), "webhook"),
        **dict.fromkeys(("on", "when", "event"), "events"),
    },
    "monitor": {**dict.fromkeys(("data", "source", "on", "live"), "current"), "baseline": "reference"},
    "trigger": {},
    "version": {
        "git": "code",
        **dict.fromkeys(("lock", "environment", "requirements"), "env"),
        **dict.fromkeys(("registry", "models"), "model"),
        **dict.fromkeys(("storage", "bucket", "artifacts"), "store"),
    },
    "pipeline": {
        **dict.fromkeys(("owners", "team", "author", "maintainer", "email"), "owner"),
        **dict.fromkeys(("python_version", "interpreter"), "python"),
        **dict.fromkeys(("reqs", "deps", "dependencies", "packages"), "requirements"),
        "labels": "tags",
        **dict.fromkeys(("container", "docker"), "image"),
    },
    "resources": {
        **dict.fromkeys(("ram", "mem"), "memory"),
        **dict.fromkeys(("cpus", "cores", "vcpu"), "cpu"),
        **dict.fromkeys(("gpus", "accelerators"), "gpu"),
    },
}

# What has no attribute here, and what stands in its place.
_INSTEAD: dict[str, dict[str, str]] = {
    "stage": {
        **dict.fromkeys(
            ("after", "depends_on", "needs", "dependencies", "upstream", "before"),
            "order comes from data: read an output of the other stage in inputs",
        ),
        **dict.fromkeys(("cpu", "memory", "gpu"), "write resources { cpu = 2, memory = 4GiB }"),
        **dict.fromkeys(("schedule", "cron"), 'a schedule stands in a trigger: trigger t { on schedule "0 5 * * 1" }'),
        **dict.fromkeys(("name", "description", "doc"), "write it above the stage: ## What it does"),
        **dict.fromkeys(
            ("metrics", "model", "table"), 'it is an output: outputs { metrics: metrics = "metrics.json" }'
        ),
        "python": 'write run = python("file.py:function")',
    },
    "pipeline": {
        **dict.fromkeys(("name", "description", "doc", "title"), "write it above the pipeline: ## What it is for"),
        **dict.fromkeys(("schedule", "cron"), 'a schedule stands in a trigger: trigger t { on schedule "0 5 * * 1" }'),
        "stages": "stages stand on their own: stage NAME { … }",
    },
    "trigger": {
        **dict.fromkeys(("schedule", "cron"), 'write on schedule "0 5 * * 1" in "UTC"'),
        **dict.fromkeys(("on", "when", "event"), "write on EVENT, without '='"),
        "source": "write on change(SOURCE)",
        "every": 'write on schedule "0 5 * * 1" in "UTC"',
    },
    "source": dict.fromkeys(("name", "description", "doc"), "write it above the source: ## What it is"),
    "guard": {},
    "profile": {},
}


def meant(keyword: str, word: str) -> str | None:
    """The attribute of a block that a word of another tool stands for."""
    return _ATTRIBUTES.get(keyword, {}).get(word)


def instead(keyword: str, word: str) -> str | None:
    """What to write where the language has no attribute of that kind."""
    return _INSTEAD.get(keyword, {}).get(word)


FUNCTIONS = {
    **dict.fromkeys(("avg", "average"), "mean(c)"),
    **dict.fromkeys(("count", "len", "length", "row_count", "nrows", "row", "row_number", "num_rows"), "rows"),
    **dict.fromkeys(("std", "sd", "std_dev", "sigma"), "stddev(c)"),
    **dict.fromkeys(("null", "missing", "nan", "isnull", "is_null", "null_rate", "null_share"), "nulls(c) <= 5%"),
    **dict.fromkeys(("not_null", "notnull", "complete", "required", "non_null"), "nulls(c) <= 0%"),
    **dict.fromkeys(("percentile", "perc", "p"), "quantile(c, 0.95)"),
    **dict.fromkeys(("distinct_count", "nunique", "cardinality", "count_distinct"), "distinct(c)"),
    **dict.fromkeys(("corr", "pearson"), "correlation(a, b)"),
    **dict.fromkeys(("age", "staleness", "newest"), "freshness(c)"),
    **dict.fromkeys(("roc_auc", "auroc"), "auc(y, p)"),
    **dict.fromkeys(("mse",), "rmse(y, p)"),
    **dict.fromkeys(("regex", "like", "pattern"), 'c matches "[A-Z]+"'),
    **dict.fromkeys(("range",), "c between 0 and 1"),
    **dict.fromkeys(("foreign_key", "fk"), "c references SOURCE.c"),
    **dict.fromkeys(("leakage", "intersection", "shared"), "overlap(TABLE, key) <= 0%"),
    **dict.fromkeys(("golden", "snapshot"), 'expected "golden.csv" key c'),
    **dict.fromkeys(("invariance", "stable", "constant"), "invariant(p, case: c) >= 98%"),
    **dict.fromkeys(("monotone", "monotonicity", "increasing"), "monotonic(p, x, case: c) >= 95%"),
    **dict.fromkeys(("drift",), "psi(c)"),
    **dict.fromkeys(("columns_count", "ncols", "width"), "columns"),
}


def function_hint(word: str) -> str | None:
    """How a function of another tool is written here."""
    shown = FUNCTIONS.get(word.lower())
    return f"write {shown}" if shown else None
