"""Columns that look like identifiers of what rows belong to, by how often their values repeat."""

from collections.abc import Container

import pyarrow as pa

from mlci.evaluation.columns import is_text
from mlci.evaluation.dataset import Dataset
from mlci.evaluation.quality.hashing import hash_values
from mlci.evaluation.quality.sketch import Counter, Sketch
from mlci.records.evaluation_set import EvaluationSet

FEWEST_VALUES = 30
MOST_ROWS_A_VALUE = 20
LEAST_REPEATED = 0.5

# Values kept at most, over all columns and of one; beyond that by a sample.
MOST_KEPT = 1 << 21
MOST_A_COLUMN = 1 << 16


def may_identify(stored: pa.DataType) -> bool:
    """Whether identifiers are stored so: as whole numbers, text or days."""
    return bool(pa.types.is_integer(stored) or is_text(stored) or pa.types.is_date(stored))


def looks_like_identifier(sketch: Sketch) -> bool:
    """Many values, few rows each, and most rows share theirs with another row.

    At least FEWEST_VALUES different values and at most MOST_ROWS_A_VALUE rows a value on average,
    so not a category; at least half of the rows have a value that another row has too, so not the
    identifier of the row itself, nor a measured number. Of a sketch beyond its capacity: by the
    sample that it holds.
    """
    values, rows = int(sketch.hashes.size), int(sketch.counts.sum())
    if values < FEWEST_VALUES or rows > MOST_ROWS_A_VALUE * values:
        return False
    shared = int(sketch.counts[sketch.counts > 1].sum())
    return shared >= LEAST_REPEATED * rows


def counters(dataset: Dataset, exam: EvaluationSet) -> dict[str, Counter]:
    """An empty counter for each column that may be an identifier and that the evaluation set
    doesn't name, nor expects to be unique."""
    unique = (each.name for each in exam.expectations.columns if each.unique)
    named = {exam.label, exam.cluster, exam.weight, *exam.sensitive, *unique}
    columns = [n for n in dataset.columns if n not in named and may_identify(dataset.type_of(n))]
    capacity = min(MOST_A_COLUMN, MOST_KEPT // (len(columns) or 1))
    return {name: Counter(capacity) for name in columns}


def find_identifiers(
    dataset: Dataset, exam: EvaluationSet, inputs: Container[str]
) -> tuple[str, ...]:
    """The columns that look like identifiers, those that the model reads left out."""
    counting = {name: each for name, each in counters(dataset, exam).items() if name not in inputs}
    for batch in dataset.batches(tuple(counting)) if counting else ():
        for name, counter in counting.items():
            counter.add(hash_values(batch[name]))
    return tuple(n for n, counter in counting.items() if looks_like_identifier(counter.done()))


def warning(column: str) -> str:
    return (
        f"column {column!r} looks like an id that rows share: name it as `cluster` of the "
        "evaluation set, or every interval is too narrow"
    )
