"""Judgements of the data gate on counts made by hand: family error, edges, words, and shards."""

from dataclasses import replace

import numpy as np
import pytest

from mlci.evaluation.quality.columns import ColumnCount
from mlci.evaluation.quality.drift import Histograms
from mlci.evaluation.quality.overlap import Overlap
from mlci.evaluation.quality.survey import Survey
from mlci.gates.data.expected import judge_nulls, judge_schema
from mlci.gates.data.measurement import DataMeasurement
from mlci.gates.data.shift import judge_drift
from mlci.records.expectations import ColumnExpectation, Expectations
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.statistics import drift

LIMIT = 0.1
QUIET = np.array([1000, 1000])


def _survey(rows=2000, **stored):
    return Survey(
        rows=rows,
        stored=stored,
        counts={},
        duplicates=None,
        unique={},
        likeness={},
        identifiers={},
        clusters=None,
    )


def _measurement(now=None, rows=2000, expected=None, stored=None, **more):
    histograms = now and Histograms(
        now=now,
        before=dict.fromkeys(now, QUIET),
        skipped={},
        rows=rows,
        rows_before=int(QUIET.sum()),
    )
    return DataMeasurement(
        survey=_survey(rows, **(stored or {})),
        expected=expected or Expectations(),
        own=(),
        histograms=histograms,
        failed={},
        **more,
    )


def _planned(metric, limit=LIMIT):
    return Planned(
        id=f"p/data/{metric}/maximum",
        policy="p",
        gate="data",
        metric=metric,
        limit=Limit(kind=LimitKind.MAXIMUM, value=limit),
        required=True,
        confidence=0.95,
    )


def _drift(now, minimum_rows=500, **more):
    return judge_drift(_planned("drift"), _measurement(now, **more), minimum_rows)


def _suspicious():
    """Counts whose p-value by itself is some 0.02: an alarm alone, none among ten."""
    for more in range(1000):
        now = np.array([1000 + more, 1000 - more])
        p = drift.p_value(drift.stability(now, QUIET), LIMIT)
        if p < 0.02:
            assert p > 0.01
            return now, p
    raise AssertionError


def test_an_alarm_is_corrected_over_all_inputs():
    now, p = _suspicious()
    alone = _drift({"x": now})
    assert alone.outcome == "FAIL"
    assert alone.details["inputs"][0]["p"] == pytest.approx(p)
    many = _drift({"x": now, **{f"quiet{k}": QUIET for k in range(9)}})
    assert many.outcome != "FAIL"
    first = many.details["inputs"][0]
    assert (first["input"], first["p"]) == ("x", pytest.approx(10 * p))
    found, strictest = drift.stability(now, QUIET), 1 - 0.05 / 10
    assert first["interval"] == pytest.approx(drift.bounds(found, strictest))
    assert first["shows"] == pytest.approx(drift.detectable(found, LIMIT, strictest))
    quiet = drift.stability(QUIET, QUIET)
    factor = max(drift.needed(each, LIMIT, 2 * LIMIT, strictest) for each in (found, quiet))
    assert many.needed == max(np.ceil(2000 * factor), 500)


def test_as_many_rows_as_drift_needs_are_enough():
    assert _drift({"x": QUIET}, minimum_rows=2000).outcome == "PASS"
    assert _drift({"x": QUIET}, minimum_rows=2001).outcome == "INCONCLUSIVE"
    assert _drift({"x": QUIET}, rows=1999, minimum_rows=2000).outcome == "INCONCLUSIVE"


def test_inputs_of_one_value_never_drift_and_need_nothing():
    judged = judge_drift(
        _planned("drift"),
        _measurement({"x": np.array([2000, 0])}),
        500,
    )
    assert judged.outcome == "FAIL"  # one value now, two before
    only = Histograms(
        now={"x": np.array([2000])},
        before={"x": np.array([2000])},
        skipped={},
        rows=2000,
        rows_before=2000,
    )
    judged = judge_drift(_planned("drift"), replace(_measurement(), histograms=only), 500)
    assert (judged.outcome, judged.needed, judged.detectable) == ("PASS", None, None)


def test_a_number_of_rows_that_nobody_has_is_not_asked_for():
    judged = judge_drift(_planned("drift", 1e-12), _measurement({"x": QUIET}), 500)
    assert (judged.outcome, judged.needed) == ("INCONCLUSIVE", None)


@pytest.mark.parametrize(("count", "more"), [(4, ""), (5, ""), (6, " and 1 more")])
def test_five_inputs_are_named_and_the_others_counted(count, more):
    far = np.array([1900, 100])
    drifted = _drift({f"x{k}": far for k in range(count)})
    assert drifted.outcome == "FAIL"
    assert drifted.reason.count(" by ") == min(count, 5) + 1
    assert drifted.reason.endswith(f"by {drift.stability(far, QUIET).excess:.3g}{more}")
    few = np.array([300, 300])
    blind = Histograms(
        now={f"x{k}": few for k in range(count)},
        before={f"x{k}": few for k in range(count)},
        skipped={},
        rows=600,
        rows_before=600,
    )
    judged = judge_drift(
        _planned("drift", 0.001), replace(_measurement(rows=600), histograms=blind), 500
    )
    assert judged.outcome == "INCONCLUSIVE"
    assert judged.reason.endswith(f"x{min(count, 5) - 1}{more}")


@pytest.mark.parametrize(
    ("least", "most", "outcome"),
    [(2000, 2000, "PASS"), (2001, None, "FAIL"), (None, 1999, "FAIL")],
)
def test_a_limit_of_rows_is_itself_permitted(least, most, outcome):
    expected = Expectations(minimum_rows=least, maximum_rows=most)
    judged = judge_schema(_planned("schema", 0), _measurement(expected=expected))
    assert judged.outcome == outcome


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, "; and 1 more")])
def test_five_findings_are_told_and_the_others_counted(count, more):
    names = tuple(f"c{k}" for k in range(count))
    judged = judge_schema(
        _planned("schema", 0), _measurement(expected=Expectations(required=names))
    )
    assert (judged.outcome, judged.estimate) == ("FAIL", count)
    assert judged.reason.endswith(f"c4: no such column{more}")


def test_what_was_expected_is_counted():
    for columns, said in ((0, "no expectations"), (1, "1 expectation"), (2, "2 expectations")):
        names = [f"c{k}" for k in range(columns)]
        expected = Expectations(columns=tuple(ColumnExpectation(name=k, nulls=0.1) for k in names))
        seen = _measurement(expected=expected)
        counts = dict.fromkeys(names, ColumnCount(rows=2000, nulls=200))
        judged = judge_nulls(
            _planned("nulls", 0), replace(seen, survey=replace(seen.survey, counts=counts))
        )
        assert (judged.outcome, judged.reason) == ("PASS", f"as expected: {said}")


def test_what_one_shard_could_not_have_the_whole_has_not():
    met = Overlap(rows=2000, met=3, training_rows=10, columns=("x",))
    full = _measurement({"x": QUIET}, overlap=met)
    empty = _measurement()
    for one, other in ((full, empty), (empty, full)):
        both = one + other
        assert (both.overlap, both.histograms) == (None, None)
    both = full + full
    assert both.overlap == replace(met, rows=4000, met=6)
    assert both.histograms.now["x"].tolist() == [2000, 2000]
