"""Groups of both models: whose rate is whose, at which level, and what the rows could show."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from mlci.gates.decision import POWER, detectable, needed
from mlci.gates.fairness.against import ErrorsAgainst, RatesAgainst, strictest
from mlci.gates.fairness.counts import GroupCounts, count
from mlci.gates.fairness.errors import gather_errors
from mlci.gates.registry import find
from mlci.records.examination import Answers, Examination, Groups
from mlci.records.judgement import LimitKind
from mlci.records.metric import REGRESSION
from mlci.statistics.fairness import pairwise
from mlci.statistics.paired import detectable_margin

ROWS = 3000
METRICS = {
    "accuracy": lambda truth, label: (np.ones_like(truth), label == truth),
    "selection_rate": lambda truth, label: (np.ones_like(truth), label),
    "true_positive_rate": lambda truth, label: (truth, label),
    "false_positive_rate": lambda truth, label: (~truth, label),
    "false_negative_rate": lambda truth, label: (truth, ~label),
}


def binary(**more):
    rng = np.random.default_rng(3)
    group = rng.integers(0, 2, ROWS)
    truth = rng.random(ROWS) < 0.4
    # The candidate errs in one group only, the champion in both and in other ways.
    own = truth ^ (rng.random(ROWS) < np.where(group == 1, 0.3, 0.1))
    other = truth ^ (rng.random(ROWS) < np.where(truth, 0.25, 0.05))
    seen = Examination(
        truth=truth,
        candidate=Answers(label=own, score=None),
        champion=Answers(label=other, score=None),
        groups={"g": Groups(codes=group.astype(np.int32), levels=("a", "b"))},
        **more,
    )
    return seen, group


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("weighted", [False, True])
def test_both_models_rates_are_their_own(run, metric, weighted):
    weight = np.linspace(0.5, 1.5, ROWS) if weighted else np.ones(ROWS)
    seen, group = binary(**({"weight": weight} if weighted else {}))
    judged = run("fairness", seen, metric=metric, by=["g"], champion={"margin": 0.1})["margin/g"]
    rate = {}
    for name, label in (("rate", seen.candidate.label), ("championRate", seen.champion.label)):
        among, hit = METRICS[metric](seen.truth, label)
        rate[name] = [
            np.average(hit[among & (group == g)], weights=weight[among & (group == g)])
            for g in (0, 1)
        ]
        assert [each[name] for each in judged.details["groups"]] == pytest.approx(rate[name])
    gap = {name: abs(one - other) for name, (one, other) in rate.items()}
    assert judged.estimate == pytest.approx(gap["championRate"] - gap["rate"])
    assert judged.details["candidateGap"] == pytest.approx(gap["rate"])
    assert judged.details["championGap"] == pytest.approx(gap["championRate"])
    assert f"gap {gap['rate']:.4f}, the champion's {gap['championRate']:.4f}" in judged.reason
    assert judged.interval[0] < judged.estimate < judged.interval[1]


def test_weights_of_one_are_no_weights(run):
    plain, _ = binary()
    weighted, _ = binary(weight=np.ones(ROWS))
    for metric in METRICS:
        limits = {"metric": metric, "by": ["g"], "champion": {"margin": 0.1}}
        (one,), (other,) = (run("fairness", each, **limits).values() for each in (plain, weighted))
        assert other.estimate == pytest.approx(one.estimate)
        assert other.interval == pytest.approx(one.interval, abs=0.01)


def test_groups_that_share_clusters_are_compared_at_their_correlation(run):
    """Everyone has a row in both groups, and most people's two rows are alike."""
    rng = np.random.default_rng(8)
    people = ROWS // 2
    alike = np.repeat(rng.random(people) < 0.5, 2)
    label = alike ^ (rng.random(ROWS) < 0.1)
    names = ("a", "b")
    seen = Examination(
        truth=alike,
        candidate=Answers(label=label, score=None),
        champion=None,
        groups={"g": Groups(codes=np.tile(np.array([0, 1], np.int32), people), levels=names)},
        cluster=np.repeat(np.arange(people, dtype=np.int32), 2),
    )
    limits = {"metric": "selection_rate", "by": ["g"], "maximumDifference": 0.1}
    (judged,) = run("fairness", seen, **limits).values()
    found = count(seen, [("g",)])[("g",)].effective_rates("selection_rate", 0.95)
    assert found.correlation[0, 1] > 0.5
    (pair,) = pairwise(
        found.successes,
        found.totals,
        kind="difference",
        limit=0.1,
        confidence=0.95,
        assure=False,
        correlation=found.correlation,
    )
    assert judged.details["pairs"][0]["interval"] == pytest.approx([pair.lower, pair.upper])
    assert judged.details["pairs"][0]["adjustedP"] == pytest.approx(pair.adjusted)


def test_rows_of_clusters_are_worth_what_the_strictest_pair_allows(run):
    seen, _ = binary(cluster=np.arange(ROWS, dtype=np.int32) // 30)
    seen = replace(seen, groups={"g": Groups(codes=seen.cluster % 4, levels=("a", "b", "c", "d"))})
    limits = {"metric": "selection_rate", "by": ["g"], "maximumDifference": 0.1}
    (judged,) = run("fairness", seen, **limits).values()
    counts = count(seen, [("g",)])[("g",)]
    strict, plain = (
        counts.effective_rates("selection_rate", each).totals for each in (1 - 0.05 / 6, 0.95)
    )
    shown = [each["effectiveRows"] for each in judged.details["groups"]]
    assert shown == pytest.approx(strict)
    assert (strict < plain).all()


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("report", "INCONCLUSIVE"), ("fail", "FAIL"), ("inconclusive", "INCONCLUSIVE")],
)
def test_where_no_pair_could_alarm_nothing_passes(run, examination, word, outcome):
    label = [True, False] * 8
    seen = examination(label, label, g=["a"] * 4 + ["b"] * 4 + ["c"] * 8)
    limits = {"metric": "selection_rate", "by": ["g"], "maximumDifference": 0.05}
    (judged,) = run("fairness", seen, smallGroups=word, **limits).values()
    assert judged.details["small"] == judged.details["pairsInAll"] == 3
    assert judged.outcome == outcome


def test_pairs_are_counted_in_the_reason(run, examination):
    label = [True, False] * 3000
    for names, said in (
        (["a", "b"], "the pair of groups is not shown beyond"),
        (["a", "b", "c"], "not one of 3 pairs of groups is shown beyond"),
    ):
        group = np.repeat(names, 6000 // len(names))
        limits = {"metric": "selection_rate", "by": ["g"], "maximumDifference": 0.1}
        (judged,) = run("fairness", examination(label, label, g=group), **limits).values()
        assert judged.outcome == "PASS"
        assert judged.reason.startswith(said)
    group = np.repeat(["a", "b"], 3000)
    assured = run("fairness", examination(label, label, g=group), decision="assure", **limits)[
        "maximumDifference/g"
    ]
    assert assured.reason.startswith("the pair of groups is shown within the limit")


def test_what_alarms_and_what_must_be_shown(spec, policy):
    limits = {"maximumDifference": 0.1, "champion": {"margin": 0.1}}
    for decision, alarm in (("alarm", True), ("assure", False)):
        stated = spec("fairness", metric="accuracy", by=["g"], decision=decision, **limits)
        planned = find("fairness").plan(stated, policy(stated), comparing=True)
        assert {each.limit.kind: each.alarm for each in planned} == {
            LimitKind.MAXIMUM_DIFFERENCE: alarm,
            LimitKind.MARGIN: False,
        }


def test_counts_of_champions_alone_show_the_champion(run):
    """Each of a group's rows once for the candidate, the other way round for the champion."""
    cells = np.zeros((1, 2, 2, 2), np.int64)
    cells[0, 1] = [[10, 20], [30, 40]]  # of positives, by the candidate's and the champion's label
    counts = GroupCounts(names=("a",), groups=np.zeros((1, 1), np.int32), cells=cells)
    pairs = counts.effective_pairs("true_positive_rate", 0.95).tables
    assert pairs[0].tolist() == [[10, 20], [30, 40]]


def test_small_is_said_at_the_level_of_all_contrasts():
    assert strictest(1, 0.95) == pytest.approx(0.95)
    assert strictest(3, 0.95) == pytest.approx(1 - 0.05 / 6)
    cells = np.zeros((3, 2, 2, 2), np.int64)
    cells[:, 1] = [[450, 50], [50, 450]]
    names, groups = ("a", "b", "c"), np.arange(3, dtype=np.int32)[:, None]
    rates = RatesAgainst(
        counts=GroupCounts(names=names, groups=groups, cells=cells), metric="accuracy"
    )
    alone, together = (detectable_margin(1000, 0.1, each) for each in (0.95, 1 - 0.05 / 6))
    assert rates.small(0.5 * (alone + together), 0.95).all()
    assert not rates.small(1.001 * together, 0.95).any()


def regression(rows, **more):
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1, 2], rows)
    size = group.size
    truth, shared = rng.normal(10, 3, size), rng.normal(0, 1, size)
    return Examination(
        task=REGRESSION,
        truth=truth,
        candidate=Answers(label=truth + shared + 0.3 * rng.normal(size=size), score=None),
        champion=Answers(
            label=truth + shared + 0.3 * rng.normal(size=size) + 0.5 * (group == 2), score=None
        ),
        groups={"g": Groups(codes=group.astype(np.int32), levels=("a", "b", "c"))},
        **more,
    )


def losses(seen):
    return (np.abs(each.label - seen.truth) for each in (seen.candidate, seen.champion))


def test_errors_are_small_by_the_difference_on_the_same_rows():
    rows = 400
    seen = regression(rows)
    errors = gather_errors("mean_absolute_error", seen, [("g",)])[("g",)]
    own, other = losses(seen)
    quantiles = ndtri(1 - 0.05 / 6) + ndtri(POWER)
    shown = [
        quantiles * np.std((own - other)[at : at + rows]) / np.sqrt(rows - 1)
        for at in range(0, 3 * rows, rows)
    ]
    against = ErrorsAgainst(errors=errors)
    assert not against.small(1.01 * max(shown), 0.95).any()
    assert against.small(0.99 * min(shown), 0.95).all()
    between = 0.5 * (np.sort(shown)[0] + np.sort(shown)[1])
    assert against.small(between, 0.95).tolist() == [each > between for each in shown]


def test_a_group_of_one_row_is_small_whatever_the_margin():
    seen = regression(1)
    errors = gather_errors("mean_absolute_error", seen, [("g",)])[("g",)]
    assert ErrorsAgainst(errors=errors).small(1e9, 0.95).all()


@pytest.mark.parametrize("limit", [{"maximumDifference": 0.3}, {"minimumRatio": 0.9}])
def test_what_errors_of_groups_can_show_and_need(run, limit):
    rows = 200
    seen = regression(rows)
    judged = run("fairness", seen, metric="mean_absolute_error", by=["g"], **limit)
    (judged,) = judged.values()
    (kind, value), widest = next(iter(limit.items())), None
    pick = max if kind == "maximumDifference" else min
    widest = pick(judged.details["pairs"], key=lambda each: each["estimate"])
    reach = detectable(widest["estimate"], tuple(widest["interval"]), widest["confidence"])
    expected = value + reach if kind == "maximumDifference" else max(value - reach, 0.0)
    assert judged.detectable == pytest.approx(expected)
    assert judged.needed == needed(3 * rows, reach, abs(widest["estimate"] - value))
    own, _ = losses(seen)
    for at, shown in enumerate(judged.details["groups"]):
        part = own[at * rows : (at + 1) * rows]
        half = stdtrit(rows - 1, 0.95) * part.std(ddof=1) / np.sqrt(rows)
        assert shown["interval"] == pytest.approx(
            [part.mean() - half, part.mean() + half], rel=0.01
        )


def test_pairs_that_nothing_bounds_show_nothing(run):
    seen = regression(1)
    for limit in ({"maximumDifference": 0.3}, {"minimumRatio": 0.9}):
        judged = run("fairness", seen, metric="mean_absolute_error", by=["g"], **limit)
        (judged,) = judged.values()
        assert judged.outcome != "PASS"
        assert (judged.detectable, judged.needed) == (None, None)
        assert all(each["interval"] is None for each in judged.details["groups"])


def test_a_group_without_rows_of_the_metric_is_nothing_to_compare_with(run, examination):
    truth = [True] * 200 + [False] * 200
    seen = examination(truth, truth, truth, g=["a"] * 200 + ["b"] * 200)
    limits = {"metric": "true_positive_rate", "by": ["g"], "champion": {"margin": 0.1}}
    (judged,) = run("fairness", seen, **limits).values()
    assert judged.outcome == "INCONCLUSIVE"
    assert judged.reason.startswith("no two groups with rows to compare")
