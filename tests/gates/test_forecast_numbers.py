"""Forecasts as numbers: each by the formula that it names, at the level of all comparisons."""

import math

import numpy as np
import pytest

from mlci.gates.forecast import DISCORDANCE, Exam, overall
from mlci.gates.forecast_groups import grouped
from mlci.gates.forecast_load import loaded
from mlci.gates.forecast_size import starting_seconds
from mlci.gates.forecast_tasks import as_binary
from mlci.gates.load.evidence import detectable_share
from mlci.gates.load.planning import read_terms
from mlci.loadtest.blocks import cut
from mlci.records.examination import Groups
from mlci.records.judgement import Limit, LimitKind, Planned
from mlci.records.metric import BINARY, MULTICLASS, REGRESSION
from mlci.statistics.paired import detectable_margin
from mlci.statistics.power import detectable_difference, detectable_minimum, power_ratio
from mlci.statistics.proportions import quantile

SIZES = {"a": 600, "b": 300, "c": 100}
BOTH = quantile(0.95) + quantile(0.8)


def planned(metric="accuracy", kind=LimitKind.MINIMUM, value=0.8, **fields):
    limit = Limit(kind=kind, value=value)
    given = {"id": "p/g", "policy": "p", "gate": "g", "required": True, "confidence": 0.95}
    return Planned(metric=metric, limit=limit, **given, **fields)


def exam(n=1000, **fields):
    codes = np.repeat(np.arange(3, dtype=np.int32), [*SIZES.values()])
    groups = {"g": Groups(codes=codes, levels=tuple(SIZES))}
    return Exam(truth=np.arange(n) % 10 < 3, groups=groups, **fields)


def test_the_errors_of_metrics_that_are_no_proportions():
    share = 0.7 / 1.3
    f1 = 2 / (1 + share) ** 2 * math.sqrt(share * (1 - share) / (300 * 1.3))
    two = 0.5 * math.sqrt(0.21 / 300 + 0.21 / 700)
    q1, q2 = 0.7 / 1.3, 2 * 0.49 / 1.7
    area = math.sqrt((0.21 + 299 * (q1 - 0.49) + 699 * (q2 - 0.49)) / (300 * 700))
    for metric, error, words in (
        ("f1", f1, "a rate at the limit, as many rows"),
        ("balanced_accuracy", two, "both classes' rates at the limit"),
        ("roc_auc", area, "an area at the limit"),
    ):
        found = overall(planned(metric, value=0.7), exam())
        assert found.detectable == pytest.approx(BOTH * error), metric
        assert found.assuming.startswith(words)


def test_pairs_of_groups_at_the_level_of_all_pairs():
    level, asked = 1 - 0.05 / 3, {"slice": {"by": ["g"]}}
    gap = planned("selection_rate", LimitKind.MAXIMUM_DIFFERENCE, 0.1, **asked)
    found = grouped(gap, exam(), ["g"])
    assert found.detectable == detectable_difference(600, 300, 0.3, level, limit=0.1)
    least = planned("selection_rate", LimitKind.MINIMUM_RATIO, 0.8, **asked)
    found = grouped(least, exam(), ["g"])
    ratios = 0.8 * np.arange(1000) / 1000
    high = np.minimum(0.6 / (1 + ratios), 1.0)
    shown = power_ratio(high * ratios, 300, high, 600, level, 0.8) >= 0.8
    assert found.detectable == pytest.approx(ratios[shown].max())


def test_a_gap_against_the_champion_at_the_level_of_all_contrasts():
    level = 1 - 0.05 / 6
    shown = {name: detectable_margin(n, DISCORDANCE, level) for name, n in SIZES.items()}
    margin = 0.5 * 0.5 * (shown["b"] + shown["c"])
    found = grouped(
        planned(kind=LimitKind.MARGIN, value=margin, slice={"by": ["g"]}), exam(), ["g"]
    )
    spread = math.sqrt(DISCORDANCE / 600 + DISCORDANCE / 300)
    assert found.detectable == pytest.approx((quantile(level) + quantile(0.8)) * spread)
    assert found.warning.endswith("too few rows to show twice the limit: c")


@pytest.mark.parametrize(("kind", "aim"), [(LimitKind.MINIMUM, 0.2), (LimitKind.MAXIMUM, 0.8)])
def test_slices_at_the_level_of_all_slices(kind, aim):
    found = grouped(planned(kind=kind, slice={"column": "g"}), exam(), ["g"])
    assert found.detectable == pytest.approx(detectable_minimum(600, aim, 1 - 0.05 / 3))
    margin = planned(kind=LimitKind.MARGIN, value=0.1, slice={"column": "g"})
    found = grouped(margin, exam(), ["g"])
    assert found.detectable == detectable_margin(600, DISCORDANCE, 1 - 0.05 / 3)


def stated_rank(stated, *, comparing):
    return read_terms(stated).rank(comparing=comparing)


def load_spec(spec, **parameters):
    return spec("load", rate="50/s", budget="60s", **parameters)


def test_what_a_budget_of_requests_shows(spec):
    ratio = {"champion": {"maximumRatio": {"p50": 1.5}}}
    alone, both = load_spec(spec, objectives={"errorRate": "2%"}), load_spec(spec, **ratio)
    for stated, comparing in ((alone, False), (alone, True), (both, False), (both, True)):
        pairs = comparing and stated is both
        rank = stated_rank(stated, comparing=pairs)
        objective = planned("errorRate", LimitKind.OBJECTIVE, 0.02)
        found = loaded(stated, objective, comparing=comparing)
        plan = cut(50.0, 60.0, rank=rank, comparing=pairs)
        requests = int(plan.rounds * plan.seconds * 50.0)
        assert (found.n, found.unit) == (requests, "requests")
        assert found.detectable == pytest.approx(0.02 - detectable_share(requests, 0.02, 0.95))
    slow = loaded(alone, planned("p95", LimitKind.OBJECTIVE, 0.05), comparing=False)
    assert slow.detectable is None
    assert "slower than the limit (5% may be)" in slow.assuming
    found = loaded(both, planned("p50", LimitKind.MAXIMUM_RATIO, 1.5), comparing=True)
    pairs = cut(50.0, 60.0, rank=stated_rank(both, comparing=True), comparing=True).rounds
    assert (found.n, found.unit) == (pairs, "pairs of blocks")
    spread = math.expm1(math.log(1.5) * math.sqrt(pairs) / BOTH)
    assert f"spread by at most {spread:.0%}" in found.assuming


def test_two_models_start_only_where_both_are_asked_about(spec):
    alone = spec("size", metric="cold_start", maximum="5s", starts=9)
    both = spec("size", metric="cold_start", champion={"maximumRatio": 1.5}, starts=9)
    seconds = starting_seconds(alone, comparing=False)
    assert seconds > 0
    assert starting_seconds(alone, comparing=True) == seconds
    assert starting_seconds(both, comparing=False) == seconds
    assert starting_seconds(both, comparing=True) == 2 * seconds


def test_which_exams_are_binary_ones():
    truth = np.array([0, 1, 2, 1])
    several = Exam(truth=truth, groups={}, task=MULTICLASS, classes=("a", "b", "c"))
    one = as_binary(planned("recall", slice={"class": "b"}), several)
    assert (one.task, one.truth.tolist()) == (BINARY, [False, True, False, True])
    assert not as_binary(planned("recall", slice={"class": "z"}), several).truth.any()
    assert as_binary(planned("accuracy"), several).truth.all()
    for each in (planned("recall"), planned("balanced_accuracy")):
        assert as_binary(each, several) is None
    two = Exam(truth=truth == 1, groups={})
    for each in (planned("log_loss"), planned("accuracy", slice={"column": "g"})):
        assert as_binary(each, two) is two
    assert as_binary(planned("log_loss", slice={"column": "g"}), two) is None
    numbers = Exam(truth=truth.astype(float), groups={}, task=REGRESSION)
    assert as_binary(planned("mean_absolute_error"), numbers) is None
    assert as_binary(planned("accuracy"), numbers) is None
