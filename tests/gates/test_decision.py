"""Each limit, each side: a changed inequality breaks one of these."""

import math

import pytest

from mlci.gates.decision import decide, detectable, needed, threshold
from mlci.records.judgement import Limit, LimitKind

P, F, OPEN = "PASS", "FAIL", "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("kind", "value", "interval", "outcome"),
    [
        ("minimum", 0.8, (0.81, 0.9), P),
        ("minimum", 0.8, (0.80, 0.9), P),
        ("minimum", 0.8, (0.79, 0.9), OPEN),
        ("minimum", 0.8, (0.7, 0.80), OPEN),
        ("minimum", 0.8, (0.7, 0.79), F),
        ("maximum", 0.3, (0.2, 0.29), P),
        ("maximum", 0.3, (0.2, 0.30), P),
        ("maximum", 0.3, (0.2, 0.31), OPEN),
        ("maximum", 0.3, (0.30, 0.4), OPEN),
        ("maximum", 0.3, (0.31, 0.4), F),
        ("margin", 0.01, (-0.009, 0.1), P),
        ("margin", 0.01, (-0.01, 0.1), OPEN),
        ("margin", 0.01, (-0.02, -0.01), OPEN),
        ("margin", 0.01, (-0.02, -0.011), F),
        ("margin", 0.0, (0.0, 0.1), OPEN),
        ("margin", 0.0, (0.001, 0.1), P),
    ],
)
def test_an_interval_against_a_limit(kind, value, interval, outcome):
    assert decide(Limit(kind=LimitKind(kind), value=value), interval) == outcome


@pytest.mark.parametrize("kind", ["minimum", "maximum", "margin"])
def test_an_interval_that_is_nan_never_passes_and_never_fails(kind):
    limit = Limit(kind=LimitKind(kind), value=0.5)
    assert decide(limit, (math.nan, math.nan)) == OPEN


def test_a_limit_of_another_gate_is_refused():
    with pytest.raises(ValueError, match="own gate"):
        decide(Limit(kind=LimitKind.OBJECTIVE, value=1.0), (0.0, 1.0))


def test_a_margin_cuts_below_zero():
    assert threshold(Limit(kind=LimitKind.MARGIN, value=0.01)) == -0.01
    assert threshold(Limit(kind=LimitKind.MINIMUM, value=0.8)) == 0.8


def test_what_a_size_shows_and_the_size_that_shows_it():
    shown = detectable(0.0, (-1.6448536, 1.6448536), 0.95)
    assert shown == pytest.approx(1.6448536 + 0.8416212)
    assert detectable(0.0, (-3.2897072, 1.0), 0.95) == pytest.approx(2 * shown)
    assert needed(100, shown, shown) == 100
    assert needed(100, shown, shown / 2) == 400
    assert needed(100, shown, 0.0) is None
    assert needed(100, None, 0.1) is None
    assert needed(100, shown, 1e-9) is None
