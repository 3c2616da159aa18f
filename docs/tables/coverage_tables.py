"""How often each bound misses the truth, over sizes, rates, groups, clusters and weights."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from clustered import GRID, Design, Floats, sums_of_clusters, sums_of_weights
from row import Row
from scipy.special import bdtr, ndtri

from mlci.statistics.auc import delong, paired_delong
from mlci.statistics.contrasts import contrast_lower
from mlci.statistics.moments import of_rows, reach
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.paired import paired_bound
from mlci.statistics.proportions import exact_bounds
from mlci.statistics.shrunk import Rates, rates
from mlci.statistics.sums import Sums

NOMINAL = 0.05
CONFIDENCE = 1.0 - NOMINAL
Z = float(ndtri(CONFIDENCE))
ALL = np.ones(2, bool)


def share_of_rows() -> Iterator[Row]:
    """One proportion of independent rows, exact over all counts."""
    for n in (30, 100, 1000, 10_000, 100_000, 1_000_000):
        for rate in (0.5, 0.1, 0.01, 0.001):
            far = 12.0 * math.sqrt(n * rate * (1 - rate)) + 40.0
            low, high = max(math.floor(n * rate - far), 0), min(math.ceil(n * rate + far), n)
            counts = np.arange(low, high + 1)
            lower, upper = exact_bounds(counts / n, n, Z)
            too_high = counts[lower > rate]
            too_low = counts[upper < rate]
            above = 1.0 - bdtr(too_high[0] - 1.0, n, rate) if too_high.size else 0.0
            below = float(bdtr(float(too_low[-1]), n, rate)) if too_low.size else 0.0
            yield from _sides("proportion", f"n = {n:,}, rate {rate:g}", above, below, 0)


def pairs_of_rows(runs: int = 20_000) -> Iterator[Row]:
    """Candidate minus champion on the same independent rows."""
    random = np.random.default_rng(31)
    for n in (30, 100, 1000, 10_000, 1_000_000):
        for discordance in (0.01, 0.1, 0.3):
            for worse in (0.0, 0.5, 1.0):
                gap = -worse * discordance
                chances = [(discordance + gap) / 2, (discordance - gap) / 2, 1 - discordance]
                drawn = random.multinomial(n, chances, size=runs)[:, :2]
                seen, times = np.unique(drawn, axis=0, return_counts=True)
                above = times @ (paired_bound(seen[:, 0], seen[:, 1], n, Z) > gap) / runs
                below = times @ (paired_bound(seen[:, 0], seen[:, 1], n, -Z) < gap) / runs
                where = f"n = {n:,}, {discordance:.0%} discordant, truly {gap:+.3f}"
                yield from _sides("paired difference", where, above, below, runs)


def groups(runs: int = 4_000) -> Iterator[Row]:
    """Any alarm by Holm where every pair of groups keeps the limit."""
    random = np.random.default_rng(32)
    kinds = (("difference", 0.0), ("difference", 0.1), ("ratio", 0.8))
    for k, n, base, (kind, limit) in product(
        (2, 10, 50), (30, 300, 3000, 100_000), (0.5, 0.1, 0.01, 0.001), kinds
    ):
        # Half the groups stand at the limit from the others, the worst there is.
        other = base * limit if kind == "ratio" else base + limit
        truth = np.where(np.arange(k) < k // 2, base, other)
        # The work grows with the square of the groups.
        repeats = max(runs // (1 if k < 50 else 10), 1)
        seen = random.binomial(n, truth, size=(repeats, k)) / n
        rows = np.full(seen.shape, float(n))
        alarms = _alarms(seen, rows, np.zeros((repeats, k, k)), kind, limit)
        yield Row(
            what=f"{kind} of groups: any alarm",
            setting=f"{k} groups of {n:,}, rate {base:g}, limit {limit:g}",
            rate=float(alarms.mean()),
            runs=repeats,
            promised=NOMINAL,
        )


def share_of_clusters(runs: int = 2_000, designs: Sequence[Design] = GRID) -> Iterator[Row]:
    """One proportion of clustered rows."""
    random = np.random.default_rng(33)
    for design in designs:
        for rate in (0.5, 0.1, 0.01, 0.001):
            units = design.tables(np.array([1 - rate, rate]), runs, random)
            above, below = _missed_rate([sums_of_clusters(each) for each in units], rate)
            yield from _sides("proportion", f"{design.name}, rate {rate:g}", above, below, runs)


def pairs_of_clusters(runs: int = 1_000, designs: Sequence[Design] = GRID) -> Iterator[Row]:
    """Candidate minus champion on the same clustered rows."""
    random = np.random.default_rng(34)
    for design in designs:
        for discordance in (0.01, 0.1, 0.3):
            for worse in (0.0, 0.5):
                gap = -worse * discordance
                chances = [(discordance + gap) / 2, (discordance - gap) / 2, 1 - discordance]
                units = design.tables(np.array(chances), runs, random)
                counts = np.array([_shrunk_pair(sums_of_clusters(each)) for each in units])
                above, below = (
                    float(np.mean(side)) for side in (
                        paired_bound(*counts.T, Z) > gap, paired_bound(*counts.T, -Z) < gap
                    )
                )  # fmt: skip
                where = f"{design.name}, {discordance:.0%} discordant, truly {gap:+.3f}"
                yield from _sides("paired difference", where, above, below, runs)


def groups_of_clusters(runs: int = 1_000, designs: Sequence[Design] = GRID) -> Iterator[Row]:
    """Any alarm by Holm, limit 0: groups that share all clusters, and groups of own clusters."""
    random = np.random.default_rng(35)
    small = [design for design in designs if design.rows <= 50]
    for design, (k, rate), shared in product(small, ((2, 0.1), (10, 0.5)), (True, False)):
        found = [_rates_of_groups(design, k, rate, shared, random) for _ in range(runs)]
        totals = np.array([each.totals for each in found])
        successes = np.array([each.successes for each in found])
        seen = np.divide(successes, totals, out=np.zeros_like(totals), where=totals > 0)
        bound = np.array([each.correlation for each in found])
        whose = "across clusters" if shared else "each with its own clusters"
        yield Row(
            what="difference of groups: any alarm",
            setting=f"{k} groups {whose}, {design.name}, rate {rate:g}",
            rate=float(_alarms(seen, totals, bound, "difference", 0.0).mean()),
            runs=runs,
            promised=NOMINAL,
        )


def weights(runs: int = 2_000) -> Iterator[Row]:
    """One proportion, and candidate minus champion, of independent rows with lognormal weights."""
    random = np.random.default_rng(36)
    for n in (100, 1000, 10_000):
        for spread in (0.5, 1.0):
            for rate in (0.5, 0.1, 0.01):
                tables = [_weighted(random, n, spread, [1 - rate, rate]) for _ in range(runs)]
                where = f"n = {n:,}, weights exp({spread:g} normal), "
                above, below = _missed_rate(tables, rate)
                yield from _sides("proportion", f"{where}rate {rate:g}", above, below, runs)
                chances = [rate / 4, rate / 4, 1 - rate / 2]
                counts = np.array(
                    [_shrunk_pair(_weighted(random, n, spread, chances)) for _ in range(runs)]
                )
                above = float(np.mean(paired_bound(*counts.T, Z) > 0.0))
                below = float(np.mean(paired_bound(*counts.T, -Z) < 0.0))
                yield from _sides(
                    "paired difference", f"{where}{rate / 2:.1%} discordant", above, below, runs
                )


def areas(runs: int = 1_000) -> Iterator[Row]:
    """The area under the curve and its difference: independent, clustered and weighted rows."""
    random = np.random.default_rng(37)
    for n, positive, clusters, spread in (
        (60, 0.3, 0, 0.0), (300, 0.3, 0, 0.0), (1000, 0.01, 0, 0.0), (3000, 0.1, 0, 0.0),
        (500, 0.3, 10, 0.0), (600, 0.3, 30, 0.0), (2000, 0.3, 200, 0.0), (2000, 0.05, 200, 0.0),
        (1000, 0.3, 0, 1.0),
    ):  # fmt: skip
        for shift in (1.0, 2.5):
            missed = np.zeros(4)
            true = 0.5 * (1 + math.erf(shift / 2))
            for _ in range(runs):
                truth, first, second, cluster = _scored(random, n, positive, shift, clusters)
                weight = np.exp(spread * random.normal(size=n)) if spread else None
                if truth.all() or not truth.any():
                    continue
                one = delong(truth, first, CONFIDENCE, weight=weight, cluster=cluster)
                two = paired_delong(
                    truth, first, second, CONFIDENCE, weight=weight, cluster=cluster
                )
                missed += [one.lower > true, one.upper < true, two.lower > 0, two.upper < 0]
            where = f"n = {n:,}, {positive:.0%} positive, area {true:.3f}"
            where += f", {clusters} clusters" if clusters else ""
            where += f", weights exp({spread:g} normal)" if spread else ""
            for what, (above, below) in zip(
                ("area", "difference of areas"), missed.reshape(2, 2) / runs, strict=True
            ):
                yield from _sides(what, where, above, below, runs)


def means(runs: int = 4_000) -> Iterator[Row]:
    """The mean of losses: independent and clustered rows."""
    random = np.random.default_rng(38)
    for name, draw, true in (
        ("exponential", lambda size: random.exponential(size=size), 1.0),
        ("lognormal", lambda size: np.exp(random.normal(size=size)), math.exp(0.5)),
        ("normal", lambda size: random.normal(size=size), 0.0),
    ):
        for n, clusters in ((30, 0), (300, 0), (3000, 0), (500, 10), (1500, 30), (4000, 200)):
            codes = np.arange(n) % clusters if clusters else None
            missed = np.zeros(2)
            for _ in range(runs if n < 3000 else runs // 4):
                values = draw(n)
                if codes is not None:
                    values = 0.5 * values + 0.5 * draw(clusters)[codes]
                seen = values.mean()
                moments = of_rows(np.stack([np.ones(n), values], axis=1), cluster=codes)
                try:
                    down, up = reach(moments, np.array([-seen, 1.0]) / n, CONFIDENCE)
                except NoBounds:
                    continue
                missed += [seen - down > true, seen + up < true]
            repeats = runs if n < 3000 else runs // 4
            where = f"{name}, n = {n:,}" + (f", {clusters} clusters" if clusters else "")
            yield from _sides("mean", where, *(missed / repeats), repeats)


def _sides(what: str, where: str, above: float, below: float, runs: int) -> Iterator[Row]:
    for side, rate in (("lower bound above", above), ("upper bound below", below)):
        yield Row(
            what=f"{what}: {side} the truth",
            setting=where,
            rate=float(rate),
            runs=runs,
            promised=NOMINAL,
        )


def _missed_rate(tables: Sequence[Sums], rate: float) -> tuple[float, float]:
    """How often both bounds of the share of cell 1 miss ``rate``."""
    found = [rates(each, [[False, True]], [[True, True]], CONFIDENCE) for each in tables]
    n = np.array([each.totals[0] for each in found])
    p = np.array([each.successes[0] for each in found]) / n
    lower, upper = exact_bounds(p, n, Z)
    return float(np.mean(lower > rate)), float(np.mean(upper < rate))


def _shrunk_pair(sums: Sums) -> Floats:
    """Effective b, c and n of cells candidate only, champion only, neither or both."""
    total = sums.values.sum()
    per_row = np.array([1.0, -1.0, 0.0])
    gradient = (per_row - sums.values @ per_row / total) / total
    table = sums.effective(gradient, np.ones(3, bool), CONFIDENCE)
    return np.array([table[0], table[1], table.sum()])


def _alarms(seen: Floats, rows: Floats, bound: Floats, kind: str, limit: float) -> Any:
    """bool [runs]: whether Holm's first step shows any pair of groups beyond the limit, of rates
    and (effective) rows [runs, k], correlated by ``bound`` [runs, k, k]."""
    i, j = np.triu_indices(seen.shape[1], 1)
    swap = seen[:, i] < seen[:, j]
    higher, lower = np.where(swap, j, i), np.where(swap, i, j)
    runs = np.arange(len(seen))[:, None]
    columns = [
        each.ravel()
        for each in (
            seen[runs, higher], rows[runs, higher], seen[runs, lower], rows[runs, lower],
            bound[runs, higher, lower],
        )
    ]  # fmt: skip
    # With a limit of 0 a pair may break it in either direction.
    z = -float(ndtri(NOMINAL / i.size / (2 if limit == 0.0 else 1)))
    some = (columns[1] > 0) & (columns[3] > 0)
    pairs, places = np.unique(np.array(columns)[:, some], axis=1, return_inverse=True)
    high, high_rows, low, low_rows, correlation = pairs
    if kind == "ratio":
        contrast = contrast_lower(low, low_rows, high, high_rows, -z, ratio=limit)
        beyond = contrast < 0.0
    else:
        given = (high, high_rows, low, low_rows, z)
        beyond = contrast_lower(*given, correlation=correlation) > limit
    shown = np.zeros(some.size, bool)
    shown[some] = beyond[places]
    return shown.reshape(len(seen), -1).any(axis=1)


def _rates_of_groups(
    design: Design, k: int, rate: float, shared: bool, random: np.random.Generator
) -> Rates:
    one = design.tables(np.array([1 - rate, rate]), 1, random)[0]
    cells = np.zeros((len(one), 2 * k))
    if shared:
        # Each cluster's rows fall into the groups at random.
        for cell in (0, 1):
            cells[:, cell::2] = random.multinomial(one[:, cell].astype(int), np.full(k, 1 / k))
    else:
        own = np.arange(len(one)) % k
        cells[np.arange(len(one)), 2 * own] = one[:, 0]
        cells[np.arange(len(one)), 2 * own + 1] = one[:, 1]
    among = np.repeat(np.eye(k, dtype=bool), 2, axis=1)
    pairs = k * (k - 1) // 2
    hit = among & (np.arange(2 * k) % 2 == 1)
    return rates(sums_of_clusters(cells), hit, among, 1 - NOMINAL / pairs)


def _weighted(random: np.random.Generator, n: int, spread: float, chances: list[float]) -> Sums:
    cells = random.choice(len(chances), p=chances, size=n)
    return sums_of_weights(cells, np.exp(spread * random.normal(size=n)), len(chances))


def _scored(
    random: np.random.Generator, n: int, positive: float, shift: float, clusters: int
) -> tuple[Any, Floats, Floats, Any]:
    """Normal scores of two models of one area; a cluster shares part of its scores."""
    if not clusters:
        truth, cluster = np.arange(n) < positive * n, None
        noise = random.normal(size=n)
    else:
        cluster = random.integers(0, clusters, n)
        truth = random.random(n) < positive
        noise = math.sqrt(0.3) * random.normal(size=clusters)[cluster]
        noise = noise + math.sqrt(0.7) * random.normal(size=n)
    own = math.sqrt(0.19) * random.normal(size=(2, n))
    return (
        truth,
        0.9 * noise + own[0] + shift * truth,
        0.9 * noise + own[1] + shift * truth,
        cluster,
    )
