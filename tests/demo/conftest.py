"""The shipped models' answers on the shipped rows, by onnxruntime itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlci.demo import assets

VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
Feeds = dict[str, np.ndarray]


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(str(assets()))


@pytest.fixture(scope="session")
def exam(root: Path) -> pa.Table:
    return pq.read_table(root / "data" / "adult-test.parquet")


@pytest.fixture(scope="session")
def live(root: Path) -> pa.Table:
    return pq.read_table(root / "data" / "adult-live.parquet")


@pytest.fixture(scope="session")
def sessions(root: Path) -> dict[str, onnxruntime.InferenceSession]:
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    return {
        version: onnxruntime.InferenceSession(
            root / "models" / f"income-{version}.onnx", quiet, providers=["CPUExecutionProvider"]
        )
        for version in VERSIONS
    }


def feed(session: onnxruntime.InferenceSession, table: pa.Table) -> Feeds:
    return {
        each.name: np.array(
            table[each.name].to_pylist(),
            dtype=np.float32 if each.type == "tensor(float)" else object,
        ).reshape(-1, 1)
        for each in session.get_inputs()
    }


@pytest.fixture(scope="session")
def feeds() -> Callable[[onnxruntime.InferenceSession, pa.Table], Feeds]:
    return feed
