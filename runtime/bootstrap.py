"""Whether one model's predictions are better than another's, with a confidence: a paired bootstrap.

Rows of two tables are paired by key, and the metric is taken of both columns of predictions on the same rows. How much
of the difference is chance? The pairs are resampled, again and again, and the share of resamples in which ours is the
better one is the answer: one-sided, as the rule is.

A resample gives each pair a weight from Poisson's distribution with mean 1, which is what drawing rows with replacement
comes to (Efron and Tibshirani, An Introduction to the Bootstrap, 1993; by Poisson's weights: Chamandy et al.,
Estimating Uncertainty for Massive Data Streams, 2012). A weight is a hash of the pair's key, the resample and the
digests of the tables, and one thread adds up in the order of keys: equal tables give equal answers, to the last digit.
Every metric is a function of a few weighted sums, so DuckDB adds them up, and no row passes through Python. More than
10 000 pairs are put into that many blocks by the hash of their key, and blocks are weighed: their sums are as
independent as rows are, and the spread of the difference is then known to within one percent.

The area under the ROC curve is no function of sums; its first-order part is (DeLong et al., 1988): the mean over
positives of the share of negatives that score below them, and the same of negatives.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .conditions import UnknownValueError

RESAMPLES = 1000
LEAST_PAIRS = 100
BLOCKS = 10_000
LOWER_IS_BETTER = frozenset({"log_loss", "mae", "rmse"})

# Up to a weight of 8; a larger one comes once in a million.
_POISSON = [0.0]
for _k in range(9):
    _POISSON.append(_POISSON[-1] + math.exp(-1) / math.factorial(_k))

# What scikit-learn clips probabilities by.
_EPSILON = 2.220446049250313e-16

Sums = Sequence[float]
Values = tuple[float, float]  # of ours and of theirs
Rows = Callable[[str], list[tuple[Any, ...]]]  # answers a query over {subject} and {baseline}


@dataclass(frozen=True)
class Compared:
    """Two models on the same rows. `difference` is ours less theirs, `low` and `high` the ends of its interval from one
    less the confidence to the confidence; `share` is that of resamples in which ours is the better."""

    ours: float
    theirs: float
    difference: float
    low: float
    high: float
    share: float
    pairs: int
    alone: tuple[int, int]  # rows of ours and of theirs without a partner

    @property
    def text(self) -> str:
        sign = "+" if self.difference > 0 else ""
        ends = f"{self.low:.4g} to {self.high:.4g}"
        return f"{self.ours:.4g} against {self.theirs:.4g} on {self.pairs} rows: {sign}{self.difference:.4g}, {ends}"

    def plain(self) -> dict[str, Any]:
        return {
            "ours": self.ours,
            "theirs": self.theirs,
            "difference": self.difference,
            "interval": [self.low, self.high],
            "share": self.share,
            "pairs": self.pairs,
            "alone": list(self.alone),
            "resamples": RESAMPLES,
        }


def compare(rows: Rows, check: Mapping[str, Any], seed: str) -> Compared:
    """The comparison that a rule asks for. Raises UnknownValueError where there is none to make."""
    metric = _METRICS[check["metric"]]
    pairs, alone = _pairs(rows, check, metric)
    rows(f"CREATE OR REPLACE TEMP TABLE units AS {_units(metric, pairs)}")
    columns = range(len(metric.sums))
    total = ", ".join(f"CAST(sum(s{i}) AS DOUBLE)" for i in columns)
    whole = rows(f"SELECT CAST(sum(n) AS DOUBLE), {total} FROM units")[0]
    ours, theirs = metric.values(whole, whole) or (None, None)
    if ours is None or theirs is None:
        raise UnknownValueError(f"{check['metric']} has no value on the rows that both have: {metric.empty}")
    found = [metric.values(sums, whole) for sums in _resampled(rows, len(metric.sums), seed)]
    # A resample without a value says nothing for ours.
    differences = sorted(a - b for a, b in (f for f in found if f is not None))
    sign = -1 if check["metric"] in LOWER_IS_BETTER else 1
    share = sum(sign * d > 1e-12 for d in differences) / RESAMPLES
    at = min(math.floor((1 - check["confidence"]) * len(differences)), (len(differences) - 1) // 2)
    return Compared(ours, theirs, ours - theirs, differences[at], differences[-1 - at], share, pairs, alone)


def _pairs(rows: Rows, check: Mapping[str, Any], metric: _Metric) -> tuple[int, tuple[int, int]]:
    """Makes the table of pairs, and counts them and the rows left alone. What makes them meaningless is an error."""
    for name, table in (("ours", "subject"), ("theirs", "baseline")):
        rows(f"CREATE OR REPLACE TEMP TABLE {name} AS {_select(check, metric, table)}")
    counted = []
    for name, whose in (("ours", "the table"), ("theirs", f"the {check['against']}'s table")):
        count, distinct = rows(f"SELECT count(*), count(DISTINCT k) FROM {name}")[0]
        if count != distinct:
            key = ", ".join(check["key_names"])
            raise UnknownValueError(f"{key} does not tell the rows of {whose} apart: {count - distinct} repeat another")
        counted.append(count)
    rows(
        "CREATE OR REPLACE TEMP TABLE pairs AS SELECT ours.k, ours.y, theirs.y AS z, ours.p AS a, theirs.p AS b "
        "FROM ours JOIN theirs ON ours.k = theirs.k ORDER BY ours.k"
    )
    # The last digits of a sum hang on the order of what is added: from here on rows stay in the order of their keys.
    rows("SET threads = 1")
    pairs, differing, odd = rows(
        f"SELECT count(*), count(*) FILTER (WHERE y <> z), count(*) FILTER (WHERE {metric.odd}) FROM pairs"
    )[0]
    if pairs < LEAST_PAIRS:
        most = f"they have {pairs}, and a comparison with a confidence needs {LEAST_PAIRS}"
        raise UnknownValueError(f"too few rows are in both tables: {most}")
    if differing:
        raise UnknownValueError(f"in {differing} rows the two tables do not agree on the truth")
    if odd:
        raise UnknownValueError(f"{check['metric']} wants {metric.wants}, and {odd} rows have something else")
    return pairs, (counted[0] - pairs, counted[1] - pairs)


def _select(check: Mapping[str, Any], metric: _Metric, table: str) -> str:
    truth, predicted = check["truth"], check["predicted"]
    key = ", ".join(f"CAST({k} AS VARCHAR)" for k in check["key"])
    known = [f"{c} IS NOT NULL" for c in (truth, predicted, *check["key"])]
    where = " AND ".join([*known, *([f"({check['where']})"] if check.get("where") else [])])
    values = (f"CAST({truth} AS VARCHAR) AS y, CAST({truth} = {predicted} AS INTEGER) AS p") if metric.classes else (
        f"CAST({truth} AS DOUBLE) AS y, CAST({predicted} AS DOUBLE) AS p"
    )  # fmt: skip
    return f"SELECT concat_ws(chr(31), {key}) AS k, {values} FROM {{{table}}} AS subject WHERE {where}"


def _units(metric: _Metric, pairs: int) -> str:
    """What is weighed: pairs, or blocks of them, each with its sums."""
    unit = f"hash(k) % {BLOCKS}" if pairs > BLOCKS else "hash(k)"
    sums = ", ".join(f"sum({s}) AS s{i}" for i, s in enumerate(metric.sums))
    return f"SELECT CAST({unit} AS UBIGINT) AS u, count(*) AS n, {sums} FROM {metric.rows} GROUP BY 1"


def _resampled(rows: Rows, columns: int, seed: str) -> list[Sums]:
    """The weighted sums of every resample."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:7], "big")
    whens = " ".join(f"WHEN h < {int(top * 2**32)} THEN {k}" for k, top in enumerate(_POISSON[1:]))
    names = ["n", *(f"s{i}" for i in range(columns))]
    sums = ", ".join(f"CAST(sum(w * {name}) AS DOUBLE)" for name in names)
    drawn = f"SELECT b, hash(u, b, {number}) >> 32 AS h, {', '.join(names)} FROM units, range({RESAMPLES}) AS r(b)"
    weighed = f"SELECT b, CASE {whens} ELSE {len(_POISSON) - 1} END AS w, {', '.join(names)} FROM ({drawn})"
    return [found[1:] for found in rows(f"SELECT b, {sums} FROM ({weighed}) WHERE w > 0 GROUP BY b ORDER BY b")]


# -------------------------------------------------------------------- metrics


@dataclass(frozen=True)
class _Metric:
    """A metric as a function of sums over pairs with truth `y` and predictions `a`, ours, and `b`, theirs.

    `values` takes the number of rows and the sums of a resample, then those of all pairs; nothing where there is no
    value. `odd` is a condition of rows that cannot be measured.
    """

    sums: tuple[str, ...]
    values: Callable[[Sums, Sums], Values | None]
    odd: str
    wants: str
    empty: str = ""
    rows: str = "pairs"
    classes: bool = False  # a prediction is right or wrong, and `a` and `b` say so


def _means(s: Sums, _: Sums) -> Values | None:
    return (s[1] / s[0], s[2] / s[0]) if s[0] else None


def _roots(s: Sums, _: Sums) -> Values | None:
    return (math.sqrt(s[1] / s[0]), math.sqrt(s[2] / s[0])) if s[0] else None


def _shares(s: Sums, _: Sums) -> Values | None:
    """Of what is right among what is right and what is wrong: precision, recall."""
    return (s[1] / (s[1] + s[2]), s[3] / (s[3] + s[4])) if s[1] + s[2] and s[3] + s[4] else None


def _f1(s: Sums, _: Sums) -> Values | None:
    ours, theirs = 2 * s[1] + s[2], 2 * s[3] + s[4]
    return (2 * s[1] / ours, 2 * s[3] / theirs) if ours and theirs else None


def _r2(s: Sums, _: Sums) -> Values | None:
    spread = s[4] - s[3] * s[3] / s[0] if s[0] else 0
    return (1 - s[1] / spread, 1 - s[2] / spread) if spread > 0 else None


def _areas(s: Sums, whole: Sums) -> Values | None:
    """The area of all pairs, and by how much the two means of a resample are off."""
    if not (s[1] and s[2] and whole[1] and whole[2]):
        return None
    ours, theirs = whole[3] / whole[1], whole[5] / whole[1]
    return s[3] / s[1] + s[4] / s[2] - ours, s[5] / s[1] + s[6] / s[2] - theirs


def _placed(column: str) -> str:
    """For each score: the share of negatives below it and of positives above it, ties counting half."""
    counted = f"SELECT {column} AS score, sum(y) AS ones, sum(1 - y) AS zeros FROM pairs GROUP BY 1"
    below = "sum(zeros) OVER (ORDER BY score) - zeros / 2"
    above = "sum(ones) OVER (ORDER BY score DESC) - ones / 2"
    return (
        f"(SELECT score, ({below}) / nullif(sum(zeros) OVER (), 0) AS below, "
        f"({above}) / nullif(sum(ones) OVER (), 0) AS above FROM ({counted}))"
    )


_LABEL = "y NOT IN (0, 1)"
_LABELS = "truths and predictions of true and false, or 1 and 0"
_SURE = "CASE WHEN y = 1 THEN {0} ELSE 1 - {0} END"
_LOSS = f"-ln(least(greatest({_SURE}, {_EPSILON!r}), 1 - {_EPSILON!r}))"
_NAN = "isnan(y) OR isnan(a) OR isnan(b)"
_NUMBERS = "numbers"
_ODD_LABELS = f"{_LABEL} OR a NOT IN (0, 1) OR b NOT IN (0, 1)"

_METRICS = {
    "accuracy": _Metric(("a", "b"), _means, "false", "classes", classes=True),
    "precision": _Metric(
        ("y * a", "(1 - y) * a", "y * b", "(1 - y) * b"), _shares, _ODD_LABELS, _LABELS,
        "one of the two predicts nothing to be positive",
    ),
    "recall": _Metric(
        ("y * a", "y * (1 - a)", "y * b", "y * (1 - b)"), _shares, _ODD_LABELS, _LABELS, "nothing is positive in truth",
    ),
    "f1": _Metric(
        ("y * a", "abs(y - a)", "y * b", "abs(y - b)"), _f1, _ODD_LABELS, _LABELS,
        "nothing is positive, in truth or by prediction",
    ),
    "auc": _Metric(
        ("y", "1 - y", "y * o.below", "(1 - y) * o.above", "y * t.below", "(1 - y) * t.above"),
        _areas, f"{_LABEL} OR {_NAN}", "truths of true and false, or 1 and 0, and scores",
        "it needs rows of both classes",
        f"pairs JOIN {_placed('a')} AS o ON pairs.a = o.score JOIN {_placed('b')} AS t ON pairs.b = t.score",
    ),
    "log_loss": _Metric(
        (_LOSS.format("a"), _LOSS.format("b")), _means,
        f"{_LABEL} OR a NOT BETWEEN 0 AND 1 OR b NOT BETWEEN 0 AND 1",
        "truths of true and false, or 1 and 0, and probabilities from 0 to 1",
    ),
    "mae": _Metric(("abs(y - a)", "abs(y - b)"), _means, _NAN, _NUMBERS),
    "rmse": _Metric(("(y - a) * (y - a)", "(y - b) * (y - b)"), _roots, _NAN, _NUMBERS),
    "r2": _Metric(
        ("(y - a) * (y - a)", "(y - b) * (y - b)", "y - m", "(y - m) * (y - m)"), _r2, _NAN, _NUMBERS,
        "it needs truths that differ",
        "pairs, (SELECT avg(y) AS m FROM pairs)",
    ),
}  # fmt: skip
