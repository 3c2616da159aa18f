import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlci.loadtest.block import CANDIDATE, Block


@pytest.fixture(scope="session")
def onnx_models() -> SimpleNamespace:
    models = Path(__file__).parents[1] / "serving" / "onnx_models.py"
    return SimpleNamespace(**runpy.run_path(str(models)))


@pytest.fixture
def a_block():
    def make(**changes) -> Block:
        usual = {
            "arm": CANDIDATE,
            "scheduled": 100,
            "sent": 100,
            "failed": 0,
            "latencies": (1000,) * 100,
            "lag_p99": 0.001,
            "cpu": 0.1,
        }
        return Block(**{**usual, **changes})

    return make
