"""What is kept of the rows for a metric that is no function of a table or of scores: the rows."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.plugins.brought import BroughtMetric
from mlci.records.examination import Answers, Examination
from mlci.records.metric import REGRESSION

# A resample takes some 6 microseconds a row: 100,000 rows, 999 times, are ten minutes.
MOST_ROWS = 100_000

Rows = NDArray[np.intp] | slice
ALL = slice(None)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """``truth`` [n] and both models' answers, as the metric's function takes them. ``classes``: the
    truth is of classes; ``labels``: the answers are of the truth's kind, not probabilities. The
    answers of shards are put end to end."""

    truth: NDArray[Any] = field(repr=False)
    candidate: NDArray[Any] = field(repr=False)
    champion: NDArray[Any] | None = field(repr=False)
    weight: NDArray[np.float64] | None = field(repr=False)
    classes: bool
    labels: bool

    @property
    def rows(self) -> int:
        return int(self.truth.shape[0])

    def only(self, chosen: NDArray[np.bool_]) -> "Answered":
        return replace(
            self,
            truth=self.truth[chosen],
            candidate=self.candidate[chosen],
            champion=None if self.champion is None else self.champion[chosen],
            weight=None if self.weight is None else self.weight[chosen],
        )

    def __add__(self, other: "Answered") -> "Answered":
        """Raises ValueError for answers that the other hasn't."""
        return replace(
            self,
            truth=np.concatenate([self.truth, other.truth]),
            candidate=np.concatenate([self.candidate, other.candidate]),
            champion=_joined(self.champion, other.champion),
            weight=_joined(self.weight, other.weight),
        )


def _joined(one: Any, other: Any) -> Any:
    if (one is None) is not (other is None):
        raise ValueError("answers of other models or of another exam don't add up")
    return None if one is None else np.concatenate([one, other])


def answered(metric: BroughtMetric, examination: Examination, rows: Rows, place: str) -> Answered:
    """Raises Broken where the metric can't be had of these rows, or not be bounded: a row must be
    independent of the others, and there may be MOST_ROWS of them."""
    declared, plugin = metric.declared, metric.plugin
    if examination.cluster is not None:
        raise plugin.broken(
            "an exam with clusters: rows that belong together are resampled one by one",
            "an exam of independent rows, or a metric that mlci has",
        )
    if examination.weight is not None and not declared.weighted:
        raise plugin.broken(
            "an exam with weights, which the metric doesn't take",
            "a metric that is `weighted`, or an exam without weights",
        )
    if examination.rows > MOST_ROWS:
        raise plugin.broken(
            f"{examination.rows:,} rows, each resampled {declared.resamples:,} times",
            f"at most {MOST_ROWS:,} rows",
        )
    champion = examination.champion
    own = _answers(metric, examination.candidate, rows)
    if own is None:
        raise Broken(
            place=place,
            found="a model that gives labels only",
            expected=f"probabilities, which {plugin} is computed from",
            next_step="convert the model with its probabilities, or choose a metric of labels",
        )
    return Answered(
        truth=_plain(examination.truth[rows]),
        candidate=own,
        champion=None if champion is None else _answers(metric, champion, rows),
        weight=None if examination.weight is None else examination.weight[rows],
        classes=examination.task != REGRESSION,
        labels=not declared.of_scores,
    )


def _answers(metric: BroughtMetric, answers: Answers, rows: Rows) -> NDArray[Any] | None:
    if not metric.declared.of_scores:
        return _plain(answers.label[rows])
    return None if answers.score is None else answers.score[rows].astype(np.float64, copy=False)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Truth values as 1 and 0."""
    return values.astype(np.int8) if values.dtype == np.bool_ else values
