"""Metrics of predicted numbers, and means of any loss: values, bounds, paired differences.

One pass over the rows makes the sums; shards add up. Errors are prediction minus truth, so a
positive ``mean_error`` is a model that says too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlci.statistics import moments as third
from mlci.statistics.moments import FEWEST, Moments, reach
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.proportions import Floats, exact_bounds, quantile

Metric = Literal[
    "mean_absolute_error", "mean_error", "root_mean_squared_error", "r2", "mean_pinball_loss"
]
Form = Literal["mean", "root", "r2"]

# Where the sums of a loss stand: weight, loss, champion's loss, whether the two differ; for r2
# two more at the end, of the truth less ``pivot`` and of its square.
_DIFFERS = 3


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Sums of one model's losses or of two models' on the same rows.

    ``form``: the metric is their mean, its root, or 1 - their sum over that of the truth's squared
    deviations. ``pivot`` keeps these exact where the truth is large and varies little.
    """

    form: Form
    paired: bool
    moments: Moments = field(repr=False)
    pivot: float = 0.0

    def __add__(self, other: "Losses") -> "Losses":
        if (self.form, self.paired) != (other.form, other.paired):
            raise ValueError("losses of other metrics or models don't add up")
        return replace(self, moments=self.moments + other._about(self.pivot).moments)

    def _about(self, pivot: float) -> "Losses":
        """The same sums with another pivot: a linear change of the last two columns."""
        if self.form != "r2" or pivot == self.pivot:
            return self
        shift, sums = self.pivot - pivot, self.moments.sums
        change = np.eye(sums.values.size)
        change[-2, 0] = shift
        change[-1, 0], change[-1, -2] = shift**2, 2.0 * shift
        moved = replace(
            sums,
            values=change @ sums.values,
            cross=change @ sums.cross @ change.T,
            cubes=(np.abs(change) @ np.cbrt(sums.cubes)) ** 3,  # at most (Minkowski)
        )
        cubes = np.einsum("abc,ia,jb,kc->ijk", self.moments.third, change, change, change)
        return replace(self, moments=Moments(sums=moved, third=cubes), pivot=pivot)


@dataclass(frozen=True, kw_only=True)
class ValueEstimate:
    """A metric or a difference of two with its pair of one-sided bounds; ``units``: the rows or
    clusters of equal weight that would know as much."""

    estimate: float
    lower: float
    upper: float
    units: float


def of_errors(
    metric: Metric,
    truth: ArrayLike,
    candidate: ArrayLike,
    champion: ArrayLike | None = None,
    *,
    share: float = 0.5,
    weight: ArrayLike | None = None,
    cluster: NDArray[np.integer[Any]] | None = None,
) -> Losses:
    """The sums of a regression metric over rows [n]; ``share`` is the quantile that
    mean_pinball_loss asks for. ValueError for no rows or numbers that aren't finite."""
    y = np.asarray(truth, float)
    own = row_losses(metric, y, np.asarray(candidate, float), share)
    other = None
    if champion is not None:
        other = row_losses(metric, y, np.asarray(champion, float), share)
    if metric != "r2":
        form: Form = "root" if metric == "root_mean_squared_error" else "mean"
        return of_losses(own, other, weight=weight, cluster=cluster, form=form)
    return of_losses(own, other, weight=weight, cluster=cluster, form="r2", truth=y)


def row_losses(metric: Metric, truth: Floats, prediction: Floats, share: float = 0.5) -> Floats:
    """What the metric takes the mean of (r2 and root_mean_squared_error: squared errors)."""
    error = prediction - truth
    match metric:
        case "mean_error":
            return error
        case "mean_absolute_error":
            return np.abs(error)
        case "mean_pinball_loss":
            return np.asarray(0.5 * np.abs(error) + (0.5 - share) * error)
    return np.asarray(error * error)


def of_losses(
    candidate: ArrayLike,
    champion: ArrayLike | None = None,
    *,
    weight: ArrayLike | None = None,
    cluster: NDArray[np.integer[Any]] | None = None,
    form: Form = "mean",
    truth: Floats | None = None,
) -> Losses:
    """The sums of any losses [n] of one or two models; ``truth`` [n] for r2 only."""
    own = np.asarray(candidate, float)
    columns = [np.ones_like(own), own]
    if champion is not None:
        other = np.asarray(champion, float)
        columns += [other, (own != other).astype(float)]
    pivot = 0.0
    if truth is not None:
        pivot = float(truth[0]) if truth.size else 0.0
        columns += [truth - pivot, (truth - pivot) ** 2]
    rows = np.stack(columns, axis=1)
    if not rows.size or not np.all(np.isfinite(rows)):
        raise ValueError("losses need at least one row, and every number finite")
    moments = third.of_rows(rows, weight=weight, cluster=cluster)
    return Losses(form=form, paired=champion is not None, moments=moments, pivot=pivot)


def value(losses: Losses, model: int = 0) -> float:
    """The metric of the candidate (0) or the champion (1): scikit-learn's, but r2 is NaN where the
    truth doesn't vary."""
    if losses.form == "r2":
        return 1.0 - _part(losses, model)
    mean = _part(losses, model)
    return float(np.sqrt(mean)) if losses.form == "root" else mean


def gradient(losses: Losses, model: int = 0) -> Floats:
    """The derivative of ``value`` by each of the sums [C]; times the sums it is zero."""
    inner = _inner_gradient(losses, model)
    if losses.form == "r2":
        return -inner
    if losses.form == "root":
        root = value(losses, model)
        return inner / (2.0 * root) if root > 0.0 else np.zeros_like(inner)
    return inner


def estimate(losses: Losses, confidence: float, model: int = 0) -> ValueEstimate:
    """The metric with bounds. NoBounds where no bounds hold (see ``moments.reach``), where r2 is
    undefined and where all losses are zero, which says nothing of the next one."""
    quantile(confidence)
    part = _part(losses, model)
    if not np.isfinite(part):
        raise NoBounds("r2 is undefined: the true values are all alike")
    if losses.form == "r2" and part > 0.0:
        down, up = _reach_of_share(losses, [1.0, 0.0][:: 1 - 2 * model], confidence)
    else:
        down, up = reach(losses.moments, _inner_gradient(losses, model), confidence)
    if up == 0.0:
        down = up = _unseen(losses, 0.0, _size(losses, model), confidence)
    low, high = part - down, part + up
    if losses.form == "root":
        low, high = float(np.sqrt(max(low, 0.0))), float(np.sqrt(high))
    elif losses.form == "r2":
        low, high = 1.0 - high, 1.0 - max(low, 0.0)
    return ValueEstimate(
        estimate=value(losses, model), lower=low, upper=high, units=losses.moments.units
    )


def difference(losses: Losses, confidence: float) -> ValueEstimate:
    """The candidate's metric minus the champion's, with bounds. NoBounds as above.

    Where fewer than FEWEST rows have different losses, the bounds are plus and minus the largest
    share that such rows may have (exact bound) times how much they may differ by: the sum of the
    root mean squares of both models' losses, or that of the differences seen where it is larger.
    """
    quantile(confidence)
    own, other = value(losses, 0), value(losses, 1)
    if not np.isfinite(own - other):
        raise NoBounds("r2 is undefined: the true values are all alike")
    moments, sums = losses.moments, losses.moments.sums
    differing = float(sums.values[_DIFFERS]) * sums.rows / float(sums.values[0])
    contrast = gradient(losses, 0) - gradient(losses, 1)
    if differing < FEWEST and moments.units >= FEWEST:
        size = _size(losses, 0) + _size(losses, 1)
        if differing:
            apart = sums.cross[1, 1] - 2.0 * sums.cross[1, 2] + sums.cross[2, 2]
            size = max(size, float(np.sqrt(max(apart, 0.0) / differing)))
        slope = float(np.abs(contrast[1:3]).max()) * float(sums.values[0])
        down = up = slope * _unseen(losses, differing, size, confidence)
    elif losses.form == "r2":
        up, down = _reach_of_share(losses, [1.0, -1.0], confidence, units=differing)
    else:
        down, up = reach(moments, contrast, confidence, units=differing)
    return ValueEstimate(
        estimate=own - other, lower=own - other - down, upper=own - other + up, units=moments.units
    )


def _part(losses: Losses, model: int) -> float:
    """The mean loss; for r2 the losses' share of the truth's squared deviations."""
    sums = losses.moments.sums.values
    if losses.form != "r2":
        return float(sums[1 + model] / sums[0])
    around = float(sums[-1] - sums[-2] ** 2 / sums[0])
    return float(sums[1 + model]) / around if around > 0.0 else float("nan")


def _inner_gradient(losses: Losses, model: int) -> Floats:
    """The derivative of ``_part``."""
    sums = losses.moments.sums.values
    part, by = _part(losses, model), np.zeros_like(sums)
    if losses.form != "r2":
        by[0], by[1 + model] = -part / sums[0], 1.0 / sums[0]
        return by
    mean = float(sums[-2] / sums[0])
    around = float(sums[-1] - sums[-2] * mean)
    by[1 + model] = 1.0 / around
    by[0], by[-2], by[-1] = (part / around * each for each in (-(mean**2), 2.0 * mean, -1.0))
    return by


def _reach_of_share(
    losses: Losses, signs: Sequence[float], confidence: float, units: float | None = None
) -> tuple[float, float]:
    """How far below and above what is seen the share of a sum of losses (with these ``signs``) in
    the truth's squared deviations may lie: the shares s at which the mean of loss - s * deviation
    could yet be zero (Fieller 1954), because both parts of the ratio vary.

    Each part has bounds of its own, and their distances add up as MOVER has it (Donner & Zou
    2012): in the sum of both, the deviations' tail would hide that of the losses.
    """
    moments, sums = losses.moments, losses.moments.sums.values
    top = np.zeros_like(sums)
    top[1 : 2 + losses.paired] = signs[: 1 + losses.paired]
    deviation, mean = np.zeros_like(sums), float(sums[-2] / sums[0])
    deviation[0], deviation[-2], deviation[-1] = mean**2, -2.0 * mean, 1.0
    loss, around = (float(each @ sums / sums[0]) for each in (top, deviation))
    top[0] -= loss
    deviation[0] -= around
    of_loss = reach(moments, top / sums[0], confidence, units)
    of_deviation = reach(moments, deviation / sums[0], confidence, units)
    if of_deviation[0] >= around:
        raise NoBounds("r2 has no bounds: too few rows show how much the true values vary")
    cross = moments.sums.cross
    squares = float(top @ cross @ top) * float(deviation @ cross @ deviation)
    alike = float(top @ cross @ deviation) / np.sqrt(squares) if squares > 0.0 else 0.0
    seen = loss / around

    def slack(share: float, side: int) -> float:
        """How much farther the mean may lie than the zero that this share asks for."""
        own, other = of_loss[side], share * of_deviation[side if share < 0.0 else 1 - side]
        apart = own**2 + other**2 - 2.0 * alike * own * other
        return float(np.sqrt(max(apart, 0.0))) - abs(loss - share * around)

    ends = []
    for side, direction in ((0, -1.0), (1, 1.0)):
        step = max(slack(seen, side) / around, 0.0)
        while slack(seen + direction * 2.0 * step, side) > 0.0:
            step *= 2.0
        low, high = 0.0, 2.0 * step
        while high - low > 1e-9 * high:
            middle = 0.5 * (low + high)
            low, high = (
                (middle, high) if slack(seen + direction * middle, side) > 0.0 else (low, middle)
            )
        ends.append(high)
    return ends[0], ends[1]


def _size(losses: Losses, model: int) -> float:
    """The root mean square of a model's losses."""
    sums = losses.moments.sums
    return float(np.sqrt(sums.cross[1 + model, 1 + model] / sums.cross[0, 0]))


def _unseen(losses: Losses, seen: float, size: float, confidence: float) -> float:
    """The mean loss of the largest share of rows, of which ``seen`` were seen, that could yet
    have a loss of this ``size``."""
    if size == 0.0:
        raise NoBounds("no row has any loss: nothing shows how large one could be")
    units = losses.moments.units
    _, most = exact_bounds(min(seen / units, 1.0), units, quantile(confidence))
    return float(most) * size
