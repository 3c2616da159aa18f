"""The metrics that policies may name: scikit-learn's and fairlearn's names, one line each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

BINARY = "binary-classification"
MULTICLASS = "multiclass-classification"
REGRESSION = "regression"
TASKS = (BINARY, MULTICLASS, REGRESSION)

FLIP_RATE = "flip_rate"
# Of the data gate: how many columns aren't as expected, a share of rows, a stability index.
SCHEMA, NULLS, VALUES, DUPLICATES, LEAKAGE = "schema", "nulls", "values", "duplicates", "leakage"
COLUMN_COUNTS = frozenset({SCHEMA, NULLS, VALUES, DUPLICATES, LEAKAGE})
OVERLAP, DRIFT = "overlap", "drift"
MODEL_BYTES, PEAK_MEMORY, COLD_START = "model_bytes", "peak_memory", "cold_start"


class Direction(StrEnum):
    """NEITHER: only its differences between groups mean anything."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Family(StrEnum):
    """The sufficient statistic of a metric, which decides how its interval is found.

    PROPORTION: counts of rows. TABLE: the contingency table of truth and predictions. RANKING: the
    scores in their order. LOSS: sums of a function of score and label. VALUE: sums of errors and
    their squares. QUANTILE: the absolute errors in their order. CALIBRATION: sums of scores and
    labels by bins of the score. SIZE: bytes or seconds of the served model, over its starts.
    BROUGHT: the answers row for row, of which a plug-in's function is resampled.
    """

    PROPORTION = "proportion"
    TABLE = "table"
    RANKING = "ranking"
    LOSS = "loss"
    VALUE = "value"
    QUANTILE = "quantile"
    CALIBRATION = "calibration"
    SIZE = "size"
    BROUGHT = "brought"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """``low`` and ``high`` are the ends of its range; None where there is no end. ``interval`` says
    where its bounds come from: of its own value; of the difference of two models. ``one_class``:
    in a multiclass task it is that of one class against the rest, which the policy must name.
    """

    name: str
    tasks: tuple[str, ...]
    gates: tuple[str, ...]
    direction: Direction
    low: float | None
    high: float | None
    family: Family
    interval: str
    one_class: bool = False


def _metric(
    name: str,
    family: Family,
    interval: str,
    direction: Direction = Direction.HIGHER,
    gates: tuple[str, ...] = ("accuracy",),
    tasks: tuple[str, ...] = (BINARY, MULTICLASS),
    low: float | None = 0.0,
    high: float | None = 1.0,
    one_class: bool = False,
) -> Metric:
    return Metric(
        name=name,
        tasks=tasks,
        gates=gates,
        direction=direction,
        low=low,
        high=high,
        family=family,
        interval=interval,
        one_class=one_class,
    )


_LOWER, _NEITHER = Direction.LOWER, Direction.NEITHER
_VALUES = (REGRESSION,)
_FAIRNESS, _BOTH = ("fairness",), ("accuracy", "fairness")
_SHARE = "Clopper-Pearson; contrast of exact bounds"
_PAIRS = "contrast of exact bounds"
_MEAN = "Student, corrected for skewness; the same of the paired differences"
_GAP = "Welch; Student"
_OF_TABLE = "score bounds of the classes' shares; MOVER or linearised"


def _error(name: str, family: Family, interval: str, gates: tuple[str, ...]) -> Metric:
    """Of a regression, in the label's unit."""
    return _metric(name, family, interval, _LOWER, gates, _VALUES, high=None)


def _rate(name: str, direction: Direction) -> Metric:
    return _metric(name, Family.PROPORTION, _PAIRS, direction, _FAIRNESS, one_class=True)


def _size(name: str) -> Metric:
    interval = "exact, or of the median over starts"
    return _metric(name, Family.SIZE, interval, _LOWER, ("size",), TASKS, high=None)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _metric("accuracy", Family.PROPORTION, _SHARE, gates=_BOTH),
        _metric("balanced_accuracy", Family.TABLE, _OF_TABLE),
        _metric("precision", Family.PROPORTION, _OF_TABLE),
        _metric("recall", Family.PROPORTION, _OF_TABLE),
        _metric("f1", Family.TABLE, _OF_TABLE),
        _metric("roc_auc", Family.RANKING, "DeLong; paired DeLong"),
        _metric("log_loss", Family.LOSS, _MEAN, _LOWER, high=None),
        _metric("brier", Family.LOSS, _MEAN, _LOWER, high=2.0),  # 1 in a binary task
        _metric("expected_calibration_error", Family.CALIBRATION, "by bins", _LOWER),
        _rate("selection_rate", _NEITHER),
        _rate("true_positive_rate", Direction.HIGHER),
        _rate("false_positive_rate", _LOWER),
        _rate("false_negative_rate", _LOWER),
        _error("mean_absolute_error", Family.VALUE, f"{_MEAN}; {_GAP}", _BOTH),
        _error("root_mean_squared_error", Family.VALUE, f"{_MEAN}; {_GAP}", _BOTH),
        _metric("mean_error", Family.VALUE, _GAP, _NEITHER, _FAIRNESS, _VALUES, None, None),
        _metric("r2", Family.VALUE, _MEAN, tasks=_VALUES, low=None),
        _error("mean_pinball_loss", Family.VALUE, _MEAN, ("accuracy",)),
        _error("median_absolute_error", Family.QUANTILE, "order statistics", ("accuracy",)),
        _error("quantile_absolute_error", Family.QUANTILE, "order statistics", ("accuracy",)),
        _metric(FLIP_RATE, Family.PROPORTION, _SHARE, _LOWER, ("robustness",), TASKS),
        _size(MODEL_BYTES),
        _size(PEAK_MEMORY),
        _size(COLD_START),
    )
}

# Those that take a policy's ``quantile``, and those that take a policy's ``class``.
OF_QUANTILE = frozenset({"mean_pinball_loss", "quantile_absolute_error"})
OF_CLASS = frozenset(
    {"precision", "recall", "f1", "roc_auc", "brier"}
    | {name for name, metric in METRICS.items() if metric.one_class}
)


def fitting(gate: str, task: str | None = None) -> tuple[str, ...]:
    """The names of the metrics that a gate takes, for a task if one is given."""
    return tuple(
        name
        for name, metric in METRICS.items()
        if gate in metric.gates and (task is None or task in metric.tasks)
    )
