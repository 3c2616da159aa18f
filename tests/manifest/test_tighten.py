"""Every key has a direction, and one that is unknown may not change."""

import pytest

from mlci.gates.data.planning import read_terms
from mlci.manifest.tighten import alarms, defaults, expected, in_full
from mlci.records.policy import GateSpec

STRICTER = [
    (("minimum",), 0.9, 0.91),
    (("minimumRatio",), 0.8, 0.9),
    (("maximum",), 0.2, 0.1),
    (("maximum", "modelBytes"), "50MB", "900kB"),
    (("champion", "margin"), 0.02, 0),
    (("champion", "maximumRatio", "p95"), 1.1, 1.05),
    (("champion", "maximumRatio"), 1.2, 1.1),
    (("champion", "anchor", "margin"), 0.05, 0.04),
    (("maximum",), "2s", "1500ms"),
    (("perturbations", "noise", "scale"), 0.1, 0.2),
    (("perturbations", "swap", "share"), "5%", 0.1),
    (("tolerance",), 1.5, 1),
    (("leakage", "except"), ["a", "b"], ["b"]),
    (("overlap",), False, True),
    (("overlap",), False, {"maximum": "5%"}),
    (("overlap", "maximum"), "1%", "0.1%"),
    (("drift", "maximum"), 0.25, 0.1),
    (("drift", "minimumRows"), 500, 1000),
    (("exam", "maximumRuns"), 20, 10),
    (("exam", "correction"), "none", "bonferroni"),
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
    (("watch", "onManualAbort"), "propose", "revert"),
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
        (("class",), "a", "b"),
        (("quantile",), 0.9, 0.95),
        (("quantile",), 0.95, 0.9),
        (("champion", "anchor", "version"), "2.0.0", "1.0.0"),
        # More columns change more rows, of which fewer may flip.
        (("perturbations", "noise", "columns"), ["age", "hours"], ["age"]),
        (("perturbations", "noise", "columns"), ["age"], ["age", "hours"]),
        (("slices",), [{"column": "age", "bins": [40]}], [{"column": "age", "bins": [30, 50]}]),
        (("a key of the future",), 1, 2),
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
    assert expected(("starts",), 5, 11) == expected(("starts",), 50, 11) == ""


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


def test_the_defaults_are_those_of_the_gate():
    said = {key: in_full(key, value) for key, value in defaults("data").items()}
    assert said.pop("required") is True

    def terms(parameters):
        spec = GateSpec(
            gate="data", name="data", index=0, required=True, confidence=0.95, parameters=parameters
        )
        found = read_terms(spec)
        return found.permitted, found.overlap, found.drift, found.minimum_rows

    assert terms(said) == terms({})


SLICED = {"gate": "accuracy", "slices": ["sex"]}
GAP = {"gate": "fairness", "maximumDifference": 0.1}


@pytest.mark.parametrize(
    ("of_pack", "own", "alarm"),
    [
        (SLICED, {}, True),
        ({"gate": "accuracy"}, {"slices": ["sex"]}, False),
        (GAP, {}, True),
        (GAP, {"decision": "assure"}, False),
        (GAP | {"decision": "assure"}, {}, False),
        ({"gate": "fairness", "champion": {"margin": 0.1}}, {}, False),
        ({"gate": "data"}, {}, True),
        ({"gate": "data", "drift": False}, {}, False),
        ({"gate": "load"}, {}, False),
    ],
)
def test_which_gates_pass_unless_something_is_shown(of_pack, own, alarm):
    assert alarms(of_pack, own) is alarm
