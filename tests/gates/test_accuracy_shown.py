"""What the accuracy gate shows beside its outcome: reasons, rows, curves, and whose they are."""

import numpy as np
import pytest
from sklearn import metrics

from mlci.gates.accuracy.asked import ask
from mlci.gates.accuracy.evidence import Scores, gather
from mlci.records.examination import Answers, Examination

ROWS = 400


def binary(seed=0, rows=ROWS, **more):
    rng = np.random.default_rng(seed)
    truth = rng.random(rows) < 0.4
    score, other = (np.clip(0.5 * truth + rng.random(rows) * 0.5, 0, 1) for _ in range(2))
    return Examination(
        truth=truth,
        candidate=Answers(label=score > 0.5, score=score.astype(np.float32)),
        champion=Answers(label=other > 0.6, score=np.round(other, 1).astype(np.float32)),
        groups={},
        **more,
    )


@pytest.mark.parametrize(
    ("minimum", "outcome", "said"),
    [
        (0.5, "PASS", "shown to be at least"),
        (0.98, "FAIL", "shown not to be at least"),
        (0.7975, "INCONCLUSIVE", "nor the contrary"),
    ],
)
def test_the_reason_says_what_was_decided(run, examination, minimum, outcome, said):
    truth = np.arange(ROWS) % 2 == 0
    label = np.where(np.arange(ROWS) < 319, truth, ~truth)
    judged = run("accuracy", examination(truth, label), metric="accuracy", minimum=minimum)
    assert judged["minimum"].outcome == outcome
    assert said in judged["minimum"].reason


def test_rows_are_those_that_the_metric_looks_at_where_each_counts_once(run):
    seen = binary()
    margin = {"margin": 0.2}
    positive, said = int(seen.truth.sum()), int(seen.candidate.label.sum())
    weighted = binary(weight=np.linspace(1, 2, ROWS))
    for examination, metric, limit, rows in (
        (seen, "recall", {"minimum": 0.5}, positive),
        (seen, "precision", {"minimum": 0.5}, said),
        (seen, "recall", {"champion": margin}, positive),
        (seen, "precision", {"champion": margin}, ROWS),
        (weighted, "recall", {"minimum": 0.5}, ROWS),
        (weighted, "precision", {"champion": margin}, ROWS),
    ):
        (judged,) = run("accuracy", examination, metric=metric, **limit).values()
        assert judged.n == rows, metric


def test_each_models_calibration_is_its_own(run):
    seen = binary()
    judged = run("accuracy", seen, metric="expected_calibration_error", maximum=0.9)["maximum"]
    drawn = judged.details["curves"]["calibration"]
    for model in ("candidate", "champion"):
        score = getattr(seen, model).score.astype(float)
        points = drawn[model]
        assert sum(each["n"] for each in points) == ROWS
        mean = sum(each["n"] * each["score"] for each in points) / ROWS
        assert mean == pytest.approx(score.mean(), rel=1e-6)
    brier = metrics.brier_score_loss(seen.truth, seen.candidate.score)
    assert judged.details["brier"]["brier"] == pytest.approx(brier, rel=1e-5)


def test_one_class_has_no_curve(run):
    for truth in (np.ones(ROWS, bool), np.zeros(ROWS, bool)):
        score = np.linspace(0, 1, ROWS)
        seen = Examination(
            truth=truth, candidate=Answers(label=truth, score=score), champion=None, groups={}
        )
        judged = run("accuracy", seen, metric="roc_auc", minimum=0.5)["minimum"]
        assert judged.outcome == "INCONCLUSIVE"
        assert "one class only" in judged.reason
        assert "curves" not in judged.details


def test_losses_of_single_precision_scores_are_summed_in_double(spec):
    seen = binary()
    for metric, expected in (
        ("log_loss", metrics.log_loss),
        ("brier", metrics.brier_score_loss),
    ):
        asked, found = ask(spec("accuracy", metric=metric), seen)
        losses = gather(asked, found, (), "m").whole
        sums = losses.moments.sums.values
        score = seen.candidate.score.astype(float)
        assert sums[1] / sums[0] == pytest.approx(expected(seen.truth, score), rel=1e-12)


def test_clustered_and_unclustered_shards_dont_add_up():
    score = np.linspace(0, 1, 4)
    truth = np.array([True, False, True, False])
    plain = Scores(truth=truth, candidate=score, champion=None, weight=None, cluster=None)
    codes = np.zeros(4, np.int32)
    clustered = Scores(truth=truth, candidate=score, champion=None, weight=None, cluster=codes)
    for one, other in ((plain, clustered), (clustered, plain)):
        with pytest.raises(ValueError, match="don't add up"):
            one + other
    both = clustered + clustered
    assert both.cluster.tolist() == [0] * 4 + [1] * 4
