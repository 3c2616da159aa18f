"""Losses of probabilities of several classes, row by row: their means are scikit-learn's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlci.statistics.sums import Floats

Codes = NDArray[np.integer[Any]]


def log_losses(truth: Codes, probabilities: NDArray[np.floating[Any]]) -> Floats:
    """-log of the probability [n, k] of the true class [n]: the rows of scikit-learn's log_loss.

    As there since 1.5, rows are not made to add up to 1, and probabilities are kept the spacing
    of their own type away from 0 and 1: a float32 zero costs 15.9, a float64 zero 36.0.
    """
    near = float(np.finfo(probabilities.dtype).eps)
    right = probabilities[np.arange(len(truth)), truth].astype(float)
    return np.asarray(-np.log(np.clip(right, near, 1.0 - near)))


def brier_losses(truth: Codes, probabilities: NDArray[np.floating[Any]]) -> Floats:
    """Squared distance of the probabilities [n, k] from the true class: from 0 to 2, as
    scikit-learn's brier_score_loss of several classes."""
    p = probabilities.astype(float)
    right = p[np.arange(len(truth)), truth]
    return np.asarray((p * p).sum(axis=1) - right * right + np.square(1.0 - right))


def top_label(
    truth: Codes, probabilities: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.bool_], Floats]:
    """Whether the class with the largest probability is right, and that probability: what
    ``calibration_sums`` takes for several classes. The first class wins a tie."""
    said = probabilities.argmax(axis=1)
    return said == truth, probabilities[np.arange(len(truth)), said].astype(float)
