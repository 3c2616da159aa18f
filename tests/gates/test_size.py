"""Bytes counted, and medians over starts: decided on records, and measured on real servers."""

import pickle
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from mlci import schemas
from mlci.gates import size
from mlci.gates.forecast_size import sized, starting_seconds
from mlci.gates.protocol import Bench, Contender
from mlci.gates.size.measurement import SizeMeasurement, Start
from mlci.gates.size.planning import DEFAULT_STARTS
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.outcome import Outcome
from mlci.records.release import Model, Release
from mlci.records.source import Source

SOURCE = Source(path="p.yaml", digest="sha256:" + "0" * 64, content=b"", places={})
COLD = {"metric": "cold_start", "maximum": "2s"}


@pytest.fixture
def judged(spec, policy, stored) -> Callable:
    """Judgements of a measurement by the kind of their limit."""

    def run(measurement: SizeMeasurement, *, comparing=True, **parameters):
        asked = spec("size", **parameters)
        planned = size.plan(asked, policy(asked), comparing=comparing)
        found = size.judge(asked, planned, measurement)
        assert [each.planned for each in found] == list(planned)
        assert stored(measurement) == measurement
        return {each.planned.limit.kind.value: each for each in found}

    return run


def _starts(candidate, champion=None, **errors) -> SizeMeasurement:
    others = champion or [None] * len(candidate)
    pairs = zip(candidate, others, strict=True)
    return SizeMeasurement(
        starts={n: Start(candidate=own, champion=other) for n, (own, other) in enumerate(pairs)},
        **errors,
    )


@pytest.mark.parametrize(
    ("maximum", "outcome"), [("50MB", "PASS"), ("49.999999MB", "FAIL"), ("48MiB", "PASS")]
)
def test_bytes_are_counted_and_decided_by_one_look(judged, maximum, outcome):
    one = judged(_starts([50e6]), metric="model_bytes", maximum=maximum)["maximum"]
    assert (one.outcome.value, one.estimate, one.interval, one.n) == (
        outcome,
        50e6,
        (50e6, 50e6),
        1,
    )
    assert (one.detectable, one.needed) == (0.0, None)
    assert "50.0 MB" in one.reason


@pytest.mark.parametrize(("ratio", "outcome"), [(1.25, "PASS"), (1.249, "FAIL"), (0.5, "FAIL")])
def test_bytes_over_the_champions(judged, ratio, outcome):
    limits = {"metric": "model_bytes", "champion": {"maximumRatio": ratio}}
    one = judged(_starts([50e6], [40e6]), **limits)["maximumRatio"]
    assert (one.outcome.value, one.interval, one.detectable) == (outcome, (1.25, 1.25), ratio)


ELEVEN = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 9.0]


@pytest.mark.parametrize(
    ("maximum", "outcome"),
    [("1800ms", "PASS"), ("1.79s", "INCONCLUSIVE"), ("1.2s", "INCONCLUSIVE"), ("1.19s", "FAIL")],
)
def test_a_median_is_decided_by_its_order_statistics(judged, maximum, outcome):
    """Of 11 values at 0.95 the third and the ninth; the one that took 9 s doesn't matter."""
    one = judged(_starts(ELEVEN), metric="cold_start", maximum=maximum)["maximum"]
    assert (one.outcome.value, one.estimate, one.interval, one.n) == (outcome, 1.5, (1.2, 1.8), 11)
    assert (one.needed is None) is False
    if outcome == "INCONCLUSIVE":
        assert one.needed > 11
        assert "would decide" in one.reason
    assert one.detectable == pytest.approx(np.quantile(ELEVEN, 0.857) - 1.5, abs=0.005)
    assert one.details["starts"]["10"] == [9.0, None]


def test_a_ratio_is_that_of_starts_next_to_each_other(judged):
    """The machine slows down tenfold: both arms alike."""
    slower = np.geomspace(1, 10, 11)
    measurement = _starts((1.1 * slower).tolist(), slower.tolist())
    limits = {"metric": "cold_start", "champion": {"maximumRatio": 1.2}}
    one = judged(measurement, **limits)["maximumRatio"]
    assert one.outcome is Outcome.PASS
    assert one.interval == pytest.approx((1.1, 1.1))
    assert one.detectable == pytest.approx(1.2)
    limits["champion"]["maximumRatio"] = 1.05
    assert judged(measurement, **limits)["maximumRatio"].outcome is Outcome.FAIL


def test_too_few_starts_decide_nothing(judged):
    one = judged(_starts([0.1] * 4), **COLD)["maximum"]
    assert (one.outcome, one.needed, one.interval) == (Outcome.INCONCLUSIVE, 5, None)
    assert "5 are the fewest" in one.reason
    assert judged(_starts([0.1] * 5), **COLD)["maximum"].outcome is Outcome.PASS
    strict = judged(_starts([0.1] * 5), confidence=0.99, **COLD)["maximum"]
    assert (strict.outcome, strict.needed) == (Outcome.INCONCLUSIVE, 7)


def test_half_of_the_starts_within_the_limit_never_decide(judged):
    one = judged(_starts([1.0, 3.0] * 6), **COLD)["maximum"]
    assert (one.outcome, one.needed) == (Outcome.INCONCLUSIVE, None)


def test_what_could_not_be_measured_is_an_error(judged):
    limits = {**COLD, "champion": {"maximumRatio": 1.2}}
    theirs = judged(_starts([0.1] * 5, champion_error="no"), **limits)
    assert theirs["maximum"].outcome is Outcome.PASS
    assert (theirs["maximumRatio"].outcome, theirs["maximumRatio"].reason) == (Outcome.ERROR, "no")
    own = judged(_starts([0.1] * 5, [0.1] * 5, error="no"), **limits)
    assert {each.outcome for each in own.values()} == {Outcome.ERROR}
    assert judged(_starts([]), **COLD)["maximum"].outcome is Outcome.ERROR
    assert [*judged(_starts([0.1] * 5), comparing=False, **limits)] == ["maximum"]


@given(
    values=st.lists(st.floats(0.1, 9), min_size=1, max_size=12),
    order=st.permutations(range(3)),
)
def test_parts_merge_in_any_order_to_the_whole(values, order):
    whole = _starts(values, values)
    parts = [
        replace(whole, starts={n: each for n, each in whole.starts.items() if n % 3 == part})
        for part in order
    ]
    assert parts[0] + parts[1] + parts[2] == whole
    assert parts[0] + (parts[1] + parts[2]) + parts[1] == whole


def test_two_starts_of_one_number_dont_merge():
    with pytest.raises(ValueError, match="numbers"):
        _starts([1.0]) + _starts([2.0])
    assert (_starts([1.0], error="b") + _starts([1.0], error="a")).error == "a"


def test_the_default_is_the_one_that_is_stated():
    assert schemas.read("gate-size")["properties"]["starts"]["default"] == DEFAULT_STARTS


def test_what_so_many_starts_could_show(spec, policy):
    def forecast(**parameters):
        asked = spec("size", **parameters)
        first = size.plan(asked, policy(asked), comparing=True)[0]
        return sized(asked, first), starting_seconds(asked, comparing=True)

    shown, seconds = forecast(**COLD)
    assert (shown.n, shown.unit, shown.detectable) == (11, "starts", None)
    assert "86% of starts" in shown.assuming
    assert (
        "pairs of starts" in forecast(metric="cold_start", champion={"maximumRatio": 2})[0].assuming
    )
    few, fewer_seconds = forecast(starts=4, **COLD)
    assert "5 starts are the fewest" in few.warning
    assert 0 < fewer_seconds < seconds
    counted, nothing = forecast(metric="model_bytes", maximum="1MB")
    assert (counted.n, counted.unit, counted.detectable, nothing) == (1, "file", 0.0, 0.0)


@pytest.fixture(scope="module")
def models() -> SimpleNamespace:
    return SimpleNamespace(
        **runpy.run_path(str(Path(__file__).parents[1] / "serving/onnx_models.py"))
    )


@pytest.fixture
def measured(tmp_path, spec, policy) -> Callable:
    """Judgements of real servers, by the kind of their limit; no process outlives them."""
    random = np.random.default_rng(1)
    data = tmp_path / "rows.parquet"
    columns = {
        "age": random.uniform(17, 90, 300),
        "hours": random.integers(1, 99, 300),
        "sex": random.choice(["Female", "Male", "Other"], 300),
    }
    pq.write_table(pa.table(columns), data)

    def contender(model: Path) -> Contender:
        release = Release(
            source=SOURCE,
            name="income",
            environment="production",
            version="1.0.0",
            task="binary-classification",
            model=Model(uri=model.name, digest="", format="onnx"),
            evaluation="adult",
            replicas=1,
            steps=(),
        )
        return Contender(release=release, model=model)

    def run(candidate: Path, champion: Path | None = None, /, say=lambda _: None, **parameters):
        asked = spec("size", **{"starts": 5} | parameters)
        planned = size.plan(asked, policy(asked), comparing=champion is not None)
        bench = Bench(
            candidate=contender(candidate),
            champion=contender(champion) if champion else None,
            exam=EvaluationSet(source=SOURCE, name="adult", uri="", digest="", label="income"),
            data=data,
            examination=lambda: pytest.fail("a size gate needs no examination"),
            say=say,
        )
        before = {each.pid for each in psutil.Process().children(recursive=True)}
        measurement = size.measure(asked, planned, bench)
        left = {each.pid for each in psutil.Process().children(recursive=True)} - before
        assert not left
        return {
            each.planned.limit.kind.value: each for each in size.judge(asked, planned, measurement)
        }

    return run


def test_a_file_is_counted(measured, models, tmp_path):
    small, large = models.linear(tmp_path / "a.onnx"), models.slow(tmp_path / "b.onnx")
    limits = {"metric": "model_bytes", "maximum": "1kB", "champion": {"maximumRatio": 1.2}}
    judged = measured(small, large, **limits)
    assert judged["maximum"].estimate == small.stat().st_size
    assert judged["maximumRatio"].estimate == small.stat().st_size / large.stat().st_size
    assert {each.outcome for each in judged.values()} == {Outcome.PASS}
    judged = measured(large, small, **limits)
    assert {each.outcome for each in judged.values()} == {Outcome.FAIL}


@pytest.mark.journey
@pytest.mark.alone
def test_a_cold_start_ends_with_the_first_answer(measured, models, tmp_path):
    linear = models.linear(tmp_path / "a.onnx")
    limits = {"metric": "cold_start", "maximum": "10ms", "champion": {"maximumRatio": 20}}
    judged = measured(linear, linear, **limits)
    assert judged["maximum"].outcome is Outcome.FAIL  # no Python is that fast
    assert judged["maximumRatio"].outcome is Outcome.PASS
    assert judged["maximum"].n == judged["maximumRatio"].n == 5
    assert judged["maximum"].interval[0] <= judged["maximum"].estimate


@pytest.mark.journey
@pytest.mark.alone
def test_peak_memory_holds_the_models_weights(measured, models, tmp_path):
    linear = models.linear(tmp_path / "a.onnx")
    heavy = onnx.load(str(linear))
    weights = np.zeros((2500, 4000), np.float32)  # 40 MB that the answer doesn't need
    heavy.graph.initializer.append(numpy_helper.from_array(weights, "unused"))
    heavy.graph.node.append(onnx.helper.make_node("ReduceSum", ["unused"], ["sum"], keepdims=0))
    heavy.graph.output.append(onnx.helper.make_tensor_value_info("sum", onnx.TensorProto.FLOAT, []))
    onnx.save(heavy, str(tmp_path / "heavy.onnx"))
    limits = {"metric": "peak_memory", "maximum": "1GB", "champion": {"maximumRatio": 1.2}}
    judged = measured(tmp_path / "heavy.onnx", linear, **limits)
    assert judged["maximum"].outcome is Outcome.PASS
    assert judged["maximum"].estimate > 60e6
    assert judged["maximumRatio"].outcome is Outcome.FAIL


@pytest.mark.journey
@pytest.mark.alone
def test_models_that_cant_be_served(measured, models, tmp_path):
    linear, pickled = models.linear(tmp_path / "a.onnx"), tmp_path / "p.onnx"
    pickled.write_bytes(pickle.dumps({"a": 1}))
    limits = {"metric": "cold_start", "maximum": "60s", "champion": {"maximumRatio": 20}}
    judged = measured(linear, pickled, **limits)
    assert judged["maximum"].outcome is Outcome.PASS
    assert judged["maximumRatio"].outcome is Outcome.ERROR
    assert "the champion can't be measured" in judged["maximumRatio"].reason
    assert "a pickle" in judged["maximumRatio"].reason
    judged = measured(pickled, linear, **limits)
    assert {each.outcome for each in judged.values()} == {Outcome.ERROR}


@pytest.mark.journey
@pytest.mark.alone
def test_a_request_that_fails_is_an_error(measured, models, tmp_path):
    picky = models.picky(tmp_path / "picky.onnx")
    one = measured(picky, metric="peak_memory", maximum="1GB")["maximum"]
    assert one.outcome is Outcome.ERROR
    assert "status 500" in one.reason


@pytest.mark.journey
@pytest.mark.alone
def test_a_start_that_fails_later_is_an_error_of_its_arm(measured, models, tmp_path):
    linear, theirs = models.linear(tmp_path / "a.onnx"), models.linear(tmp_path / "b.onnx")

    def remove_it(text: str) -> None:
        if "3 of 5" in text:
            theirs.unlink()

    limits = {"metric": "cold_start", "maximum": "60s", "champion": {"maximumRatio": 20}}
    judged = measured(linear, theirs, say=remove_it, **limits)
    assert (judged["maximum"].outcome, judged["maximum"].n) == (Outcome.PASS, 5)
    assert judged["maximumRatio"].outcome is Outcome.ERROR
    assert "the champion failed in start 3" in judged["maximumRatio"].reason
