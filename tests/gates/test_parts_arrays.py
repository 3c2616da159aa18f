"""Members that aren't what their headers say, each for its own reason."""

import io

import numpy as np
import pytest

from mlci.gates.parts.arrays import from_bytes, to_bytes
from mlci.gates.parts.kinds import fits


def stored(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, (1, 0))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        stored(np.ones(4, complex)),
        stored(np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        stored(np.arange(4.0))[:-8],
        stored(np.arange(4.0)) + b"12345678",
    ],
)
def test_a_header_that_says_something_else_is_refused(content):
    with pytest.raises(ValueError, match="than its header says"):
        from_bytes(content, "float64", (4,))


def test_no_numbers_at_all_keep_their_type():
    for dtype in ("int64", "uint8", "float64", "bool"):
        again = from_bytes(to_bytes(np.zeros(0, dtype)), dtype, (0,))
        assert (again.dtype, again.shape) == (np.dtype(dtype), (0,))


def test_nothing_is_only_nothing():
    for value, hint, expected in (
        (None, None, True),
        (None, type(None), True),
        (0, None, False),
        (0, type(None), False),
        (None, int, False),
    ):
        assert fits(value, hint) is expected
