"""A waiver covers what it names, while it holds, and changes no outcome."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from mlci.policy.waivers import prospects, waive
from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.release import Model, Release
from mlci.records.source import Source
from mlci.records.waiver import Waived, Waiver
from mlci.verdict import ALL_WAIVED, fold

DIGEST = "sha256:" + "0" * 64
RELEASE = Release(
    source=Source(path="x.yaml", digest=DIGEST, content=b"", places={}),
    name="income",
    environment="production",
    version="1.5.0",
    task="binary-classification",
    model=Model(uri="m.onnx", digest=DIGEST, format="onnx"),
    evaluation="adult-2026",
    replicas=1,
    steps=(),
)
WAIVER = Waiver(
    gate="accuracy",
    metric=None,
    model="income",
    environment="production",
    version="1.5.0",
    digest=None,
    reason="the exam changed",
    approver="Ann",
    granted=date(2026, 6, 1),
    expires=date(2026, 6, 30),
)
DAY = date(2026, 6, 15)


def judged(outcome=Outcome.FAIL, gate="accuracy", metric="f1", policy="p"):
    planned = Planned(
        id=f"{policy}/{gate}/{metric}/minimum",
        policy=policy,
        gate=gate,
        metric=metric,
        limit=Limit(kind=LimitKind.MINIMUM, value=0.8),
        required=True,
        confidence=0.95,
    )
    return Judgement(
        planned=planned, outcome=outcome, reason="r", estimate=0.7, interval=(0.6, 0.8), n=9
    )


def waived(judgement, *waivers, on=DAY, release=RELEASE, policy="p"):
    policies = [SimpleNamespace(name="p", waivers=()), SimpleNamespace(name="q", waivers=())]
    next(each for each in policies if each.name == policy).waivers = waivers
    return waive([judgement], policies, release, on)[0]


def test_a_waived_failure_keeps_its_outcome_and_its_numbers():
    failed = judged()
    found = waived(failed, WAIVER)
    assert found == replace(
        failed,
        waived=Waived(
            policy="p",
            gate="accuracy",
            reason="the exam changed",
            approver="Ann",
            expires=date(2026, 6, 30),
        ),
    )
    assert waived(judged(Outcome.INCONCLUSIVE), WAIVER).waived is not None


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.ERROR, Outcome.SKIPPED])
def test_what_was_not_measured_is_not_waived(outcome):
    assert waived(judged(outcome), WAIVER) == judged(outcome)


@pytest.mark.parametrize(
    "other",
    [
        judged(gate="fairness"),
        judged(policy="q"),
    ],
)
def test_another_gate_or_policy_is_not_covered(other):
    assert waived(other, WAIVER) == other


def test_a_waiver_of_one_metric_covers_no_other():
    narrow = replace(WAIVER, metric="recall")
    assert waived(judged(), narrow).waived is None
    assert waived(judged(metric="recall"), narrow).waived is not None


@pytest.mark.parametrize("fields", [{"model": "credit"}, {"environment": "staging"}])
def test_a_waiver_for_another_model_or_environment_is_not_about_this_release(fields):
    assert waived(judged(), replace(WAIVER, **fields)) == judged()


@pytest.mark.parametrize(
    ("waiver", "on", "why"),
    [
        (replace(WAIVER, version="1.4.0"), DAY, "is for version 1.4.0"),
        (replace(WAIVER, digest="sha256:" + "1" * 64), DAY, "is for another model digest"),
        (WAIVER, date(2026, 5, 31), "begins on 2026-06-01"),
        (WAIVER, date(2026, 7, 1), "expired on 2026-06-30"),
    ],
)
def test_a_waiver_that_does_not_hold_is_named_and_waives_nothing(waiver, on, why):
    found = waived(judged(), waiver, on=on)
    assert found.waived is None
    assert found.outcome is Outcome.FAIL
    assert found.reason == f"r; not waived: the waiver of Ann {why}"


def test_it_holds_on_its_first_and_on_its_last_day():
    for on in (date(2026, 6, 1), date(2026, 6, 30)):
        assert waived(judged(), WAIVER, on=on).waived is not None


def test_by_digest_whatever_the_version():
    by_digest = replace(WAIVER, version=None, digest=DIGEST)
    assert waived(judged(), by_digest, release=replace(RELEASE, version="9")).waived is not None


def test_of_several_that_hold_the_longest_is_shown():
    longer = replace(WAIVER, expires=date(2026, 7, 1), approver="Bob")
    old = replace(WAIVER, expires=date(2026, 6, 2))
    assert waived(judged(), old, WAIVER, longer).waived.approver == "Bob"


def _folded(*judgements):
    return fold([each.planned for each in judgements], judgements, {})


def test_what_is_waived_does_not_count():
    failed, passed = waived(judged(), WAIVER), judged(Outcome.PASS, metric="recall")
    assert _folded(failed, passed)[:2] == (Outcome.PASS, True)
    assert _folded(failed, passed).judgements[0].outcome is Outcome.FAIL
    assert _folded(judged(), passed)[:2] == (Outcome.FAIL, False)


def test_where_all_is_waived_nothing_is_left_to_decide_by():
    found = _folded(waived(judged(), WAIVER))
    assert found[:2] == (Outcome.ERROR, False)
    assert found.reason == ALL_WAIVED


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.SKIPPED])
def test_an_error_counts_though_somebody_wrote_that_it_is_waived(outcome):
    forged = replace(judged(outcome), waived=waived(judged(), WAIVER).waived)
    passed = judged(Outcome.PASS, metric="recall")
    assert _folded(forged, passed)[:2] == (Outcome.ERROR, False)


def test_waived_numbers_that_are_not_finite_are_an_error():
    broken = replace(waived(judged(), WAIVER), estimate=float("nan"))
    assert _folded(broken, judged(Outcome.PASS, metric="recall")).outcome is Outcome.ERROR


@pytest.mark.parametrize(
    ("changes", "on", "why"),
    [
        ({}, DAY, ""),
        ({"metric": "f1"}, DAY, ""),
        ({"metric": "r2"}, DAY, "no judgement of r2 is planned"),
        ({"gate": "load"}, DAY, "no judgement of load is planned"),
        ({"model": "credit"}, DAY, "the waiver of Ann is for credit/production"),
        ({"version": "1.4.0"}, DAY, "the waiver of Ann is for version 1.4.0"),
        ({}, date(2026, 5, 31), "the waiver of Ann begins on 2026-06-01"),
        ({}, date(2026, 7, 1), "the waiver of Ann expired on 2026-06-30"),
    ],
)
def test_whether_it_would_apply_is_known_before_the_run(changes, on, why):
    waiver = replace(WAIVER, **changes)
    policy = SimpleNamespace(name="p", waivers=(waiver,))
    planned = [judged().planned, judged(gate="load", policy="q").planned]
    assert prospects(policy, planned, RELEASE, on) == ((waiver, why),)
