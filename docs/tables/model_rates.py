"""How often the bounds of one model, or of two on the same rows, miss the truth."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from row import Row
from scipy.special import bdtr, ndtri

from mlci.statistics.auc import delong, paired_delong
from mlci.statistics.bootstrap import table_interval
from mlci.statistics.contrasts import contrast_lower, ratio_bound
from mlci.statistics.paired import paired_bound
from mlci.statistics.proportions import exact_bounds

CONFIDENCE = 0.95
Z = float(ndtri(CONFIDENCE))


def proportions(runs: int = 20_000) -> Iterator[Row]:
    """False passes of a limit that the truth sits on: exact for one rate, simulated for pairs."""
    for n, low, high in (
        (100, 0.5, 0.95),
        (1000, 0.5, 0.99),
        (1000, 0.05, 0.5),
        (1000, 0.005, 0.05),
    ):
        limits = np.linspace(low, high, 400)
        lower, _ = exact_bounds(np.arange(n + 1) / n, n, Z)
        fewest = np.searchsorted(lower, limits, side="right")
        sizes = np.where(fewest > n, 0.0, 1.0 - bdtr(fewest - 1.0, n, limits))
        setting = f"n = {n}, worst of limits {low} to {high} (mean {sizes.mean():.1%}), exact"
        yield Row(
            what="a rate passes a minimum",
            setting=setting,
            rate=float(sizes.max()),
            runs=0,
            promised=0.05,
        )
    random = np.random.default_rng(11)
    for n1, n2, p1, p2 in ((70, 80, 0.3, 0.2), (1000, 300, 0.9, 0.8), (40, 4000, 0.15, 0.05)):
        x1, x2 = random.binomial(n1, p1, runs) / n1, random.binomial(n2, p2, runs) / n2
        missed = contrast_lower(x1, n1, x2, n2, Z) > p1 - p2
        setting = f"{p1} of {n1} against {p2} of {n2}"
        yield Row(
            what="difference of two rates: lower bound above the truth",
            setting=setting,
            rate=float(missed.mean()),
            runs=runs,
            promised=0.05,
        )
        missed = ratio_bound(x2, n2, x1, n1, -Z) < p2 / p1
        yield Row(
            what="ratio of two rates: upper bound below the truth",
            setting=setting,
            rate=float(missed.mean()),
            runs=missed.size,
            promised=0.05,
        )


def non_inferiority(runs: int = 20_000) -> Iterator[Row]:
    """Candidate against champion on the same rows, margin 1 %."""
    random = np.random.default_rng(12)
    for n, discordance, worse, promised in (
        (3091, 0.05, 0.01, 0.05),
        (300, 0.02, 0.01, 0.05),
        (30_000, 0.2, 0.01, 0.05),
        (3091, 0.05, 0.0, None),
    ):
        b, c = (discordance - worse) / 2, (discordance + worse) / 2
        cells = random.multinomial(n, [b, c, 1 - b - c], size=runs)
        d = (cells[:, 0] - cells[:, 1]) / n
        setting = f"n = {n}, {discordance:.0%} discordant, truly {worse:.0%} worse"
        passed = paired_bound(cells[:, 0], cells[:, 1], n, np.full(runs, Z)) > -0.01
        yield Row(
            what="non-inferiority passes",
            setting=setting,
            rate=float(passed.mean()),
            runs=runs,
            promised=promised,
        )
        if n == 3091:
            for rule, passes in (("candidate >= champion", d >= 0), ("minus 1 %", d >= -0.01)):
                yield Row(
                    what=f'rule "{rule}" passes',
                    setting=setting,
                    rate=float(passes.mean()),
                    runs=runs,
                )


def areas(runs: int = 2_000) -> Iterator[Row]:
    """DeLong's bounds on normal scores; the margin of the pair is its true difference."""
    random = np.random.default_rng(13)
    for n, shift in ((200, 1.0), (2000, 1.0), (200, 2.5)):
        true = 0.5 * (1 + math.erf(shift / 2))
        missed = worse = 0
        truth = np.arange(n) < 0.3 * n
        for _ in range(runs):
            shared, own, other = random.normal(size=(3, n))
            score = shared + shift * truth
            missed += delong(truth, score, CONFIDENCE).lower > true
            better = 0.9 * shared + math.sqrt(0.19) * own + shift * truth
            worst = 0.9 * shared + math.sqrt(0.19) * other + 0.9 * shift * truth
            margin = 0.5 * math.erf(shift / 2) - 0.5 * math.erf(0.9 * shift / 2)
            worse += paired_delong(truth, worst, better, CONFIDENCE).lower > -margin
        setting = f"n = {n}, 30 % positive, area {true:.3f}"
        yield Row(
            what="DeLong: lower bound above the truth",
            setting=setting,
            rate=missed / runs,
            runs=runs,
            promised=0.05,
        )
        yield Row(
            what="paired DeLong: passes at the margin",
            setting=setting,
            rate=worse / runs,
            runs=runs,
            promised=0.05,
        )


def tables(runs: int = 2_000) -> Iterator[Row]:
    """Metrics of a table by its smooth bootstrap, one model and the difference of two."""
    random = np.random.default_rng(14)
    for n, positive, candidate, champion in (
        (200, 0.3, 0.2, 0.17),
        (2000, 0.3, 0.16, 0.15),
        (200, 0.3, 0.02, 0.01),
        (1000, 0.05, 0.03, 0.02),
    ):
        chances = _joint(positive, candidate, champion, 0.7 * champion)
        for name, metric in (("F1", _f1), ("balanced accuracy", _balanced)):
            missed = _missed(chances, n, metric, random, runs)
            for what, count in zip(("", ", difference", ", plain bootstrap"), missed, strict=True):
                yield Row(
                    what=f"{name}{what}: lower bound above the truth",
                    setting=f"n = {n}, {positive:.0%} positive, errors {candidate:.0%}"
                    + (f" and {champion:.0%}" if what else ""),
                    rate=count / runs,
                    runs=runs,
                    promised=None if "plain" in what else 0.05,
                )


Tables = NDArray[Any]
Metric = Callable[[Tables], Tables]


def _joint(positive: float, candidate: float, champion: float, shared: float) -> Tables:
    """Chances [truth, candidate, champion]: error rates of both models, and of both at once."""
    table = np.zeros((2, 2, 2))
    for truth, share in ((0, 1 - positive), (1, positive)):
        wrong = 1 - truth
        table[truth, wrong, wrong] = share * shared
        table[truth, wrong, truth] = share * (candidate - shared)
        table[truth, truth, wrong] = share * (champion - shared)
        table[truth, truth, truth] = share * (1 - candidate - champion + shared)
    return table


def _missed(
    chances: Tables, n: int, metric: Metric, random: np.random.Generator, runs: int
) -> tuple[int, int, int]:
    """Lower bounds above the truth: one model, the difference, the same without smoothing."""

    def alone(joint: Tables) -> Tables:
        return metric(joint.sum(axis=3))

    def gain(joint: Tables) -> Tables:
        return metric(joint.sum(axis=3)) - metric(joint.sum(axis=2))

    single = difference = plain = 0
    truth, true_gain = alone(chances[None])[0], gain(chances[None])[0]
    for seed in range(runs):
        counts = random.multinomial(n, chances.ravel())
        joint = counts.reshape(2, 2, 2)
        lower, _ = table_interval(joint, alone, CONFIDENCE, resamples=600, seed=seed)
        single += bool(lower > truth)
        lower, _ = table_interval(joint, gain, CONFIDENCE, resamples=600, seed=seed)
        difference += bool(lower > true_gain)
        draws = random.multinomial(n, counts / n, size=600).reshape(-1, 2, 2, 2)
        plain += bool(np.quantile(gain(draws), 1 - CONFIDENCE) > true_gain)
    return single, difference, plain


def _f1(tables: Tables) -> Tables:
    errors = tables[:, 0, 1] + tables[:, 1, 0]
    return 2 * tables[:, 1, 1] / np.maximum(2 * tables[:, 1, 1] + errors, 1e-12)


def _balanced(tables: Tables) -> Tables:
    rows = np.maximum(tables.sum(axis=2), 1e-12)
    return 0.5 * (tables[:, 1, 1] / rows[:, 1] + tables[:, 0, 0] / rows[:, 0])
