"""Random numbers that belong to a row: the same whichever rows are drawn for at once."""

import hashlib

import numpy as np
from numpy.typing import NDArray

# A counter-based generator (Salmon et al. 2011) gives four numbers for each step of its counter.
_PER_STEP = 4
_BITS = 52


def uniforms(stream: str, first: int, rows: int) -> NDArray[np.float64]:
    """float64 [rows] in (0, 1), both excluded: those of the rows from ``first`` on.

    ``stream`` names the sequence; different names give independent ones.
    """
    key = np.frombuffer(hashlib.sha256(stream.encode()).digest()[:16], np.uint64)
    generator = np.random.Philox(key=key)
    generator.advance(first // _PER_STEP)
    skipped = first % _PER_STEP
    raw = generator.random_raw(skipped + rows)[skipped:]
    return ((raw >> np.uint64(64 - _BITS)).astype(np.float64) + 0.5) * 2.0**-_BITS
