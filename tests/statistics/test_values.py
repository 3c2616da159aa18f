"""Metrics of numbers: scikit-learn's values, bounds that know of skewness, no bounds where none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as theirs

from mlci.statistics.moments import FEWEST
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.values import (
    Losses,
    ValueEstimate,
    difference,
    estimate,
    gradient,
    of_errors,
    of_losses,
    value,
)

METRICS = {
    "mean_absolute_error": theirs.mean_absolute_error,
    "mean_error": lambda y, p, sample_weight: np.average(p - y, weights=sample_weight),
    "root_mean_squared_error": theirs.root_mean_squared_error,
    "r2": theirs.r2_score,
    "mean_pinball_loss": lambda y, p, sample_weight: theirs.mean_pinball_loss(
        y, p, alpha=0.9, sample_weight=sample_weight
    ),
}
NUMBERS = st.lists(st.integers(-50, 50), min_size=6, max_size=6)


@settings(max_examples=40, deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS, st.lists(st.integers(1, 5), min_size=6, max_size=6))
def test_values_are_scikit_learns(
    truth: list[int], candidate: list[int], champion: list[int], weight: list[int]
) -> None:
    y, p, q, w = (np.array(each, float) for each in (truth, candidate, champion, weight))
    for name, oracle in METRICS.items():
        losses = of_errors(name, y, p, q, share=0.9, weight=w)  # type: ignore[arg-type]
        if name == "r2" and np.ptp(y) == 0:
            assert np.isnan(value(losses))
            continue
        for model, said in enumerate((p, q)):
            assert value(losses, model) == pytest.approx(oracle(y, said, sample_weight=w), abs=1e-9)


def drawn(n: int, seed: int = 3) -> tuple[NDArray[np.float64], ...]:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return y, y + 0.5 * rng.normal(size=n), y + 0.6 * rng.normal(size=n)


@pytest.mark.parametrize("name", METRICS)
def test_the_gradient_is_the_derivative(name: str) -> None:
    y, p, q = drawn(50)
    losses = of_errors(name, y, p, q)  # type: ignore[arg-type]
    sums = losses.moments.sums.values
    for model in (0, 1):
        found = gradient(losses, model)
        assert found @ sums == pytest.approx(0.0, abs=1e-12)
        for place in range(sums.size):
            before = value(losses, model)
            sums[place] += 1e-6
            assert found[place] == pytest.approx((value(losses, model) - before) / 1e-6, abs=1e-5)
            sums[place] -= 1e-6


@pytest.mark.parametrize("name", METRICS)
def test_shards_add_up_to_the_whole_also_with_clusters(name: str) -> None:
    y, p, q = (each + 1e9 for each in drawn(400))
    cluster, weight = np.arange(400) // 4, 0.5 + np.random.default_rng(1).random(400)
    whole = of_errors(name, y, p, q, weight=weight, cluster=cluster)  # type: ignore[arg-type]
    parts: list[Losses] = [
        of_errors(name, y[rows], p[rows], q[rows], weight=weight[rows], cluster=cluster[rows])  # type: ignore[arg-type]
        for rows in (slice(160, 400), slice(0, 160))
    ]
    both = parts[0] + parts[1]
    for ask in (estimate, difference):
        one, other = ask(whole, 0.95), ask(both, 0.95)
        assert (one.estimate, one.lower, one.upper) == pytest.approx(
            (other.estimate, other.lower, other.upper), rel=1e-5
        )


def test_large_numbers_that_vary_little_are_exact() -> None:
    y, p, _ = drawn(1000)
    near, far = of_errors("r2", y, p), of_errors("r2", y + 1e9, p + 1e9)
    assert value(far) == pytest.approx(value(near), abs=1e-6)
    assert estimate(far, 0.95).lower == pytest.approx(estimate(near, 0.95).lower, abs=1e-6)


def test_skewed_losses_reach_further_up_than_students() -> None:
    losses = np.random.default_rng(4).lognormal(0, 1, 300)
    found = estimate(of_losses(losses), 0.95)
    error = losses.std(ddof=1) / np.sqrt(300)
    assert found.lower == pytest.approx(losses.mean() - 1.650 * error, rel=1e-3)
    assert found.upper > losses.mean() + 1.9 * error


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_the_spread_of_the_truth_hides_no_tail_of_the_losses(seed: int) -> None:
    """The lower bound of r2 lies no higher than if the truth's spread were known."""
    rng = np.random.default_rng(seed)
    y = 2.0 * rng.normal(size=300)
    error = rng.lognormal(0, 1, 300) * rng.choice([-1, 1], 300)
    of_squares = estimate(of_losses(error**2), 0.95)
    found = estimate(of_errors("r2", y, y + error), 0.95)
    known = 1.0 - of_squares.upper / y.var()
    assert 1.15 * known < found.lower < known
    assert found.lower < found.estimate < found.upper < 1.0


def test_few_units_are_refused_sooner() -> None:
    """Their skewness, of which they show less, is some 0.45 over the root of n in both samples."""

    def with_large(n: int, large: int) -> ValueEstimate:
        losses = np.repeat([50.0, 1.0], [large, n - large])
        assert 0.44 < np.mean((losses - losses.mean()) ** 3) / losses.std() ** 3 / n**0.5 < 0.49
        return estimate(of_losses(losses), 0.95)

    assert with_large(1000, 5).upper > 1.0
    with pytest.raises(NoBounds, match="make up most"):
        with_large(30, 3)


def test_where_nothing_holds_it_says_why() -> None:
    y, p, q = drawn(100)
    few = of_errors("mean_absolute_error", y[: FEWEST - 1], p[: FEWEST - 1])
    with pytest.raises(NoBounds, match="fewer than the 30"):
        estimate(few, 0.95)
    with pytest.raises(NoBounds, match="fewer than the 30"):
        estimate(of_errors("r2", y, p, cluster=np.arange(100) // 10), 0.95)
    outlier = np.abs(y - p)
    outlier[0] = 1e6
    with pytest.raises(NoBounds, match="make up most"):
        estimate(of_losses(outlier), 0.95)
    with pytest.raises(NoBounds, match="no row has any loss"):
        estimate(of_losses(np.zeros(100)), 0.95)
    with pytest.raises(NoBounds, match="all alike"):
        estimate(of_errors("r2", np.ones(100), p), 0.95)
    jumps = np.repeat([9.0, -9.0, 0.0], [3, 3, 94])
    assert estimate(of_errors("r2", jumps, jumps + p - y), 0.95).lower > 0.0
    with pytest.raises(NoBounds, match="how much the true values vary"):
        estimate(of_errors("r2", jumps, jumps + p - y), 0.9999)
    with pytest.raises(ValueError, match="finite"):
        of_errors("r2", y, np.where(y > 1, np.nan, q))
    with pytest.raises(ValueError, match="don't add up"):
        of_losses(y) + of_losses(y, p)


def test_models_that_hardly_differ_still_have_a_width() -> None:
    y, p, _ = drawn(2000)
    same = difference(of_errors("mean_absolute_error", y, p, p), 0.95)
    assert (same.estimate, -same.lower) == (0.0, same.upper)
    assert 0.0 < same.upper < 0.01
    other = p.copy()
    other[:4] += 1.0
    few = difference(of_errors("mean_absolute_error", y, p, other), 0.95)
    assert few.lower < few.estimate < few.upper
    assert same.upper < few.upper - few.estimate < 0.02
