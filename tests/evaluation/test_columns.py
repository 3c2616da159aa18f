"""Columns as codes, however the file keeps them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mlci.evaluation.columns import distinct, looked_up

MANY = [f"level {at % 300}" for at in range(70_000)]


@pytest.mark.parametrize(
    ("column", "width"),
    [
        (pa.array(["b", "a", "b"]), 1),
        (pa.array(["b", None, "b"]).dictionary_encode(), 1),
        (pa.DictionaryArray.from_arrays(pa.array([2, 0, 2], pa.int8()), ["x", "unused", "y"]), 1),
        (pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), ["twice", "twice"]), 1),
        (pa.array([3.5, float("nan"), 3.5]), 1),
        (pa.array([True, None]), 1),
        (pa.array(MANY), 2),
        (pa.array(MANY).dictionary_encode(), 2),
    ],
)
def test_codes_say_what_the_rows_hold_and_no_more(column: Any, width: int) -> None:
    codes, values = distinct(column)
    assert codes.dtype.itemsize == width
    assert str([values[code] for code in codes]) == str(column.to_pylist())
    assert set(codes.tolist()) == set(range(len(values)))


def test_tables_are_looked_up_part_by_part() -> None:
    one, other = np.arange(200_000) % 3, np.array([1, 0], np.uint8)
    parts = [(one.astype(np.uint8), np.array([5, 6, 7])), (other, np.array([8, 9]))]
    assert looked_up(parts).tolist() == [*(5 + one).tolist(), 9, 8]
