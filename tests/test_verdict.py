"""The fold: exactly what was planned, the order of outcomes, and who admits."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.rule import Ruling
from mlci.verdict import fold, sound

PASS, FAIL, INCONCLUSIVE, ERROR, SKIPPED = (
    Outcome[name] for name in ("PASS", "FAIL", "INCONCLUSIVE", "ERROR", "SKIPPED")
)
ORDER = [FAIL, ERROR, INCONCLUSIVE, PASS]


def plan(name, policy="p", required=True):
    return Planned(
        id=f"{policy}/{name}",
        policy=policy,
        gate="accuracy",
        metric="accuracy",
        limit=Limit(kind=LimitKind.MINIMUM, value=0.8),
        required=required,
        confidence=0.95,
    )


def judged(planned, outcome=PASS, **fields):
    defaults = {"estimate": 0.9, "interval": (0.89, 0.91), "n": 100}
    return Judgement(planned=planned, outcome=outcome, reason="r", **{**defaults, **fields})


def folded(outcomes, **words):
    planned = [plan(str(at)) for at in range(len(outcomes))]
    return fold(planned, [judged(p, o) for p, o in zip(planned, outcomes, strict=True)], words)


@pytest.mark.parametrize("pair", list(itertools.combinations_with_replacement(ORDER, 2)))
def test_the_worst_required_outcome_counts(pair):
    for outcomes in (pair, pair[::-1]):
        outcome, admits, judgements, reason = folded(outcomes)
        assert reason == ""
        assert outcome is pair[0]
        assert admits is (pair == (PASS, PASS))
        assert [each.outcome for each in judgements] == list(outcomes)


@given(st.lists(st.sampled_from(ORDER), min_size=1, max_size=6), st.randoms())
def test_the_order_of_arrival_does_not_matter(outcomes, random):
    planned = [plan(str(at)) for at in range(len(outcomes))]
    arrived = [judged(p, o) for p, o in zip(planned, outcomes, strict=True)]
    random.shuffle(arrived)
    found = fold(planned, arrived, {})
    assert found.outcome is min(outcomes, key=ORDER.index)
    assert [each.planned for each in found.judgements] == planned


def test_a_required_judgement_that_was_skipped_is_an_error():
    assert folded([PASS, SKIPPED]).outcome is ERROR
    assert folded([FAIL, SKIPPED]).outcome is FAIL


def test_what_is_not_required_never_decides():
    planned = [plan("a"), plan("b", required=False)]
    for outcome in Outcome:
        found = fold(planned, [judged(planned[0]), judged(planned[1], outcome)], {})
        assert (found.outcome, found.admits) == (PASS, True)


def test_nothing_required_is_an_error():
    assert fold([], [], {})[:2] == (ERROR, False)
    advice = plan("a", required=False)
    assert fold([advice], [judged(advice)], {})[:2] == (ERROR, False)


def test_a_missing_judgement_is_an_error_even_beside_a_fail():
    planned = [plan("a"), plan("b"), plan("c")]
    found = fold(planned, [judged(planned[0]), judged(planned[1], FAIL)], {})
    assert (found.outcome, found.admits) == (ERROR, False)
    assert found.judgements[2].outcome is ERROR
    assert "did not arrive" in found.judgements[2].reason


def test_a_missing_judgement_that_was_only_advice_is_an_error_too():
    planned = [plan("a"), plan("b", required=False)]
    assert fold(planned, [judged(planned[0])], {})[:2] == (ERROR, False)


def test_an_unplanned_judgement_is_an_error_and_is_shown():
    found = fold([plan("a")], [judged(plan("a")), judged(plan("b"))], {})
    assert (found.outcome, found.admits) == (ERROR, False)
    assert "was not planned" in found.judgements[1].reason
    assert found.judgements[1].estimate is None


def test_a_judgement_under_another_plan_of_the_same_id_does_not_count():
    weaker = replace(plan("a"), limit=Limit(kind=LimitKind.MINIMUM, value=0.1))
    found = fold([plan("a")], [judged(weaker)], {})
    assert (found.outcome, found.admits) == (ERROR, False)


def test_a_judgement_that_arrives_twice_is_an_error():
    found = fold([plan("a")], [judged(plan("a")), judged(plan("a"))], {})
    assert (found.outcome, found.admits) == (ERROR, False)
    assert "more than once" in found.judgements[0].reason


def test_allow_admits_what_is_inconclusive_and_keeps_the_word():
    assert folded([PASS, INCONCLUSIVE], p="allow")[:2] == (INCONCLUSIVE, True)
    assert folded([PASS, INCONCLUSIVE], p="refuse")[:2] == (INCONCLUSIVE, False)
    assert folded([PASS, INCONCLUSIVE])[:2] == (INCONCLUSIVE, False)
    assert folded([ERROR, INCONCLUSIVE], p="allow")[:2] == (ERROR, False)
    assert folded([FAIL, INCONCLUSIVE], p="allow")[:2] == (FAIL, False)
    assert folded([SKIPPED, INCONCLUSIVE], p="allow")[:2] == (ERROR, False)


def test_one_policys_allow_is_not_anothers():
    planned = [plan("a", "lax"), plan("a", "strict")]
    words = {"lax": "allow", "strict": "refuse"}
    first = fold(planned, [judged(planned[0], INCONCLUSIVE), judged(planned[1])], words)
    second = fold(planned, [judged(planned[0]), judged(planned[1], INCONCLUSIVE)], words)
    assert first[:2] == (INCONCLUSIVE, True)
    assert second[:2] == (INCONCLUSIVE, False)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "field",
    [
        lambda x: {"estimate": x},
        lambda x: {"interval": (0.0, x)},
        lambda x: {"interval": (x, 1.0)},
        lambda x: {"detectable": x},
        lambda x: {"details": {"groups": [{"rate": x}]}},
    ],
)
def test_numbers_that_are_not_finite_make_an_error(field, wrong):
    judgement = judged(plan("a"), **field(wrong))
    assert sound(judgement).outcome is ERROR
    assert sound(judgement).estimate is None
    assert fold([plan("a")], [judgement], {}).outcome is ERROR


def test_a_pass_needs_a_size_and_an_interval():
    assert sound(judged(plan("a"), interval=None)).outcome is ERROR
    assert sound(judged(plan("a"), n=0)).outcome is ERROR
    assert sound(judged(plan("a"))).outcome is PASS
    assert sound(judged(plan("a"), FAIL, interval=None)).outcome is FAIL


def ruling(name, outcome=PASS):
    return Ruling(
        id=f"p/rules/{name}", policy="p", control="c", title="t", outcome=outcome, reason="r"
    )


@pytest.mark.parametrize("judgement", ORDER)
@pytest.mark.parametrize("rule", [PASS, FAIL, ERROR])
def test_every_rule_is_required(judgement, rule):
    planned = [plan("a")]
    arrived = [judged(planned[0], judgement)]
    found = fold(planned, arrived, {"p": "allow"}, ["p/rules/a"], [ruling("a", rule)])
    assert found.outcome is min(judgement, rule, key=ORDER.index)
    assert found.admits is (rule is PASS and judgement in (PASS, INCONCLUSIVE))


@pytest.mark.parametrize(
    ("rules", "arrived"), [(["a"], []), ([], ["a"]), (["a"], ["a", "a"]), (["a"], ["b"])]
)
def test_a_rule_that_is_missing_twice_or_unknown_is_an_error(rules, arrived):
    ids = [f"p/rules/{each}" for each in rules]
    found = fold([plan("a")], [judged(plan("a"))], {}, ids, [ruling(each) for each in arrived])
    assert found[:2] == (ERROR, False)


def test_rules_alone_decide_nothing():
    assert fold([], [], {}, ["p/rules/a"], [ruling("a")])[:2] == (ERROR, False)
