"""SQL of the metrics of predictions: how well a column agrees with what happened.

Rows in which either column is null are left out. Labels are true and false, or 1 and 0; anything else stops the guard
with an error, for a score in place of a label would otherwise be measured as if it were always wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..syntax import tree
from . import sql

# What scikit-learn clips probabilities by, so that a sure and wrong answer costs much and not infinitely much.
_EPSILON = 2.220446049250313e-16
_LABELS = "true and false, or 1 and 0"

_EITHER = "no row has a truth and a prediction"
EMPTY = {
    "accuracy": _EITHER,
    "precision": "nothing is predicted to be positive",
    "recall": "nothing is positive in truth",
    "f1": "nothing is positive, in truth or by prediction",
    "auc": "it needs rows of both classes",
    "log_loss": _EITHER,
    "mae": _EITHER,
    "rmse": _EITHER,
    "r2": "it needs truths that differ",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Truth and prediction as SQL, and the rows that count: those that know both, and meet the rule's `where`."""

    truth: str
    predicted: str
    known: str

    @classmethod
    def of(cls, truth: str, predicted: str, where: str | None) -> Columns:
        t, p = sql.text_of(sql.column(truth)), sql.text_of(sql.column(predicted))
        known = f"{t} IS NOT NULL AND {p} IS NOT NULL"
        return cls(t, p, f"{known} AND ({where})" if where else known)

    def count(self, condition: str = "") -> str:
        """How many rows count, or how many of them meet a condition."""
        return f"count(*) FILTER (WHERE {self.known}{f' AND {condition}' if condition else ''})"

    @property
    def label(self) -> str:
        return f"CAST({self.truth} AS DOUBLE)"

    @property
    def guess(self) -> str:
        return f"CAST({self.predicted} AS DOUBLE)"


def columns_of(call: tree.Call, where: str | None) -> Columns:
    """The two columns that the call names."""
    truth, predicted = (a.text for a in call.args if isinstance(a, tree.Path))
    return Columns.of(truth, predicted, where)


def slices_of_call(call: tree.Call, where: str | None, by: str) -> str:
    """The metric in each slice, with how many rows of it count."""
    columns, name = columns_of(call, where), call.function.text
    if name == "auc":
        return auc(columns, by)
    rows = columns.count()
    return (
        f"SELECT {by} AS slice, {rows} AS rows, {metric(name, columns)} AS value FROM {{subject}} AS subject GROUP BY 1"
    )


def metric(name: str, columns: Columns) -> str:
    """The metric as an aggregate over the rows of a table, or of one slice of it. `auc` is none: see `auc`."""
    c = columns
    only = f"FILTER (WHERE {c.known})"
    error = f"({c.label} - {c.guess})"
    if name == "accuracy":
        return f"avg(CAST({c.truth} = {c.predicted} AS INTEGER)) {only}"
    if name == "mae":
        return f"avg(abs{error}) {only}"
    if name == "rmse":
        return f"sqrt(avg({error} * {error}) {only})"
    if name == "r2":
        return f"1 - sum({error} * {error}) {only} / nullif(regr_syy({c.label}, {c.guess}) {only}, 0)"
    if name == "log_loss":
        sure = f"CASE WHEN {c.label} = 1 THEN {c.guess} ELSE 1 - {c.guess} END"
        loss = f"-avg(ln(least(greatest({sure}, {_EPSILON!r}), 1 - {_EPSILON!r}))) {only}"
        probability = _refused(c, f"{c.guess} NOT BETWEEN 0 AND 1", f"{name} wants probabilities from 0 to 1", loss)
        return _refused(c, f"{c.label} NOT IN (0, 1)", f"{name} wants truths of {_LABELS}", probability)
    hits, misses = c.count(f"{c.label} = 1 AND {c.guess} = 1"), c.count(f"{c.label} = 1 AND {c.guess} = 0")
    alarms = c.count(f"{c.label} = 0 AND {c.guess} = 1")
    share = {
        "precision": f"{hits} / nullif({hits} + {alarms}, 0)",
        "recall": f"{hits} / nullif({hits} + {misses}, 0)",
        "f1": f"2 * {hits} / nullif(2 * {hits} + {alarms} + {misses}, 0)",
    }[name]
    odd = f"{c.label} NOT IN (0, 1) OR {c.guess} NOT IN (0, 1)"
    return _refused(c, odd, f"{name} wants truths and predictions of {_LABELS}", share)


def _refused(columns: Columns, condition: str, message: str, value: str) -> str:
    odd = f"bool_or({condition}) FILTER (WHERE {columns.known})"
    return f"CASE WHEN {odd} THEN error('{message}') ELSE {value} END"


def auc(columns: Columns, by: str | None = None) -> str:
    """A SELECT of the area under the ROC curve, by slices with columns `slice`, `rows` and `value`.

    The area is the chance that a positive outscores a negative, ties counting half, which is what average ranks give.
    Ranks need the rows in order, so this is a query of its own and not an aggregate beside the others: its scan is a
    second one. Rows of one score are counted first; what is put in order is as many rows as there are scores.
    """
    c = columns
    first = f"{by} AS slice, " if by else ""
    group = "1, 2" if by else "1"  # by position: the table may have a column called score
    window = "PARTITION BY slice ORDER BY score" if by else "ORDER BY score"
    counted = (
        f"SELECT {first}{c.guess} AS score, count(*) FILTER (WHERE {c.label} = 1) AS positives, "
        f"count(*) FILTER (WHERE {c.label} = 0) AS negatives, bool_or({c.label} NOT IN (0, 1)) AS odd "
        f"FROM {{subject}} AS subject WHERE {c.known} GROUP BY {group}"
    )
    ranked = f"SELECT *, sum(negatives) OVER ({window}) - negatives AS below FROM ({counted})"
    area = "sum(positives * (below + negatives / 2)) / nullif(sum(positives) * sum(negatives), 0)"
    checked = (
        f"CASE WHEN bool_or(odd) THEN error('auc wants truths of {_LABELS}') "
        f"WHEN bool_or(isnan(score)) THEN error('auc wants scores, and one is not a number') ELSE {area} END"
    )
    if by:
        checked = f"{checked} AS value"
        return f"SELECT slice, sum(positives + negatives) AS rows, {checked} FROM ({ranked}) GROUP BY slice"
    return f"SELECT {checked} FROM ({ranked})"
