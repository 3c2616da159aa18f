"""The one place that opens an ONNX model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mlci.errors import Broken

Array = NDArray[Any]

# Element types of ONNX -> data types of the Open Inference Protocol V2.
_DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
# Data types of the protocol -> NumPy's.
DTYPES: Mapping[str, Any] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}
_NO_ONNX = {
    b"\x80": "a pickle",
    b"PK": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself",
}


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """An input or output: ``datatype`` as in the protocol, -1 for an open extent in ``shape``."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class OnnxModel:
    """A model that loaded, called ``place`` in messages. ``run`` may be called from threads."""

    place: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    _session: onnxruntime.InferenceSession = field(repr=False)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Every output by name. Raises Broken when the model fails on these feeds."""
        names = [tensor.name for tensor in self.outputs]
        try:
            values = self._session.run(names, dict(feeds))
        except Exception as error:  # onnxruntime's errors share no narrower base
            raise Broken(
                place=self.place,
                found=f"the model fails at run time: {_first_line(error)}",
                expected="an answer for every input of the declared types",
            ) from None
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}


def open_model(path: Path, *, place: str = "", threads: int = 1) -> OnnxModel:
    """Loads the model in ``path``; ``threads`` work on one inference.

    ``place`` is how people call the file, where that is not its path.

    Weights outside the file are refused: no digest covers them. Raises Broken.
    """
    place = place or str(path)
    content = _read(path, place)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised; it need not be printed as well
    # A folder that can't exist: external weights are looked for in it, never beside the model.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", "/dev/null/none"
    )
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no narrower base
        raise Broken(
            place=place,
            found=f"not loadable as ONNX: {_first_line(error)}",
            expected="one self-contained ONNX file",
            next_step="export the model again, its weights inside the file",
        ) from None
    return OnnxModel(
        place=place,
        inputs=tuple(_tensor(place, node) for node in session.get_inputs()),
        outputs=tuple(_tensor(place, node) for node in session.get_outputs()),
        _session=session,
    )


def _read(path: Path, place: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Broken(
            place=place,
            found=error.strerror or str(error),
            expected="a readable ONNX file",
            next_step="check the path and your rights to it",
        ) from None
    for magic, kind in _NO_ONNX.items():
        if content.startswith(magic):
            raise Broken(
                place=place,
                found=f"{kind}, whatever its name says",
                expected="an ONNX model",
                next_step="convert the model, for instance with skl2onnx",
            )
    if not content:
        raise Broken(
            place=place,
            found="an empty file",
            expected="an ONNX model",
            next_step="copy or fetch the file again",
        )
    return content


def _tensor(place: str, node: Any) -> Tensor:
    datatype = _DATATYPES.get(node.type)
    if datatype is None:
        raise Broken(
            place=place,
            found=f"{node.name} is a {node.type}",
            expected="tensors only",
            next_step="convert with zipmap=False" if "map(" in node.type else "",
        )
    shape = tuple(extent if isinstance(extent, int) else -1 for extent in node.shape)
    return Tensor(name=node.name, datatype=datatype, shape=shape)


def _first_line(error: Exception) -> str:
    """onnxruntime's messages carry source paths and stacks behind their first line."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
