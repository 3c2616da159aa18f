"""What a model said -> its answers, in the terms of the exam."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.columns import distinct, key, looked_up
from mlci.evaluation.dataset import Column
from mlci.evaluation.labels import Labels
from mlci.evaluation.naming import listed
from mlci.records.evaluation_set import Scalar
from mlci.records.examination import Answers
from mlci.records.metric import BINARY, REGRESSION

THRESHOLD = 0.5
SUM_OFF = 1e-3  # by how much the probabilities of a row may miss 1: float32 and rounding


@dataclass(frozen=True, kw_only=True)
class Said:
    """One batch as the model gave it: ``label`` an Arrow array [n], ``score`` numbers [n],
    [n, 1] or [n, classes]; None for what it doesn't give. The names are for messages."""

    label: Column | None
    score: NDArray[Any] | None
    label_name: str = ""
    score_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """``columns`` are the classes that the columns of a probability matrix stand for."""

    place: str
    labels: Labels
    columns: tuple[Scalar, ...]

    def read(self, said: Said, rows: int) -> Answers:
        """Raises Broken for answers of another length, values and probabilities that are NaN,
        infinite or out of range, and labels that the exam doesn't have."""
        if self.labels.task == REGRESSION:
            return Answers(label=self._value(said, rows), score=None)
        score = None if said.score is None else self._score(said, rows)
        if said.label is not None:
            return Answers(label=self._label(said, rows), score=score)
        assert score is not None  # noqa: S101 - reader() admits no model without any answer
        if self.labels.task != BINARY:
            return Answers(label=score.argmax(axis=1).astype(np.int32), score=score)
        # Of two classes the more probable one; at a tie the first, as argmax has it.
        return Answers(
            label=score > THRESHOLD if self._positive_column() else score >= THRESHOLD, score=score
        )

    def _score(self, said: Said, rows: int) -> NDArray[np.floating[Any]]:
        values = np.asarray(said.score)
        width = values.shape[1] if values.ndim == 2 else 1
        wanted = len(self.columns)
        binary = self.labels.task == BINARY
        fits = width in (1, 2) if binary else values.ndim == 2 and width == wanted
        if values.ndim not in (1, 2) or values.shape[0] != rows or not fits:
            shapes = f"[{rows}, 2], [{rows}, 1] or [{rows}]" if binary else f"[{rows}, {wanted}]"
            raise self._broken(
                f"{said.score_name} of shape {list(values.shape)} for {rows} rows",
                f"{shapes}, the probability of each class" + " or of the positive one" * binary,
            )
        if binary:
            at = self._positive_column() if width == 2 else 0
            single = np.float32 if values.dtype == np.float32 else np.float64
            score = values.reshape(rows, width)[:, at].astype(single, copy=width > 1)
            self._check_range(said, score, rows)
            return np.asarray(score)
        self._check_range(said, values, rows)
        off = np.abs(values.sum(axis=1) - 1.0)
        if off.max() > SUM_OFF:
            total = float(values[off.argmax()].sum())
            raise self._broken(
                f"{said.score_name} gives probabilities that sum to {total:g} in a row",
                "probabilities of all classes, which sum to 1",
            )
        return self._in_order(values)

    def _in_order(self, values: NDArray[Any]) -> NDArray[np.floating[Any]]:
        """The columns as the exam has its classes; a class that the model doesn't know has 0."""
        at = [key(each) for each in self.labels.classes]
        ordered = np.zeros((len(values), len(at)), np.float64)
        ordered[:, [at.index(key(each)) for each in self.columns]] = values
        return ordered

    def _check_range(self, said: Said, score: NDArray[Any], rows: int) -> None:
        if rows and not (score.min() >= 0.0 and score.max() <= 1.0):  # NaN is neither
            wrong = ~((score >= 0.0) & (score <= 1.0))
            number = int(wrong.reshape(rows, -1).any(axis=1).sum())
            raise self._broken(
                f"{said.score_name} gives {score[wrong][0]} in {number} of {rows} rows",
                "finite probabilities from 0 to 1",
            )

    def _label(self, said: Said, rows: int) -> NDArray[Any]:
        assert said.label is not None  # noqa: S101 - asked for only where there is one
        self._check_length(said, rows)
        codes, given = distinct(said.label)
        known = {key(value): code for code, value in enumerate(self.labels.classes)}
        strange = [value for value in given if value is None or key(value) not in known]
        if strange:
            raise self._broken(
                f"{said.label_name} gives the label {strange[0]!r}",
                f"a label of the data: {listed([repr(each) for each in self.labels.classes])}",
            )
        if self.labels.task == BINARY:
            positive = key(self.labels.positive)  # type: ignore[arg-type]
            table = np.array([key(value) == positive for value in given], np.bool_)
        else:
            table = np.array([known[key(value)] for value in given], np.int32)
        return looked_up([(codes, table)])

    def _value(self, said: Said, rows: int) -> NDArray[np.float64]:
        assert said.label is not None  # noqa: S101 - reader() admits no model without any answer
        self._check_length(said, rows)
        values = said.label.to_numpy(zero_copy_only=False).astype(np.float64)
        wrong = ~np.isfinite(values)
        if wrong.any():
            raise self._broken(
                f"{said.label_name} gives {values[wrong][0]} in {int(wrong.sum())} of {rows} rows",
                "a finite number in every row",
            )
        return np.asarray(values)

    def _check_length(self, said: Said, rows: int) -> None:
        if len(said.label) != rows:  # type: ignore[arg-type]
            raise self._broken(
                f"{said.label_name} of shape [{len(said.label)}] for {rows} rows",  # type: ignore[arg-type]
                f"[{rows}] or [{rows}, 1], an answer for each row",
            )

    def _positive_column(self) -> int:
        positive = key(self.labels.positive)  # type: ignore[arg-type]
        return [key(each) for each in self.columns].index(positive)

    def _broken(self, found: str, expected: str) -> Broken:
        return Broken(
            place=self.place,
            found=found,
            expected=expected,
            next_step="mend the model, or say in model.outputs and model.classes how to read it",
        )


def check_classes(place: str, declared: Sequence[Scalar], labels: Labels) -> None:
    """Raises Broken where the classes that a model says it knows aren't those of the data: in a
    binary task exactly these two, in a multiclass one at least those that the data have."""
    known = {key(each) for each in declared}
    wanted = {key(each) for each in labels.classes}
    if labels.task == BINARY and (known != wanted or len(declared) != len(known)):
        raise Broken(
            place=place,
            found=f"model.classes {listed([repr(each) for each in declared])}",
            expected=f"the labels of the data, {listed([repr(each) for each in labels.classes])}",
            next_step="correct model.classes in the manifest",
        )
    unseen = sorted({key(each) for each in labels.in_data} - known)
    if unseen:
        raise Broken(
            place=place,
            found=f"rows labelled {listed(unseen)}, which model.classes doesn't list",
            expected=f"labels that the model knows: {listed([repr(each) for each in declared])}",
            next_step="train the model with every class of the exam, or take another exam",
        )
