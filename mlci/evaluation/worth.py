"""What each row counts, and which rows belong together."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mlci.errors import Broken
from mlci.evaluation.columns import distinct
from mlci.evaluation.dataset import Dataset
from mlci.records.evaluation_set import EvaluationSet, Scalar


def read_weight(dataset: Dataset, exam: EvaluationSet) -> NDArray[np.float64] | None:
    """float64 [n]; None without ``weight``. Raises Broken for weights that are empty, negative,
    not finite, all zero, or no numbers."""
    if exam.weight is None:
        return None
    column = exam.weight
    dataset.require(column, "the weight of the evaluation set")
    kind = dataset.type_of(column)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _broken(dataset, column, f"values of type {kind}", "numbers")
    parts = []
    for batch in dataset.batches([column]):
        if batch[column].null_count:
            raise _broken(dataset, column, "empty values", "a weight in every row")
        parts.append(batch[column].cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    weight = np.concatenate(parts)
    wrong = ~(np.isfinite(weight) & (weight >= 0.0))
    if wrong.any():
        found = f"the weight {weight[wrong][0]} in row {int(np.flatnonzero(wrong)[0])}"
        raise _broken(dataset, column, found, "finite weights that are not negative")
    if not weight.any():
        raise _broken(dataset, column, "nothing but weights of zero", "a weight above zero")
    return np.asarray(weight, np.float64)


def read_cluster(dataset: Dataset, exam: EvaluationSet) -> NDArray[np.int32] | None:
    """int32 [n]: rows with the same code belong together; None without ``cluster``.

    Raises Broken for empty values, and where one cluster holds all rows: nothing would vary.
    """
    if exam.cluster is None:
        return None
    column = require_cluster(dataset, exam.cluster)
    seen: dict[Scalar, int] = {}
    parts = []
    for batch in dataset.coded([column]):
        codes, values = distinct(batch[column])
        if None in values:
            raise _broken(dataset, column, "empty values", "a cluster for every row")
        numbered = np.array([seen.setdefault(value, len(seen)) for value in values], np.int32)
        parts.append(numbered[codes])
    if len(seen) < 2:
        raise _broken(dataset, column, "one cluster that holds all rows", "two clusters or more")
    return np.concatenate(parts)


def renumbered(cluster: NDArray[np.int32]) -> NDArray[np.int32]:
    """The codes of some rows from 0 on, none left out: so that those of two shards can be put one
    after the other."""
    _, codes = np.unique(cluster, return_inverse=True)
    return codes.astype(np.int32)


def require_cluster(dataset: Dataset, column: str) -> str:
    """The column. Raises Broken where it isn't there, or holds no plain values."""
    dataset.require(column, "the cluster of the evaluation set")
    kind = dataset.type_of(column)
    if pa.types.is_nested(kind) or pa.types.is_null(kind):
        raise _broken(dataset, column, f"values of type {kind}", "plain values")
    return column


def _broken(dataset: Dataset, column: str, found: str, expected: str) -> Broken:
    return Broken(
        place=f"{dataset.place}: column {column!r}",
        found=found,
        expected=expected,
        next_step="mend the data, or name another column in the evaluation set",
    )
