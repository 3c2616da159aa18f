"""What groups have in common is found once, and comes to the same as pair by pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from mlci.statistics.contrasts import Independent, contrast
from mlci.statistics.pair_table import PairTable
from mlci.statistics.proportions import FARTHEST


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([-3.1, -1e-9, 0.0, 1e-9, 1.645, 9.0]))
def test_shared_reaches_are_those_of_each_pair(seed: int, z: float) -> None:
    random = np.random.default_rng(seed)
    n = random.integers(1, 500, 5).astype(float)
    p = random.integers(0, n + 1) / n
    i, j = np.triu_indices(5, 1)
    shared, own = Independent(p, n).contrast(i, j, z), contrast(p[i], n[i], p[j], n[j], z)
    for ratio in (1.0, 0.8):
        assert shared.bound(ratio) == pytest.approx(own.bound(ratio), abs=1e-12)
    assert shared.ratio() == pytest.approx(own.ratio(), rel=1e-7)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["difference", "ratio"]), st.booleans())
def test_a_p_value_is_the_level_at_which_the_bound_meets_the_limit(
    seed: int, kind: str, correlated: bool
) -> None:
    random = np.random.default_rng(seed)
    n = random.integers(0, 400, 6).astype(float)
    x = random.binomial(n.astype(int), random.uniform(0, 1, 6)).astype(float)
    together = 0.7 * np.eye(6) + 0.3 if correlated else None
    limit = 0.1 if kind == "difference" else 0.8
    table = PairTable(x, n, kind, together)  # type: ignore[arg-type]
    p = table.p_value(limit)
    z = ndtri(p) if kind == "ratio" else -ndtri(p)
    met = contrast(*table.arms, z, correlation=0.3 if correlated else 0.0)
    ratio, least = (1.0, limit) if kind == "difference" else (limit, 0.0)
    # Within a hair of one half bounds jump over the limit; far out p-values end, and just below 1
    # they have not the digits to say where they lie.
    told = table.some & (np.abs(z) > 1e-6) & (np.abs(z) < FARTHEST - 1e-6) & (p < 1.0 - 1e-9)
    assert met.bound(ratio)[told] == pytest.approx(np.full(told.sum(), least), abs=1e-6)
