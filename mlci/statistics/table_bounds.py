"""Bounds of metrics of a confusion table: one model's, and the difference of two on the same rows.

The ratio of one class is a binomial share of the rows that it looks at (for F1 = 2J / (1 + J) the
share J of right ones among the rows that are of the class or predicted as it): exact bounds. A
macro mean has score bounds (macro.py). Differences of recall have paired bounds class by class,
and their mean recovers its width from these (MOVER: Zou, Huang and Zhang 2009); differences of
precision and F1, whose denominators differ, have linearised bounds widened as a score bound is.
Weights and clusters shrink each class's rows to effective ones.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.statistics.confusion import Floats, Metric, gradient, ratio, value
from mlci.statistics.joint import Joint
from mlci.statistics.macro import Shares, macro_bounds
from mlci.statistics.paired import paired_bound
from mlci.statistics.proportions import exact_bounds, quantile


@dataclass(frozen=True, kw_only=True)
class TableEstimate:
    """A metric or a difference of two, with its pair of one-sided bounds. ``rows``: the effective
    ones that it looks at; in a macro mean, those of the class that has fewest."""

    estimate: float
    lower: float
    upper: float
    rows: float


def table_estimate(
    metric: Metric,
    joint: Joint,
    confidence: float,
    of: int | None = None,
    model: int = 0,
) -> TableEstimate:
    """The metric (see ``confusion.value``) of the candidate (0) or the champion (1). ValueError
    where it is undefined (see ``confusion.undefined_because``)."""
    z = quantile(confidence)
    estimate = _defined(metric, joint, of, model)
    classes = _Classes(metric, joint, of, model, confidence)
    shares = classes.shares(joint)
    if shares.hits.size > 1:
        lower, upper = macro_bounds(shares, z)
    else:
        ends = exact_bounds(shares.hits / shares.rows, shares.rows, z)
        lower, upper = (float(shares.metric(end)[0]) for end in ends)
    return _holding(estimate, lower, upper, classes.rows, (0.0, 1.0))


def table_difference(
    metric: Metric, joint: Joint, confidence: float, of: int | None = None
) -> TableEstimate:
    """The candidate's metric minus the champion's on the same rows. ValueError as above."""
    quantile(confidence)
    estimate = _defined(metric, joint, of, 0) - _defined(metric, joint, of, 1)
    by = _linearised if metric in ("precision", "f1") else _square_and_add
    down, up, rows = by(metric, joint, confidence, of)
    return _holding(estimate, estimate - down, estimate + up, rows, (-1.0, 1.0))


class _Classes:
    """The ratios of one model, class by class, and the effective rows that each looks at."""

    def __init__(
        self, metric: Metric, joint: Joint, of: int | None, model: int, confidence: float
    ) -> None:
        self.metric, self.of, self.model = metric, of, model
        table = joint.table(model)
        hits, base = ratio(metric, table, of)
        if metric == "f1":  # its share is that of right rows among all that it looks at
            hits, base = hits / 2.0, base - hits / 2.0
        self.ratio = hits / base
        truth, predicted = joint.columns[0], joint.columns[1 + model]
        named = [of] if metric == "accuracy" or of is not None else list(range(joint.classes))
        part = "recall" if metric == "balanced_accuracy" else metric
        self.gradients = [gradient(part, table, each)[truth, predicted] for each in named]
        self.among = [_among(metric, truth, predicted, each) for each in named]
        sums = joint.sums
        self.rows = base * sums.rows / sums.values.sum()
        if not sums.simple:
            self.rows = self.rows * [
                sums.effective_share(gradient, among, confidence)
                for gradient, among in zip(self.gradients, self.among, strict=True)
            ]

    def shares(self, joint: Joint) -> Shares:
        most = 2.0 if self.metric == "f1" else 1.0
        return Shares(
            hits=self.ratio * self.rows,
            rows=self.rows,
            curve="f1" if self.metric == "f1" else "share",
            together=_together(joint, self.gradients, most),
        )


def _square_and_add(
    metric: Metric, joint: Joint, confidence: float, of: int | None
) -> tuple[float, float, Floats]:
    """Both models look at the same rows of a class: those that one model alone got right decide."""
    ahead, behind = (_Classes(metric, joint, of, model, confidence) for model in (0, 1))
    contrasts = [a - b for a, b in zip(ahead.gradients, behind.gradients, strict=True)]
    truth, first, second = joint.columns
    sums, size = joint.sums, len(contrasts)
    only = np.array(
        [
            [sums.values @ (among & right & ~wrong) for right, wrong in ((p, q), (q, p))]
            for among in ahead.among
            for p, q in [(first == truth, second == truth)]
        ]
    )
    weight = np.array([sums.values @ among for among in ahead.among])
    rows = weight * sums.rows / sums.values.sum()
    if not sums.simple:
        rows = rows * [
            sums.effective_share(contrast, among, confidence)
            for contrast, among in zip(contrasts, ahead.among, strict=True)
        ]
    b, c = (only / weight[:, None] * rows[:, None]).T
    gap, z = (b - c) / rows, quantile(confidence)
    wide = np.sqrt(_together(joint, contrasts, 1.0)) / size
    down = float(np.linalg.norm(gap - paired_bound(b, c, rows, z)) * wide)
    up = float(np.linalg.norm(paired_bound(b, c, rows, -z) - gap) * wide)
    return down, up, rows


def _linearised(
    metric: Metric, joint: Joint, confidence: float, of: int | None
) -> tuple[float, float, Floats]:
    """By the gradient, and as wide as z^2 rows of the scarcest class that could yet differ: the
    score bound of a Poisson count whose events each move the metric by ``step``."""
    truth, first, second = joint.columns
    contrast = np.subtract(
        gradient(metric, joint.table(0), of)[truth, first],
        gradient(metric, joint.table(1), of)[truth, second],
    )
    sums, z = joint.sums, quantile(confidence)
    total = float(sums.values.sum())
    rows = np.minimum(*(ratio(metric, joint.table(model), of)[1] for model in (0, 1)))
    rows = rows * sums.rows / total / (2.0 if metric == "f1" else 1.0)
    variance = float(sums.values @ contrast**2) * total / sums.rows
    if not sums.simple:
        looked = [_among(metric, truth, p, of) for p in (first, second)]
        share = sums.effective_share(contrast, looked[0] | looked[1], confidence)
        rows, variance = rows * share, variance / share
    step = 1.0 / (rows.size * (float(rows.min()) + z * z))
    poisson = z * z * step / 2.0
    half = float(np.sqrt(z * z * variance + poisson**2) + poisson)
    return half, half, rows


def _among(
    metric: Metric, truth: NDArray[Any], predicted: NDArray[Any], of: int | None
) -> NDArray[np.bool_]:
    """The cells that the ratio of class ``of`` looks at; None: any class, so every cell."""
    if of is None:
        return np.ones(truth.size, bool)
    actual, said = truth == of, predicted == of
    return np.asarray({"precision": said, "f1": actual | said}.get(metric, actual), bool)


def _together(joint: Joint, gradients: list[Floats], most: float) -> float:
    """Variance of the mean over the variance of a mean of independent classes, from 1 to ``most``
    for independent rows; clusters and weights may bind all classes together."""
    most = most if joint.sums.simple else float(len(gradients))
    if most == 1.0:
        return 1.0
    apart = sum(joint.sums.variance(each) for each in gradients)
    whole = joint.sums.variance(np.sum(gradients, axis=0))
    return float(np.clip(whole / apart, 1.0, most)) if apart > 0.0 else most


def _defined(metric: Metric, joint: Joint, of: int | None, model: int) -> float:
    found = float(value(metric, joint.table(model), of))
    if np.isnan(found):
        raise ValueError(f"{metric} is undefined")
    return found


def _holding(
    estimate: float, lower: float, upper: float, rows: Floats, ends: tuple[float, float]
) -> TableEstimate:
    """Rounding must not push a bound past the estimate or out of the metric's range."""
    return TableEstimate(
        estimate=estimate,
        lower=max(min(lower, estimate), ends[0]),
        upper=min(max(upper, estimate), ends[1]),
        rows=float(rows.min()),
    )
