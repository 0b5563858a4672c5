"""SQL of the metrics of predictions: how well a column agrees with what happened.

Rows in which either column is null are left out. Labels are true and false, or 1 and 0; anything else stops the guard
with an error, for a score in place of a label would otherwise be measured as if it were always wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ..features import Feature
from .function import NUMBER, TABLE, Argument, Asked, Function, Sliced

# What scikit-learn clips probabilities by, so that a sure and wrong answer costs much and not infinitely much.
_EPSILON = 2.220446049250313e-16
_LABELS = "true and false, or 1 and 0"


# SQL -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Columns:
    """Truth and prediction as SQL, and the rows that count: those that know both, and meet the rule's `where`."""

    truth: str
    predicted: str
    known: str
    among: str  # the `where` as a FILTER: enough for what is null where either column is

    @classmethod
    def of(cls, asked: Asked) -> Columns:
        from ..lower import sql

        truth, predicted = (sql.text_of(sql.column(c)) for c in asked.columns)
        known = f"{truth} IS NOT NULL AND {predicted} IS NOT NULL"
        if asked.where is None:
            return cls(truth, predicted, known, "")
        where = sql.text_of(asked.where)
        return cls(truth, predicted, f"{known} AND ({where})", f" FILTER (WHERE {where})")

    def count(self, condition: str = "") -> str:
        """How many rows count, or how many of them meet a condition."""
        return f"count(*) FILTER (WHERE {self.known}{f' AND {condition}' if condition else ''})"

    @property
    def label(self) -> str:
        return f"CAST({self.truth} AS DOUBLE)"

    @property
    def guess(self) -> str:
        return f"CAST({self.predicted} AS DOUBLE)"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as an aggregate over the rows of a table, or of one slice of it."""

    name: str

    def value(self, asked: Asked) -> str:
        return _metric(self.name, Columns.of(asked))

    def slices(self, asked: Asked, by: str) -> Sliced:
        columns = Columns.of(asked)
        return Sliced(columns.count(), _metric(self.name, columns))


class Area:
    """The area under the ROC curve, which is no aggregate."""

    def value(self, asked: Asked) -> str:
        return f"({_auc(Columns.of(asked))})"

    def slices(self, asked: Asked, by: str) -> str:
        return _auc(Columns.of(asked), by)


def _metric(name: str, columns: Columns) -> str:
    c = columns
    error = f"({c.label} - {c.guess})"
    if name == "accuracy":
        return f"avg(CAST({c.truth} = {c.predicted} AS INTEGER)){c.among}"
    if name == "mae":
        return f"avg(abs{error}){c.among}"
    if name == "rmse":
        return f"sqrt(avg({error} * {error}){c.among})"
    if name == "r2":
        return f"1 - sum({error} * {error}){c.among} / nullif(regr_syy({c.label}, {c.guess}){c.among}, 0)"
    if name == "log_loss":
        sure = f"CASE WHEN {c.label} = 1 THEN {c.guess} ELSE 1 - {c.guess} END"
        loss = f"-avg(ln(least(greatest({sure}, {_EPSILON!r}), 1 - {_EPSILON!r}))) FILTER (WHERE {c.known})"
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


def _auc(columns: Columns, by: str | None = None) -> str:
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


# What they mean ------------------------------------------------------------------------------------------------------

Values = Sequence[Any]


def _known(truth: Values, predicted: Values) -> list[tuple[float, float]]:
    both = zip(truth, predicted, strict=True)
    return [(float(t), float(p)) for t, p in both if t is not None and p is not None]


def _accuracy(truth: Values, predicted: Values) -> float | None:
    right = [t == p for t, p in zip(truth, predicted, strict=True) if t is not None and p is not None]
    return fmean(right) if right else None


def _counts(truth: Values, predicted: Values) -> tuple[int, int, int]:
    """True positives, false positives and false negatives."""
    pairs = _known(truth, predicted)
    return pairs.count((1, 1)), pairs.count((0, 1)), pairs.count((1, 0))


def _precision(truth: Values, predicted: Values) -> float | None:
    hits, alarms, _ = _counts(truth, predicted)
    return hits / (hits + alarms) if hits + alarms else None


def _recall(truth: Values, predicted: Values) -> float | None:
    hits, _, misses = _counts(truth, predicted)
    return hits / (hits + misses) if hits + misses else None


def _f1(truth: Values, predicted: Values) -> float | None:
    hits, alarms, misses = _counts(truth, predicted)
    return 2 * hits / (2 * hits + alarms + misses) if hits + alarms + misses else None


def _area(truth: Values, predicted: Values) -> float | None:
    """The share of pairs of a positive and a negative in which the positive scores higher, ties counting half."""
    pairs = _known(truth, predicted)
    positives, negatives = [p for t, p in pairs if t == 1], [p for t, p in pairs if t == 0]
    if not positives or not negatives:
        return None
    return fmean(1.0 if p > n else 0.5 if p == n else 0.0 for p in positives for n in negatives)


def _log_loss(truth: Values, predicted: Values) -> float | None:
    sure = [p if t == 1 else 1 - p for t, p in _known(truth, predicted)]
    return -fmean(math.log(min(max(p, _EPSILON), 1 - _EPSILON)) for p in sure) if sure else None


def _errors(truth: Values, predicted: Values) -> Iterator[float]:
    return (t - p for t, p in _known(truth, predicted))


def _mae(truth: Values, predicted: Values) -> float | None:
    errors = [abs(e) for e in _errors(truth, predicted)]
    return fmean(errors) if errors else None


def _rmse(truth: Values, predicted: Values) -> float | None:
    squares = [e * e for e in _errors(truth, predicted)]
    return math.sqrt(fmean(squares)) if squares else None


def _r2(truth: Values, predicted: Values) -> float | None:
    truths = [t for t, _ in _known(truth, predicted)]
    if not truths:
        return None
    spread = math.fsum((t - fmean(truths)) ** 2 for t in truths)
    return 1 - math.fsum(e * e for e in _errors(truth, predicted)) / spread if spread else None


# The functions -------------------------------------------------------------------------------------------------------

_EITHER = "no row has a truth and a prediction"
_LABEL, _NUMERIC = "label column", "number column"


def _prediction(
    name: str,
    types: tuple[str, str],
    doc: str,
    reference: Callable[..., Any],
    example: str,
    empty: str = _EITHER,
    high: float | None = 1,
    low: float | None = 0,
) -> Function:
    arguments = (Argument("truth", types[0]), Argument("predicted", types[1]))
    return Function(
        name,
        arguments,
        NUMBER,
        TABLE,
        doc,
        Feature.PREDICTIONS,
        low,
        high,
        sql=Area() if name == "auc" else Metric(name),
        reference=reference,
        empty=empty,
        example=example,
        nothing=f"Rows with a null in either column are left out. Without a value, error: {empty}.",
    )


_LABELLED, _SCORED, _NUMBERS = (_LABEL, _LABEL), (_LABEL, _NUMERIC), (_NUMERIC, _NUMERIC)

FUNCTIONS = (
    _prediction(
        "accuracy",
        ("column", "column"),
        "The share of predictions that are right.",
        _accuracy,
        "accuracy(late, predicted) by origin >= 0.75",
    ),
    _prediction(
        "precision",
        _LABELLED,
        "The share of positive predictions that are right.",
        _precision,
        "precision(late, predicted) >= 0.8",
        "nothing is predicted to be positive",
    ),
    _prediction(
        "recall",
        _LABELLED,
        "The share of positives that are found.",
        _recall,
        "recall(late, predicted) >= 0.6",
        "nothing is positive in truth",
    ),
    _prediction(
        "f1",
        _LABELLED,
        "The harmonic mean of precision and recall.",
        _f1,
        "f1(late, predicted) >= 0.7",
        "nothing is positive, in truth or by prediction",
    ),
    _prediction(
        "auc",
        _SCORED,
        "The area under the ROC curve.",
        _area,
        "auc(late, p_late) >= 0.75",
        "it needs rows of both classes",
    ),
    _prediction(
        "log_loss", _SCORED, "The mean negative log-likelihood.", _log_loss, "log_loss(late, p_late) <= 0.5", high=None
    ),
    _prediction("mae", _NUMBERS, "The mean absolute error.", _mae, "mae(arr_delay, predicted) <= 15", high=None),
    _prediction(
        "rmse", _NUMBERS, "The root of the mean squared error.", _rmse, "rmse(arr_delay, predicted) <= 25", high=None
    ),
    _prediction(
        "r2",
        _NUMBERS,
        "The coefficient of determination.",
        _r2,
        "r2(arr_delay, predicted) >= 0.6",
        "it needs truths that differ",
        high=1,
        low=None,
    ),
)
