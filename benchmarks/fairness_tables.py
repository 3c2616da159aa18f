"""Claim: gates that count rows once are thousands of times faster than resampling rows.

One piece of work, done twice: five metrics of ten groups (two columns, their intersections) and of
all rows, the interval of each group's metric and of the largest difference from 1,000 resamples.
mlci counts the rows into one table and resamples the table; fairlearn's MetricFrame resamples the
rows. mlci also bounds all 45 pairs of groups (which MetricFrame does not) and gates accuracy; that
time is part of its figure. MetricFrame's time is measured at two small numbers of resamples and
extrapolated along the line through them, and for ten times the rows by ten: the table says so.
CPU seconds of this process, all its threads.

    python benchmarks/fairness_tables.py [--smoke] [--output FILE]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fairlearn import metrics
from report import report
from sklearn.metrics import accuracy_score

from mlci.evaluation.tables import Table, tabulate
from mlci.records.examination import Answers, Examination, Groups
from mlci.statistics.bootstrap import bootstrap_table
from mlci.statistics.fairness import pairwise
from mlci.statistics.fairness_gap import paired_table
from mlci.statistics.intervals import clopper_pearson

RESAMPLES = 1_000
QUANTILES = (0.05, 0.95)
METRICS: dict[str, Callable[..., float]] = {
    "accuracy": accuracy_score,
    "selection_rate": metrics.selection_rate,
    "true_positive_rate": metrics.true_positive_rate,
    "false_positive_rate": metrics.false_positive_rate,
    "false_negative_rate": metrics.false_negative_rate,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--smoke", action="store_true", help="few rows, to see that it runs")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    options = parser.parse_args()
    compared, alone, resamples = (
        (4_000, 20_000, (2, 4)) if options.smoke else (100_000, 1_000_000, (2, 8))
    )
    exam = draw(compared)
    agree(exam)
    few, more = (once(partial(by_rows, exam, count)) for count in resamples)
    slope = (more - few) / (resamples[1] - resamples[0])
    rows: list[dict[str, Any]] = [
        {"what": "MetricFrame", "rows": compared, "resamples": count, "cpu s": seconds}
        for count, seconds in zip(resamples, (few, more), strict=True)
    ]
    for size in (compared, alone):
        own = typical(partial(by_table, draw(size)))
        theirs = (few + slope * (RESAMPLES - resamples[0])) * size / compared
        found = (("mlci", own, 1.0), ("MetricFrame, extrapolated", theirs, theirs / own))
        rows += [
            {"what": what, "rows": size, "resamples": RESAMPLES, "cpu s": seconds, "ratio": ratio}
            for what, seconds, ratio in found
        ]
    report("fairness and accuracy with intervals", rows, output=options.output)


def draw(rows: int) -> Examination:
    """Two models' answers on rows of two by five groups of very different sizes."""
    rng = np.random.default_rng(17)
    truth = rng.random(rows) < 0.25

    def answers(noise: float) -> Answers:
        return Answers(label=truth * 1.5 + rng.normal(0, noise, rows) > 0.75, score=None)

    shares = {"sex": [0.67, 0.33], "race": [0.85, 0.09, 0.03, 0.02, 0.01]}
    groups = {
        column: Groups(
            codes=rng.choice(len(share), rows, p=share).astype(np.int32),
            levels=tuple(f"{column}{at}" for at in range(len(share))),
        )
        for column, share in shares.items()
    }
    return Examination(truth=truth, candidate=answers(0.6), champion=answers(0.7), groups=groups)


def by_table(exam: Examination) -> dict[str, Any]:
    """mlci's way: one count of the rows; everything else works on the table."""
    table = tabulate(exam, ("sex", "race"))
    whole = table.by(())
    right = paired_table(whole.counts, "accuracy")[0]
    resampled = bootstrap_table(table.counts.sum(axis=3), intervals_of, resamples=RESAMPLES, seed=1)
    return {
        "accuracy": clopper_pearson(int(right[1].sum()), int(right.sum()), 0.95),
        "intervals": np.quantile(resampled, QUANTILES, axis=0),
        "pairs": {name: pairs(table, name) for name in METRICS},
    }


def pairs(table: Table, metric: Any) -> Any:
    cells = paired_table(table.counts, metric)
    return pairwise(
        cells[:, 1].sum(axis=1),
        cells.sum(axis=(1, 2)),
        kind="difference",
        limit=0.1,
        confidence=0.95,
        assure=False,
    )


def intervals_of(tables: Any) -> Any:
    """[resamples, groups, truth, prediction] -> [resamples, metrics, groups + 1]: each group's
    rate, and the largest difference last."""
    (tn, fp), (fn, tp) = np.moveaxis(tables, (-2, -1), (0, 1))
    rates = np.stack(
        [
            (tp + tn) / (tp + tn + fp + fn),
            (tp + fp) / (tp + tn + fp + fn),
            tp / (tp + fn),
            fp / (fp + tn),
            fn / (tp + fn),
        ],
        axis=1,
    )
    return np.concatenate([rates, np.ptp(rates, axis=2, keepdims=True)], axis=2)


def by_rows(exam: Examination, resamples: int | None) -> metrics.MetricFrame:
    """fairlearn's way: draws rows anew for each resample; with their own differences."""
    features = {column: np.asarray(each.levels)[each.codes] for column, each in exam.groups.items()}
    frame = metrics.MetricFrame(
        metrics=METRICS,
        y_true=exam.truth,
        y_pred=exam.candidate.label,
        sensitive_features=pd.DataFrame(features),
        n_boot=resamples,
        ci_quantiles=list(QUANTILES) if resamples else None,
        random_state=1,
    )
    if resamples:
        frame.difference_ci()
    return frame


def agree(exam: Examination) -> None:
    """Both ways must be the same work: their point values are equal."""
    table = tabulate(exam, ("sex", "race"))
    frame = by_rows(exam, None)
    own = intervals_of(table.counts.sum(axis=3).astype(float)[None])[0]
    for at, name in enumerate(METRICS):
        np.testing.assert_allclose(own[at, :-1], frame.by_group[name].to_numpy(), rtol=1e-12)
        np.testing.assert_allclose(own[at, -1], frame.difference()[name], rtol=1e-12)


def once(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def typical(work: Callable[[], Any]) -> float:
    """The median of five runs, after one to warm up."""
    work()
    return statistics.median(once(work) for _ in range(5))


if __name__ == "__main__":
    main()
