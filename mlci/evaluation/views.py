"""An examination seen as a binary one: one class against the rest, or right against wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mlci.errors import Broken
from mlci.evaluation.columns import key
from mlci.evaluation.naming import listed
from mlci.records.evaluation_set import Scalar
from mlci.records.examination import Answers, Examination
from mlci.records.metric import BINARY, MULTICLASS


def one_class(examination: Examination, name: Scalar, place: str) -> Examination:
    """Positive is the class of this name. Raises Broken, with ``place``, where the exam has none
    such."""
    names = [key(each) for each in examination.classes]
    if key(name) not in names:
        raise Broken(
            place=place,
            found=f"the class {name!r}",
            expected=f"a class of the exam: {listed(examination.classes)}",
            next_step="name a class of the data, as the data write it",
        )
    code = names.index(key(name))
    return _binary(
        examination,
        examination.truth == code,
        lambda answers: Answers(
            label=answers.label == code,
            score=None if answers.score is None else answers.score[:, code],
        ),
    )


def right_or_wrong(examination: Examination) -> Examination:
    """Every row is positive, and a model says so where it is right."""
    truth = examination.truth
    return _binary(
        examination,
        np.ones(truth.shape, np.bool_),
        lambda answers: Answers(label=answers.label == truth, score=None),
    )


def against(examination: Examination, anchor: str) -> Examination:
    """With an older release in the champion's place; KeyError where it didn't sit the exam."""
    return replace(examination, champion=examination.anchors[anchor], anchors={})


def is_multiclass(examination: Examination) -> bool:
    return examination.task == MULTICLASS


def _binary(
    examination: Examination, truth: Any, view: Callable[[Answers], Answers]
) -> Examination:
    champion = examination.champion
    return replace(
        examination,
        task=BINARY,
        classes=(),
        truth=truth,
        candidate=view(examination.candidate),
        champion=None if champion is None else view(champion),
        anchors={version: view(each) for version, each in examination.anchors.items()},
    )
