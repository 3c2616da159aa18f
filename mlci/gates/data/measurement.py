"""All that the data gate keeps: enough to judge, mergeable over shards of the exam's rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlci.evaluation.quality import drift, overlap, survey
from mlci.evaluation.quality.drift import Histograms
from mlci.evaluation.quality.overlap import Overlap
from mlci.evaluation.quality.survey import Survey
from mlci.records.expectations import Expectations


@dataclass(frozen=True, kw_only=True)
class DataMeasurement:
    """``expected`` is what the exam's owner expects, ``own`` the columns that the evaluation set
    itself names. ``inputs`` are the model's; None where nobody asked, or can know. ``same_exam``
    says that the champion sat the same data; ``independent_before`` how much one row of its exam
    counts (effective size / size). ``failed`` says of a metric why it could not be measured."""

    survey: Survey
    expected: Expectations
    own: tuple[str, ...]
    inputs: tuple[str, ...] | None = None
    overlap: Overlap | None = None
    histograms: Histograms | None = None
    same_exam: bool = False
    independent_before: float = 1.0
    failed: Mapping[str, str]

    def __add__(self, other: "DataMeasurement") -> "DataMeasurement":
        """Of both shards' rows. Raises ValueError where they are of different exams."""
        if (self.expected, self.own, self.same_exam) != (
            other.expected,
            other.own,
            other.same_exam,
        ):
            raise ValueError("measurements of different exams")
        met, counted = (self.overlap, other.overlap), (self.histograms, other.histograms)
        return DataMeasurement(
            survey=survey.merge(self.survey, other.survey),
            expected=self.expected,
            own=self.own,
            # A shard asks only where something of its own rows is suspicious.
            inputs=other.inputs if self.inputs is None else self.inputs,
            overlap=overlap.merge(met[0], met[1]) if met[0] and met[1] else None,
            histograms=drift.merge(counted[0], counted[1]) if counted[0] and counted[1] else None,
            same_exam=self.same_exam,
            independent_before=self.independent_before,
            failed={**other.failed, **self.failed},
        )

    @property
    def complete(self) -> bool:
        """Whether nothing went wrong."""
        return not self.failed
