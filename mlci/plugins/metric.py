"""What a package says of a metric that it brings."""

from collections.abc import Callable
from dataclasses import dataclass

from mlci.records.metric import BINARY, TASKS, Direction

GATES = ("accuracy", "fairness")
FEWEST, USUAL, MOST = 199, 999, 9_999


@dataclass(frozen=True, kw_only=True)
class PluginMetric:
    """``function(y_true, y_pred)`` gives one number in ``low`` .. ``high`` (None: no end).

    Both arrays have an entry a row. ``y_true`` is 1 where a row is positive and else 0 in a binary
    task, the class's position among the sorted labels in a multiclass one, the value in a
    regression; ``y_pred`` is of the same kind, or the probabilities ([rows] of the positive class,
    [rows, classes]) where the metric is ``of_scores``. ``weighted``: it also takes
    ``sample_weight``, without which an exam with weights can't be judged by it.

    ``direction`` is ``higher`` or ``lower``, whichever is better. ``resamples``, FEWEST to MOST, is
    how often the function is called to bound its value: more cost more time and permit more slices
    and groups. ValueError for what can't be.
    """

    function: Callable[..., float]
    direction: Direction | str
    tasks: tuple[str, ...] = (BINARY,)
    gates: tuple[str, ...] = ("accuracy",)
    low: float | None = None
    high: float | None = None
    of_scores: bool = False
    weighted: bool = False
    resamples: int = USUAL

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise ValueError(f"function is {self.function!r}, which can't be called")
        if self.direction not in (Direction.HIGHER, Direction.LOWER):
            raise ValueError(f"direction is {self.direction!r}, not 'higher' or 'lower'")
        _some_of("tasks", self.tasks, TASKS)
        _some_of("gates", self.gates, GATES)
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"no number lies between low {self.low} and high {self.high}")
        if type(self.resamples) is not int or not FEWEST <= self.resamples <= MOST:
            raise ValueError(f"resamples is {self.resamples!r}, not a number {FEWEST} .. {MOST}")


def _some_of(name: str, said: object, known: tuple[str, ...]) -> None:
    if not isinstance(said, tuple) or not said or not set(said) <= set(known):
        raise ValueError(f"{name} is {said!r}, not some of {', '.join(known)}")
