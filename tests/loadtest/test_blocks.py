import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.loadtest.block import CANDIDATE, CHAMPION
from mlci.loadtest.blocks import cut, pair_order


@given(st.floats(1, 1000), st.floats(1, 3600), st.sampled_from([0.5, 0.95, 0.99]), st.booleans())
def test_the_blocks_fit_into_the_budget_and_eight_rounds_into_any(rate, budget, rank, comparing):
    plan = cut(rate, budget, rank=rank, comparing=comparing)

    used = plan.rounds * plan.round_seconds + plan.arms * plan.warm_up
    assert used <= budget + 1e-6 or plan.rounds == 0
    assert plan.arms == (2 if comparing else 1)
    if budget >= 5:
        assert plan.rounds >= 8


def test_a_block_holds_enough_requests_for_its_percentile_where_there_is_time():
    assert cut(200, 120, rank=0.99, comparing=True).seconds == pytest.approx(5, abs=0.1)
    assert cut(200, 120, rank=0.95, comparing=True).seconds == 1.0
    assert cut(50, 20, rank=0.95, comparing=True).seconds < 4.0


def test_the_order_is_a_coin_for_two_pairs_that_are_each_others_reverse():
    orders = [pair_order(pair, 7) for pair in range(1000)]

    assert set(orders) == {(CANDIDATE, CHAMPION), (CHAMPION, CANDIDATE)}
    assert all(orders[even] == orders[even + 1][::-1] for even in range(0, 1000, 2))
    assert orders[::2].count((CANDIDATE, CHAMPION)) == pytest.approx(250, abs=60)
    assert orders == [pair_order(pair, 7) for pair in range(1000)]
