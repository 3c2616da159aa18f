"""Small ONNX models, written node by node."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOATS, INTS, STRINGS, BOOLS = (
    TensorProto.FLOAT,
    TensorProto.INT64,
    TensorProto.STRING,
    TensorProto.BOOL,
)
ONNX, ONNX_ML = helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)


def linear(path: Path) -> Path:
    """age, hours: FP32 [n, 1] -> probabilities: FP32 [n, 2]."""
    return _save(path, _scoring([], ["age", "hours"]), _columns(), _probabilities(), [_weights()])


def slow(path: Path, rounds: int = 20) -> Path:
    """As ``linear``, after ``rounds`` products of 128 x 128 matrices: some 50 us each."""
    size = 128
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["a", "big"], ["b"]),
            helper.make_node("Clip", ["b", "low", "high"], ["c"]),
            helper.make_node("Identity", ["more"], ["more_out"]),
        ],
        "body",
        [_info("i", INTS, []), _info("more", BOOLS, []), _info("a", FLOATS, [size, size])],
        [_info("more_out", BOOLS, []), _info("c", FLOATS, [size, size])],
    )
    work = [
        helper.make_node("ReduceSum", ["age"], ["sum"], keepdims=0),
        helper.make_node("Add", ["big", "sum"], ["a0"]),
        helper.make_node("Loop", ["rounds", "yes", "a0"], ["a1"], body=body),
        helper.make_node("ReduceMean", ["a1"], ["mean"], keepdims=0),
        helper.make_node("Add", ["age", "mean"], ["late"]),
    ]
    constants = [
        _weights(),
        helper.make_tensor("big", FLOATS, [size, size], np.full(size * size, 0.01, np.float32)),
        helper.make_tensor("rounds", INTS, [], [rounds]),
        helper.make_tensor("yes", BOOLS, [], [True]),
        helper.make_tensor("low", FLOATS, [], [-1.0]),
        helper.make_tensor("high", FLOATS, [], [1.0]),
    ]
    return _save(path, _scoring(work, ["late", "hours"]), _columns(), _probabilities(), constants)


def stacked(path: Path) -> Path:
    """X: FP32 [n, 2] -> probabilities: FP32 [n, 2]."""
    nodes = [
        helper.make_node("MatMul", ["X", "w"], ["z"]),
        helper.make_node("Softmax", ["z"], ["probabilities"]),
    ]
    return _save(path, nodes, [_info("X", FLOATS, ["n", 2])], _probabilities(), [_weights()])


def picky(path: Path) -> Path:
    """sex: BYTES [n, 1] -> encoded: FP32; fails on a category other than Female and Male."""
    encode = helper.make_node(
        "OneHotEncoder",
        ["sex"],
        ["encoded"],
        domain="ai.onnx.ml",
        cats_strings=["Female", "Male"],
        zeros=0,
    )
    outputs = [_info("encoded", FLOATS, ["n", 1, 2])]
    return _save(path, [encode], [_info("sex", STRINGS, ["n", 1])], outputs, [])


def echo(path: Path) -> Path:
    """One input of each kind, answered unchanged: flag, count, text, ratio, all [n]."""
    kinds = {"flag": BOOLS, "count": INTS, "text": STRINGS, "ratio": FLOATS}
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in kinds]
    inputs = [_info(name, kind, ["n"]) for name, kind in kinds.items()]
    outputs = [_info(f"{name}_out", kind, ["n"]) for name, kind in kinds.items()]
    return _save(path, nodes, inputs, outputs, [])


def logarithm(path: Path) -> Path:
    """x: FP32 [n] -> y: its logarithm, NaN for negative numbers."""
    nodes = [helper.make_node("Log", ["x"], ["y"])]
    return _save(path, nodes, [_info("x", FLOATS, ["n"])], [_info("y", FLOATS, ["n"])], [])


def zipmap(path: Path) -> Path:
    """X: FP32 [n, 2] -> a sequence of maps, as converters make unless told otherwise."""
    node = helper.make_node(
        "ZipMap", ["X"], ["probabilities"], domain="ai.onnx.ml", classlabels_int64s=[0, 1]
    )
    maps = helper.make_sequence_type_proto(
        helper.make_map_type_proto(INTS, helper.make_tensor_type_proto(FLOATS, []))
    )
    outputs = [helper.make_value_info("probabilities", maps)]
    return _save(path, [node], [_info("X", FLOATS, ["n", 2])], outputs, [])


def _scoring(before: list, inputs: list[str]) -> list:
    return [
        *before,
        helper.make_node("Concat", inputs, ["x"], axis=1),
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node("Softmax", ["z"], ["probabilities"]),
    ]


def _columns() -> list:
    return [_info("age", FLOATS, ["n", 1]), _info("hours", FLOATS, ["n", 1])]


def _probabilities() -> list:
    return [_info("probabilities", FLOATS, ["n", 2])]


def _weights() -> onnx.TensorProto:
    weights = np.array([[0.02, -0.02], [0.01, -0.01]], np.float32)
    return numpy_helper.from_array(weights, "w")


def _info(name: str, kind: int, shape: list) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _save(path: Path, nodes: list, inputs: list, outputs: list, constants: list) -> Path:
    graph = helper.make_graph(nodes, "model", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[ONNX, ONNX_ML], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
