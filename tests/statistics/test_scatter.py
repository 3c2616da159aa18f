"""Scatter beyond counting, in blocks of several lengths."""

import json

import numpy as np
import pytest

from mlci.statistics.scatter import BLOCKS, LOG_RATIOS, Scatter


def scattered(scrapes: list[tuple[int, int, int, int]]) -> Scatter:
    state = Scatter()
    for counts in scrapes:
        state = state.update(counts)
    return state


def test_one_scrape_is_pearsons_residual_about_each_ratio() -> None:
    state = scattered([(7, 21, 200, 800)])
    share = np.exp(LOG_RATIOS) * 200 / (np.exp(LOG_RATIOS) * 200 + 800)
    expected = (7 - 28 * share) ** 2 / (28 * share * (1 - share))
    assert state.misfits[0] == pytest.approx(expected)
    assert not state.misfits[1:].any()


@pytest.mark.parametrize("times", [1, 1000])
def test_steady_harm_is_no_scatter(times: int) -> None:
    counts = (30 * times, 90 * times, 100 * times, 900 * times)
    assert scattered([counts] * 80).dispersion == pytest.approx(1.0, abs=0.2)


def test_scrapes_that_differ_are_scatter() -> None:
    assert scattered([(2, 90, 100, 900), (18, 90, 100, 900)] * 10).dispersion > 2.0


@pytest.mark.parametrize("length", BLOCKS)
def test_what_keeps_together_shows_in_blocks_as_long(length: int) -> None:
    """Each scrape has an event or two, too few to scatter by itself."""
    few, many = (1, 9, 100, 900), (3, 9, 100, 900)
    state = scattered(([few] * length + [many] * length) * 40)
    misfits = state.misfits.min(axis=1) / [state.scrapes // each for each in BLOCKS]
    assert np.argmax(misfits) == BLOCKS.index(length)
    assert state.dispersion >= 0.7 * misfits.max()


def test_the_misfit_of_clean_counts_averages_one() -> None:
    random = np.random.default_rng(5)
    events = random.binomial([300, 2700], [0.01, 0.005], (2_000, 2))
    state = scattered([(int(c), int(s), 300, 2700) for c, s in events])
    closed = np.array([state.scrapes // length for length in BLOCKS])
    assert state.misfits.min(axis=1) / closed == pytest.approx(np.ones(2), abs=0.15)
    assert state.dispersion < 1.3


def test_a_state_survives_its_file_and_one_of_another_version_does_not() -> None:
    state = scattered([(3, 27, 100, 900)] * 5)
    data = json.loads(json.dumps(state.to_dict()))
    again, counts = Scatter.from_dict(data), (9, 5, 100, 900)
    assert again.update(counts).to_dict() == state.update(counts).to_dict()
    with pytest.raises(ValueError, match="this version's"):
        Scatter.from_dict({**data, "misfits": data["misfits"][1:]})
    broken = [[float("nan")] * LOG_RATIOS.size] * len(BLOCKS)
    with pytest.raises(ValueError, match="number"):
        Scatter.from_dict({**data, "misfits": broken})
    with pytest.raises(KeyError):
        Scatter.from_dict({"scrapes": 1})
