"""Several classes, numbers, weights, clusters, bins and anchors, through the gates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mlci.errors import Broken
from mlci.gates.accuracy.estimates import absolute, against_champion
from mlci.gates.found import Estimate
from mlci.records.examination import Answers, Examination, Groups
from mlci.records.metric import MULTICLASS, REGRESSION, fitting

ROWS = 1500
CLASSES = ("a", "b", "c")


def groups(names):
    levels, codes = np.unique(np.asarray(names), return_inverse=True)
    return Groups(codes=codes.astype(np.int32), levels=tuple(map(str, levels)))


def multiclass(seed=0, rows=ROWS, noise=1.0, champion_noise=1.4, **more):
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, rows, p=[0.5, 0.3, 0.2]).astype(np.int32)

    def answers(scale):
        logits = 1.5 * np.eye(3)[truth] + scale * rng.normal(size=(rows, 3))
        score = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return Answers(label=score.argmax(axis=1).astype(np.int32), score=score)

    return Examination(
        task=MULTICLASS,
        truth=truth,
        classes=CLASSES,
        candidate=answers(noise),
        champion=answers(champion_noise),
        groups={"g": groups(rng.choice(["u", "v"], rows))},
        **more,
    )


def regression(seed=0, rows=ROWS, noise=1.0, champion_noise=1.4, **more):
    rng = np.random.default_rng(seed)
    truth = 10 + 3 * rng.normal(size=rows)

    def answers(scale):
        return Answers(label=truth + scale * rng.normal(size=rows), score=None)

    return Examination(
        task=REGRESSION,
        truth=truth,
        candidate=answers(noise),
        champion=answers(champion_noise),
        groups={"g": groups(rng.choice(["u", "v"], rows))},
        **more,
    )


def of_scikit_learn(metric, truth, answers, weight=None):
    label, score = answers.label, answers.score
    macro = {"average": "macro", "sample_weight": weight}
    return {
        "accuracy": lambda: metrics.accuracy_score(truth, label, sample_weight=weight),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(
            truth, label, sample_weight=weight
        ),
        "precision": lambda: metrics.precision_score(truth, label, **macro),
        "recall": lambda: metrics.recall_score(truth, label, **macro),
        "f1": lambda: metrics.f1_score(truth, label, **macro),
        "roc_auc": lambda: metrics.roc_auc_score(truth, score, multi_class="ovr", **macro),
        "log_loss": lambda: metrics.log_loss(truth, score, sample_weight=weight),
        "brier": lambda: np.average(
            np.square(score - np.eye(3)[truth]).sum(axis=1), weights=weight
        ),
        "mean_absolute_error": lambda: metrics.mean_absolute_error(
            truth, label, sample_weight=weight
        ),
        "root_mean_squared_error": lambda: metrics.root_mean_squared_error(
            truth, label, sample_weight=weight
        ),
        "r2": lambda: metrics.r2_score(truth, label, sample_weight=weight),
        "mean_pinball_loss": lambda: metrics.mean_pinball_loss(
            truth, label, alpha=0.9, sample_weight=weight
        ),
        "median_absolute_error": lambda: metrics.median_absolute_error(truth, label),
        "quantile_absolute_error": lambda: np.quantile(
            np.abs(truth - label), 0.9, method="averaged_inverted_cdf"
        ),
    }[metric]()


def parameters(metric):
    return {"quantile": 0.9} if metric in ("mean_pinball_loss", "quantile_absolute_error") else {}


BY_TASK = [
    (make, metric)
    for make, task in ((multiclass, MULTICLASS), (regression, REGRESSION))
    for metric in fitting("accuracy", task)
    if metric != "expected_calibration_error"
]


@pytest.fixture(scope="session")
def whole(spec):
    from mlci.gates.accuracy.asked import ask
    from mlci.gates.accuracy.evidence import gather

    def evidence(examination, metric):
        asked, seen = ask(spec("accuracy", metric=metric, **parameters(metric)), examination)
        return asked, gather(asked, seen, (), place="m").whole

    return evidence


@pytest.mark.parametrize(("make", "metric"), BY_TASK)
@settings(deadline=None, max_examples=4)
@given(seed=st.integers(0, 2**32), weighted=st.booleans(), clustered=st.booleans())
def test_values_equal_scikit_learns(whole, make, metric, seed, weighted, clustered):
    rng = np.random.default_rng(seed)
    weighted = weighted and "absolute_error" not in metric.replace("mean_absolute_error", "")
    weight = rng.integers(1, 4, 300).astype(float) if weighted else None
    cluster = (np.arange(300) // 3).astype(np.int32) if clustered else None
    seen = make(seed, 300, weight=weight, cluster=cluster)
    evidence = whole(seen, metric)
    own = of_scikit_learn(metric, seen.truth, seen.candidate, weight)
    theirs = of_scikit_learn(metric, seen.truth, seen.champion, weight)
    found, gain = absolute(*evidence), against_champion(*evidence)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(own)
    lower = metric in ("log_loss", "brier") or metric.endswith(("_error", "_loss"))
    assert gain.value == pytest.approx(theirs - own if lower else own - theirs, abs=1e-9)
    for each in (found, gain):
        low, high = each.bounds(0.95)
        assert low < each.value < high
        assert (each.at(0.95).effective is None) == seen.simple


@pytest.mark.parametrize(("make", "metric"), BY_TASK)
def test_a_better_model_passes_and_a_worse_one_fails(run, make, metric):
    lower = metric in ("log_loss", "brier") or metric.endswith(("_error", "_loss"))
    limit = "maximum" if lower else "minimum"
    value = of_scikit_learn(metric, make().truth, make().candidate)
    asked = {"metric": metric, "champion": {"margin": 0.01}, **parameters(metric)}
    generous = value * (1.5 if lower else 0.7)
    good = run("accuracy", make(), **asked, **{limit: generous})
    assert [each.outcome for each in good.values()] == ["PASS", "PASS"]
    harsh = value * 0.5 if lower else min(value * 1.4, 0.999)
    bad = run("accuracy", make(0, noise=1.4, champion_noise=1.0), **asked, **{limit: harsh})
    assert [each.outcome for each in bad.values()] == ["FAIL", "FAIL"]


def test_one_class_against_the_rest(run):
    seen = multiclass()
    for metric in ("precision", "recall", "f1", "roc_auc", "brier"):
        (found,) = run(
            "accuracy", seen, metric=metric, **{"class": "b"}, **_absolute(metric)
        ).values()
        truth, label = seen.truth == 1, seen.candidate.label == 1
        score = seen.candidate.score[:, 1]
        expected = {
            "precision": lambda: metrics.precision_score(truth, label),  # noqa: B023
            "recall": lambda: metrics.recall_score(truth, label),  # noqa: B023
            "f1": lambda: metrics.f1_score(truth, label),  # noqa: B023
            "roc_auc": lambda: metrics.roc_auc_score(truth, score),  # noqa: B023
            "brier": lambda: metrics.brier_score_loss(truth, score),  # noqa: B023
        }[metric]()
        assert found.estimate == pytest.approx(expected)
        assert found.planned.slice == {"class": "b"}
        assert found.planned.id.endswith("/class:b")
    with pytest.raises(Broken, match=r"the class 'z'.*a, b, c"):
        run("accuracy", seen, metric="recall", minimum=0.1, **{"class": "z"})


def _absolute(metric):
    return {"maximum": 0.5} if metric == "brier" else {"minimum": 0.1}


def test_calibration_against_a_limit_and_the_champion(run):
    truth, label, score = _calibrated(20_000)
    right = Answers(label=label, score=score)
    off = Answers(label=label, score=np.clip(score + 0.15, 0, 1))
    good = Examination(truth=truth, candidate=right, champion=off, groups={})
    judged = run(
        "accuracy",
        good,
        metric="expected_calibration_error",
        maximum=0.05,
        champion={"margin": 0.01},
    )
    assert [each.outcome for each in judged.values()] == ["PASS", "PASS"]
    points = judged["maximum"].details["curves"]["calibration"]["candidate"]
    assert all(each["interval"][0] <= each["rate"] <= each["interval"][1] for each in points)
    bad = Examination(truth=truth, candidate=off, champion=right, groups={})
    judged = run(
        "accuracy",
        bad,
        metric="expected_calibration_error",
        maximum=0.05,
        champion={"margin": 0.01},
    )
    assert [each.outcome for each in judged.values()] == ["FAIL", "FAIL"]


def _calibrated(rows):
    rng = np.random.default_rng(3)
    score = rng.random(rows)
    return rng.random(rows) < score, score > 0.5, score


def test_curves_of_both_models_are_in_the_details(run):
    truth, label, score = _calibrated(3000)
    seen = Examination(
        truth=truth,
        candidate=Answers(label=label, score=score),
        champion=Answers(label=label, score=np.round(score, 1)),
        groups={},
    )
    details = run("accuracy", seen, metric="roc_auc", minimum=0.5)["minimum"].details["curves"]
    for curve in ("roc", "precisionRecall"):
        for model in ("candidate", "champion"):
            points = details[curve][model]
            assert 2 < len(points) <= 102
            assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in points)


@pytest.mark.parametrize("metric", ["accuracy", "f1", "roc_auc", "log_loss"])
def test_rows_of_a_cluster_are_not_independent(run, metric):
    """Each row ten times: as certain as the rows without their copies, not ten times as certain."""
    once = multiclass(rows=200)
    copies = np.repeat(np.arange(200), 10)

    def copied(answers):
        return Answers(label=answers.label[copies], score=answers.score[copies])

    def tenfold(**more):
        return Examination(
            task=MULTICLASS,
            truth=once.truth[copies],
            classes=CLASSES,
            candidate=copied(once.candidate),
            champion=copied(once.champion),
            groups={},
            **more,
        )

    limit = {"maximum": 1.0} if metric == "log_loss" else {"minimum": 0.6}
    asked = {"metric": metric, "champion": {"margin": 0.02}, **limit}
    single, naive = run("accuracy", once, **asked), run("accuracy", tenfold(), **asked)
    clustered = run("accuracy", tenfold(cluster=copies.astype(np.int32)), **asked)
    for name, judged in clustered.items():
        width, honest, wrong = (
            each[name].interval[1] - each[name].interval[0] for each in (clustered, single, naive)
        )
        assert judged.estimate == pytest.approx(single[name].estimate)
        assert 0.9 * honest < width < 1.5 * honest
        assert wrong < 0.5 * honest
        assert judged.details["effectiveRows"] < 400


@pytest.mark.parametrize("clustered", [False, True])
def test_fairness_of_weighted_and_clustered_rows(run, clustered):
    rng = np.random.default_rng(5)
    label = rng.random(4000) < 0.5
    cluster = np.repeat(np.arange(400), 10).astype(np.int32) if clustered else None
    weight = rng.integers(1, 5, 4000).astype(float)
    names = np.where(np.arange(4000) % 2, "u", "v")
    seen = Examination(
        truth=rng.random(4000) < 0.5,
        candidate=Answers(label=label, score=None),
        champion=Answers(label=rng.random(4000) < 0.5, score=None),
        groups={"g": groups(names)},
        weight=weight,
        cluster=cluster,
    )
    judged = run(
        "fairness",
        seen,
        metric="selection_rate",
        by=["g"],
        maximumDifference=0.2,
        champion={"margin": 0.2},
    )
    rates = [np.average(label[names == each], weights=weight[names == each]) for each in "uv"]
    found = judged["maximumDifference/g"]
    assert found.estimate == pytest.approx(abs(rates[0] - rates[1]))
    assert found.outcome == "PASS"
    assert judged["margin/g"].outcome == "PASS"
    for each in (*found.details["groups"], *judged["margin/g"].details["groups"]):
        assert each["effectiveRows"] < each["n"]
        assert each["interval"][0] < each["rate"] < each["interval"][1]


@pytest.mark.parametrize(
    ("metric", "shift", "outcome"),
    [
        ("mean_absolute_error", 0.0, "PASS"),
        ("mean_error", 0.8, "FAIL"),
        ("root_mean_squared_error", 1.5, "FAIL"),
    ],
)
def test_fairness_of_errors(run, metric, shift, outcome):
    """``shift`` is added to what the candidate says of one group."""
    seen = regression(rows=4000)
    of_v = np.array(seen.groups["g"].levels)[seen.groups["g"].codes] == "v"
    candidate = Answers(label=seen.candidate.label + shift * of_v, score=None)
    shifted = Examination(
        task=REGRESSION,
        truth=seen.truth,
        candidate=candidate,
        champion=seen.champion,
        groups=seen.groups,
    )
    judged = run(
        "fairness",
        shifted,
        metric=metric,
        by=["g"],
        maximumDifference=0.4,
        champion={"margin": 0.2},
    )
    error = candidate.label - seen.truth
    value = {
        "mean_absolute_error": lambda at: np.abs(error[at]).mean(),
        "mean_error": lambda at: error[at].mean(),
        "root_mean_squared_error": lambda at: np.sqrt(np.square(error[at]).mean()),
    }[metric]
    assert judged["maximumDifference/g"].estimate == pytest.approx(abs(value(of_v) - value(~of_v)))
    assert [each.outcome for each in judged.values()] == [outcome, outcome]
    for each in judged["margin/g"].details["groups"]:
        assert each["interval"][0] < each["rate"] < each["interval"][1]
        assert each["championInterval"][0] < each["championRate"] < each["championInterval"][1]


def test_fairness_of_several_classes_is_of_being_right_or_of_one_class(run):
    seen = multiclass(rows=3000)
    by_v = np.array(seen.groups["g"].levels)[seen.groups["g"].codes] == "v"
    judged = run("fairness", seen, metric="accuracy", by=["g"], maximumDifference=0.2)
    right = seen.truth == seen.candidate.label
    (found,) = judged.values()
    assert found.estimate == pytest.approx(abs(right[by_v].mean() - right[~by_v].mean()))
    judged = run(
        "fairness", seen, metric="selection_rate", by=["g"], maximumDifference=0.2, **{"class": "c"}
    )
    said = seen.candidate.label == 2
    (found,) = judged.values()
    assert found.estimate == pytest.approx(abs(said[by_v].mean() - said[~by_v].mean()))
    assert found.planned.id.endswith("class:c/g")


def test_an_anchor_is_held_against_besides_the_champion(run):
    seen = multiclass(rows=4000, noise=1.2, champion_noise=1.2)
    older = multiclass(rows=4000, noise=0.9).candidate
    anchored = Examination(
        task=MULTICLASS,
        truth=seen.truth,
        classes=CLASSES,
        candidate=seen.candidate,
        champion=seen.champion,
        anchors={"1.0.0": older},
        groups=seen.groups,
    )
    for gate, asked in (
        ("accuracy", {"metric": "accuracy"}),
        ("fairness", {"metric": "accuracy", "by": ["g"]}),
    ):
        known, missing = (
            run(
                gate,
                anchored,
                **asked,
                champion={"margin": 0.1, "anchor": {"version": version, "margin": 0.001}},
            )
            for version in ("1.0.0", "0.9.0")
        )
        name = next(each for each in known if each.startswith("anchor"))
        assert known[name].estimate is not None
        assert known[name].outcome in (
            ("FAIL",) if gate == "accuracy" else ("INCONCLUSIVE", "FAIL")
        )
        assert missing[name].outcome == "ERROR"
        assert "version 0.9.0 was never HEALTHY" in missing[name].reason
