"""Both models sit the exam: labels, groups and answers of every row, once for all gates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from mlci.errors import Broken
from mlci.evaluation.answers import reader
from mlci.evaluation.dataset import Dataset, open_dataset
from mlci.evaluation.features import bind, build
from mlci.evaluation.groups import read_groups
from mlci.evaluation.labels import Labels, read_labels
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.examination import Answers, Examination
from mlci.records.metric import BINARY
from mlci.records.release import Release
from mlci.serving.session import open_model


class Examinee(Protocol):
    """A release and the verified file of its model."""

    @property
    def release(self) -> Release: ...

    @property
    def model(self) -> Path: ...


def examine(
    candidate: Examinee,
    champion: Examinee | None,
    exam: EvaluationSet,
    data: Path,
    columns: Sequence[str],
) -> Examination:
    """Reads ``data`` in batches, once for the label, once for the ``columns`` that rows are
    grouped by, and once for each model. Memory holds the answers, never the features.

    Raises Broken for data or a model that can't be read or don't fit each other; the message
    names the file as the manifests do, and the column, input or output.
    """
    with open_dataset(data, exam.uri) as dataset:
        labels = read_labels(dataset, exam)
        groups = read_groups(dataset, columns)
        return Examination(
            truth=labels.truth,
            candidate=_answers(candidate, dataset, exam, labels),
            champion=None if champion is None else _answers(champion, dataset, exam, labels),
            groups=groups,
        )


def _answers(examinee: Examinee, dataset: Dataset, exam: EvaluationSet, labels: Labels) -> Answers:
    release, declared = examinee.release, examinee.release.model
    if release.task != BINARY:
        raise Broken(
            place=release.source.at("spec", "task"),
            found=f"task {release.task!r}",
            expected=f"a task whose exam can be sat: {BINARY}",
        )
    if declared.format != "onnx":
        raise Broken(
            place=release.source.at("spec", "model", "format"),
            found=f"format {declared.format!r}",
            expected="a model that can be examined here: onnx",
            next_step="convert the model to ONNX",
        )
    model = open_model(examinee.model, place=declared.uri)
    feeds = bind(declared, model.inputs, dataset, exam.label)
    read = reader(declared, model.outputs, labels).read
    columns = tuple(dict.fromkeys(column for feed in feeds for column in feed.columns))
    parts: list[Answers] = []
    done = 0
    for batch in dataset.batches(columns):
        rows = len(batch[columns[0]])
        inputs = {feed.tensor.name: build(feed, batch, dataset, done) for feed in feeds}
        parts.append(read(model.run(inputs), rows))
        done += rows
    if done != dataset.rows:
        raise Broken(
            place=dataset.place,
            found=f"{done} rows",
            expected=f"the {dataset.rows} rows that its footer promises",
            next_step="write the file again and update its digest",
        )
    return _joined(parts)


def _joined(parts: Sequence[Answers]) -> Answers:
    scores = [part.score for part in parts if part.score is not None]
    return Answers(
        label=np.concatenate([part.label for part in parts]),
        score=np.concatenate(scores) if scores else None,
    )
