"""One pass over an exam's rows -> Survey. Memory depends on the batch and the sketches alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlci.errors import Broken
from mlci.evaluation.dataset import Column, Dataset
from mlci.evaluation.quality import columns, leakage
from mlci.evaluation.quality.columns import ColumnCount
from mlci.evaluation.quality.hashing import Hashes, hash_rows, hash_values, hashable
from mlci.evaluation.quality.identifiers import counters
from mlci.evaluation.quality.leakage import Likeness
from mlci.evaluation.quality.sketch import Counter, Sketch
from mlci.evaluation.quality.survey import Survey
from mlci.records.evaluation_set import EvaluationSet

# Values kept at most, over all sketches of a purpose: 16 bytes each, in a file of any size.
MOST_ROWS_KEPT = 1 << 24
MOST_CLUSTERS_KEPT = 1 << 20


def survey(dataset: Dataset, exam: EvaluationSet) -> Survey:
    """Raises Broken for data that can't be read to their end, and without the label's column."""
    dataset.require(exam.label, "the label of the evaluation set")
    kept = _Kept.of(dataset, exam)
    rows = 0
    for batch in dataset.batches(kept.read):
        rows += len(batch[exam.label])
        kept.add(batch)
    if rows != dataset.rows:
        raise Broken(
            place=dataset.place,
            found=f"{rows} rows",
            expected=f"the {dataset.rows} rows that its footer promises",
            next_step="write the file again and update its digest",
        )
    return Survey(
        rows=rows,
        stored={name: str(dataset.type_of(name)) for name in dataset.columns},
        counts=kept.counts,
        duplicates=None if kept.duplicates is None else kept.duplicates.done(),
        unique={name: each.done() for name, each in kept.unique.items()},
        likeness=kept.likeness,
        identifiers={name: each.done() for name, each in kept.identifiers.items()},
        clusters=None if kept.clusters is None else kept.clusters.done(),
    )


def clusters(dataset: Dataset, exam: EvaluationSet) -> Sketch | None:
    """How often each cluster occurs; None where the evaluation set names none."""
    if exam.cluster is None:
        return None
    dataset.require(exam.cluster, "the cluster of the evaluation set")
    counter = Counter(MOST_CLUSTERS_KEPT)
    for batch in dataset.batches([exam.cluster]):
        counter.add(hash_values(batch[exam.cluster]))
    return counter.done()


@dataclass(kw_only=True)
class _Kept:
    """What a pass fills. ``compared`` are the columns whose values make a row."""

    exam: EvaluationSet
    read: tuple[str, ...]
    compared: tuple[str, ...]
    duplicates: Counter | None
    unique: Mapping[str, Counter]
    identifiers: Mapping[str, Counter]
    clusters: Counter | None
    counts: dict[str, ColumnCount] = field(default_factory=dict)
    likeness: dict[str, Likeness] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: Dataset, exam: EvaluationSet) -> "_Kept":
        plain = tuple(name for name in dataset.columns if hashable(dataset.type_of(name)))
        expected = exam.expectations
        named = expected.duplicates.columns if expected.duplicates else ()
        compared = named or plain
        whole = bool(compared) and set(compared) <= set(plain)
        unique = [each.name for each in expected.columns if each.unique and each.name in plain]
        capacity = MOST_ROWS_KEPT // (len(unique) + whole or 1)
        expecting = [each.name for each in expected.columns if each.name in dataset.columns]
        return cls(
            exam=exam,
            read=tuple(dict.fromkeys([exam.label, *plain, *expecting])),
            compared=compared,
            duplicates=Counter(capacity) if whole else None,
            unique={name: Counter(capacity) for name in unique},
            identifiers=counters(dataset, exam),
            clusters=Counter(MOST_CLUSTERS_KEPT) if exam.cluster in plain else None,
            counts={name: ColumnCount() for name in expecting},
        )

    def add(self, batch: Mapping[str, Column]) -> None:
        hashes = {
            name: hash_values(column) for name, column in batch.items() if hashable(column.type)
        }
        for each in self.exam.expectations.columns:
            if each.name in self.counts:
                counted = columns.count(batch[each.name], each)
                self.counts[each.name] = columns.merge(self.counts[each.name], counted)
        if self.duplicates is not None:
            self.duplicates.add(hash_rows(hashes[name] for name in self.compared))
        for name, counter in (*self.unique.items(), *self.identifiers.items()):
            counter.add(hashes[name])
        if self.clusters is not None and self.exam.cluster is not None:
            self.clusters.add(hashes[self.exam.cluster])
        if self.exam.label in hashes:
            self._compare(batch, hashes)

    def _compare(self, batch: Mapping[str, Column], hashes: Mapping[str, Hashes]) -> None:
        label = self.exam.label
        truth = leakage.numbers(batch[label])
        for name in hashes:
            before = self.likeness.get(name)
            if name == label or (before is not None and before.refuted):
                continue
            values = leakage.numbers(batch[name]) if truth is not None else None
            both = None if truth is None or values is None else (truth, values)
            found = leakage.compare(hashes[label], hashes[name], both)
            self.likeness[name] = found if before is None else leakage.merge(before, found)
