import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlci.gates import load
from mlci.gates.load.measurement import LoadMeasurement, Measured
from mlci.gates.protocol import Bench, Contender
from mlci.loadtest.block import CANDIDATE, Block
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.policy import GatePolicy, GateSpec, Watch
from mlci.records.release import Model, Release
from mlci.records.source import Source

PLACES = {("spec", "gates", 3): (9, 5), ("spec", "gates", 3, "rate"): (10, 7)}
SOURCE = Source(path="policies/production.yaml", digest="", content=b"", places=PLACES)


@pytest.fixture(scope="session")
def onnx_models() -> SimpleNamespace:
    models = Path(__file__).parents[2] / "serving" / "onnx_models.py"
    return SimpleNamespace(**runpy.run_path(str(models)))


@pytest.fixture
def policy() -> GatePolicy:
    return GatePolicy(
        source=SOURCE,
        name="production",
        commit="",
        environments=("production",),
        models=("*",),
        confidence=0.95,
        on_inconclusive="refuse",
        sources=("./",),
        evaluations=None,
        gates=(),
        watch=Watch(),
    )


@pytest.fixture
def spec():
    def make(**parameters) -> GateSpec:
        return GateSpec(
            gate="load",
            name="load",
            index=3,
            required=True,
            confidence=0.95,
            parameters={"rate": "50/s", "budget": "12s", **parameters},
        )

    return make


@pytest.fixture
def contender():
    def make(model: Path) -> Contender:
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

    return make


@pytest.fixture
def data(tmp_path) -> Path:
    path = tmp_path / "rows.parquet"
    random = np.random.default_rng(1)
    columns = {
        "age": random.uniform(17, 90, 500),
        "hours": random.integers(1, 99, 500),
        # One row in four has a category that the picky model doesn't know.
        "sex": random.choice(["Female", "Male", "Male", "Other"], 500),
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def run_gate(policy, contender, data):
    """Plans, measures with real servers, judges; the judgements by "metric/limit kind"."""

    def run(spec: GateSpec, candidate: Path, champion: Path | None = None):
        planned = load.plan(spec, policy, comparing=champion is not None)
        bench = Bench(
            candidate=contender(candidate),
            champion=contender(champion) if champion else None,
            exam=EvaluationSet(source=SOURCE, name="adult", uri="", digest="", label="income"),
            data=data,
            examination=lambda: pytest.fail("a load gate needs no examination"),
            say=lambda _: None,
        )
        measurement = load.measure(spec, planned, bench)
        judged = load.judge(spec, planned, measurement)
        assert [each.planned for each in judged] == list(planned)
        assert judged == load.judge(spec, planned, measurement)
        return {each.planned.id.removeprefix("production/load/"): each for each in judged}

    return run


@pytest.fixture
def block():
    def make(latencies=(), *, arm=CANDIDATE, failed=0, pair=None, void="") -> Measured:
        sent = len(latencies) + failed
        return Measured(
            block=Block(
                arm=arm,
                scheduled=sent,
                sent=sent,
                failed=failed,
                latencies=tuple(sorted(latencies)),
                lag_p99=0.0005,
                cpu=0.1,
                reasons={"status 500": failed} if failed else {},
            ),
            pair=pair,
            void=void,
        )

    return make


@pytest.fixture
def measured():
    def make(*blocks: Measured, **changes) -> LoadMeasurement:
        return LoadMeasurement(timeout=2.0, maximum_pairs=8, blocks=blocks, **changes)

    return make
