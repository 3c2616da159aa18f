"""What the accuracy gate keeps of the rows: counts, scores or moments, of all rows or of a slice.

Counts and moments of two shards add up, scores are put end to end: what is kept is enough for
every interval, and no row of the data is looked at again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.tables import tabulate
from mlci.records.examination import Answers, Examination
from mlci.records.metric import METRICS, Family

# Probabilities are kept this far from 0 and 1, as scikit-learn's log_loss does.
EPSILON = float(np.finfo(np.float64).eps)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """``cells`` int64 [truth, candidate, champion], each 0 = negative, 1 = positive."""

    cells: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Probabilities of the positive class, row for row with ``truth``."""

    truth: NDArray[np.bool_] = field(repr=False)
    candidate: Floats = field(repr=False)
    champion: Floats | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Of ``n`` numbers: their mean and the sum of squared deviations from it."""

    n: int
    mean: float
    squares: float


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Losses of the candidate, and how much smaller they are than the champion's, row by row."""

    candidate: Moments
    gain: Moments | None


Evidence = Counts | Scores | Losses


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """``slices`` maps a column to the evidence of each of its levels that has rows."""

    whole: Evidence
    slices: Mapping[str, Mapping[str, Evidence]]


def gather(
    metric: str, examination: Examination, columns: Sequence[str], place: str
) -> Measurement:
    """Raises Broken when the metric needs scores and the candidate gives none."""
    family = METRICS[metric].family
    if family in (Family.PROPORTION, Family.TABLE):
        return _counts(examination, columns)
    score = _score(examination.candidate)
    if score is None:
        raise Broken(
            place=place,
            found="a model that gives labels only",
            expected=f"probabilities, which {metric} is computed from",
            next_step="convert the model with its probabilities, or choose a metric of labels",
        )
    evidence = _scores if family is Family.RANKING else partial(_losses, metric)
    champion = _score(examination.champion)
    return Measurement(
        whole=evidence(examination.truth, score, champion),
        slices={
            column: {
                level: evidence(
                    examination.truth[rows],
                    score[rows],
                    None if champion is None else champion[rows],
                )
                for level, rows in _levels(examination, column)
            }
            for column in columns
        },
    )


def _counts(examination: Examination, columns: Sequence[str]) -> Measurement:
    table = tabulate(examination, columns)
    slices: dict[str, dict[str, Evidence]] = {}
    for column in columns:
        marginal = table.by([column])
        slices[column] = {
            name: Counts(cells=cells)
            for name, cells in zip(marginal.names, marginal.counts, strict=True)
        }
    return Measurement(whole=Counts(cells=table.counts.sum(axis=0)), slices=slices)


def _score(answers: Answers | None) -> Floats | None:
    return None if answers is None else answers.score


def _scores(truth: NDArray[np.bool_], candidate: Floats, champion: Floats | None) -> Evidence:
    return Scores(truth=truth, candidate=candidate, champion=champion)


def _losses(
    metric: str, truth: NDArray[np.bool_], candidate: Floats, champion: Floats | None
) -> Evidence:
    own = losses(metric, truth, candidate)
    gain = None if champion is None else _moments(losses(metric, truth, champion) - own)
    return Losses(candidate=_moments(own), gain=gain)


def losses(metric: str, truth: NDArray[np.bool_], score: Floats) -> Floats:
    """The loss of each row: its mean is scikit-learn's log_loss or brier_score_loss."""
    if metric == "brier":
        return np.asarray(np.square(score - truth))
    right = np.clip(np.where(truth, score, 1.0 - score), EPSILON, 1.0 - EPSILON)
    return np.asarray(-np.log(right))


def _moments(values: Floats) -> Moments:
    mean = float(values.mean())
    return Moments(n=values.size, mean=mean, squares=float(np.square(values - mean).sum()))


def _levels(examination: Examination, column: str) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Each level that has rows, and which rows: one sort for all of them."""
    groups = examination.groups[column]
    order = np.argsort(groups.codes, kind="stable")
    starts = np.searchsorted(groups.codes[order], np.arange(len(groups.levels) + 1))
    for code, level in enumerate(groups.levels):
        rows = order[starts[code] : starts[code + 1]]
        if rows.size:
            yield level, rows
