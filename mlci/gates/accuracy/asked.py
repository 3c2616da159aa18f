"""What a gate asks of the rows: a metric, perhaps of one class or at one quantile."""

from dataclasses import dataclass

from mlci.evaluation.views import is_multiclass, one_class
from mlci.plugins.brought import BroughtMetric
from mlci.plugins.metrics import installed
from mlci.plugins.metrics import of as metric_of
from mlci.records.examination import Examination
from mlci.records.metric import Family
from mlci.records.policy import GateSpec

# Binary metrics of the positive class alone; of several classes the plain mean is asked for.
_OF_POSITIVE = frozenset({"precision", "recall", "f1"})
MEDIAN = 0.5


@dataclass(frozen=True, kw_only=True)
class Asked:
    """``of`` is the class's code in a table of the classes, None: of all. ``share`` is the quantile
    or the weight of the pinball loss."""

    metric: str
    classes: tuple[str, ...]
    of: int | None
    share: float

    @property
    def family(self) -> Family:
        return metric_of(self.metric).family

    @property
    def plugin(self) -> BroughtMetric | None:
        """The metric as a package brings it, None where it is built in."""
        return installed(self.metric) if self.family is Family.BROUGHT else None


def ask(spec: GateSpec, examination: Examination) -> tuple[Asked, Examination]:
    """What is asked, and the examination as it is to be seen: with a ``class`` in the policy, that
    class against the rest. Raises Broken for a class that the exam doesn't have."""
    metric = spec.parameters["metric"]
    if "class" in spec.parameters and is_multiclass(examination):
        place = f"gate {spec.name!r}: class"
        examination = one_class(examination, spec.parameters["class"], place)
    several = is_multiclass(examination)
    asked = Asked(
        metric=metric,
        classes=examination.classes if several else ("negative", "positive"),
        of=1 if metric in _OF_POSITIVE and not several else None,
        share=float(spec.parameters.get("quantile", MEDIAN)),
    )
    return asked, examination
