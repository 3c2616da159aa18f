"""The metrics that policies may name: scikit-learn's and fairlearn's names, one line each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

BINARY = "binary-classification"
MULTICLASS = "multiclass-classification"
REGRESSION = "regression"


class Direction(StrEnum):
    """NEITHER: only its differences between groups mean anything."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Family(StrEnum):
    """What a metric is made of, which decides how its interval is found.

    PROPORTION: a share of rows. TABLE: a function of the contingency table. RANKING: of the
    order of scores. LOSS: a mean over rows of a function of score and label. VALUE: a mean over
    rows of predicted and true numbers.
    """

    PROPORTION = "proportion"
    TABLE = "table"
    RANKING = "ranking"
    LOSS = "loss"
    VALUE = "value"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """``low`` and ``high`` are the ends of its range; None where there is no end."""

    name: str
    tasks: tuple[str, ...]
    gates: tuple[str, ...]
    direction: Direction
    low: float | None
    high: float | None
    family: Family


def _metric(
    name: str,
    family: Family,
    direction: Direction = Direction.HIGHER,
    gates: tuple[str, ...] = ("accuracy",),
    tasks: tuple[str, ...] = (BINARY,),
    low: float | None = 0.0,
    high: float | None = 1.0,
) -> Metric:
    return Metric(
        name=name,
        tasks=tasks,
        gates=gates,
        direction=direction,
        low=low,
        high=high,
        family=family,
    )


_CLASSES = (BINARY, MULTICLASS)
_VALUES = (REGRESSION,)
_FAIRNESS = ("fairness",)

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _metric("accuracy", Family.PROPORTION, gates=("accuracy", "fairness"), tasks=_CLASSES),
        _metric("balanced_accuracy", Family.TABLE, tasks=_CLASSES),
        _metric("precision", Family.PROPORTION),
        _metric("recall", Family.PROPORTION),
        _metric("f1", Family.TABLE),
        _metric("roc_auc", Family.RANKING),
        _metric("log_loss", Family.LOSS, Direction.LOWER, tasks=_CLASSES, high=None),
        _metric("brier", Family.LOSS, Direction.LOWER),
        _metric("selection_rate", Family.PROPORTION, Direction.NEITHER, _FAIRNESS),
        _metric("true_positive_rate", Family.PROPORTION, Direction.HIGHER, _FAIRNESS),
        _metric("false_positive_rate", Family.PROPORTION, Direction.LOWER, _FAIRNESS),
        _metric("false_negative_rate", Family.PROPORTION, Direction.LOWER, _FAIRNESS),
        _metric("mean_absolute_error", Family.VALUE, Direction.LOWER, tasks=_VALUES, high=None),
        _metric("root_mean_squared_error", Family.VALUE, Direction.LOWER, tasks=_VALUES, high=None),
        _metric("r2", Family.VALUE, tasks=_VALUES, low=None),
    )
}


def fitting(gate: str, task: str | None = None) -> tuple[str, ...]:
    """The names of the metrics that a gate takes, for a task if one is given."""
    return tuple(
        name
        for name, metric in METRICS.items()
        if gate in metric.gates and (task is None or task in metric.tasks)
    )
