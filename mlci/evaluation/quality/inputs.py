"""The columns that a model reads, by its declaration and its graph."""

from pathlib import Path

from mlci.records.release import Model
from mlci.serving.session import open_model

GRAPH = "onnx"


def input_columns(declared: Model, file: Path) -> tuple[str, ...] | None:
    """Of a graph: for each input the columns that ``inputs`` stacks into it, else the one of its
    own name. Of another format those of ``inputs``; None where it says none, and nobody knows.

    Raises Broken for a graph that can't be opened.
    """
    stacked = [column for columns in declared.inputs.values() for column in columns]
    if declared.format != GRAPH:
        return tuple(dict.fromkeys(stacked)) or None
    tensors = open_model(file, place=declared.uri).inputs
    named = [tensor.name for tensor in tensors if tensor.name not in declared.inputs]
    return tuple(dict.fromkeys([*stacked, *named]))
