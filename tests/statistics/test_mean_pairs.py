"""Groups' mean losses pair by pair: values, Welch's test, Holm, the change of the widest gap."""

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame
from numpy.typing import NDArray
from scipy.stats import ttest_ind
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from mlci.statistics.group_means import GroupLosses, group_losses, means
from mlci.statistics.mean_pairs import mean_gap_change, mean_pairs


def drawn(sizes: list[int], high: float = 1.0, seed: int = 1) -> tuple[NDArray[np.int64], ...]:
    codes = np.repeat(np.arange(len(sizes)), sizes)
    losses = np.random.default_rng(seed).exponential(size=codes.size)
    return codes, np.where(codes == 0, high, 1.0) * losses


def test_values_are_fairlearns() -> None:
    codes, errors = drawn([30, 40, 50])
    weight = np.random.default_rng(2).random(codes.size)
    for form, oracle, losses in (
        ("mean", mean_absolute_error, errors),
        ("root", root_mean_squared_error, errors**2),
    ):
        frame = MetricFrame(
            metrics=oracle,
            y_true=np.zeros(codes.size),
            y_pred=errors,
            sensitive_features=codes,
            sample_params={"sample_weight": weight},
        )
        found = means(group_losses(codes, losses, groups=3, form=form, weight=weight))  # type: ignore[arg-type]
        assert found.value.tolist() == pytest.approx(frame.by_group.tolist())
        pairs = mean_pairs(
            group_losses(codes, losses, groups=3, form=form, weight=weight),  # type: ignore[arg-type]
            kind="difference",
            limit=0.1,
            confidence=0.95,
            assure=False,
        )
        assert max(pair.estimate or 0.0 for pair in pairs) == pytest.approx(frame.difference())
        ratios = mean_pairs(
            group_losses(codes, losses, groups=3, form=form, weight=weight),  # type: ignore[arg-type]
            kind="ratio",
            limit=0.8,
            confidence=0.95,
            assure=False,
        )
        assert min(pair.estimate or 1.0 for pair in ratios) == pytest.approx(frame.ratio())


def test_without_skewness_a_pair_is_welchs_test() -> None:
    rng = np.random.default_rng(3)
    one, two = (
        np.concatenate([x, -x]) + shift
        for x, shift in zip((rng.normal(size=20), 2 * rng.normal(size=40)), (5.9, 5.0), strict=True)
    )
    codes = np.repeat([0, 1], [40, 80])
    losses = group_losses(codes, np.concatenate([one, two]), groups=2)
    (pair,) = mean_pairs(losses, kind="difference", limit=0.0, confidence=0.95, assure=False)
    theirs = ttest_ind(one, two, equal_var=False)
    assert (pair.i, pair.j) == (0, 1)
    assert pair.p_value == pytest.approx(theirs.pvalue, rel=0.05)
    assert pair.beyond is bool(theirs.pvalue < 0.05)


def test_shards_add_up_and_copies_in_clusters_count_once() -> None:
    codes, losses = drawn([60, 90], high=1.5)
    cluster = np.arange(150) // 2

    def asked(found: GroupLosses) -> list[tuple[float, ...]]:
        pairs = mean_pairs(found, kind="difference", limit=0.1, confidence=0.95, assure=False)
        return [(pair.lower, pair.upper or 0.0, pair.p_value) for pair in pairs]

    for given in ({}, {"weight": losses + 0.1}, {"cluster": cluster}):
        parts = [
            group_losses(
                codes[rows], losses[rows], groups=2, **{k: v[rows] for k, v in given.items()}
            )
            for rows in (slice(70, 150), slice(0, 70))
        ]
        whole = group_losses(codes, losses, groups=2, **given)
        assert np.allclose(asked(parts[0] + parts[1]), asked(whole))
    once = asked(group_losses(codes, losses, groups=2))
    copied = group_losses(
        np.repeat(codes, 3), np.repeat(losses, 3), groups=2, cluster=np.repeat(np.arange(150), 3)
    )
    assert np.allclose(asked(copied), once, rtol=0.02)


def test_large_gaps_are_beyond_small_ones_within_and_small_groups_named() -> None:
    codes, losses = drawn([3000, 3000, 20], high=2.0)
    found = group_losses(codes, losses, groups=3)
    pairs = mean_pairs(found, kind="difference", limit=0.2, confidence=0.95, assure=False)
    assert [pair.beyond for pair in pairs] == [True, False, False]
    assert pairs[0].power > 0.99 > 0.8 > pairs[2].power
    ratio = mean_pairs(found, kind="ratio", limit=0.8, confidence=0.95, assure=False)
    assert ratio[0].beyond
    assert ratio[0].lower < 0.5 < (ratio[0].upper or 0.0) < 0.8
    even = group_losses(*drawn([3000, 3000]), groups=2)
    (pair,) = mean_pairs(even, kind="difference", limit=0.2, confidence=0.95, assure=True)
    assert pair.within
    assert not pair.beyond
    (pair,) = mean_pairs(even, kind="ratio", limit=0.8, confidence=0.95, assure=True)
    assert pair.within


def test_groups_of_which_nothing_is_known_show_nothing() -> None:
    codes = np.array([0, 0, 0, 1, 3, 3, 3])
    losses = np.array([1.0, 2.0, 3.0, 9.0, 1.0, 1.0, 1.0])
    pairs = mean_pairs(
        group_losses(codes, losses, groups=4),
        kind="difference",
        limit=0.1,
        confidence=0.95,
        assure=True,
    )
    for pair in pairs:
        if 1 in (pair.i, pair.j) or 2 in (pair.i, pair.j):
            assert (pair.lower, pair.upper, pair.p_value) == (-np.inf, None, 1.0)
            assert (pair.beyond, pair.within, pair.power) == (False, False, 0.0)
        if 2 in (pair.i, pair.j):
            assert pair.estimate is None
    for limit, kind in ((-0.1, "difference"), (0.0, "ratio"), (1.1, "ratio")):
        with pytest.raises(ValueError, match="no limit"):
            mean_pairs(
                group_losses(codes, losses, groups=4),
                kind=kind,  # type: ignore[arg-type]
                limit=limit,
                confidence=0.95,
                assure=False,
            )
    with pytest.raises(ValueError, match="champion"):
        mean_gap_change(group_losses(codes, losses, groups=4), 0.95)
    with pytest.raises(ValueError, match="two groups"):
        mean_gap_change(group_losses(codes * 0, losses, losses, groups=4), 0.95)
    with pytest.raises(ValueError, match="finite"):
        group_losses(codes, losses * np.nan, groups=4)


def test_a_gap_that_grew_is_shown_and_one_that_did_not_too() -> None:
    codes, losses = drawn([4000, 4000])
    wider = np.where(codes == 0, losses + 0.5, losses)
    grown = mean_gap_change(group_losses(codes, wider, losses, groups=2), 0.95)
    assert grown.lower > 0.3
    assert grown.candidate == pytest.approx(np.ptp([wider[codes == k].mean() for k in (0, 1)]))
    shrunk = mean_gap_change(group_losses(codes, losses, wider, groups=2), 0.95)
    assert (shrunk.lower, shrunk.upper) == pytest.approx((-grown.upper, -grown.lower))


def test_a_small_group_has_the_tail_of_all() -> None:
    """40 rows whose errors say nothing of a tail, beside 2,000 with one or without."""
    rng = np.random.default_rng(4)
    small = 0.6 + 0.2 * np.resize([-1.0, 1.0], 40)
    for large, skewed in ((rng.exponential(size=2000), True), (1.0 + rng.normal(size=2000), False)):

        def p_value(few: int, large: NDArray[np.float64] = large) -> float:
            losses = np.concatenate([large, small[:few]])
            found = group_losses(np.repeat([0, 1], [2000, few]), losses, groups=2)
            (pair,) = mean_pairs(found, kind="difference", limit=0.3, confidence=0.95, assure=False)
            return pair.p_value

        theirs = ttest_ind(large - 0.3, small, equal_var=False, alternative="greater").pvalue
        assert bool(p_value(40) > 1.5 * theirs) is skewed
        assert p_value(30) < 1.0
        assert p_value(29) == 1.0
