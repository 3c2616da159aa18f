import pickle
import zipfile

import numpy as np
import onnx
import pytest

from mlci.errors import Broken
from mlci.serving.session import Tensor, open_model


def test_a_model_says_its_inputs_and_outputs(onnx_models, tmp_path):
    model = open_model(onnx_models.linear(tmp_path / "m.onnx"))

    assert model.inputs == (
        Tensor(name="age", datatype="FP32", shape=(-1, 1)),
        Tensor(name="hours", datatype="FP32", shape=(-1, 1)),
    )
    assert model.outputs == (Tensor(name="probabilities", datatype="FP32", shape=(-1, 2)),)


def test_a_model_answers_every_row(onnx_models, tmp_path):
    model = open_model(onnx_models.linear(tmp_path / "m.onnx"))
    age = np.array([[20], [40]], np.float32)

    answer = model.run({"age": age, "hours": age})

    odds = np.exp(2 * (0.02 + 0.01) * age[:, 0])
    np.testing.assert_allclose(answer["probabilities"][:, 0], odds / (1 + odds), rtol=1e-5)


def test_a_failure_at_run_time_names_the_model(onnx_models, tmp_path):
    path = onnx_models.picky(tmp_path / "picky.onnx")

    with pytest.raises(Broken, match="fails at run time") as caught:
        open_model(path).run({"sex": np.array([["Other"]], object)})

    assert caught.value.place == str(path)


def test_a_feed_of_the_wrong_type_is_broken(onnx_models, tmp_path):
    model = open_model(onnx_models.stacked(tmp_path / "m.onnx"))

    with pytest.raises(Broken):
        model.run({"X": np.ones((1, 2), np.int64)})


def test_a_pickle_is_told_by_its_bytes(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(pickle.dumps({"weights": [1.0]}))

    with pytest.raises(Broken, match="a pickle, whatever its name says"):
        open_model(path)


def test_a_zip_archive_is_told_by_its_bytes(tmp_path):
    path = tmp_path / "model.onnx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model", "x")

    with pytest.raises(Broken, match="a zip archive"):
        open_model(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"no model at all", "not loadable as ONNX"),
    ],
)
def test_what_is_no_model_is_broken(tmp_path, content, found):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)

    with pytest.raises(Broken, match=found):
        open_model(path)


def test_a_missing_file_is_broken(tmp_path):
    with pytest.raises(Broken, match=r"No such file.*check the path"):
        open_model(tmp_path / "none.onnx")


def test_maps_as_outputs_are_refused_with_the_way_out(onnx_models, tmp_path):
    with pytest.raises(Broken, match="zipmap=False"):
        open_model(onnx_models.zipmap(tmp_path / "m.onnx"))


def test_weights_outside_the_file_are_refused(onnx_models, tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    model = onnx.load(onnx_models.linear(path))
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert (tmp_path / "w.bin").exists()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Broken, match="not loadable"):
        open_model(path)
