import pytest

from mlci.errors import BadInput
from mlci.gates import load
from mlci.records.judgement import LimitKind

ALL = {
    "objectives": {"p95": "50ms", "errorRate": "0.1%"},
    "champion": {"maximumRatio": {"p95": 1.1}},
}


def test_each_limit_is_one_judgement(spec, policy):
    planned = load.plan(spec(**ALL), policy, comparing=True)

    assert [(each.id, each.limit.value) for each in planned] == [
        ("production/load/p95/objective", 0.05),
        ("production/load/errorRate/objective", 0.001),
        ("production/load/p95/maximumRatio", 1.1),
    ]
    assert {each.gate_index for each in planned} == {3}


def test_nothing_is_compared_without_a_champion(spec, policy):
    planned = load.plan(spec(**ALL), policy, comparing=False)

    assert {each.limit.kind for each in planned} == {LimitKind.OBJECTIVE}


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({**ALL, "rate": "0/s"}, "10:7: a rate of nothing"),
        ({**ALL, "budget": "0s"}, "9:5: a budget of nothing"),
        ({"objectives": {"errorRate": "0%"}}, "errorRate 0%"),
        ({"objectives": {"errorRate": "100%"}}, "errorRate 100%"),
        ({"objectives": {"p95": "0ms"}}, "p95 0ms"),
        ({"champion": {"maximumRatio": {"p95": 1.0}}}, "a ratio of 1"),
        ({}, "a load gate without a limit"),
    ],
)
def test_what_no_test_can_decide_is_said_before_anything_runs(spec, policy, parameters, found):
    with pytest.raises(BadInput, match=found):
        load.plan(spec(**parameters), policy, comparing=True)


@pytest.mark.parametrize(
    ("objectives", "expected"),
    [({"errorRate": "100%"}, "between 0% and 100%"), ({"p95": "0ms"}, "more than 0ms")],
)
def test_an_objective_says_what_it_may_be(spec, policy, objectives, expected):
    with pytest.raises(BadInput, match=expected):
        load.plan(spec(objectives=objectives), policy, comparing=False)
