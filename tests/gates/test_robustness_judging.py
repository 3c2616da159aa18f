"""The robustness gate's words and wishes, on flips made by hand."""

import numpy as np
import pytest

from mlci.gates import robustness
from mlci.gates.robustness.measurement import CELLS, NO_CHAMPION, Flips, RobustnessMeasurement
from mlci.records.perturbation import PerturbationKind
from mlci.statistics.sums import of_cells

NOISE = {"noise": {"columns": ["age"], "scale": 0.1}}


@pytest.fixture
def judge(spec, policy):
    """The one judgement of so many rows in each cell: nobody flips, the champion, the candidate,
    both."""

    def run(cells, **limits):
        asked = spec("robustness", perturbations=NOISE, **limits)
        planned = robustness.plan(asked, policy(asked), comparing="champion" in limits)
        sums = of_cells(np.repeat(np.arange(CELLS), cells), CELLS)
        flips = {PerturbationKind.NOISE: Flips(sums=sums)}
        (judged,) = robustness.judge(asked, planned, RobustnessMeasurement(flips=flips))
        return judged

    return run


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({"maximum": "10%"}, "flip on at most 10.00% of the rows"),
        ({"champion": {"margin": "10%"}}, "flip no more often than the champion's by 10.00%"),
    ],
)
def test_the_reason_says_what_was_decided(judge, limits, kept):
    for flips, outcome, said in (
        (20, "PASS", "shown to"),
        (100, "INCONCLUSIVE", "not shown to"),
        (300, "FAIL", "shown not to"),
    ):
        judged = judge([1000 - flips, 0, flips, 0], **limits)
        assert judged.outcome == outcome
        assert f"are {said} {kept}" in judged.reason
        if outcome == "INCONCLUSIVE":
            assert judged.needed is None or judged.needed > 1000
        else:
            assert judged.needed < 1000


def test_who_flips_is_not_mixed_up(judge):
    judged = judge([900, 20, 60, 20], champion={"margin": "10%"})
    assert judged.details["flips"] == {"candidate": 80.0, "champion": 40.0}
    assert judged.estimate == pytest.approx(-0.04)


def test_nothing_to_compare_is_complete_and_what_failed_is_not():
    sums = of_cells(np.arange(CELLS), CELLS)
    for fields, complete in (
        ({}, True),
        ({"champion_error": NO_CHAMPION}, True),
        ({"champion_error": "it crashed"}, False),
        ({"error": "it crashed"}, False),
    ):
        flips = {PerturbationKind.NOISE: Flips(sums=sums, **fields)}
        assert RobustnessMeasurement(flips=flips).complete is complete


def test_a_margin_is_planned_where_there_is_a_champion(spec, policy):
    asked = spec("robustness", perturbations=NOISE, maximum="5%", champion={"margin": "1%"})
    plain = spec("robustness", perturbations=NOISE, maximum="5%")
    for stated, comparing, count in ((asked, True, 2), (asked, False, 1), (plain, True, 1)):
        assert len(robustness.plan(stated, policy(stated), comparing=comparing)) == count
