import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlci.statistics.draws import uniforms


@given(first=st.integers(0, 10_000), rows=st.integers(0, 50), split=st.integers(0, 50))
def test_a_row_has_its_number_whatever_is_drawn_with_it(first, rows, split):
    split = min(split, rows)
    parts = [uniforms("a", first, split), uniforms("a", first + split, rows - split)]
    assert np.array_equal(np.concatenate(parts), uniforms("a", 0, first + rows)[first:])


def test_numbers_are_uniform_inside_0_and_1_and_streams_are_apart():
    a, b = uniforms("a", 0, 100_000), uniforms("b", 0, 100_000)
    assert 0.0 < a.min() < a.max() < 1.0
    assert np.abs(np.histogram(a, 20, (0, 1))[0] / 5_000 - 1).max() < 0.06
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02
    assert abs(np.corrcoef(a[1:], a[:-1])[0, 1]) < 0.02


def test_the_numbers_are_the_same_ones_in_every_version():
    """What was measured today is measured again tomorrow."""
    assert uniforms("1/noise/age", 5, 3).round(12).tolist() == [
        0.575859839476,
        0.677074945212,
        0.324645470901,
    ]
