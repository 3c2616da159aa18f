"""What the accuracy gate keeps of the rows: tables, sums or scores, of all rows or of a slice.

Tables and sums of two shards add up, scores are put end to end: what is kept is enough for every
interval, and no row of the data is looked at again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.gates.accuracy.asked import Asked
from mlci.gates.brought.evidence import Answered, answered
from mlci.gates.parts.merging import both, each
from mlci.records.examination import Answers, Examination
from mlci.records.metric import Family
from mlci.statistics.auc import Areas
from mlci.statistics.calibration import calibration_sums
from mlci.statistics.class_losses import brier_losses, log_losses, top_label
from mlci.statistics.joint import Joint, tabulate
from mlci.statistics.sums import Sums
from mlci.statistics.values import Losses, of_errors, of_losses

Rows = NDArray[np.intp] | slice
ALL = slice(None)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Numbers row for row: probabilities ([n], or [n, classes]) with the ``truth`` that they are
    about, or absolute errors, which need none. ``weight`` and ``cluster`` as in an Examination.

    Those of shards of whole clusters are put end to end, whose clusters are numbered anew.
    """

    truth: NDArray[Any] | None = field(repr=False)
    candidate: NDArray[np.floating[Any]] = field(repr=False)
    champion: NDArray[np.floating[Any]] | None = field(repr=False)
    weight: NDArray[np.float64] | None = field(repr=False)
    cluster: NDArray[np.int32] | None = field(repr=False)

    @cached_property
    def areas(self) -> Areas:
        """Of scores [n] of two classes: both models are ranked once for all that is asked of them.
        Raises ValueError where one class is missing."""
        models = [each for each in (self.candidate, self.champion) if each is not None]
        truth = np.asarray(self.truth)
        return Areas(truth, tuple(models), weight=self.weight, cluster=self.cluster)

    def __add__(self, other: "Scores") -> "Scores":
        clusters = other.cluster
        if self.cluster is not None and clusters is not None:
            clusters = clusters + (self.cluster.max() + 1)
        return Scores(
            truth=_joined(self.truth, other.truth),
            candidate=np.concatenate([self.candidate, other.candidate]),
            champion=_joined(self.champion, other.champion),
            weight=_joined(self.weight, other.weight),
            cluster=_joined(self.cluster, clusters),
        )


def _joined(one: Any, other: Any) -> Any:
    if (one is None) is not (other is None):
        raise ValueError("scores of other models or of another exam don't add up")
    return None if one is None else np.concatenate([one, other])


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Sums by bins of the score, of each model by itself."""

    candidate: Sums
    champion: Sums | None

    def __add__(self, other: "Calibration") -> "Calibration":
        return Calibration(
            candidate=self.candidate + other.candidate,
            champion=both(self.champion, other.champion),
        )


Evidence = Joint | Losses | Scores | Calibration | Answered


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """``slices`` maps the key of a grouping to the evidence of each of its levels in their order,
    None for one that only other shards have rows of; ``anchor`` is the same with an older release
    in the champion's place, None where none is asked for or there."""

    asked: Asked
    whole: Evidence
    slices: Mapping[str, Mapping[str, Evidence | None]]
    anchor: "Measurement | None" = None

    def __add__(self, other: "Measurement") -> "Measurement":
        """Of both shards' rows. Raises ValueError where they don't measure the same."""
        if self.asked != other.asked or type(self.whole) is not type(other.whole):
            raise ValueError("measurements of other metrics don't add up")
        if self.slices.keys() != other.slices.keys():
            raise ValueError("measurements of other slices don't add up")
        return Measurement(
            asked=self.asked,
            whole=self.whole + other.whole,  # type: ignore[operator]
            slices={key: each(levels, other.slices[key]) for key, levels in self.slices.items()},
            anchor=both(self.anchor, other.anchor),
        )


def gather(asked: Asked, examination: Examination, keys: Sequence[str], place: str) -> Measurement:
    """Raises Broken when the metric needs scores and the candidate gives none."""
    if asked.family in _NEED_SCORES and examination.candidate.score is None:
        raise Broken(
            place=place,
            found="a model that gives labels only",
            expected=f"probabilities, which {asked.metric} is computed from",
            next_step="convert the model with its probabilities, or choose a metric of labels",
        )
    return Measurement(
        asked=asked,
        whole=_evidence(asked, examination, ALL, place),
        slices={
            key: {
                level: _evidence(asked, examination, rows, place) if rows.size else None
                for level, rows in _levels(examination, key)
            }
            for key in keys
        },
    )


_NEED_SCORES = (Family.RANKING, Family.LOSS, Family.CALIBRATION)


def _evidence(asked: Asked, examination: Examination, rows: Rows, place: str) -> Evidence:
    if (plugin := asked.plugin) is not None:
        return answered(plugin, examination, rows, place)
    truth, candidate = examination.truth[rows], _rows(examination.candidate, rows)
    champion = None if examination.champion is None else _rows(examination.champion, rows)
    worth: dict[str, Any] = {
        "weight": None if examination.weight is None else examination.weight[rows],
        "cluster": None if examination.cluster is None else examination.cluster[rows],
    }
    other = None if champion is None else champion.label
    match asked.family:
        case Family.PROPORTION | Family.TABLE:
            size = len(asked.classes)
            return tabulate(truth, candidate.label, other, classes=size, **worth)
        case Family.VALUE:
            return of_errors(
                asked.metric,  # type: ignore[arg-type]
                truth,
                candidate.label,
                other,
                share=asked.share,
                **worth,
            )
        case Family.QUANTILE:
            theirs = None if champion is None else np.abs(champion.label - truth)
            own = np.abs(candidate.label - truth)
            return Scores(truth=None, candidate=own, champion=theirs, **worth)
    score = candidate.score
    assert score is not None  # noqa: S101 - gather() admits no model without
    theirs = None if champion is None else champion.score
    match asked.family:
        case Family.LOSS:
            compared = None if theirs is None else losses(asked.metric, truth, theirs)
            return of_losses(losses(asked.metric, truth, score), compared, **worth)
        case Family.CALIBRATION:
            return Calibration(
                candidate=calibration_sums(*_top(truth, score), **worth),
                champion=None
                if theirs is None
                else calibration_sums(*_top(truth, theirs), **worth),
            )
        case _:
            return Scores(truth=truth, candidate=score, champion=theirs, **worth)


def losses(
    metric: str, truth: NDArray[Any], score: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """The loss of each row: its mean is scikit-learn's log_loss or brier_score_loss."""
    if score.ndim == 1:
        score = score.astype(np.float64, copy=False)
    if metric == "brier":
        return np.square(score - truth) if score.ndim == 1 else brier_losses(truth, score)
    if score.ndim == 1:
        truth, score = truth.astype(np.int32), np.stack([1.0 - score, score], axis=1)
    return log_losses(truth, score)


def _top(truth: NDArray[Any], score: NDArray[np.floating[Any]]) -> tuple[Any, Any]:
    """What scores are about: of several classes, whether the likeliest one is right."""
    return (truth, score) if score.ndim == 1 else top_label(truth, score)


def _rows(answers: Answers, rows: Rows) -> Answers:
    score = None if answers.score is None else answers.score[rows]
    return Answers(label=answers.label[rows], score=score)


def _levels(examination: Examination, key: str) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Each level, and which rows are of it: one sort for all of them."""
    groups = examination.groups[key]
    order = np.argsort(groups.codes, kind="stable")
    starts = np.searchsorted(groups.codes[order], np.arange(len(groups.levels) + 1))
    for code, level in enumerate(groups.levels):
        yield level, order[starts[code] : starts[code + 1]]
