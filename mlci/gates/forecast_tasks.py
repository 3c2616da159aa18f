"""What is known before the run in tasks of several classes, and of numbers."""

from dataclasses import replace

import numpy as np

from mlci.evaluation.columns import key
from mlci.gates.forecast import Exam, Forecast
from mlci.records.judgement import Planned
from mlci.records.metric import BINARY, MULTICLASS


def as_binary(planned: Planned, exam: Exam) -> Exam | None:
    """The exam as the judgement sees it where that is a binary one: one class against the rest, or
    right against wrong; None where the models' answers alone decide what can be shown."""
    if exam.task == BINARY:
        return exam
    part = planned.slice or {}
    if exam.task == MULTICLASS and "class" in part:
        names = [key(each) for each in exam.classes]
        code = names.index(key(part["class"])) if key(part["class"]) in names else -1
        return replace(exam, task=BINARY, truth=exam.truth == code)
    if exam.task == MULTICLASS and planned.metric == "accuracy":
        return replace(exam, task=BINARY, truth=np.ones(exam.truth.shape, np.bool_))
    return None


def unknown(exam: Exam) -> Forecast:
    """Where the spread of errors, or each class's answers, decide: rows are all that is known."""
    several = exam.task == MULTICLASS
    what = "each class's answers decide" if several else "the errors' spread decides"
    return Forecast(n=int(exam.truth.size), detectable=None, assuming=f"nothing: {what}")
