"""Slices with estimates made by hand: which have bounds, and at which level they are shown."""

import pytest
from scipy.special import ndtri

from mlci.gates.accuracy.slices import judge_slices
from mlci.gates.decision import detectable
from mlci.gates.found import Estimate, Found
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.statistics.nobounds import NoBounds

PLANNED = Planned(
    id="p/accuracy/accuracy/minimum/by-g",
    policy="p",
    gate="accuracy",
    metric="accuracy",
    limit=Limit(kind=LimitKind.MINIMUM, value=0.8),
    required=True,
    confidence=0.95,
    alarm=True,
)


def normal(value, error, most=1.0):
    """An estimate with normal bounds, which knows none above the confidence ``most``."""

    def at(confidence):
        if confidence > most:
            raise NoBounds("too far out")
        half = error * float(ndtri(confidence))
        return Found(value=value, interval=(value - half, value + half))

    return Estimate(n=100, at=at)


def test_a_slice_needs_bounds_at_the_level_of_all():
    levels = {"a": normal(0.9, 0.01), "b": normal(0.9, 0.01, most=0.96)}
    judged = judge_slices(PLANNED, levels)
    assert judged.outcome == "INCONCLUSIVE"
    assert judged.details["undefined"] == {"b": "too far out"}
    assert judge_slices(PLANNED, {"b": levels["b"]}).outcome == "PASS"


def test_what_a_slice_could_show_is_said_at_the_level_of_all():
    one, other = normal(0.9, 0.01), normal(0.95, 0.01)
    judged = judge_slices(PLANNED, {"a": one, "b": other, "c": other})
    first = 1 - 0.05 / 3
    assert judged.detectable == pytest.approx(detectable(0.9, one.bounds(first), first))


def test_a_slice_keeps_the_level_of_the_step_that_decided_it():
    """The second is shown beyond only after the first is: at alpha / 1, not at alpha / 2."""
    beyond = {"far": normal(0.5, 0.01), "near": normal(0.8 - 1.8 * 0.01, 0.01)}
    judged = judge_slices(PLANNED, beyond)
    levels = {each["level"]: each["confidence"] for each in judged.details["slices"]}
    assert levels == {"far": pytest.approx(0.975), "near": pytest.approx(0.95)}
    assert all(each["beyond"] for each in judged.details["slices"])
    alone = judge_slices(PLANNED, {**beyond, "far": normal(0.9, 0.01)})
    assert alone.outcome != "FAIL"
