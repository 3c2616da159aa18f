"""Metrics and gates of packages: MetricFrame's values and quantiles, and every way to go wrong."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from mlci.errors import Broken
from mlci.gates.brought.evidence import ALL, MOST_ROWS, Answered, answered
from mlci.gates.brought.frame import SEED, seconds
from mlci.gates.brought.pairs import bounded_pairs
from mlci.gates.decision import needed
from mlci.gates.forecast_brought import brings, forecast_brought, resampling_seconds
from mlci.gates.found import Estimate, Found, Undefined
from mlci.gates.registry import find, halves
from mlci.plugins import metrics
from mlci.plugins.used import used
from mlci.policy.plan import plan
from mlci.records.outcome import Outcome
from mlci.records.policy import ExamUse
from mlci.records.release import Model, Release
from mlci.statistics.resampled import beyond

EXAMPLES = Path(__file__).parents[2] / "examples"
KAPPA = (EXAMPLES / "plugin-kappa/mlci_kappa.py").read_text(encoding="utf-8")
QUICK_KAPPA = KAPPA.replace("weighted=True,", "weighted=True,\n    resamples=199,")
CHURN = (EXAMPLES / "plugin-churn/mlci_churn.py").read_text(encoding="utf-8")
METRIC = """
import numpy as np
from mlci.plugins import PluginMetric
calls = []
def function(y_true, y_pred):
    calls.append(len(y_true))
    return {}
own = PluginMetric(function=function, direction="lower", low=0.0, high=1.0, resamples=199)
"""


@pytest.fixture
def kappa(bring):
    bring("d-kappa", "mlci.metrics", QUICK_KAPPA, cohen_kappa=":cohen_kappa")
    return metrics.installed("cohen_kappa")


def rows(n, wrong=0.2, others=0.25, seed=3):
    """Truth and two models' answers."""
    random = np.random.default_rng(seed)
    truth = random.random(n) < 0.4
    return truth, truth ^ (random.random(n) < wrong), truth ^ (random.random(n) < others)


def answers(truth, own, other=None):
    return Answered(
        truth=truth.astype(np.int8),
        candidate=own.astype(np.int8),
        champion=None if other is None else other.astype(np.int8),
        weight=None,
        classes=True,
        labels=True,
    )


@given(
    seen=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=30
    )
)
@settings(max_examples=40)
def test_the_examples_values_are_those_of_scikit_learn(seen):
    truth, told, weight = (np.array(each) for each in zip(*seen, strict=True))
    assume(len({*truth, *told}) > 1)
    namespace: dict[str, object] = {}
    exec(KAPPA, namespace)
    for weights in (None, weight):
        assert namespace["kappa"](truth, told, weights) == pytest.approx(
            cohen_kappa_score(truth, told, sample_weight=weights)
        )


def test_the_gate_decides_by_the_quantiles_of_metric_frame(kappa, run, examination):
    truth, own, other = rows(240)
    limits = {"minimum": 0.1, "champion": {"margin": 0.3}}
    judged = run("accuracy", examination(truth, own, other), metric="cohen_kappa", **limits)
    assert judged["minimum"].estimate == pytest.approx(cohen_kappa_score(truth, own))

    def difference(y_true, y_pred, champion):
        return cohen_kappa_score(y_true, y_pred) - cohen_kappa_score(y_true, champion)

    place = beyond(0.05, int((own != other).sum()), 199)
    frame = MetricFrame(
        metrics=difference,
        y_true=truth,
        y_pred=own,
        sensitive_features=np.zeros(240),
        sample_params={"champion": other},
        n_boot=199,
        ci_quantiles=[(place - 1) / 198, 1 - (place - 1) / 198],
        random_state=SEED,
    )
    assert judged["margin"].estimate == pytest.approx(frame.overall)
    assert judged["margin"].interval == pytest.approx(frame.overall_ci)
    assert judged["margin"].outcome is Outcome.PASS


def test_groups_that_the_resamples_dont_bound_show_nothing(kappa, run, examination):
    """199 resamples bound a group at 0.95, and none at 0.99."""
    truth, own, _ = rows(500)
    limits = {"metric": "cohen_kappa", "by": ["sex"], "maximumDifference": 0.1}
    seen = examination(truth, own, sex=np.repeat(["F", "M"], 250))
    (found,) = run("fairness", seen, confidence=0.99, **limits).values()
    assert found.outcome is Outcome.INCONCLUSIVE
    assert (found.interval, found.detectable, found.needed) == (None, None, None)


def test_parts_of_answers_keep_each_models_own():
    truth, own, other = rows(40)
    first = answers(truth, own, other)
    both = first + answers(truth[:10], own[:10], other[:10])
    some = both.only(np.arange(50) % 2 == 0)
    for name, column in (("truth", truth), ("candidate", own), ("champion", other)):
        expected = np.concatenate([column, column[:10]])
        assert (getattr(both, name) == expected).all()
        assert (getattr(some, name) == expected[::2]).all()


def test_groups_are_compared_and_small_ones_named(kappa, run, examination):
    truth, own, _ = rows(900)
    sex = np.repeat(["F", "M", "X"], [430, 430, 40])
    own[430:860] = truth[430:860] ^ (np.arange(430) % 2 == 0)
    judged = run(
        "fairness",
        examination(truth, own, sex=sex),
        metric="cohen_kappa",
        by=["sex"],
        maximumDifference=0.1,
    )
    (found,) = judged.values()
    assert (found.outcome, found.n) == (Outcome.FAIL, 900)
    assert "F over M" in found.reason
    reach = found.detectable - 0.1
    assert found.needed == needed(900, reach, found.estimate - 0.1)
    groups = {each["group"]: each for each in found.details["groups"]}
    assert groups["F"]["rate"] == pytest.approx(cohen_kappa_score(truth[:430], own[:430]))
    assert groups["X"]["smallWith"] == "all"
    assert "a bootstrap takes 100" in groups["X"]["reason"]


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ("float('nan')", "nan of"),
        ("float('inf')", "inf of"),
        ("1.5", "1.5 of"),
        ("-0.5", "-0.5 of"),
        ("'0.5'", "a str"),
        ("None", "a NoneType"),
        ("True", "a bool"),
        ("np.array([0.5, 0.5])", "a ndarray"),
        ("1 / 0", "ZeroDivisionError"),
        ("exit(0)", "SystemExit"),
        ("0.5 if len(calls) < 50 else float('nan')", "nan of"),
    ],
)
def test_a_metric_that_gives_no_number_is_an_error(bring, run, examination, result, found):
    bring("d-own", "mlci.metrics", METRIC.replace("{}", result), own=":own")
    with pytest.raises(Broken, match=r"metric 'own' of d-own 1\.0: ") as caught:
        run("accuracy", examination(*rows(300)[:2]), metric="own", maximum=0.9)
    assert found in str(caught.value)


def test_resamples_that_are_all_the_same_show_nothing(bring, run, examination):
    bring("d-own", "mlci.metrics", METRIC.replace("{}", "0.25"), own=":own")
    judged = run("accuracy", examination(*rows(300)[:2]), metric="own", maximum=0.9)
    assert judged["maximum"].outcome is Outcome.INCONCLUSIVE
    assert "they bound nothing" in judged["maximum"].reason


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (rows(99), "99 rows"),
        (rows(300, wrong=0.02), "wrong answers"),
        ((np.arange(300) < 20, np.arange(300) % 2 == 0, None), "20 rows of class 1"),
        ((np.ones(300, bool), np.arange(300) % 2 == 0, None), "rows of another class than 1"),
    ],
)
def test_too_few_rows_are_inconclusive(kappa, run, examination, seen, reason):
    judged = run("accuracy", examination(*seen), metric="cohen_kappa", minimum=0.1)
    assert judged["minimum"].outcome is Outcome.INCONCLUSIVE
    assert reason in judged["minimum"].reason
    assert judged["minimum"].interval is None


def test_models_that_hardly_differ_are_not_compared(kappa, run, examination):
    truth, own, _ = rows(300)
    margin = {"champion": {"margin": 0.05}}
    judged = run("accuracy", examination(truth, own, own), metric="cohen_kappa", **margin)
    assert judged["margin"].outcome is Outcome.INCONCLUSIVE
    assert "0 rows on which the models differ" in judged["margin"].reason


def test_what_a_bootstrap_of_rows_can_not_bound_is_refused(kappa, bring, run, examination):
    seen = examination(*rows(300)[:2])
    clustered = replace(seen, cluster=np.zeros(300, np.int32))
    with pytest.raises(Broken, match="an exam with clusters"):
        run("accuracy", clustered, metric="cohen_kappa", minimum=0.1)
    many = examination(*rows(MOST_ROWS + 1)[:2])
    with pytest.raises(Broken, match=r"100,001 rows.*at most 100,000 rows"):
        run("accuracy", many, metric="cohen_kappa", minimum=0.1)
    bring("d-own", "mlci.metrics", METRIC.replace("{}", "0.5"), own=":own")
    weighted = replace(seen, weight=np.ones(300))
    with pytest.raises(Broken, match="an exam with weights"):
        run("accuracy", weighted, metric="own", maximum=0.9)


def test_a_metric_of_scores_gets_probabilities(bring, run, examination):
    text = f"""
from sklearn.metrics import {roc_auc_score.__name__} as area
from mlci.plugins import PluginMetric
own = PluginMetric(function=area, direction="higher", of_scores=True, resamples=199)
"""
    bring("d-own", "mlci.metrics", text, own=":own")
    truth, own, _ = rows(200)
    with pytest.raises(Broken, match="a model that gives labels only"):
        run("accuracy", examination(truth, own), metric="own", minimum=0.1)
    score = np.where(own, 0.9, 0.2) + np.linspace(0, 0.1, 200)
    metric = metrics.installed("own")
    kept = answered(metric, examination(truth, own, score=score), ALL, "m.onnx")
    found = metric.value(kept.truth, kept.candidate, kept.weight)
    assert found == pytest.approx(roc_auc_score(truth, score))


def test_a_part_holds_the_rows_and_shards_add_up(kappa, spec, policy, examination, stored):
    truth, own, other = rows(300)
    one, two = (
        answers(truth[part], own[part], other[part]) for part in (slice(99), slice(99, 300))
    )
    whole = stored(one) + stored(two)
    assert whole.rows == 300
    assert np.array_equal(whole.candidate, own)
    with pytest.raises(ValueError, match="don't add up"):
        _ = answers(truth, own) + answers(truth, own, other)


def estimate(value, error):
    """With bounds at every confidence up to 0.999."""

    def at(level):
        reach = error * {True: 1.7, False: 2.6}[level < 0.96]
        return Found(value=value, interval=(value - reach, value + reach))

    return Estimate(n=100, at=at)


def test_pairs_fail_by_holm_and_never_by_what_has_no_bounds():
    values = [
        estimate(0.9, 0.02),
        estimate(0.6, 0.02),
        estimate(0.88, 0.02),
        Undefined(reason="few", n=9),
    ]
    pairs = bounded_pairs(values, limit=0.1, confidence=0.95, assure=False)
    assert [(each.i, each.j, each.beyond) for each in pairs] == [
        (0, 1, True),
        (0, 2, False),
        (0, 3, False),
        (2, 1, True),
        (1, 3, False),
        (2, 3, False),
    ]
    assert [each.within for each in pairs] == [False, True, False, False, False, False]
    assert pairs[2].estimate is None
    assert pairs[2].upper is None
    assert pairs[2].power < 0.1
    assert pairs[0].lower == pytest.approx(0.3 - 2.6 * 0.02 * 2**0.5)


def test_a_limit_that_is_narrow_beside_the_error_counts_both_sides():
    wide, narrow = (
        bounded_pairs(
            [estimate(0.9, 0.1), estimate(0.6, 0.1)], limit=limit, confidence=0.95, assure=False
        )[0]
        for limit in (0.2, 0.01)
    )
    assert wide.lower == pytest.approx(0.3 - 1.7 * 0.1 * 2**0.5)
    assert narrow.lower == pytest.approx(0.3 - 2.6 * 0.1 * 2**0.5)


def test_a_gate_of_a_package_plans_measures_and_judges(bring, run, examination):
    bring("d-churn", "mlci.gates", CHURN, churn="")
    truth, own, other = rows(500)
    judged = run("churn", examination(truth, own, other), maximum=0.5)
    assert judged["maximum"].estimate == pytest.approx((own != other).mean())
    assert judged["maximum"].outcome is Outcome.PASS
    assert halves("churn") is None
    assert find("churn").GOES_FIRST is False


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("    seen = ", "    raise SystemExit(0)\n    seen = ", "SystemExit: 0"),
        ("    (asked,) = planned", "    1 / 0", "ZeroDivisionError"),
        ("if comparing else ()", "and None", "a plan that is a NoneType"),
        ('"churn", limit)', '"churn", limit, 1 / 0)', "plan: "),
        ("judgement(spec, policy", "judgement(replace(spec, required=False), policy", "planned as"),
        ("    return (\n", "    return None and (\n", "judgements that are a NoneType"),
        ('ID = "churn"\n', 'ID = "churn"\nHALVES = 3\n', "its HALVES are a int"),
    ],
)
def test_a_gate_that_breaks_its_promise_names_its_package(bring, run, examination, old, new, found):
    assert old in CHURN
    text = CHURN.replace(old, new).replace("import dataclass", "import dataclass, replace")
    bring("d-churn", "mlci.gates", text, churn="")
    with pytest.raises(Exception, match=r"gate 'churn' of d-churn 1\.0: ") as caught:
        run("churn", examination(*rows(300)), maximum=0.5) and halves("churn")
    assert found in str(caught.value)


def test_the_packages_of_an_entry_are_named_with_their_versions(kappa, bring, spec):
    bring("d-churn", "mlci.gates", CHURN, churn="")
    resampling = {name: version(name) for name in ("fairlearn", "pandas")}
    entry = spec("accuracy", metric="cohen_kappa", minimum=0.1)
    assert used([entry]) == {"d-kappa": "1.0", **resampling}
    assert used([spec("churn", maximum=0.1)]) == {"d-churn": "1.0"}
    assert used([spec("accuracy", metric="accuracy", minimum=0.1)]) == {}


def test_a_gate_of_a_package_shares_the_error_of_repeated_runs(bring, spec, policy):
    bring("d-churn", "mlci.gates", CHURN, churn="")
    worn = replace(
        policy(spec("churn", maximum=0.5)), exam=ExamUse(maximum_runs=10, shared_error=True)
    )
    release = Release(
        source=worn.source,
        name="income",
        environment="staging",
        version="1.0.0",
        task="binary-classification",
        model=Model(uri="models/m.onnx", digest="sha256:0", format="onnx"),
        evaluation="exam",
        replicas=1,
        steps=(),
    )
    (planned,) = plan([worn], release, comparing=True, gate=find)
    assert planned.confidence == pytest.approx(0.995)


def test_a_plan_counts_the_resamples_in(kappa, spec, policy):
    entry = spec("accuracy", metric="cohen_kappa", minimum=0.1, champion={"margin": 0.1})
    absolute, margin = find("accuracy").plan(entry, policy(entry), comparing=True)
    assert resampling_seconds(entry, absolute, 10_000) == seconds(10_000, 199) > 0
    assert resampling_seconds(entry, margin, 10_000) == 2 * seconds(10_000, 199)
    assert "at most 100,000" in forecast_brought(entry, MOST_ROWS + 1).warning
    assert resampling_seconds(entry, absolute, MOST_ROWS + 1) == 0.0
    assert not brings(spec("accuracy", metric="accuracy"))
