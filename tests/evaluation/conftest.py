"""Real Parquet files, real ONNX graphs, and the records that name them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlci.records.evaluation_set import EvaluationSet
from mlci.records.release import Model, Release
from mlci.records.source import Source

SOURCE = Source(path="x.yaml", digest="sha256:" + "0" * 64, content=b"", places={})


@dataclass(frozen=True)
class Sitting:
    release: Release
    model: Path


def sitting(path: Path, *, task: str = "binary-classification", **model: Any) -> Sitting:
    settings = {"uri": "models/m.onnx", "digest": SOURCE.digest, "format": "onnx", **model}
    return Sitting(
        release=Release(
            source=SOURCE,
            name="income",
            environment="staging",
            version="1.0.0",
            task=task,
            model=Model(**settings),
            evaluation="exam",
            replicas=1,
            steps=(),
        ),
        model=path,
    )


@pytest.fixture
def sit() -> Callable[..., Sitting]:
    return sitting


@pytest.fixture
def exam() -> Callable[..., EvaluationSet]:
    def make(**fields: Any) -> EvaluationSet:
        defaults = {"label": "y", "positive": 1}
        return EvaluationSet(
            source=SOURCE,
            name="exam",
            uri="data/exam.parquet",
            digest="d",
            **{**defaults, **fields},
        )

    return make


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    def write(columns: Mapping[str, Any], name: str = "exam.parquet", rows: int = 7) -> Path:
        path = tmp_path / name
        pq.write_table(pa.table(dict(columns)), path, row_group_size=rows)
        return path

    return write


FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
INT64, STRING, BOOL = TensorProto.INT64, TensorProto.STRING, TensorProto.BOOL


@pytest.fixture
def graph(tmp_path: Path) -> Callable[..., Path]:
    """Writes a graph: nodes as (op, inputs, outputs, attributes), values as (name, type, shape)."""

    def write(
        nodes: Sequence[tuple[Any, ...]],
        inputs: Sequence[tuple[str, int, list[Any]]],
        outputs: Sequence[tuple[str, int, list[Any]]],
        constants: Mapping[str, np.ndarray] | None = None,
        name: str = "m.onnx",
    ) -> Path:
        made = helper.make_graph(
            [
                helper.make_node(op, list(ins), list(outs), **(rest[0] if rest else {}))
                for op, ins, outs, *rest in nodes
            ],
            "g",
            [helper.make_tensor_value_info(*value) for value in inputs],
            [helper.make_tensor_value_info(*value) for value in outputs],
            [numpy_helper.from_array(value, key) for key, value in (constants or {}).items()],
        )
        opsets = [helper.make_opsetid("", 17)]
        path = tmp_path / name
        onnx.save(helper.make_model(made, opset_imports=opsets, ir_version=9), str(path))
        return path

    return write


@pytest.fixture
def echo(graph: Callable[..., Path]) -> Path:
    """Gives column ``s`` back as the probability of the positive class, in a matrix of two."""
    return graph(
        [("Sub", ["one", "s"], ["t"]), ("Concat", ["t", "s"], ["p"], {"axis": 1})],
        [("s", FLOAT, [None, 1])],
        [("p", FLOAT, [None, 2])],
        {"one": np.array([1.0], np.float32)},
    )
