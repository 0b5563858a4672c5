"""The paired bootstrap says what scipy's says, and what it promises: how often chance alone passes the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlopsc.runtime.bootstrap import BLOCKS, LOWER_IS_BETTER, Compared, compare
from mlopsc.runtime.conditions import UnknownValueError

duckdb = pytest.importorskip("duckdb")
np = pytest.importorskip("numpy")
Array = Any


def compared(
    y: Array, a: Array, b: Array, metric: str, *, seed: str = "s", predicted: str = "p", confidence: float = 0.95
) -> Compared:
    """Two columns of predictions as two tables, compared."""
    import pandas

    connection = duckdb.connect()
    for name, column in (("ours", a), ("theirs", b)):
        connection.register(f"{name}_given", pandas.DataFrame({"id": np.arange(len(y)), "y": y, "p": column}))
    check = {"metric": metric, "truth": "y", "predicted": predicted, "key": ["id"], "key_names": ["id"], "where": None,
             "against": "champion", "confidence": confidence}  # fmt: skip

    def rows(query: str) -> list[tuple[Any, ...]]:
        filled = query.replace("{subject}", "ours_given").replace("{baseline}", "theirs_given")
        found: list[tuple[Any, ...]] = connection.execute(filled).fetchall()
        return found

    return compare(rows, check, seed)


def classes(rng: Any, n: int, edge: float = 0.02) -> tuple[Array, ...]:
    """Truths, two scores and two predictions; ours are the better by `edge`."""
    y = (rng.random(n) < 0.3).astype(int)
    ours = np.clip(0.35 + 0.3 * (y - 0.3) + rng.normal(0, 0.2 - edge, n), 0.01, 0.99)
    theirs = np.clip(0.35 + 0.3 * (y - 0.3) + rng.normal(0, 0.2, n), 0.01, 0.99)
    return y, ours, theirs, (ours > 0.4).astype(int), (theirs > 0.4).astype(int)


def roc(y: Array, p: Array) -> float:
    from scipy.stats import rankdata

    ranks, ones = rankdata(p), int(y.sum())
    return float((ranks[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))


LABELS: dict[str, Callable[[Array, Array], Any]] = {
    "accuracy": lambda y, p: np.mean(y == p),
    "precision": lambda y, p: (y * p).sum() / p.sum(),
    "recall": lambda y, p: (y * p).sum() / y.sum(),
    "f1": lambda y, p: 2 * (y * p).sum() / (y.sum() + p.sum()),
}
SCORES: dict[str, Callable[[Array, Array], Any]] = {
    "auc": roc,
    "log_loss": lambda y, p: -np.mean(np.log(np.where(y == 1, p, 1 - p))),
}
NUMBERS: dict[str, Callable[[Array, Array], Any]] = {
    "mae": lambda y, p: np.abs(y - p).mean(),
    "rmse": lambda y, p: np.sqrt(((y - p) ** 2).mean()),
    "r2": lambda y, p: 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum(),
}


@pytest.mark.parametrize("metric", [*LABELS, *SCORES, *NUMBERS])
def test_it_agrees_with_scipy(metric: str) -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    y, ours, theirs, our_labels, their_labels = classes(rng, 1500)
    a, b = (our_labels, their_labels) if metric in LABELS else (ours, theirs)
    if metric in NUMBERS:
        y = rng.normal(100, 1, 1500)
        a, b = y + rng.normal(0, 0.49, 1500), y + rng.normal(0, 0.5, 1500)
    of = {**LABELS, **SCORES, **NUMBERS}[metric]
    found = compared(y, a, b, metric)

    def difference(y: Array, a: Array, b: Array) -> Any:
        return of(y, a) - of(y, b)

    theirs_say = stats.bootstrap(
        (y, a, b), difference, paired=True, vectorized=False, n_resamples=1500, confidence_level=0.9,
        method="percentile", random_state=rng,
    )  # fmt: skip
    low, high = theirs_say.confidence_interval
    assert found.difference == pytest.approx(difference(y, a, b), abs=1e-12)
    # Four times the Monte Carlo error of a 5% quantile of 1000 and 1500 draws is a tenth of the interval's width.
    assert abs(found.low - low) < 0.1 * (high - low) and abs(found.high - high) < 0.1 * (high - low)
    drawn = theirs_say.bootstrap_distribution
    share = np.mean(drawn < 0) if metric in LOWER_IS_BETTER else np.mean(drawn > 0)
    assert found.share == pytest.approx(share, abs=0.08)


def test_many_rows_are_weighed_in_blocks_with_the_same_spread() -> None:
    rng = np.random.default_rng(4)
    n = 4 * BLOCKS
    y = rng.normal(0, 1, n)
    a, b = y + rng.normal(0, 0.5, n), y + rng.normal(0, 0.5, n)
    found = compared(y, a, b, "mae")
    spread = np.std(np.abs(y - a) - np.abs(y - b)) / np.sqrt(n)
    assert found.high - found.low == pytest.approx(2 * 1.645 * spread, rel=0.12)
    assert (found.pairs, found.alone) == (n, (0, 0))


def test_equal_tables_agree_to_the_last_digit() -> None:
    """Several threads would add up in another order each time."""
    y, a, b, _, _ = classes(np.random.default_rng(7), 10_000)
    assert len({compared(y, a, b, "auc") for _ in range(3)}) == 1


def test_the_interval_begins_at_its_lower_end_at_any_confidence() -> None:
    y, _, _, a, b = classes(np.random.default_rng(6), 500)
    for confidence in (0.5, 0.501, 0.9995):
        found = compared(y, a, b, "accuracy", confidence=confidence)
        assert found.low <= found.high


def test_the_seed_decides_and_nothing_else() -> None:
    y, _, _, a, b = classes(np.random.default_rng(5), 500)
    assert compared(y, a, b, "f1") == compared(y, a, b, "f1")
    assert compared(y, a, b, "f1").low != compared(y, a, b, "f1", seed="t").low


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["accuracy", "auc", "mae"])
def test_chance_alone_passes_about_as_often_as_the_rule_allows(metric: str) -> None:
    """Two models that are equally good: `with 90%` lets one of ten such pass."""
    rng = np.random.default_rng(6)
    shares = []
    for _ in range(120):
        y, ours, theirs, a, b = classes(rng, 200, edge=0)
        shares.append(
            compared(y, a if metric == "accuracy" else ours, b if metric == "accuracy" else theirs, metric).share
        )
    passed = np.mean(np.array(shares) >= 0.9)
    assert 0.02 < passed < 0.2  # 0.10, and three standard errors of 120 tries
    assert 0.4 < np.mean(shares) < 0.6


def test_a_metric_without_a_value_is_an_error() -> None:
    y, _, _, a, _ = classes(np.random.default_rng(7), 300)
    none = np.zeros(300, int)
    with pytest.raises(UnknownValueError, match="precision has no value on the rows that both have: one of the two"):
        compared(y, a, none, "precision")
    with pytest.raises(UnknownValueError, match="auc has no value on the rows that both have: it needs rows of both"):
        compared(none, a, a, "auc")
    with pytest.raises(UnknownValueError, match="r2 has no value on the rows that both have: it needs truths that"):
        compared(none, a, a, "r2")


def test_what_cannot_be_measured_is_an_error() -> None:
    y, ours, theirs, _, _ = classes(np.random.default_rng(8), 300)
    with pytest.raises(
        UnknownValueError, match="f1 wants truths and predictions of true and false, or 1 and 0, and 300"
    ):
        compared(y, ours, theirs, "f1")
    with pytest.raises(UnknownValueError, match=r"log_loss wants .* probabilities from 0 to 1, and"):
        compared(y, ours * 3, theirs, "log_loss")
    nan = "CASE WHEN id = 7 THEN CAST('nan' AS DOUBLE) ELSE p END"
    for metric in ("auc", "mae", "rmse", "r2", "log_loss"):
        with pytest.raises(UnknownValueError, match=f"{metric} wants .* and 1 rows have something else"):
            compared(y, ours, theirs, metric, predicted=nan)
