"""Outputs of an ONNX graph: which of them is the label, and which the probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.answers import Said
from mlci.evaluation.naming import listed, nearest
from mlci.records.metric import REGRESSION
from mlci.records.release import Model
from mlci.serving.session import Tensor


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The names of the two outputs, None for one that the graph doesn't have."""

    place: str
    label: str | None
    probabilities: str | None

    def said(self, outputs: Mapping[str, NDArray[Any]], rows: int) -> Said:
        """Raises Broken for a label output that isn't one value a row."""
        return Said(
            label=None if self.label is None else self._column(outputs[self.label], rows),
            score=None if self.probabilities is None else outputs[self.probabilities],
            label_name=f"output {self.label!r}",
            score_name=f"output {self.probabilities!r}",
        )

    def _column(self, values: NDArray[Any], rows: int) -> Any:
        if values.size != rows or values.shape[:1] != (rows,):
            raise Broken(
                place=self.place,
                found=f"output {self.label!r} of shape {list(values.shape)} for {rows} rows",
                expected=f"[{rows}] or [{rows}, 1], an answer for each row",
                next_step="mend the model, or say in model.outputs how to read it",
            )
        return pa.array(np.ascontiguousarray(values.reshape(rows)))


def find_outputs(model: Model, tensors: tuple[Tensor, ...], task: str) -> Outputs:
    """As ``model.outputs`` says. Else, in a classification, the one float output are probabilities
    and the one other output is the label; in a regression the one output is the value.

    Raises Broken where that isn't unique.
    """
    names = [tensor.name for tensor in tensors]
    for use, name in model.outputs.items():
        if name not in names:
            raise Broken(
                place=model.uri,
                found=f"no output {name!r} in the model's graph",
                expected=f"the output that model.outputs names for {use} ({nearest(name, names)})",
                next_step="correct model.outputs in the manifest",
            )
    if task == REGRESSION:
        return _regression(model, names)
    if model.outputs:
        label, probabilities = model.outputs.get("label"), model.outputs.get("probabilities")
        return Outputs(place=model.uri, label=label, probabilities=probabilities)
    floats = [tensor.name for tensor in tensors if tensor.datatype.startswith("FP")]
    others = [tensor.name for tensor in tensors if not tensor.datatype.startswith("FP")]
    if len(floats) > 1 or len(others) > 1:
        expected = "one float output (probabilities) and at most one other (the label)"
        raise _not_unique(model, names, expected)
    return Outputs(
        place=model.uri,
        label=others[0] if others else None,
        probabilities=floats[0] if floats else None,
    )


def _regression(model: Model, names: list[str]) -> Outputs:
    label = model.outputs.get("label")
    if label is None:
        if len(names) != 1:
            raise _not_unique(model, names, "one output, the predicted value")
        label = names[0]
    return Outputs(place=model.uri, label=label, probabilities=None)


def _not_unique(model: Model, names: list[str], expected: str) -> Broken:
    return Broken(
        place=model.uri,
        found=f"outputs {listed(names)}",
        expected=expected,
        next_step="say which is which in model.outputs of the manifest",
    )
