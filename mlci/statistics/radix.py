"""Sorting many numbers by some of their bits, in time that grows with their number alone.

NumPy's own sort is fast where the processor's vector instructions are, and on some (AMD's Zen 4,
whose AVX-512 stores compressed vectors slowly) five times as slow as on others. A counting sort
depends on memory only. SciPy has one: the transposition of a sparse matrix of one row.
"""

import numpy as np
from numpy.typing import NDArray

_FEW = 1 << 14  # below, NumPy's sort costs less than the calls
_MOST_BITS = 16  # a pass: as many counters as the processor's cache holds
_STRETCH = 1 << 15

Words = NDArray[np.uint64]


def sort_by_bits(words: Words, low: int, bits: int) -> Words:
    """``words`` [n] in ascending order of their ``bits`` bits from number ``low`` on, which are the
    highest that are set anywhere. Those below need not be in order; ``words`` may be reordered.
    """
    if words.size < _FEW:
        words.sort()
        return words
    passes = -(-bits // _MOST_BITS)
    for at in range(passes):
        begin, end = bits * at // passes, bits * (at + 1) // passes
        words = _by_digit(words, low + begin, end - begin)
    return words


def _by_digit(words: Words, low: int, bits: int) -> Words:
    """In the order of these bits; those alike there stay in the order that they have."""
    from scipy.sparse import csr_array

    whole = np.array([0, words.size], np.int32 if words.size < 1 << 31 else np.int64)
    row = csr_array((words, _digits(words, low, bits), whole), shape=(1, 1 << bits))
    return np.asarray(row.tocsc().data)


def _digits(words: Words, low: int, bits: int) -> NDArray[np.int32]:
    found = np.empty(words.size, np.int32)
    shift, mask = np.uint64(low), np.uint64((1 << bits) - 1)
    for start in range(0, words.size, _STRETCH):
        part = slice(start, start + _STRETCH)
        np.bitwise_and(words[part] >> shift, mask, out=found[part], casting="unsafe")
    return found
