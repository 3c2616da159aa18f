"""Placements against every pair of rows, whatever the scores look like in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.statistics.placements import STRETCH, _ascending, _Keys, placements
from mlci.statistics.radix import sort_by_bits

SCORES = {
    "apart": lambda random, n: random.normal(size=n),
    "tied": lambda random, n: np.round(random.normal(size=n), 1),
    "single precision": lambda random, n: random.random(n).astype(np.float32),
    "negative single": lambda random, n: (random.random(n) - 0.5).astype(np.float32),
    "signed zeros": lambda random, n: random.choice([-0.0, 0.0, 1.0, -1.0], n),
    "any magnitude": lambda random, n: random.normal(size=n) * 10.0 ** random.integers(-300, 300),
    "last bits": lambda random, n: np.append(1.0 + random.integers(0, 4, n - 1) * 2.0**-52, 1e-300),
    "constant": lambda _, n: np.full(n, 0.5),
}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(SCORES)),
    st.integers(2, 60),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_a_placement_is_the_share_of_pairs_won(
    kind: str, n: int, weighted: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    score = SCORES[kind](random, n)
    positive = random.random(n) < 0.4
    positive[:2] = True, False
    weight = random.exponential(size=n) if weighted else np.ones(n)
    up, down = placements(positive, score, weight if weighted else None)
    high, low = score[positive, None], score[None, ~positive]
    won = (high > low) + 0.5 * (high == low)
    plus, minus = weight[positive], weight[~positive]
    assert up == pytest.approx(won @ minus / minus.sum(), abs=1e-12)
    assert down == pytest.approx(plus @ won / plus.sum(), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(SCORES)), st.booleans(), st.integers(0, 2**32))
def test_many_rows_stretch_by_stretch(kind: str, weighted: bool, seed: int) -> None:
    """More than a stretch, and enough to be sorted by their bits; ties that no stretch holds."""
    random = np.random.default_rng(seed)
    n = 2 * STRETCH + 3
    score = SCORES[kind](random, n)
    positive = random.random(n) < 0.4
    weight = random.exponential(size=n) if weighted else np.ones(n)
    up, down = placements(positive, score, weight if weighted else None)
    every, place = np.unique(score, return_inverse=True)
    for own, side, other, found in ((1, positive, ~positive, up), (-1, ~positive, positive, down)):
        at = np.bincount(place[other], weights=weight[other], minlength=every.size)
        below = np.cumsum(at) - at if own == 1 else np.cumsum(at[::-1])[::-1] - at
        share = (below + at / 2) / weight[other].sum()
        assert found == pytest.approx(share[place[side]], abs=1e-10)


def test_bits_that_do_not_fit_are_settled_after() -> None:
    random = np.random.default_rng(1)
    # A spread of magnitudes leaves few bits for scores that differ in their last ones only.
    score = np.concatenate([1.0 + np.arange(400) * 2.0**-52, [1e-300]])
    random.shuffle(score)
    keys = _Keys(score, 40)
    assert not keys.whole
    assert np.unique(keys.of(score)).size < 401
    ((rows, last),) = _ascending(score)
    assert (score[rows] == np.sort(score)).all()
    assert last.size == 401


def test_sorting_by_bits_is_sorting() -> None:
    random = np.random.default_rng(2)
    for bits in (0, 1, 17, 40):
        words = random.integers(0, 1 << bits, 40_000, dtype=np.uint64) << np.uint64(20)
        words |= np.arange(words.size, dtype=np.uint64)
        assert (sort_by_bits(words.copy(), 20, bits) == np.sort(words)).all()
