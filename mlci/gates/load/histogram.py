"""Latencies in buckets: a bounded record of their distribution that merges by adding."""

import numpy as np
from numpy.typing import NDArray

# Buckets to an octave: each is 9 % wider than the one before it.
_TO_AN_OCTAVE = 8


def histogram(latencies: NDArray[np.int64]) -> list[list[float]]:
    """``latencies``: int64 [n], microseconds. Returns ``[upper bound in seconds, requests]`` of
    each bucket that isn't empty, ascending; a minute spans at most 207 of them."""
    octaves = np.log2(np.maximum(latencies, 1))
    buckets, counts = np.unique(np.ceil(octaves * _TO_AN_OCTAVE), return_counts=True)
    bounds = np.exp2(buckets / _TO_AN_OCTAVE) / 1e6
    return [[float(f"{bound:.4g}"), int(n)] for bound, n in zip(bounds, counts, strict=True)]
