"""The functions of guard rules: signatures, units, and the feature each asks of a target."""

from __future__ import annotations

from dataclasses import dataclass

from ..features import Feature

# Units of values in rules. `any` is what nothing is known of: a column without a schema.
# A `metric` is a number of a file: it compares with anything that is a number.
NUMBER, PERCENT, DURATION, SIZE, STRING, BOOL, TIME, METRIC, ANY = (
    *("number", "percent", "duration", "size"),
    *("string", "bool", "time", "metric", "any"),
)


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `arguments` lists what it takes: column, number column, label column, time column, columns,
    share, source, …

    `low` and `high` bound the result, which tells a rule that cannot fail from one that can.
    """

    name: str
    arguments: tuple[str, ...]
    result: str
    subjects: frozenset[str]
    doc: str
    feature: Feature | None = None
    low: float | None = None
    high: float | None = None
    more: bool = False  # takes named arguments or further ones, checked when its feature is built


_TABLE = frozenset({"table"})
_FILE = frozenset({"model", "file", "table", "dir", "plot", "report"})
_NUMERIC = "number column"
_LABEL = "label column"


def _statistic(name: str, doc: str) -> Function:
    return Function(name, (_NUMERIC,), NUMBER, _TABLE, doc)


def _drift(name: str, doc: str) -> Function:
    return Function(name, ("column",), NUMBER, _TABLE, doc, Feature.DRIFT, low=0, more=True)


def _prediction(name: str, arguments: tuple[str, ...], doc: str, high: float | None = 1) -> Function:
    return Function(name, arguments, NUMBER, _TABLE, doc, Feature.PREDICTIONS, low=0, high=high)


_ALL = (
    Function("rows", (), NUMBER, _TABLE, "How many rows the table has.", low=0),
    Function("columns", (), NUMBER, _TABLE, "How many columns the table has.", low=0),
    Function("nulls", ("column",), PERCENT, _TABLE, "The share of rows in which the column is null.", low=0, high=1),
    Function("unique", ("columns",), BOOL, _TABLE, "Whether no two rows agree in all these columns."),
    Function("distinct", ("column",), NUMBER, _TABLE, "How many different values the column has.", low=0),
    Function("min", ("column",), ANY, _TABLE, "The smallest value."),
    Function("max", ("column",), ANY, _TABLE, "The largest value."),
    _statistic("mean", "The arithmetic mean, nulls left out."),
    _statistic("median", "The median, interpolated between the two middle values."),
    Function("stddev", (_NUMERIC,), NUMBER, _TABLE, "The sample standard deviation.", low=0),
    _statistic("sum", "The sum, nulls left out."),
    Function("quantile", (_NUMERIC, "share"), NUMBER, _TABLE, "The value below which that share of rows lies."),
    Function("freshness", ("time column",), DURATION, _TABLE, "The age of the newest row when the guard runs."),
    Function("correlation", (_NUMERIC, _NUMERIC), NUMBER, _TABLE, "Pearson's correlation.", low=-1, high=1),
    Function("size", (), SIZE, _FILE, "The size of the file.", Feature.FILE_GUARD, low=0),
    Function(
        "overlap", ("name", "column"), PERCENT, _TABLE, "The share of keys also found in another source.",
        Feature.REFERENCES, low=0, high=1, more=True,
    ),
    _drift("psi", "The population stability index against the reference."),
    _drift("ks", "The Kolmogorov-Smirnov distance against the reference."),
    _drift("js", "The Jensen-Shannon distance against the reference."),
    _drift("chi2", "The p-value of the chi-squared test against the reference."),
    _drift("wasserstein", "The Wasserstein distance against the reference."),
    _prediction("accuracy", ("column", "column"), "The share of predictions that are right."),
    _prediction("precision", (_LABEL, _LABEL), "The share of positive predictions that are right."),
    _prediction("recall", (_LABEL, _LABEL), "The share of positives that are found."),
    _prediction("f1", (_LABEL, _LABEL), "The harmonic mean of precision and recall."),
    _prediction("auc", (_LABEL, _NUMERIC), "The area under the ROC curve."),
    _prediction("log_loss", (_LABEL, _NUMERIC), "The mean negative log-likelihood.", None),
    _prediction("mae", (_NUMERIC, _NUMERIC), "The mean absolute error.", None),
    _prediction("rmse", (_NUMERIC, _NUMERIC), "The root of the mean squared error.", None),
    Function(
        "r2", (_NUMERIC, _NUMERIC), NUMBER, _TABLE, "The coefficient of determination.", Feature.PREDICTIONS, high=1,
    ),
    Function("abs", ("value",), NUMBER, frozenset({"table", "metrics"}), "The absolute value."),
    Function(
        "python", ("text",), ANY, frozenset({"table", "model", "metrics", "file", "dir", "plot", "report"}),
        "A check of your own: true, false or a number.", Feature.CUSTOM_CHECK, more=True,
    ),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {f.name: f for f in _ALL}
BARE = frozenset(f.name for f in _ALL if not f.arguments)  # written without parentheses: `rows`, `columns`, `size`
