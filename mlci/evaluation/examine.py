"""Both models sit the exam: truth, groups and answers of every row, once for all gates."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.asking import PREDICTIONS, Examinee, ask, declared_classes, reader_of
from mlci.evaluation.dataset import Dataset, open_dataset
from mlci.evaluation.groups import read_groups
from mlci.evaluation.labels import Labels, read_labels
from mlci.evaluation.predictions import read_predictions
from mlci.evaluation.selection import select
from mlci.evaluation.worth import read_cluster, read_weight, renumbered
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.examination import Answers, Examination
from mlci.records.grouping import Grouping
from mlci.records.shard import ALL, Shard


def examine(
    candidate: Examinee,
    champion: Examinee | None,
    exam: EvaluationSet,
    data: Path,
    groupings: Iterable[Grouping],
    anchors: Mapping[str, Examinee] | None = None,
    shard: Shard = ALL,
) -> Examination:
    """Reads ``data`` in batches: once for the label, once for what rows are grouped by, and once
    for each model. Memory holds the answers, never the features. Of a ``shard`` the models answer
    its rows only; labels and levels are those of all rows.

    Raises Broken for data or a model that can't be read or don't fit each other; the message
    names the file as the manifests do, and the column, input or output. NoRows as ``select``.
    """
    older = anchors or {}
    with open_dataset(data, exam.uri) as dataset:
        labels = exam_labels(dataset, exam, candidate, champion, *older.values())
        groups = read_groups(dataset, groupings)
        weight, cluster = read_weight(dataset, exam), read_cluster(dataset, exam)
        part = select(dataset, exam, shard)
        if (rows := part.selection) is not None:
            groups = {key: replace(each, codes=rows.of(each.codes)) for key, each in groups.items()}
            weight = None if weight is None else rows.of(weight)
            cluster = None if cluster is None else renumbered(rows.of(cluster))
        return Examination(
            task=labels.task,
            truth=labels.truth if rows is None else rows.of(labels.truth),
            classes=tuple(str(value) for value in labels.classes),
            groups=groups,
            weight=weight,
            cluster=cluster,
            candidate=_answers(candidate, part, exam, labels),
            champion=None if champion is None else _answers(champion, part, exam, labels),
            anchors={
                version: _answers(each, part, exam, labels) for version, each in older.items()
            },
        )


def exam_labels(
    dataset: Dataset, exam: EvaluationSet, candidate: Examinee, *others: Examinee | None
) -> Labels:
    """What the rows truly are, in the candidate's task. Raises Broken as ``read_labels`` does."""
    everyone = [candidate, *(each for each in others if each is not None)]
    declared = [value for each in everyone for value in declared_classes(each)]
    return read_labels(dataset, exam, candidate.release.task, declared)


def _answers(examinee: Examinee, dataset: Dataset, exam: EvaluationSet, labels: Labels) -> Answers:
    """Batch by batch into whole arrays, so that no answer is in memory twice."""
    kept: dict[str, NDArray[Any]] = {}
    done, rows = 0, dataset.rows
    for part in _parts(examinee, dataset, exam, labels):
        start, done = done, done + len(part.label)
        if done > rows:
            break
        for name, values in (("label", part.label), ("score", part.score)):
            if values is not None:
                if name not in kept:
                    kept[name] = np.empty((rows, *values.shape[1:]), values.dtype)
                kept[name][start:done] = values
    if done != rows:
        raise Broken(
            place=dataset.place,
            found=f"{'more than ' * (done > rows)}{min(done, rows)} rows",
            expected=f"the {rows} rows that its footer promises",
            next_step="write the file again and update its digest",
        )
    return Answers(label=kept["label"], score=kept.get("score"))


def _parts(
    examinee: Examinee, dataset: Dataset, exam: EvaluationSet, labels: Labels
) -> Iterator[Answers]:
    declared = examinee.release.model
    if declared.format == PREDICTIONS:
        reader = reader_of(examinee, labels)
        for said, rows in read_predictions(examinee.model, declared.uri, dataset, labels):
            yield reader.read(said, rows)
        return
    asked = ask(examinee, dataset, exam, labels)
    for piece in dataset.pieces(asked.columns):
        yield asked.answer(piece.taken, piece.first)
