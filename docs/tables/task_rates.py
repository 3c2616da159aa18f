"""How often bounds of several classes, of predicted numbers and of calibration miss the truth."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from row import Row
from scipy.sparse import diags_array

from mlci.statistics.calibration import calibration_error, calibration_sums
from mlci.statistics.class_auc import ClassRows, macro_auc, macro_auc_difference
from mlci.statistics.confusion import value
from mlci.statistics.group_means import group_losses
from mlci.statistics.joint import Joint
from mlci.statistics.mean_pairs import mean_gap_change, mean_pairs
from mlci.statistics.nobounds import NoBounds
from mlci.statistics.quantiles import Rows, quantile_difference, quantile_estimate
from mlci.statistics.sums import Sums
from mlci.statistics.table_bounds import table_difference, table_estimate
from mlci.statistics.values import difference, estimate, of_errors

CONFIDENCE = 0.95


def missed(
    setting: str, runs: int, promised: float | None, draw: Callable[[], Iterator[tuple[str, Any]]]
) -> Iterator[Row]:
    """``draw`` gives (what, (bounds, truth)) of one sample; a sample without bounds misses none."""
    counts: dict[str, int] = {}
    for _ in range(runs):
        for what, (found, truth) in draw():
            slack = 1e-9 * max(abs(truth), 1.0)
            for side, off in (
                ("lower bound above", found.lower > truth + slack),
                ("upper bound below", found.upper < truth - slack),
            ):
                name = f"{what}: {side} the truth"
                counts[name] = counts.get(name, 0) + int(off)
    for name, count in counts.items():
        yield Row(what=name, setting=setting, rate=count / runs, runs=runs, promised=promised)


def classes(runs: int = 1000) -> Iterator[Row]:
    """Macro means over several classes: own value, and the difference of two models as good."""
    random = np.random.default_rng(61)
    for k, n, rare, wrong in (
        (3, 100, 0.3, 0.1),
        (3, 1000, 0.01, 0.02),
        (10, 100, 0.1, 0.1),
        (10, 1000, 0.01, 0.4),
        (10, 100_000, 0.001, 0.02),
    ):
        prior = np.array([*[(1 - rare) / (k - 1)] * (k - 1), rare])
        says = (1 - wrong) * np.eye(k) + wrong / (k - 1) * (1 - np.eye(k))
        chances = prior[:, None, None] * says[:, :, None] * says[:, None, :]

        def draw(k: int = k, n: int = n, chances: Any = chances) -> Iterator[tuple[str, Any]]:
            counts = random.multinomial(n, chances.ravel())
            cells = np.flatnonzero(counts)
            seen = counts[cells].astype(float)
            sums = Sums(values=seen, cross=diags_array(seen), cubes=seen, rows=n)
            joint = Joint(classes=k, paired=True, cells=cells, sums=sums)
            for metric in ("recall", "precision", "f1"):
                try:
                    own = table_estimate(metric, joint, CONFIDENCE)
                    gain = table_difference(metric, joint, CONFIDENCE)
                except ValueError:
                    continue
                yield f"macro {metric}", (own, float(value(metric, chances.sum(axis=2))))
                yield f"macro {metric}, difference", (gain, 0.0)

        setting = f"{k} classes, n = {n}, rarest {rare:.1%}, errors {wrong:.0%}"
        yield from missed(setting, runs, 0.05, draw)
    for n, prior in ((150, (0.4, 0.4, 0.2)), (1500, (0.6, 0.38, 0.02))):

        def areas(n: int = n, prior: Any = prior) -> Iterator[tuple[str, Any]]:
            truth = random.choice(3, n, p=prior)
            shared = random.normal(size=(n, 3))
            first, second = (
                0.8 * shared + 0.6 * random.normal(size=(n, 3)) + np.eye(3)[truth] for _ in range(2)
            )
            rows = ClassRows(truth=truth, names="abc")
            try:
                own = macro_auc(rows, first, CONFIDENCE)
                gain = macro_auc_difference(rows, first, second, CONFIDENCE)
            except NoBounds:
                return
            yield "macro area", (own, 0.76025)
            yield "macro area, difference", (gain, 0.0)

        yield from missed(f"3 classes, n = {n}, rarest {prior[-1]:.0%}", runs, 0.05, areas)


def numbers(runs: int = 1000) -> Iterator[Row]:
    """Predicted numbers: means, roots and quantiles of errors, and their paired differences."""
    random = np.random.default_rng(62)
    normal, skewed = "normal errors", "lognormal errors"
    for n in (30, 100, 1000):
        for shape in (normal, skewed):

            def draw(n: int = n, shape: str = shape) -> Iterator[tuple[str, Any]]:
                y = random.normal(size=n)
                size = random.normal(size=(2, n))
                size = 0.5 * np.abs(size) if shape == normal else np.exp(size)
                p, q = y + size * random.choice([-1, 1], (2, n))
                square = 0.25 if shape == normal else np.e**2
                truths = {
                    "mean_absolute_error": 0.5 * np.sqrt(2 / np.pi)
                    if shape == normal
                    else np.e**0.5,
                    "root_mean_squared_error": np.sqrt(square),
                    "r2": 1.0 - square,
                }
                for metric, truth in truths.items():
                    losses = of_errors(metric, y, p, q)
                    try:
                        yield metric, (estimate(losses, CONFIDENCE), truth)
                        yield f"{metric}, difference", (difference(losses, CONFIDENCE), 0.0)
                    except NoBounds:
                        continue
                rows = Rows(candidate=np.abs(p - y), champion=np.abs(q - y))
                median = 0.5 * 0.6744898 if shape == normal else 1.0
                yield "median_absolute_error", (quantile_estimate(rows, 0.5, CONFIDENCE), median)
                yield (
                    "median_absolute_error, difference",
                    (quantile_difference(rows, 0.5, CONFIDENCE), 0.0),
                )

            yield from missed(f"n = {n}, {shape}", runs, 0.05, draw)


def calibration(runs: int = 1000) -> Iterator[Row]:
    """Expected calibration error over 15 bins of evenly spread scores."""
    random = np.random.default_rng(63)
    middle = (np.arange(15) + 0.5) / 15
    for n in (200, 1000, 20_000):
        for shift in (0.0, 0.1, 0.5):

            def draw(n: int = n, shift: float = shift) -> Iterator[tuple[str, Any]]:
                at = random.integers(0, 15, n)
                score = middle[at]
                hit = random.random(n) < score + shift * (0.5 - score)
                truth = shift * float(np.abs(0.5 - middle).mean())
                yield (
                    "calibration error",
                    (calibration_error(calibration_sums(hit, score), CONFIDENCE), truth),
                )

            truth = shift * float(np.abs(0.5 - middle).mean())
            yield from missed(f"n = {n}, true error {truth:.3f}", runs, 0.05, draw)


def mean_gaps(runs: int = 2000) -> Iterator[Row]:
    """Groups' mean errors at the limit: false alarms, false assurance, the change of the gap."""
    random = np.random.default_rng(64)
    shapes: dict[str, Callable[[int], Any]] = {
        "lognormal": lambda n: random.lognormal(-0.5, 1.0, n),
        "Student (3) in size": lambda n: np.abs(random.standard_t(3, n)) * np.pi / (2 * np.sqrt(3)),
        "lognormal of spread 1.3": lambda n: random.lognormal(-0.845, 1.3, n),
    }
    mixed = ((20, 50, 100, 500, 2000), (30, 60, 120, 500, 2000))
    for sizes, means, limit, shape in (
        ((300, 300), (1.1, 1.0), 0.1, "lognormal"),
        ((40, 2000), (1.1, 1.0), 0.1, "lognormal"),
        ((2000, 40), (1.1, 1.0), 0.1, "lognormal"),
        *((each, (1.0,) * 5, 0.0, shape) for each in mixed for shape in shapes),
        ((300, 300), (1.5, 1.0), 0.1, "lognormal"),
        ((100, 500, 2000), (2.0, 1.0, 1.0), 0.2, "lognormal"),
        ((100, 500, 2000), (0.5, 1.0, 1.0), 0.2, "lognormal"),
        ((40, 2000), (2.0, 1.0), 0.2, "lognormal"),
    ):
        codes = np.repeat(np.arange(len(sizes)), sizes)
        level, gap = np.array(means)[codes], float(np.ptp(means))
        counts = np.zeros(4)
        for _ in range(runs):
            own, other = (shapes[shape](codes.size) for _ in range(2))
            found = group_losses(codes, own * level, other, groups=len(sizes))
            asked = {"kind": "difference", "limit": limit, "confidence": CONFIDENCE}
            counts[0] += any(pair.beyond for pair in mean_pairs(found, assure=False, **asked))
            counts[1] += all(pair.within for pair in mean_pairs(found, assure=True, **asked))
            change = mean_gap_change(found, CONFIDENCE)
            counts[2:] += (change.upper < gap, change.lower > gap)
        setting = f"groups of {', '.join(map(str, sizes))} rows, widest gap {gap:.1f}, {shape}"
        if gap > limit + 1e-9:
            what = f"Holm: any alarm beyond {limit:.1f}, which is right"
            yield Row(what=what, setting=setting, rate=counts[0] / runs, runs=runs)
            continue
        for what, count in zip(
            ("Holm: any alarm", "assure: all within", "gap shown within", "gap shown beyond"),
            counts,
            strict=True,
        ):
            # Of so heavy a tail, not even the groups together hold enough.
            promised = None if shape == "lognormal of spread 1.3" else 0.05
            yield Row(what=what, setting=setting, rate=count / runs, runs=runs, promised=promised)
