"""Models of age and hours that answer alike on the exam, and differ where live traffic does.

All are right about the exam: class 1 from age 40 on. Live requests of the odd kind have age 1000.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def good(path: Path, steepness: float = 1.0) -> Path:
    """``steepness`` makes it another file with the same answers."""
    return _save(path, _scoring("age"), _constants(steepness))


def wrong(path: Path) -> Path:
    """The opposite of what the exam says."""
    return _save(path, _scoring("age"), _constants(-1.0))


def failing(path: Path, steepness: float = 2.0) -> Path:
    """Status 500 for an age of 1000: it looks something up that its table doesn't have."""
    nodes = [
        helper.make_node("Cast", ["age"], ["index"], to=INT),
        helper.make_node("Gather", ["table", "index"], ["found"]),
        helper.make_node("Reshape", ["found", "column"], ["same"]),
    ]
    table = numpy_helper.from_array(np.arange(200, dtype=np.float32), "table")
    column = numpy_helper.from_array(np.array([-1, 1], np.int64), "column")
    return _save(path, nodes + _scoring("same"), [*_constants(steepness), table, column])


def hanging(path: Path) -> Path:
    """No answer for many seconds for an age of 1000."""
    size = 64
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["a", "big"], ["b"]),
            helper.make_node("Identity", ["go"], ["go_out"]),
        ],
        "body",
        [_info("i", INT, []), _info("go", BOOL, []), _info("a", FLOAT, [size, size])],
        [_info("go_out", BOOL, []), _info("b", FLOAT, [size, size])],
    )
    nodes = [
        helper.make_node("ReduceMax", ["age"], ["oldest"], keepdims=0),
        helper.make_node("Greater", ["oldest", "limit"], ["odd"]),
        helper.make_node("Where", ["odd", "many", "none"], ["rounds"]),
        helper.make_node("Loop", ["rounds", "yes", "big"], ["worked"], body=body),
        helper.make_node("ReduceMean", ["worked"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["age", "nothing"], ["same"]),
    ]
    constants = [
        *_constants(3.0),
        numpy_helper.from_array(np.zeros((size, size), np.float32), "big"),
        helper.make_tensor("limit", FLOAT, [], [500.0]),
        helper.make_tensor("many", INT, [], [800_000]),
        helper.make_tensor("none", INT, [], [0]),
        helper.make_tensor("yes", BOOL, [], [True]),
        helper.make_tensor("zero", FLOAT, [], [0.0]),
    ]
    return _save(path, nodes + _scoring("same"), constants)


def silent(path: Path) -> Path:
    """An answer to the exam's many rows, none to a single one, as live requests have."""
    nodes = [
        helper.make_node("Shape", ["age"], ["shape"]),
        helper.make_node("Sub", ["shape", "less"], ["index"]),
        helper.make_node("Gather", ["table", "index"], ["found"]),
        helper.make_node("ReduceMax", ["found"], ["largest"], keepdims=0),
        helper.make_node("Mul", ["largest", "naught"], ["nothing"]),
        helper.make_node("Add", ["age", "nothing"], ["same"]),
    ]
    table = numpy_helper.from_array(np.zeros(200_000, np.float32), "table")
    less = numpy_helper.from_array(np.array([200_002, 1], np.int64), "less")
    return _save(path, nodes + _scoring("same"), [*_constants(5.0), table, less])


def renamed(path: Path) -> Path:
    """Its inputs are called otherwise: every live request is refused with 400."""
    graph = [helper.make_node("Identity", ["years"], ["age"]), *_scoring("age")]
    inputs = [_info("years", FLOAT, ["n", 1]), _info("hours", FLOAT, ["n", 1])]
    return _save(path, graph, _constants(4.0), inputs)


def _scoring(age: str) -> list:
    return [
        helper.make_node("Sub", [age, "middle"], ["above"]),
        helper.make_node("Mul", ["above", "steepness"], ["steep"]),
        helper.make_node("Sigmoid", ["steep"], ["one"]),
        helper.make_node("Sub", ["unit", "one"], ["other"]),
        helper.make_node("Mul", ["hours", "naught"], ["unused"]),
        helper.make_node("Add", ["one", "unused"], ["positive"]),
        helper.make_node("Concat", ["other", "positive"], ["probabilities"], axis=1),
    ]


def _constants(steepness: float) -> list:
    values = {"middle": 39.5, "steepness": steepness, "unit": 1.0, "naught": 0.0}
    return [helper.make_tensor(name, FLOAT, [], [value]) for name, value in values.items()]


def _info(name: str, kind: int, shape: list) -> object:
    return helper.make_tensor_value_info(name, kind, shape)


def _save(path: Path, nodes: list, constants: list, inputs: list | None = None) -> Path:
    inputs = inputs or [_info("age", FLOAT, ["n", 1]), _info("hours", FLOAT, ["n", 1])]
    outputs = [_info("probabilities", FLOAT, ["n", 2])]
    graph = helper.make_graph(nodes, "model", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path
