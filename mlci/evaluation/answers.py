"""Outputs of the model's graph -> the model's answers, row for row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.labels import Labels, distinct, key
from mlci.evaluation.naming import listed, nearest
from mlci.records.examination import Answers
from mlci.records.release import Model
from mlci.serving.session import Tensor

THRESHOLD = 0.5


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How one model's outputs are read: names of its outputs (None: it has no such output), and
    the column of the positive class where probabilities come as a matrix of two."""

    place: str
    label: str | None
    probabilities: str | None
    positive_column: int
    labels: Labels

    def read(self, outputs: Mapping[str, NDArray[Any]], rows: int) -> Answers:
        """One batch. Raises Broken for answers of another length, scores that are NaN, infinite
        or outside [0, 1], and labels that the data don't have."""
        score = None if self.probabilities is None else self._score(outputs, rows)
        if self.label is not None:
            return Answers(label=self._label(outputs, rows), score=score)
        assert score is not None  # noqa: S101 - reader() admits no model without any answer
        # Of two classes the more probable one; at a tie the first, as argmax has it.
        positive = score > THRESHOLD if self.positive_column else score >= THRESHOLD
        return Answers(label=positive, score=score)

    def _score(self, outputs: Mapping[str, NDArray[Any]], rows: int) -> NDArray[np.float64]:
        name = self.probabilities or ""
        values = outputs[name]
        width = values.shape[1] if values.ndim == 2 else 1
        if values.ndim not in (1, 2) or values.shape[0] != rows or width not in (1, 2):
            raise self._broken(
                f"output {name!r} of shape {list(values.shape)} for {rows} rows",
                f"[{rows}, 2], [{rows}, 1] or [{rows}], the probability of each class or of the "
                "positive one",
            )
        column = values.reshape(rows, width)[:, self.positive_column if width == 2 else 0]
        score = column.astype(np.float64)
        wrong = ~((score >= 0.0) & (score <= 1.0))
        if wrong.any():
            raise self._broken(
                f"output {name!r} gives {score[wrong][0]} in {int(wrong.sum())} of {rows} rows",
                "finite probabilities from 0 to 1",
            )
        return score

    def _label(self, outputs: Mapping[str, NDArray[Any]], rows: int) -> NDArray[np.bool_]:
        name = self.label or ""
        values = outputs[name]
        if values.size != rows or values.shape[0] != rows:
            raise self._broken(
                f"output {name!r} of shape {list(values.shape)} for {rows} rows",
                f"[{rows}] or [{rows}, 1], a label for each row",
            )
        codes, given = distinct(pa.array(values.reshape(rows)))
        known = {key(value) for value in self.labels.classes}
        strange = [value for value in given if value is None or key(value) not in known]
        if strange:
            raise self._broken(
                f"output {name!r} gives the label {strange[0]!r}",
                f"a label of the data: {listed([repr(each) for each in self.labels.classes])}",
            )
        positive = np.array([key(value) == key(self.labels.positive) for value in given], np.bool_)
        return positive[codes]

    def _broken(self, found: str, expected: str) -> Broken:
        return Broken(
            place=self.place,
            found=found,
            expected=expected,
            next_step="mend the model, or say in model.outputs and model.classes how to read it",
        )


def reader(model: Model, outputs: tuple[Tensor, ...], labels: Labels) -> Reader:
    """Decides which output is which: as ``model.outputs`` says, else the one float output are
    probabilities and the one other output is the label. Raises Broken where that isn't unique.
    """
    names = [tensor.name for tensor in outputs]
    for use, name in model.outputs.items():
        if name not in names:
            raise Broken(
                place=model.uri,
                found=f"no output {name!r} in the model's graph",
                expected=f"the output that model.outputs names for {use} ({nearest(name, names)})",
                next_step="correct model.outputs in the manifest",
            )
    taken = set(model.outputs.values())
    free = [tensor for tensor in outputs if tensor.name not in taken]
    floats = [tensor.name for tensor in free if tensor.datatype.startswith("FP")]
    others = [tensor.name for tensor in free if not tensor.datatype.startswith("FP")]
    label = model.outputs.get("label")
    probabilities = model.outputs.get("probabilities")
    if not model.outputs:
        if len(floats) > 1 or len(others) > 1:
            raise Broken(
                place=model.uri,
                found=f"outputs {listed(names)}",
                expected="one float output (probabilities) and at most one other (the label)",
                next_step="say which is which in model.outputs of the manifest",
            )
        probabilities = floats[0] if floats else None
        label = others[0] if others else None
    return Reader(
        place=model.uri,
        label=label,
        probabilities=probabilities,
        positive_column=_positive_column(model, labels),
        labels=labels,
    )


def _positive_column(model: Model, labels: Labels) -> int:
    """Where the positive class stands: in ``model.classes``, else in the sorted labels."""
    classes = [key(value) for value in model.classes or labels.classes]
    if sorted(classes) != sorted(key(value) for value in labels.classes):
        raise Broken(
            place=model.uri,
            found=f"model.classes {listed([repr(each) for each in model.classes])}",
            expected=f"the labels of the data, {listed([repr(each) for each in labels.classes])}",
            next_step="correct model.classes in the manifest",
        )
    return classes.index(key(labels.positive))
