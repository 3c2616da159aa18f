"""Passes over the exam, the training data and the champion's exam -> DataMeasurement."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from mlci.errors import Broken, MlciError
from mlci.evaluation.dataset import Dataset, open_dataset
from mlci.evaluation.quality import drift, overlap
from mlci.evaluation.quality.drift import Histograms
from mlci.evaluation.quality.identifiers import looks_like_identifier
from mlci.evaluation.quality.inputs import input_columns
from mlci.evaluation.quality.overlap import Overlap
from mlci.evaluation.quality.survey import Survey
from mlci.evaluation.quality.surveying import clusters, survey
from mlci.evaluation.selection import select
from mlci.gates.data.measurement import DataMeasurement
from mlci.gates.protocol import Bench
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.judgement import Planned
from mlci.records.metric import DRIFT, LEAKAGE, OVERLAP
from mlci.records.policy import GateSpec

Found = TypeVar("Found")


def measure(spec: GateSpec, planned: tuple[Planned, ...], bench: Bench) -> DataMeasurement:
    """One pass over the exam, one more for overlap and for drift. The model's graph is opened only
    where the names of its inputs decide. What of overlap and drift can't be had is said in the
    measurement; an exam that can't be read raises Broken."""
    wanted = {each.metric for each in planned}
    with open_dataset(bench.data, bench.exam.uri) as every:
        dataset = select(every, bench.exam, bench.shard)
        bench.say(f"{spec.name}: {dataset.rows:,} rows of {bench.exam.name}")
        found = survey(dataset, bench.exam)
        look = _Look(bench=bench, dataset=dataset, found=found)
        # A column that is the label, or that looks like an id, matters only by who reads it.
        if any(not each.refuted for each in found.likeness.values()):
            look.tried(LEAKAGE, look.inputs)
        elif not bench.shard.whole or any(map(looks_like_identifier, found.identifiers.values())):
            # A shard doesn't know what the others have seen.
            look.tried("", look.inputs)
        met = look.tried(OVERLAP, look.overlap) if OVERLAP in wanted else None
        shifted = look.tried(DRIFT, look.former) if DRIFT in wanted else None
    return DataMeasurement(
        survey=found,
        expected=bench.exam.expectations,
        own=own_columns(bench.exam),
        inputs=look.known,
        overlap=met,
        histograms=shifted.histograms if shifted else None,
        same_exam=shifted is not None and shifted.histograms is None,
        independent_before=shifted.independent if shifted else 1.0,
        failed={metric: why for metric, why in look.failed.items() if metric in wanted},
    )


def own_columns(exam: EvaluationSet) -> tuple[str, ...]:
    """The columns that the evaluation set itself names, the label first."""
    named = (exam.label, *exam.sensitive, exam.cluster, exam.weight)
    return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True, kw_only=True)
class _Former:
    """``histograms`` is None where the champion sat the same data."""

    histograms: Histograms | None
    independent: float


@dataclass(kw_only=True)
class _Look:
    """``known`` are the model's inputs once somebody asked; ``failed`` says what went wrong."""

    bench: Bench
    dataset: Dataset
    found: Survey
    known: tuple[str, ...] | None = None
    failed: dict[str, str] = field(default_factory=dict)

    def inputs(self) -> tuple[str, ...]:
        """Where nobody can know them: every column that may be one, so that no leak is missed.

        Raises Broken for a graph that can't be opened."""
        if self.known is None:
            contender = self.bench.candidate
            named = input_columns(contender.release.model, contender.model)
            own = own_columns(self.bench.exam)
            self.known = named or tuple(each for each in self.found.likeness if each not in own)
        return self.known

    def tried(self, metric: str, measured: Callable[[], Found]) -> Found | None:
        """The part that is asked for; why it failed otherwise, for its own judgement."""
        try:
            return measured()
        except MlciError as error:
            self.failed[metric] = str(error)
            return None

    def overlap(self) -> Overlap:
        bench, named = self.bench, self.bench.candidate.release.training_data
        if bench.training is None or named is None:
            raise Broken(
                place=bench.candidate.release.source.at("spec", "lineage"),
                found="a release that doesn't name its training data",
                expected="lineage.training.dataset with uri and digest, as the policy asks for it",
                next_step="name the data that the model was trained on",
            )
        with open_dataset(bench.training(), named[0]) as training:
            bench.say(f"comparing with {training.rows:,} rows of training data")
            return overlap.overlap(self.dataset, training, (*self.inputs(), bench.exam.label))

    def former(self) -> _Former:
        if self.bench.former is None:
            raise Broken(
                place=self.bench.exam.name,
                found="no word of the exam that the champion sat",
                expected="the champion's exam, to compare the inputs with",
            )
        former = self.bench.former()
        if former.data is None:
            return _Former(histograms=None, independent=1.0)
        with open_dataset(former.data, former.exam.uri) as before:
            kept = clusters(before, former.exam)
            return _Former(
                histograms=drift.histograms(self.dataset, before, self.inputs()),
                independent=kept.independent if kept else 1.0,
            )
