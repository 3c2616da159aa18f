"""Placements against every pair of rows, whatever the scores look like in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlci.statistics.placements import _keys, placements, rank

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


def test_bits_that_do_not_fit_are_settled_after() -> None:
    random = np.random.default_rng(1)
    # A spread of magnitudes leaves few bits for scores that differ in their last ones only.
    score = np.concatenate([1.0 + np.arange(400) * 2.0**-52, [1e-300]])
    random.shuffle(score)
    keys, whole = _keys(score, 40)
    assert not whole
    assert np.unique(keys).size < 401
    ranking = rank(random.random(401) < 0.5, score)
    assert (score[ranking.rows] == np.sort(score)).all()
    assert ranking.starts is None
