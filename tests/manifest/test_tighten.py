"""Every key has a direction, and one that is unknown may not change."""

import pytest

from mlci.manifest.tighten import expected

STRICTER = [
    (("minimum",), 0.9, 0.91),
    (("minimumRatio",), 0.8, 0.9),
    (("maximum",), 0.2, 0.1),
    (("maximum", "modelBytes"), "50MB", "900kB"),
    (("champion", "margin"), 0.02, 0),
    (("champion", "maximumRatio", "p95"), 1.1, 1.05),
    (("maximumDifference",), 0.2, 0.1),
    (("objectives", "p95"), "0.1s", "50ms"),
    (("objectives", "errorRate"), "0.5%", 0.001),
    (("rate",), "200/s", "500/s"),
    (("confidence",), 0.95, 0.99),
    (("required",), False, True),
    (("onInconclusive",), "allow", "refuse"),
    (("decision",), "alarm", "assure"),
    (("smallGroups",), "report", "inconclusive"),
    (("smallGroups",), "inconclusive", "fail"),
    (("slices",), ["sex"], ["race", "sex"]),
    (("by",), [["sex", "race"]], ["sex", ["sex", "race"]]),
    (("sources",), ["./", "s3://models/"], ["./"]),
    (("evaluations",), ["a", "b"], ["a"]),
    (("waiverRules", "gates"), ["quality"], []),
    (("waiverRules", "maximumDays"), 30, 7),
    (("watch", "harm"), 1.1, 1.05),
    (("watch", "tolerated"), 1.5, 1.2),
    (("watch", "errorBudget"), "0.5%", "0.1%"),
    (("watch", "latencyBudget"), "1%", 0.005),
    (("watch", "latency"), ["50ms", "100ms"], ["80ms"]),
    (("watch", "minimumRequests"), 500, 1000),
    (("watch", "deadline"), "2h", "90m"),
    (("watch", "keepWatching"), "1h", "1d"),
    (("watch", "onDeadline"), "pause", "abort"),
    (("watch", "firstReleaseRegressed"), "keep", "stop"),
]


@pytest.mark.parametrize(("keys", "laxer", "stricter"), STRICTER)
def test_one_way_only(keys, laxer, stricter):
    assert expected(keys, stricter, laxer) == ""
    assert expected(keys, laxer, laxer) == ""
    assert expected(keys, laxer, stricter) != ""


@pytest.mark.parametrize(
    ("keys", "own", "packs"),
    [
        (("metric",), "accuracy", "recall"),
        (("gate",), "load", "accuracy"),
        (("perturbations", "noise"), 0.2, 0.1),
        (("perturbations", "noise"), 0.1, 0.2),
        (("minimum",), True, 0.5),
        (("minimum",), "high", 0.5),
        (("objectives", "p95"), 0.01, "50ms"),
        (("watch", "deadline"), "soon", "2h"),
    ],
)
def test_what_cannot_be_compared_must_stay(keys, own, packs):
    assert expected(keys, own, packs) != ""


def test_what_a_measurement_may_cost_is_free():
    assert expected(("budget",), "10s", "120s") == expected(("budget",), "300s", "120s") == ""


@pytest.mark.parametrize(
    ("keys", "own", "packs"),
    [
        (("watch", "keepWatching"), "60m", "1h"),
        (("watch", "deadline"), "2h", "120m"),
        (("watch", "errorBudget"), 0.005, "0.5%"),
    ],
)
def test_the_same_in_another_unit_is_as_strict(keys, own, packs):
    assert expected(keys, own, packs) == ""
