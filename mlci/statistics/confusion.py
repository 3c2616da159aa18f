"""Metrics of a confusion table [truth, prediction]: values and gradients, any number of classes.

Each metric of one class is a ratio hits / base of two sums of the table's cells, class against
rest; a macro metric is the plain mean over ALL classes of the table. A ratio 0/0 is undefined, and
so is a mean with an undefined part: scikit-learn counts such a class as 0 (precision, recall, F1)
or leaves it out (balanced accuracy), and either would hide that nothing is known about it.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Metric = Literal["accuracy", "balanced_accuracy", "precision", "recall", "f1"]

# What a class lacks where its ratio is 0/0.
_LACKING = {
    "balanced_accuracy": "no row is of class {}",
    "recall": "no row is of class {}",
    "precision": "no row is predicted as class {}",
    "f1": "no row is of class {0} or predicted as {0}",
}


def value(metric: Metric, table: ArrayLike, of: int | None = None) -> Floats:
    """The metric of tables [..., k, k]: of class ``of`` against the rest, or None: the macro mean.

    Binary precision, recall and F1 are those ``of=1``. accuracy and balanced_accuracy (the macro
    recall) have no class of their own: ValueError. NaN where undefined.
    """
    hits, base = ratio(metric, table, of)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((hits / base).mean(axis=-1))


def ratio(metric: Metric, table: ArrayLike, of: int | None = None) -> tuple[Floats, Floats]:
    """Hits and base of the ratios whose mean is the metric: each [..., k], or [..., 1]."""
    cells = np.asarray(table, float)
    check(metric, cells, of)
    right = np.diagonal(cells, axis1=-2, axis2=-1)
    actual, predicted = cells.sum(axis=-1), cells.sum(axis=-2)
    match metric:
        case "accuracy":
            hits, base = right.sum(axis=-1, keepdims=True), actual.sum(axis=-1, keepdims=True)
        case "precision":
            hits, base = right, predicted
        case "f1":
            hits, base = 2.0 * right, actual + predicted
        case _:
            hits, base = right, actual
    return (hits, base) if of is None else (hits[..., of : of + 1], base[..., of : of + 1])


def gradient(metric: Metric, table: ArrayLike, of: int | None = None) -> Floats:
    """The derivative of ``value`` by each cell of one table [k, k]; NaN where undefined.

    The metric doesn't change when all cells grow alike, so the gradient times the table is zero.
    """
    cells = np.asarray(table, float)
    hits, base = ratio(metric, cells, of)
    size = len(cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        hit, row = 1.0 / base, -hits / base**2
    if metric == "accuracy":
        return np.asarray(np.eye(size) * hit + row)
    if of is not None:
        hit, row = (np.where(np.arange(size) == of, each, 0.0) for each in (hit, row))
    parts = {"precision": (0, 1), "f1": (1, 1)}.get(metric, (1, 0))
    by_cell = parts[0] * row[:, None] + parts[1] * row[None, :]
    by_cell = by_cell + np.diag(hit * (2.0 if metric == "f1" else 1.0))
    return np.asarray(by_cell / (size if of is None else 1))


def undefined_because(
    metric: Metric, table: ArrayLike, names: Sequence[str], of: int | None = None
) -> str | None:
    """Why ``value`` of one table is NaN, for a person: which class lacks what. None if it isn't."""
    _, base = ratio(metric, table, of)
    lacking = np.flatnonzero(base == 0.0)
    if not lacking.size:
        return None
    if metric == "accuracy":
        return "no rows"
    first = names[int(lacking[0]) if of is None else of]
    more = f", nor of {lacking.size - 1} other classes" if lacking.size > 1 else ""
    return _LACKING[metric].format(first) + more


def check(metric: str, cells: NDArray[Any], of: int | None) -> None:
    """ValueError for a metric, a table or a class that can't be."""
    if metric != "accuracy" and metric not in _LACKING:
        raise ValueError(f"{metric!r} is no metric of a table")
    if cells.ndim < 2 or cells.shape[-1] != cells.shape[-2] or cells.shape[-1] < 2:
        raise ValueError(f"a table of shape {cells.shape} is not [..., k, k] with k >= 2")
    if of is not None and (
        metric in ("accuracy", "balanced_accuracy") or not 0 <= of < cells.shape[-1]
    ):
        raise ValueError(f"{metric} of class {of}: there is none")
