"""The size gate's edges: a limit is itself kept, which arm an error is of, and what is said."""

from pathlib import Path

import pytest

from mlci.gates import size
from mlci.gates.protocol import Bench, Contender
from mlci.gates.size.measurement import SizeMeasurement, Start
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.release import Model, Release
from mlci.records.source import Source
from mlci.statistics.median import values_needed

SOURCE = Source(path="p.yaml", digest="sha256:" + "0" * 64, content=b"", places={})
VALUES = [1.0] * 3 + [2.0] * 4 + [3.0] * 4


def contender(path, kind="onnx"):
    release = Release(
        source=SOURCE,
        name="income",
        environment="staging",
        version="1.0.0",
        task="binary-classification",
        model=Model(uri=path.name, digest=SOURCE.digest, format=kind),
        evaluation="exam",
        replicas=1,
        steps=(),
    )
    return Contender(release=release, model=path)


@pytest.fixture
def measure(tmp_path, spec, policy):
    """Planned as if ``limits`` were asked for, measured on these two files."""

    def run(own, other=None, *, metric, **limits):
        asked = spec("size", metric=metric, starts=5, **limits)
        planned = size.plan(asked, policy(asked), comparing=other is not None)
        bench = Bench(
            candidate=own,
            champion=other,
            exam=EvaluationSet(source=SOURCE, name="exam", uri="e", digest="d", label="y"),
            data=tmp_path / "e.parquet",
            examination=lambda: pytest.fail("no model is asked"),
            say=lambda _: None,
        )
        return size.measure(asked, planned, bench)

    return run


@pytest.fixture
def file(tmp_path):
    def make(size, name):
        path = Path(tmp_path, name)
        path.write_bytes(b"x" * size)
        return contender(path)

    return make


def test_the_champion_is_measured_only_where_it_is_compared_with(measure, file):
    own, other = file(30, "own"), file(20, "other")
    alone = measure(own, other, metric="model_bytes", maximum="1MB")
    assert set(alone.starts.values()) == {Start(candidate=30.0)}
    assert alone.champion_error == "there is no champion"
    both = measure(own, other, metric="model_bytes", champion={"maximumRatio": 2})
    assert set(both.starts.values()) == {Start(candidate=30.0, champion=20.0)}
    assert (both.error, both.champion_error) == ("", "")


def test_an_error_is_of_the_arm_that_it_happened_to(measure, tmp_path):
    own = contender(tmp_path / "m.pkl", kind="pickle")
    alone = measure(own, metric="cold_start", maximum="1s")
    assert alone.error.startswith("the candidate can't be measured: ")
    assert (alone.starts, alone.champion_error) == ({}, "there is no champion")


@pytest.mark.parametrize(
    ("metric", "what"), [("cold_start", "cold start"), ("peak_memory", "peak")]
)
def test_values_at_the_limit_keep_it_and_the_reason_says_what_they_are(spec, policy, metric, what):
    unit = 1.0 if metric == "cold_start" else 1e6
    measurement = SizeMeasurement(
        starts={k: Start(candidate=value * unit) for k, value in enumerate(VALUES)}
    )
    for maximum, within, outcome in ((2.0, 7, "INCONCLUSIVE"), (3.0, 11, "PASS"), (0.5, 0, "FAIL")):
        limit = f"{maximum:g}s" if metric == "cold_start" else f"{maximum:g}MB"
        asked = spec("size", metric=metric, maximum=limit)
        (judged,) = size.judge(asked, size.plan(asked, policy(asked), comparing=False), measurement)
        assert judged.outcome == outcome
        expected = values_needed(within, 11, 0.95)
        assert judged.needed == (max(expected, 12) if outcome == "INCONCLUSIVE" else expected)
        assert f"median {what}" in judged.reason
