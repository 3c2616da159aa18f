"""Which rows of an exam a shard looks at: whole clusters, or else one stretch of the file."""

from dataclasses import replace

import numpy as np

from mlci.evaluation.dataset import Dataset, Selection
from mlci.evaluation.quality.hashing import hash_values
from mlci.evaluation.worth import require_cluster
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.shard import Shard


class NoRows(Exception):
    """The shard has none: there are fewer rows or clusters than shards."""


def select(dataset: Dataset, exam: EvaluationSet, shard: Shard) -> Dataset:
    """The rows of one shard. Each row is in exactly one shard of as many.

    Sums over clusters add up only where a cluster is whole: with ``cluster`` a hash of its value
    says in which shard all its rows are, in every file and on every machine. Raises NoRows, and
    Broken where the cluster's column is missing.
    """
    if shard.whole:
        return dataset
    rows = dataset.rows
    if exam.cluster is None:
        first, last = ((shard.number - k) * rows // shard.of for k in (1, 0))
        selection = Selection(first=first, last=last)
    else:
        column = require_cluster(dataset, exam.cluster)
        mine, of = np.uint64(shard.number - 1), np.uint64(shard.of)
        parts = [hash_values(batch[column]) % of == mine for batch in dataset.batches([column])]
        selection = Selection(first=0, last=rows, chosen=np.concatenate(parts))
    if not selection.rows:
        raise NoRows
    return replace(dataset, selection=selection)
