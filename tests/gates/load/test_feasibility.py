import pytest

from mlci.gates import load


def test_a_small_error_objective_cant_be_shown_in_a_short_budget(spec):
    text = load.feasible(
        spec(rate="200/s", budget="20s", objectives={"errorRate": "0.1%"}), comparing=False
    )

    assert "can't be shown: 4,512 requests are needed even with no event" in text


def test_a_budget_that_needs_luck_is_named(spec):
    text = load.feasible(spec(rate="200/s", budget="60s", objectives={"errorRate": "0.1%"}))

    assert "will hardly be shown" in text
    assert "4,512 with none" in text


def test_a_budget_that_decides_is_silent(spec):
    chosen = spec(
        rate="200/s",
        budget="120s",
        objectives={"p95": "50ms", "p99": "100ms", "errorRate": "1%"},
        champion={"maximumRatio": {"p95": 1.1}},
    )

    assert load.feasible(chosen) is None


def test_too_few_pairs_are_named(spec):
    text = load.feasible(spec(budget="0.5s", champion={"maximumRatio": {"p95": 1.1}}))

    assert "pairs of blocks fit, 4 are the fewest" in text
    assert (
        load.feasible(spec(budget="0.5s", champion={"maximumRatio": {"p95": 1.1}}), comparing=False)
        is None
    )


def test_the_duration_is_the_budget_and_the_start(spec):
    assert load.duration(spec(budget="2m", objectives={"p95": "1s"})) == pytest.approx(120, abs=10)
