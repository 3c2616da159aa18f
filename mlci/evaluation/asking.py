"""A model that answers about rows of the data, batch by batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlci.errors import Broken
from mlci.evaluation.answers import Reader, check_classes
from mlci.evaluation.dataset import Column, Dataset
from mlci.evaluation.features import Feed, bind, build
from mlci.evaluation.labels import Labels
from mlci.evaluation.outputs import Outputs, find_outputs
from mlci.evaluation.predictions import predicted_classes
from mlci.records.evaluation_set import EvaluationSet, Scalar
from mlci.records.examination import Answers
from mlci.records.metric import REGRESSION
from mlci.records.release import Release
from mlci.serving.session import OnnxModel, open_model

ONNX, PREDICTIONS = "onnx", "predictions"


class Examinee(Protocol):
    """A release and the verified file of its model."""

    @property
    def release(self) -> Release: ...

    @property
    def model(self) -> Path: ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """``columns`` are those of the data that the model reads; ``place`` is its file's name."""

    columns: tuple[str, ...]
    place: str
    _model: OnnxModel
    _feeds: tuple[Feed, ...]
    _outputs: Outputs
    _reader: Reader
    _dataset: Dataset

    def answer(self, batch: Mapping[str, Column], first_row: int) -> Answers:
        """``batch`` holds at least ``columns``; its first row has that number in the data.

        Raises Broken for values that the model doesn't take, and for answers that are none.
        """
        rows = len(batch[self.columns[0]])
        inputs = {
            feed.tensor.name: build(feed, batch, self._dataset, first_row) for feed in self._feeds
        }
        return self._reader.read(self._outputs.said(self._model.run(inputs), rows), rows)

    def require_empty(self, columns: Sequence[str]) -> None:
        """Raises Broken unless an empty value of each of the columns can be said to the model."""
        for feed in self._feeds:
            taken = [column for column in columns if column in feed.columns]
            if taken and not feed.tensor.datatype.startswith("FP"):
                raise Broken(
                    place=self.place,
                    found=f"input {feed.tensor.name!r} of type {feed.tensor.datatype}, which reads "
                    f"the column {taken[0]!r}",
                    expected="an input of floats: no other can be given an empty value",
                    next_step="leave the column out, or convert the model to take empty values",
                )


def ask(examinee: Examinee, dataset: Dataset, exam: EvaluationSet, labels: Labels) -> Asked:
    """Opens the model. Raises Broken where it isn't one that can be asked, or doesn't fit."""
    declared = examinee.release.model
    if declared.format != ONNX:
        raise Broken(
            place=examinee.release.source.at("spec", "model", "format"),
            found=f"format {declared.format!r}",
            expected="a model that can be asked here: onnx",
            next_step="convert the model to ONNX",
        )
    model = open_model(examinee.model, place=declared.uri)
    feeds = bind(declared, model.inputs, dataset, exam.label)
    return Asked(
        columns=tuple(dict.fromkeys(column for feed in feeds for column in feed.columns)),
        place=declared.uri,
        _model=model,
        _feeds=feeds,
        _outputs=find_outputs(declared, model.outputs, labels.task),
        _reader=reader_of(examinee, labels),
        _dataset=dataset,
    )


def reader_of(examinee: Examinee, labels: Labels) -> Reader:
    """Raises Broken where task or classes of the model aren't those of the exam."""
    release = examinee.release
    if release.task != labels.task:
        raise Broken(
            place=release.source.at("spec", "task"),
            found=f"task {release.task!r}",
            expected=f"the task that is examined, {labels.task!r}",
            next_step="compare models of one task",
        )
    columns: tuple[Scalar, ...] = ()
    if labels.task != REGRESSION:
        columns = declared_classes(examinee) or labels.in_data
        check_classes(release.model.uri, columns, labels)
    return Reader(place=release.model.uri, labels=labels, columns=columns)


def declared_classes(examinee: Examinee) -> tuple[Scalar, ...]:
    """The classes that a model says it knows."""
    model = examinee.release.model
    if model.format == PREDICTIONS and not model.classes:
        return predicted_classes(examinee.model, model.uri)
    return model.classes
