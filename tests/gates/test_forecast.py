"""Forecasts by hand-counted sizes and by what the formulas must do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.gates.forecast import DISCORDANCE, Exam, counted, overall
from mlci.gates.forecast_groups import group_sizes, grouped
from mlci.records.examination import Groups
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.statistics.paired import detectable_margin
from mlci.statistics.power import detectable_minimum


def _planned(metric="accuracy", kind=LimitKind.MINIMUM, value=0.8, **fields) -> Planned:
    return Planned(
        id="p/g",
        policy="p",
        gate="g",
        metric=metric,
        limit=Limit(kind=kind, value=value),
        required=True,
        confidence=0.95,
        **fields,
    )


def _exam(n=1000, positive=0.3, **groups) -> Exam:
    """``groups``: a column's sizes by level, in the order of the rows."""
    truth = np.arange(n) % 10 < 10 * positive
    columns = {
        name: Groups(
            codes=np.repeat(np.arange(len(sizes), dtype=np.int32), [*sizes.values()]),
            levels=tuple(sizes),
        )
        for name, sizes in groups.items()
    }
    return Exam(truth=truth, groups=columns)


def test_rows_are_those_that_the_metric_looks_at():
    truth = _exam().truth
    assert counted("accuracy", truth) == (1000, "")
    assert counted("recall", truth)[0] == counted("true_positive_rate", truth)[0] == 300
    assert counted("false_positive_rate", truth)[0] == 700
    rows, assumed = counted("precision", truth)
    assert rows == 300
    assert "as many rows predicted positive as are positive" in assumed


def test_a_minimum_is_forecast_exactly():
    found = overall(_planned(), _exam())
    assert (found.n, found.unit) == (1000, "rows")
    assert found.detectable == detectable_minimum(1000, 0.8, 0.95)


def test_a_paired_margin_is_forecast_by_the_rows_that_differ():
    found = overall(_planned(kind=LimitKind.MARGIN, value=0.01), _exam())
    assert found.detectable == detectable_margin(1000, DISCORDANCE, 0.95)
    assert found.warning == "the margin of 0.01 is narrower"
    assert overall(_planned(kind=LimitKind.MARGIN, value=0.05), _exam()).warning == ""


METRICS = ["accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc"]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", [LimitKind.MINIMUM, LimitKind.MARGIN])
def test_more_rows_show_less(metric, kind):
    planned = _planned(metric, kind)
    small, large = overall(planned, _exam(500)), overall(planned, _exam(5000))
    if large.detectable is None:
        assert kind is LimitKind.MARGIN
        assert "the models' answers decide" in large.assuming
        return
    assert small.detectable is not None
    assert large.detectable < small.detectable


@given(
    n=st.integers(20, 3000).map(lambda n: 10 * n),
    positive=st.sampled_from([0.1, 0.5, 0.9]),
    limit=st.floats(0.05, 0.99),
    metric=st.sampled_from(METRICS),
)
def test_what_is_shown_lies_within_the_range_of_the_metric(n, positive, limit, metric):
    found = overall(_planned(metric, value=limit), _exam(n, positive))
    if found.detectable is None:
        assert found.warning
    else:
        assert 0 <= found.detectable <= 1 - limit + 1e-9


def test_nobody_could_show_more_than_perfection():
    found = overall(_planned("roc_auc", value=0.999), _exam(50))
    assert (found.detectable, found.warning) == (None, "even a perfect model would hardly show it")


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_a_loss_is_not_forecast(metric):
    for kind in (LimitKind.MAXIMUM, LimitKind.MARGIN):
        assert overall(_planned(metric, kind), _exam()).detectable is None


BY = {"slice": {"by": ["sex"]}}
GAP, RATIO = LimitKind.MAXIMUM_DIFFERENCE, LimitKind.MINIMUM_RATIO


def test_groups_are_counted_by_all_columns_together():
    exam = _exam(1000, sex={"F": 400, "M": 600}, race={"A": 500, "B": 500})
    names, sizes = group_sizes("selection_rate", ["sex", "race"], exam)
    assert dict(zip(names, sizes.tolist(), strict=True)) == {"F, A": 400, "M, A": 100, "M, B": 500}
    _, positives = group_sizes("true_positive_rate", ["sex"], exam)
    assert positives.tolist() == [120, 180]


def test_a_gap_and_a_ratio_are_beyond_their_limits():
    exam = _exam(1000, sex={"F": 400, "M": 600})
    gap = grouped(_planned("selection_rate", GAP, 0.1, **BY), exam, ["sex"])
    ratio = grouped(_planned("selection_rate", RATIO, 0.8, **BY), exam, ["sex"])
    assert gap.detectable is not None
    assert 0.1 < gap.detectable < 0.2
    assert ratio.detectable is not None
    assert 0.4 < ratio.detectable < 0.8
    assert "near 30%" in gap.assuming


def test_one_more_group_makes_every_pair_harder_to_show():
    two = _exam(1000, sex={"F": 500, "M": 500})
    three = _exam(1010, sex={"F": 500, "M": 500, "X": 10})
    planned = _planned("selection_rate", GAP, 0.1, **BY)
    easy, hard = grouped(planned, two, ["sex"]), grouped(planned, three, ["sex"])
    assert easy.detectable is not None
    assert hard.detectable is not None
    assert easy.detectable < hard.detectable
    assert hard.warning == "too few rows to show twice the limit: X with any other"


@pytest.mark.parametrize("kind", [GAP, RATIO, LimitKind.MARGIN])
def test_groups_without_any_row_that_counts(kind):
    """Nobody of group M is positive."""
    truth = np.repeat([True, False], 50)
    groups = Groups(codes=np.repeat(np.array([0, 1], np.int32), 50), levels=("F", "M"))
    exam = Exam(truth=truth, groups={"sex": groups})
    found = grouped(_planned("true_positive_rate", kind, 0.1, **BY), exam, ["sex"])
    assert found.detectable is None
    assert "too few rows" in found.warning


def test_one_group_only():
    exam = _exam(1000, sex={"F": 1000})
    found = grouped(_planned("selection_rate", GAP, 0.1, **BY), exam, ["sex"])
    assert (found.detectable, found.warning) == (None, "one group only")


def test_the_margin_of_a_gap_needs_more_rows_than_one_of_a_rate():
    exam = _exam(1000, sex={"F": 400, "M": 600})
    planned = _planned("selection_rate", LimitKind.MARGIN, 0.2, **BY)
    found = grouped(planned, exam, ["sex"])
    whole = overall(_planned(kind=LimitKind.MARGIN), exam)
    assert found.detectable is not None
    assert whole.detectable is not None
    assert found.detectable > whole.detectable
    assert found.warning == ""
    narrow = replace(planned, limit=Limit(kind=LimitKind.MARGIN, value=0.01))
    assert "narrower; too few rows" in grouped(narrow, exam, ["sex"]).warning


def test_slices_are_judged_at_the_level_of_all_of_them():
    exam = _exam(1000, sex={"F": 480, "M": 510, "X": 10})
    planned = _planned(value=0.9, slice={"column": "sex"})
    found = grouped(planned, exam, ["sex"])
    alone = detectable_minimum(510, 0.1, 0.95)
    assert found.detectable is not None
    assert alone is not None
    assert found.detectable > alone
    assert found.warning == "too few rows to show twice the limit: X"
