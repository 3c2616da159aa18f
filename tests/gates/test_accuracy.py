"""The accuracy gate: scikit-learn's values, three-way decisions, slices, and what is missing."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from mlci.errors import BadInput, Broken
from mlci.gates.accuracy.asked import Asked, ask
from mlci.gates.accuracy.estimates import absolute, against_champion
from mlci.gates.accuracy.evidence import gather
from mlci.gates.found import Estimate, Undefined
from mlci.gates.registry import find
from mlci.statistics.joint import tabulate
from mlci.statistics.paired import paired_difference

ACCURACY = find("accuracy")
OF_LABELS = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
}
OF_SCORES = {
    "roc_auc": metrics.roc_auc_score,
    "log_loss": metrics.log_loss,
    "brier": metrics.brier_score_loss,
}

rows = st.integers(30, 80).flatmap(
    lambda n: st.tuples(
        st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda y: any(y) and not all(y)),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.5, 0.9, 1.0]), min_size=n, max_size=n),
        st.lists(st.floats(0, 1), min_size=n, max_size=n),
    )
)


@pytest.fixture(scope="session")
def whole(spec):
    def evidence(examination, metric, **parameters):
        """What is asked, and the evidence of all rows."""
        asked, seen = ask(spec("accuracy", metric=metric, **parameters), examination)
        return asked, gather(asked, seen, (), place="m").whole

    return evidence


@settings(deadline=None, max_examples=40)
@given(rows=rows, metric=st.sampled_from(sorted(OF_LABELS)))
def test_metrics_of_labels_equal_scikit_learns(examination, whole, rows, metric):
    truth, candidate, champion, _, _ = rows
    seen = whole(examination(truth, candidate, champion), metric)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own, theirs = (OF_LABELS[metric](truth, each) for each in (candidate, champion))
    found, gain = absolute(*seen), against_champion(*seen)
    if isinstance(found, Undefined):
        assert metric == "precision"
        assert not any(candidate)
    else:
        assert found.value == pytest.approx(own)
        low, high = found.bounds(0.95)
        assert 0 <= low <= found.value <= high <= 1
    if isinstance(gain, Estimate):
        assert gain.value == pytest.approx(own - theirs)
        low, high = gain.bounds(0.95)
        assert -1 <= low <= gain.value <= high <= 1
        assert low < high


@settings(deadline=None, max_examples=40)
@given(rows=rows, metric=st.sampled_from(sorted(OF_SCORES)))
def test_metrics_of_scores_equal_scikit_learns(examination, whole, rows, metric):
    truth, label, _, score, other = rows
    found = examination(truth, label, label, score=score, champion_score=other)
    own, theirs = (OF_SCORES[metric](truth, each) for each in (score, other))
    better = own - theirs if metric == "roc_auc" else theirs - own
    for each, expected in ((absolute, own), (against_champion, better)):
        known = each(*whole(found, metric))
        if isinstance(known, Undefined):  # nothing holds about how far off it is
            assert known.outcome == "INCONCLUSIVE"
            assert metric != "roc_auc"
            continue
        assert known.value == pytest.approx(expected, abs=1e-12)
        low, high = known.bounds(0.9)
        assert low <= known.value <= high


def test_log_loss_of_sure_and_wrong_answers_is_scikit_learns(examination, whole):
    truth, score = [True] * 200 + [False] * 200, [1.0] * 190 + [0.0] * 200 + [1.0] * 10
    seen = whole(examination(truth, truth, score=score), "log_loss")
    assert absolute(*seen).value == pytest.approx(metrics.log_loss(truth, score))


def rates(right, wrong):
    """``right`` and ``wrong`` rows, half of them positive in truth."""
    truth = [True, False] * ((right + wrong) // 2)
    return truth, [y if at < right else not y for at, y in enumerate(truth)]


@pytest.mark.parametrize(
    ("right", "outcome"), [(960, "PASS"), (900, "INCONCLUSIVE"), (840, "FAIL")]
)
@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "precision", "recall", "f1"])
def test_an_absolute_limit(run, examination, metric, right, outcome):
    (judged,) = run(
        "accuracy", examination(*rates(right, 1000 - right)), metric=metric, minimum=0.9
    ).values()
    assert judged.outcome == outcome
    assert judged.interval[0] <= judged.estimate <= judged.interval[1]
    assert judged.n > 0
    assert judged.detectable > 0
    assert judged.reason


def test_an_absolute_rate_has_exact_bounds(run, examination):
    from statsmodels.stats.proportion import proportion_confint

    (judged,) = run(
        "accuracy", examination(*rates(930, 70)), metric="accuracy", minimum=0.9
    ).values()
    expected = proportion_confint(930, 1000, alpha=0.1, method="beta")
    assert judged.interval == pytest.approx(expected)
    assert judged.n == 1000


def test_f1_and_balanced_accuracy_keep_a_width_where_all_is_right(run, examination):
    truth = [True, False] * 5
    for metric in ("f1", "balanced_accuracy"):
        (judged,) = run("accuracy", examination(truth, truth), metric=metric, minimum=0.95).values()
        assert judged.estimate == 1.0
        assert judged.outcome == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("better", "worse", "outcome"),
    [(20, 20, "PASS"), (10, 40, "INCONCLUSIVE"), (10, 90, "FAIL"), (60, 10, "PASS")],
)
@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "precision", "recall", "f1"])
def test_a_margin_on_the_same_rows(run, examination, metric, better, worse, outcome):
    """``better`` and ``worse`` of 2000 rows, half positive, that one model alone has right."""
    truth = np.arange(2000) % 2 == 0
    champion, candidate = truth.copy(), truth.copy()
    champion[:better] ^= True
    candidate[1000 : 1000 + worse] ^= True
    found = examination(truth, candidate, champion)
    (judged,) = run("accuracy", found, metric=metric, champion={"margin": 0.0175}).values()
    assert judged.planned.limit.kind == "margin"
    assert judged.outcome == outcome
    assert judged.estimate == pytest.approx(
        OF_LABELS[metric](truth, candidate) - OF_LABELS[metric](truth, champion)
    )


def test_recall_is_compared_among_positive_rows_only(run, examination):
    """Of 100 positive rows the candidate alone has 3, the champion alone 1; 40 others differ."""
    truth = [True] * 100 + [False] * 900
    candidate = [False] + [True] * 99 + [True] * 40 + [False] * 860
    champion = [True] + [False] * 3 + [True] * 96 + [False] * 900
    found = examination(truth, candidate, champion)
    recall = run("accuracy", found, metric="recall", champion={"margin": 0.1})["margin"]
    expected = paired_difference(3, 1, 100, 0.95)
    assert recall.interval == pytest.approx((expected.lower, expected.upper))
    assert (recall.n, recall.estimate) == (100, pytest.approx(0.02))
    accuracy = run("accuracy", found, metric="accuracy", champion={"margin": 0.1})["margin"]
    expected = paired_difference(3, 41, 1000, 0.95)
    assert accuracy.interval == pytest.approx((expected.lower, expected.upper))
    assert (accuracy.n, accuracy.estimate) == (1000, pytest.approx(-0.038))


def test_equal_answers_on_few_rows_show_nothing(run, examination):
    truth = [True, False] * 20
    found = examination(truth, truth, truth, score=truth, champion_score=truth)
    for metric in (*OF_LABELS, "roc_auc"):
        judged = run("accuracy", found, metric=metric, champion={"margin": 0.01})["margin"]
        assert judged.outcome == "INCONCLUSIVE", metric


def noisy(n, noise, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.3
    base = 2 * truth + rng.normal(0, 1, n)
    return truth, 1 / (1 + np.exp(1 - base - rng.normal(0, noise, n)))


@pytest.mark.parametrize(
    ("metric", "limit", "easy", "between", "hard"),
    [
        ("roc_auc", "minimum", 0.85, None, 0.95),
        ("log_loss", "maximum", 0.6, None, 0.3),
        ("brier", "maximum", 0.2, None, 0.1),
    ],
)
def test_scores_against_a_limit_and_the_champion(
    run, examination, metric, limit, easy, between, hard
):
    truth, good = noisy(3000, 0.1)
    _, poor = noisy(3000, 1.5)
    found = examination(truth, good > 0.5, poor > 0.5, score=good, champion_score=poor)
    value = OF_SCORES[metric](truth, good)
    wanted = {easy: "PASS", value: "INCONCLUSIVE", hard: "FAIL"}
    for at, outcome in wanted.items():
        judged = run("accuracy", found, metric=metric, champion={"margin": 0.01}, **{limit: at})
        assert judged[limit].outcome == outcome
        assert judged["margin"].outcome == "PASS"
        assert judged["margin"].estimate > 0
    turned = examination(truth, poor > 0.5, good > 0.5, score=poor, champion_score=good)
    worse = run("accuracy", turned, metric=metric, champion={"margin": 0.001})["margin"]
    assert worse.outcome == "FAIL"
    assert worse.estimate < 0


def test_a_metric_of_scores_without_scores(run, examination):
    truth, label = rates(90, 10)
    for metric in OF_SCORES:
        with pytest.raises(Broken, match=f"labels only.*{metric}"):
            run("accuracy", examination(truth, label), metric=metric, minimum=0.5)
        found = examination(truth, label, label, score=[0.5] * 100)
        judged = run("accuracy", found, metric=metric, maximum=0.9, champion={"margin": 0.1})
        assert judged["maximum"].outcome == "PASS"
        assert judged["margin"].outcome == "ERROR"
        assert f"no probabilities for {metric}" in judged["margin"].reason


def test_precision_without_a_positive_answer_is_an_error_not_a_number(run, examination):
    truth = [True, False] * 50
    (judged,) = run(
        "accuracy", examination(truth, [False] * 100), metric="precision", minimum=0.1
    ).values()
    assert judged.outcome == "ERROR"
    assert judged.estimate is None
    assert "no row is predicted as class positive" in judged.reason


def test_a_mean_of_few_losses_is_inconclusive(run, examination):
    truth, score = [True, False] * 10, [0.9, 0.1] * 10
    found = examination(truth, truth, score=score)
    judged = run("accuracy", found, metric="brier", maximum=0.5)["maximum"]
    assert judged.outcome == "INCONCLUSIVE"
    assert "20 rows or clusters of equal weight, fewer than the 30" in judged.reason


# Slices


def sliced(*levels):
    """Levels as (rows, share right)."""
    truth, label, names = [], [], []
    for at, (n, share) in enumerate(levels):
        y, guess = rates(round(n * share), n - round(n * share))
        truth += y
        label += guess
        names += [f"l{at}"] * n
    return truth, label, names


def test_slices_pass_when_none_is_shown_beyond_the_limit(run, examination):
    truth, label, names = sliced((2000, 0.95), (2000, 0.9), (2000, 0.89))
    judged = run(
        "accuracy", examination(truth, label, c=names), metric="accuracy", minimum=0.9, slices=["c"]
    )
    assert list(judged) == ["minimum", "minimum/c"]
    found = judged["minimum/c"]
    assert found.planned.slice == {"column": "c"}
    assert found.outcome == "PASS"
    assert found.estimate == pytest.approx(0.89)
    assert "worst: l2" in found.reason
    assert found.interval[0] < 0.89 < found.interval[1]
    assert found.n == 6000
    assert [each["level"] for each in found.details["slices"]] == ["l0", "l1", "l2"]


def test_slices_fail_when_one_is_shown_beyond_and_holm_frees_the_next(run, examination):
    # At 1/3 of alpha l2 is not shown below 0.9; once l1 is, it is tested at 1/2 of alpha.
    truth, label, names = sliced((2000, 0.95), (2000, 0.8), (2000, 0.886))
    found = run(
        "accuracy", examination(truth, label, c=names), metric="accuracy", minimum=0.9, slices=["c"]
    )["minimum/c"]
    assert found.outcome == "FAIL"
    beyond = {each["level"]: each for each in found.details["slices"] if each["beyond"]}
    assert set(beyond) == {"l1", "l2"}
    assert beyond["l1"]["confidence"] == pytest.approx(1 - 0.05 / 3)
    assert beyond["l2"]["confidence"] == pytest.approx(1 - 0.05 / 2)
    assert found.estimate == pytest.approx(0.8)
    assert found.interval[1] < 0.9


def test_small_and_undefined_slices_are_named_and_never_pass(run, examination):
    truth, label, names = sliced((2000, 0.95), (4, 1.0))
    truth, label, names = [*truth, False], [*label, False], [*names, "single"]
    found = examination(truth, label, c=names)
    judged = run("accuracy", found, metric="accuracy", minimum=0.9, slices=["c"])["minimum/c"]
    assert judged.outcome == "INCONCLUSIVE"
    assert "l1, single" in judged.reason
    assert judged.details["small"] == ["l1", "single"]
    assert judged.needed > judged.n
    judged = run("accuracy", found, metric="recall", minimum=0.9, slices=["c"])["minimum/c"]
    assert judged.outcome == "INCONCLUSIVE"
    assert "single" in judged.reason
    assert "no row is of class positive" in judged.details["undefined"]["single"]


def test_slices_of_scores_and_losses(run, examination):
    truth, good = noisy(6000, 0.1)
    _, poor = noisy(6000, 5.0, seed=1)
    names = np.where(np.arange(6000) < 3000, "a", "b")
    score = np.where(names == "a", good, poor)
    found = examination(truth, score > 0.5, good > 0.5, score=score, champion_score=good, c=names)
    for metric, limit, value in [
        ("roc_auc", "minimum", 0.8),
        ("log_loss", "maximum", 0.6),
        ("brier", "maximum", 0.2),
    ]:
        judged = run(
            "accuracy",
            found,
            metric=metric,
            champion={"margin": 0.01},
            slices=["c"],
            **{limit: value},
        )
        for each in (judged[f"{limit}/c"], judged["margin/c"]):
            assert each.outcome == "FAIL"
            assert "shown beyond the limit: b;" in each.reason
            assert "worst: b" in each.reason
    rows = names == "b"
    assert judged["maximum/c"].estimate == pytest.approx(
        metrics.brier_score_loss(truth[rows], score[rows])
    )


def test_a_slice_where_no_level_has_a_value(run, examination):
    truth, score = [True, False] * 10, [0.5] * 20
    found = examination(truth, truth, score=score, c=["a", "b"] * 10)
    judged = run("accuracy", found, metric="log_loss", maximum=1.0, slices=["c"])["maximum/c"]
    assert judged.outcome == "INCONCLUSIVE"
    assert judged.estimate is None
    assert "no slice has a value" in judged.reason


@pytest.mark.simulation
def test_the_family_error_of_slices_that_all_keep_the_limit(spec):
    """20 slices exactly at the limit: some slice is shown beyond it in at most 5 % of runs."""
    from mlci.gates.accuracy.slices import step_down
    from mlci.records.judgement import Limit, LimitKind

    asked = Asked(metric="recall", classes=("negative", "positive"), of=1, share=0.5)
    truth = np.ones(300, bool)
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(200):
        levels = {}
        for at, right in enumerate(rng.binomial(300, 0.9, 20)):
            table = tabulate(truth, np.arange(300) < right, classes=2)
            levels[str(at)] = absolute(asked, table)
        limit = Limit(kind=LimitKind.MINIMUM, value=0.9)
        alarms += any(each.beyond for each in step_down(limit, levels, 0.95))
    assert alarms <= 200 * 0.05 + 2 * (200 * 0.05 * 0.95) ** 0.5


# The plan


def test_the_plan_names_one_judgement_a_limit_and_slice(spec, policy):
    gate = spec(
        "accuracy", metric="f1", minimum=0.7, champion={"margin": 0.01}, slices=["sex", "a/b"]
    )
    ids = [each.id for each in ACCURACY.plan(gate, policy(gate), comparing=True)]
    assert ids == [
        "p/accuracy/f1/minimum",
        "p/accuracy/f1/margin",
        "p/accuracy/f1/minimum/sex",
        "p/accuracy/f1/margin/sex",
        "p/accuracy/f1/minimum/a%2Fb",
        "p/accuracy/f1/margin/a%2Fb",
    ]
    first = ACCURACY.plan(gate, policy(gate), comparing=False)
    assert [each.id for each in first] == ids[::2]
    assert {each.confidence for each in first} == {0.95}
    assert all(each.required and each.policy == "p" and each.gate == "accuracy" for each in first)


def test_a_gate_without_a_limit_is_refused(spec, policy):
    gate = spec("accuracy", metric="f1", slices=["sex"])
    with pytest.raises(BadInput, match=r"policies/p.yaml.*minimum or maximum or champion"):
        ACCURACY.plan(gate, policy(gate), comparing=False)
    only = spec("accuracy", metric="f1", champion={"margin": 0.1})
    assert ACCURACY.plan(only, policy(only), comparing=False) == ()
