"""What judgements on groups of rows could show: pairs of groups, their gap, and slices."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlci.evaluation.naming import listed
from mlci.gates.decision import POWER
from mlci.gates.forecast import DISCORDANCE, Exam, Forecast, looked_at, too_narrow
from mlci.records.judgement import LimitKind, Planned
from mlci.statistics.pair_table import Kind, PairTable
from mlci.statistics.paired import detectable_margin
from mlci.statistics.power import detectable_difference, detectable_minimum, power_ratio
from mlci.statistics.proportions import quantile

Sizes = NDArray[np.int64]


def grouped(planned: Planned, exam: Exam, columns: Sequence[str]) -> Forecast:
    """For the groups of ``columns`` together; slices have one column.

    What is shown is shown of the two largest groups (the largest slice); smaller ones that could
    not show twice the limit are named.
    """
    names, sizes = group_sizes(planned.metric, columns, exam)
    slices = planned.slice is not None and "column" in planned.slice
    if slices:
        return _slices(planned, names, sizes)
    if len(names) < 2:
        return Forecast(n=int(sizes.sum()), detectable=None, assuming="", warning="one group only")
    if planned.limit.kind.compared:
        return _gap(planned, names, sizes)
    return _pairs(planned, names, sizes, exam)


def _pairs(planned: Planned, names: Sequence[str], sizes: Sizes, exam: Exam) -> Forecast:
    base = float(exam.truth.mean()) if planned.metric == "selection_rate" else 0.5
    pairs = len(names) * (len(names) - 1) // 2
    confidence = 1.0 - (1.0 - planned.confidence) / pairs
    limit = planned.limit.value
    kind: Kind = "ratio" if planned.limit.kind is LimitKind.MINIMUM_RATIO else "difference"
    rows = sizes.astype(np.float64)
    power = PairTable(base * rows, rows, kind).power(limit, confidence, base)
    every = combinations(range(len(names)), 2)
    small = [pair for pair, chance in zip(every, power, strict=True) if chance < POWER]
    first, second = _largest(sizes)
    shown = None
    if second and kind == "ratio":
        shown = _ratio(first, second, base, confidence, limit)
    elif second:
        shown = detectable_difference(first, second, base, confidence, limit=limit)
    return Forecast(
        n=int(sizes.sum()),
        detectable=shown,
        assuming=f"rates near {base:.0%}, of the two largest groups",
        warning=_too_few(_named(small, names)),
    )


def _named(small: Sequence[tuple[int, int]], names: Sequence[str]) -> list[str]:
    """A group that is small with every other by its name alone, then the other pairs."""
    with_others = Counter(group for pair in small for group in pair)
    most = len(names) - 1
    lonely = [at for at in range(len(names)) if most > 1 and with_others[at] == most]
    pairs = [(one, other) for one, other in small if not {one, other} & {*lonely}]
    return [
        *(f"{names[at]} with any other" for at in lonely),
        *(f"{names[one]} with {names[other]}" for one, other in pairs),
    ]


def _ratio(n1: int, n2: int, base: float, confidence: float, limit: float) -> float | None:
    """The largest ratio below ``limit`` that is shown, to a thousandth of the limit."""
    ratios = limit * np.arange(1000) / 1000
    high = np.minimum(2 * base / (1 + ratios), 1.0)
    shown = power_ratio(high * ratios, n2, high, n1, confidence, limit) >= POWER
    return float(ratios[shown].max()) if shown.any() else None


def _gap(planned: Planned, names: Sequence[str], sizes: Sizes) -> Forecast:
    """The change of the gap is that of one group's rate minus that of another's."""
    groups = len(names)
    confidence = 1.0 - (1.0 - planned.confidence) / (groups * (groups - 1))
    first, second = _largest(sizes)
    margin = planned.limit.value
    shown = None
    if second:
        spread = math.sqrt(DISCORDANCE / first + DISCORDANCE / second)
        shown = (quantile(confidence) + quantile(POWER)) * spread
    small = [
        name
        for name, n in zip(names, sizes, strict=True)
        if n == 0 or detectable_margin(int(n), DISCORDANCE, confidence) > 2 * margin
    ]
    warnings = [too_narrow(shown, margin) if shown is not None else "", _too_few(small)]
    return Forecast(
        n=int(sizes.sum()),
        detectable=shown,
        assuming=f"two models that disagree on {DISCORDANCE:.0%} of the rows, in the two largest "
        "groups",
        warning="; ".join(filter(None, warnings)),
    )


def _slices(planned: Planned, names: Sequence[str], sizes: Sizes) -> Forecast:
    """An alarm is raised for a slice that is shown beyond the limit, at the level of all slices."""
    confidence = 1.0 - (1.0 - planned.confidence) / len(names)
    shown = [_alarm(planned, int(n), confidence) for n in sizes]
    allowance = planned.limit.value
    if planned.limit.kind is LimitKind.MINIMUM:
        allowance = 1.0 - allowance
    small = [
        name for name, each in zip(names, shown, strict=True) if each is None or each > allowance
    ]
    return Forecast(
        n=int(sizes.sum()),
        detectable=shown[int(np.argmax(sizes))],
        assuming="how far beyond the limit the largest slice is noticed, as if its metric were a "
        "share of its rows",
        warning=_too_few(small),
    )


def _alarm(planned: Planned, n: int, confidence: float) -> float | None:
    if n == 0:
        return None
    if planned.limit.kind.compared:
        return detectable_margin(n, DISCORDANCE, confidence)
    limit = planned.limit.value
    aim = 1.0 - limit if planned.limit.kind is LimitKind.MINIMUM else limit
    return detectable_minimum(n, aim, confidence) if 0.0 < aim < 1.0 else None


def group_sizes(metric: str, columns: Sequence[str], exam: Exam) -> tuple[list[str], Sizes]:
    """The groups that are there, by name, and the rows of each that the metric looks at."""
    rows = looked_at(metric, exam.truth)
    codes = np.zeros(exam.truth.shape, np.int64)
    names = [""]
    for column in columns:
        groups = exam.groups[column]
        codes = codes * len(groups.levels) + groups.codes
        names = [f"{name}, {level}".strip(", ") for name in names for level in groups.levels]
    present = np.bincount(codes, minlength=len(names)) > 0
    sizes = np.bincount(codes[rows], minlength=len(names))
    there = [name for name, is_there in zip(names, present, strict=True) if is_there]
    return there, sizes[present]


def _largest(sizes: Sizes) -> tuple[int, int]:
    first, second = np.sort(sizes)[-2:][::-1]
    return int(first), int(second)


def _too_few(small: Sequence[str]) -> str:
    return f"too few rows to show twice the limit: {listed(small)}" if small else ""
