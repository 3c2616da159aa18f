"""Examinations from arrays, and a bench to measure them on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlci.gates.parts.file import Part, read_part, write_part
from mlci.gates.protocol import Bench, Contender
from mlci.gates.registry import find
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.examination import Answers, Examination, Groups
from mlci.records.judgement import Judgement
from mlci.records.policy import GatePolicy, GateSpec, Watch
from mlci.records.release import Model, Release
from mlci.records.source import Source

SOURCE = Source(path="policies/p.yaml", digest="sha256:" + "0" * 64, content=b"", places={})
RELEASE = Release(
    source=SOURCE,
    name="income",
    environment="staging",
    version="1.0.0",
    task="binary-classification",
    model=Model(uri="models/m.onnx", digest=SOURCE.digest, format="onnx"),
    evaluation="exam",
    replicas=1,
    steps=(),
)


def make_spec(gate: str, confidence: float = 0.95, index: int = 0, **parameters: Any) -> GateSpec:
    return GateSpec(
        gate=gate,
        name=gate,
        index=index,
        required=True,
        confidence=confidence,
        parameters=parameters,
    )


def make_policy(*gates: GateSpec) -> GatePolicy:
    return GatePolicy(
        source=SOURCE,
        name="p",
        commit="",
        environments=("*",),
        models=("*",),
        confidence=0.95,
        on_inconclusive="refuse",
        sources=("./",),
        evaluations=None,
        gates=gates,
        watch=Watch(),
    )


def make_examination(
    truth: Any,
    candidate: Any,
    champion: Any = None,
    *,
    score: Any = None,
    champion_score: Any = None,
    **groups: Any,
) -> Examination:
    """Labels and scores as lists; each group column as a list of texts."""

    def answers(label: Any, score: Any) -> Answers:
        return Answers(
            label=np.asarray(label, bool), score=None if score is None else np.asarray(score, float)
        )

    columns = {}
    for name, values in groups.items():
        levels, codes = np.unique(np.asarray(values), return_inverse=True)
        columns[name] = Groups(codes=codes.astype(np.int32), levels=tuple(map(str, levels)))
    return Examination(
        truth=np.asarray(truth, bool),
        candidate=answers(candidate, score),
        champion=None if champion is None else answers(champion, champion_score),
        groups=columns,
    )


def run_gate(gate: str, examination: Examination, **parameters: Any) -> dict[str, Judgement]:
    """Plans, measures and judges; judgements by what follows the metric in their ids."""
    spec = make_spec(gate, **parameters)
    module = find(gate)
    comparing = examination.champion is not None
    planned = module.plan(spec, make_policy(spec), comparing=comparing)
    contender = Contender(release=RELEASE, model=Path("m.onnx"))
    bench = Bench(
        candidate=contender,
        champion=contender if comparing else None,
        exam=EvaluationSet(source=SOURCE, name="exam", uri="e.parquet", digest="d", label="y"),
        data=Path("e.parquet"),
        examination=lambda: examination,
        say=lambda text: None,
    )
    judged = module.judge(spec, planned, module.measure(spec, planned, bench))
    assert tuple(each.planned for each in judged) == planned
    return {each.planned.id.split("/", 3)[3]: each for each in judged}


@pytest.fixture(scope="session")
def run() -> Callable[..., Mapping[str, Judgement]]:
    return run_gate


@pytest.fixture(scope="session")
def examination() -> Callable[..., Examination]:
    return make_examination


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Any]:
    """A measurement as it comes out of the file that it was written to."""
    file = tmp_path_factory.mktemp("parts") / "part.npz"

    def through(measurement: Any) -> Any:
        with file.open("wb") as stream:
            write_part(stream, Part(about={}, measurement=measurement))
        return read_part(file, type(measurement)).measurement

    return through


@pytest.fixture(scope="session")
def spec() -> Callable[..., GateSpec]:
    return make_spec


@pytest.fixture(scope="session")
def policy() -> Callable[..., GatePolicy]:
    return make_policy
