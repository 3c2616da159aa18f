"""What the champion's verdict tells of the next one, and where it tells nothing."""

from dataclasses import replace

import pytest

from mlci.gates.decision import detectable
from mlci.gates.forecast import by_answers
from mlci.gates.forecast_recorded import Recorded, as_recorded
from mlci.records.judgement import Judgement, Limit, LimitKind, Planned
from mlci.records.outcome import Outcome
from mlci.records.verdict import ReleaseId, Verdict

OPEN = by_answers(1000, "the errors' spread decides")


def planned(metric="r2", kind=LimitKind.MINIMUM, value=0.5, confidence=0.95):
    return Planned(
        id=f"p/accuracy/{metric}/{kind.value}",
        policy="p",
        gate="accuracy",
        metric=metric,
        limit=Limit(kind=kind, value=value),
        required=True,
        confidence=confidence,
    )


def release(version):
    return ReleaseId(
        model="m", environment="e", version=version, path="x", digest="d", model_digest="d"
    )


def recorded(judged, shown=0.1, before=None, same=frozenset({"p"})):
    judgement = Judgement(planned=judged, outcome=Outcome.PASS, reason="", n=1000, detectable=shown)
    verdict = Verdict(
        outcome=Outcome.PASS,
        admits=True,
        release=release("2.0.0"),
        champion=before and release(before),
        policies=(),
        evaluation=("exam", "d"),
        judgements=(judgement,),
        started="",
        finished="",
        versions={},
    )
    return Recorded(verdict=verdict, same_policies=same)


def test_what_it_could_show_is_taken_over():
    found = as_recorded(planned(), OPEN, recorded(planned(value=0.4)))
    assert (found.n, found.detectable, found.warning) == (1000, 0.1, "")
    assert found.assuming == "answers that spread as in the verdict on champion 2.0.0"


def test_another_confidence_asks_for_another_distance():
    """As wide as the same standard error makes it."""
    error = 0.02
    shown = [detectable(0.0, (-z * error, z * error), level) for z, level in ((1.645, 0.95),)]
    found = as_recorded(planned(confidence=0.99), OPEN, recorded(planned(), shown[0]))
    assert found.detectable == pytest.approx(error * (2.3263 + 0.8416), rel=1e-3)


def test_a_margin_is_that_of_the_two_models_of_then():
    margin = planned(kind=LimitKind.MARGIN, value=0.05)
    found = as_recorded(margin, OPEN, recorded(margin, before="1.0.0"))
    assert found.assuming.endswith("on champion 2.0.0 against 1.0.0")
    assert (found.detectable, found.warning) == (0.1, "the margin of 0.05 is narrower")


@pytest.mark.parametrize(
    ("metric", "kind", "limit"),
    [("r2", LimitKind.MINIMUM, 0.95), ("root_mean_squared_error", LimitKind.MAXIMUM, 0.05)],
)
def test_nobody_could_show_more_than_perfection(metric, kind, limit):
    tight = planned(metric, kind, limit)
    found = as_recorded(tight, OPEN, recorded(tight))
    assert (found.detectable, found.warning) == (None, "even a perfect model would hardly show it")


QUANTILE = planned("mean_pinball_loss", LimitKind.MAXIMUM, 3.0)


@pytest.mark.parametrize(
    ("judged", "known", "why"),
    [
        (planned(), Recorded(verdict=None, why="there is none"), "there is none"),
        (planned(), recorded(planned("brier")), "champion 2.0.0 has no such judgement"),
        (planned(), recorded(planned(), None), "champion 2.0.0 could not tell"),
        (QUANTILE, recorded(QUANTILE, same=frozenset()), "is under another text of policy p"),
    ],
)
def test_where_it_tells_nothing_the_forecast_says_why(judged, known, why):
    found = as_recorded(judged, OPEN, known)
    assert found == replace(OPEN, assuming=found.assuming)
    assert found.assuming.startswith("nothing: the errors' spread decides, and ")
    assert found.assuming.endswith(why)


def test_only_a_quantile_needs_the_same_text_of_the_policy():
    found = as_recorded(planned(), OPEN, recorded(planned(), same=frozenset()))
    assert found.detectable == 0.1


def test_only_a_comparison_names_both_models():
    found = as_recorded(planned(), OPEN, recorded(planned(), before="1.0.0"))
    assert found.assuming.endswith("on champion 2.0.0")


def test_a_maximum_can_be_kept_where_the_metric_has_room():
    loose = planned("root_mean_squared_error", LimitKind.MAXIMUM, 3.0)
    found = as_recorded(loose, OPEN, recorded(loose))
    assert (found.detectable, found.warning) == (0.1, "")
