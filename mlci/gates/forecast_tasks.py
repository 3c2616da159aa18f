"""What is known before the run in tasks of several classes, and of numbers."""

from dataclasses import replace

import numpy as np

from mlci.evaluation.columns import key
from mlci.gates.forecast import Exam, Forecast, by_answers
from mlci.records.judgement import Planned
from mlci.records.metric import BINARY, METRICS, MULTICLASS, Family


def as_binary(planned: Planned, exam: Exam) -> Exam | None:
    """The exam as the judgement sees it where that is a binary one: one class against the rest, or
    right against wrong; None where the models' answers alone decide what can be shown."""
    part = planned.slice or {}
    metric = METRICS.get(planned.metric)
    if "column" in part and metric and metric.family in (Family.LOSS, Family.CALIBRATION):
        return None
    if exam.task == BINARY:
        return exam
    if exam.task == MULTICLASS and "class" in part:
        names = [key(each) for each in exam.classes]
        code = names.index(key(part["class"])) if key(part["class"]) in names else -1
        return replace(exam, task=BINARY, truth=exam.truth == code)
    if exam.task == MULTICLASS and planned.metric == "accuracy":
        return replace(exam, task=BINARY, truth=np.ones(exam.truth.shape, np.bool_))
    return None


def unknown(exam: Exam) -> Forecast:
    """Where the spread of errors, or each class's answers, decide: rows are all that is known."""
    what = {
        BINARY: "the scores' spread decides",
        MULTICLASS: "each class's answers decide",
    }.get(exam.task, "the errors' spread decides")
    return by_answers(int(exam.truth.size), what)
