"""Shards of an exam: each row in exactly one, whole clusters, answers and row numbers unchanged."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlci.errors import Broken
from mlci.evaluation.dataset import open_dataset
from mlci.evaluation.selection import NoRows, select
from mlci.records.evaluation_set import EvaluationSet
from mlci.records.shard import MOST, Shard, read_shard
from mlci.records.source import Source

ROWS = 1000
SOURCE = Source(path="e.yaml", digest="sha256:" + "0" * 64, content=b"", places={})


def _exam(**more):
    return EvaluationSet(source=SOURCE, name="e", uri="e", digest="d", label="n", **more)


@pytest.fixture
def folder(tmp_path):
    """Two files of row groups of 100 rows; ``n`` is the row's number."""
    number = np.arange(ROWS)
    table = pa.table(
        {
            "n": number,
            "person": pa.array([f"p{each % 37}" for each in number]).dictionary_encode(),
            "moment": pa.array(number // 5, pa.timestamp("s")),
            "nested": [[each] for each in number],
        }
    )
    pq.write_table(table.slice(0, 430), tmp_path / "1.parquet", row_group_size=100)
    pq.write_table(table.slice(430), tmp_path / "2.parquet", row_group_size=100)
    return tmp_path


@pytest.mark.parametrize("cluster", [None, "person", "moment", "n"])
@pytest.mark.parametrize("of", [1, 2, 7])
def test_each_row_is_in_one_shard(folder, cluster, of):
    seen, exam = [], _exam(cluster=cluster)
    with open_dataset(folder, "e") as dataset:
        for number in range(1, of + 1):
            part = select(dataset, exam, Shard(number=number, of=of))
            for read in (part.batches, part.coded):
                rows = np.concatenate([each["n"].to_numpy() for each in read(["n", "person"])])
                assert len(rows) == part.rows
            assert part.stored_rows == ROWS
            if part.selection is not None:
                assert part.selection.of(np.arange(ROWS)).tolist() == rows.tolist()
                assert [part.selection.number(at) for at in (0, len(rows) - 1)] == [
                    rows[0],
                    rows[-1],
                ]
            for piece in part.pieces(["n"]):
                numbers = piece.columns["n"].to_numpy()
                assert numbers.tolist() == [*range(piece.first, piece.first + len(numbers))]
            seen.append(rows)
    assert sorted(np.concatenate(seen).tolist()) == [*range(ROWS)]
    if cluster in ("person", "moment"):
        of_row = np.arange(ROWS) % 37 if cluster == "person" else np.arange(ROWS) // 5
        shards = [set(of_row[rows].tolist()) for rows in seen]
        assert sum(map(len, shards)) == len(set(of_row.tolist()))


def test_row_groups_without_a_selected_row_are_not_read(folder):
    """The bytes of the others are gone; the footer is there."""
    content = bytearray((folder / "1.parquet").read_bytes())
    group = pq.ParquetFile(folder / "1.parquet").metadata.row_group(2).column(0)
    start = group.dictionary_page_offset or group.data_page_offset
    content[start : start + group.total_compressed_size] = bytes(group.total_compressed_size)
    (folder / "1.parquet").write_bytes(bytes(content))
    with open_dataset(folder, "e") as dataset:
        first = select(dataset, _exam(), Shard(number=1, of=5))
        assert sum(len(each["n"]) for each in first.batches(["n"])) == 200
        second = select(dataset, _exam(), Shard(number=2, of=5))
        with pytest.raises(Broken, match="can't be read"):
            [*second.batches(["n"])]


def test_a_shard_without_rows_and_a_cluster_that_is_none(folder):
    with open_dataset(folder, "e") as dataset:
        with pytest.raises(NoRows):
            select(dataset, _exam(), Shard(number=1, of=ROWS + 1))
        with pytest.raises(Broken, match="no column 'nobody'"):
            select(dataset, _exam(cluster="nobody"), Shard(number=1, of=2))
        with pytest.raises(Broken, match="plain values"):
            select(dataset, _exam(cluster="nested"), Shard(number=1, of=2))


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "1 /2", "01/2", "١/2"]
)
def test_what_is_no_shard(text):
    with pytest.raises(ValueError, match="no shard such as 2/8"):
        read_shard(text)


def test_shards_are_read_back():
    assert str(read_shard("2/8")) == "2/8"
    assert read_shard(f"1/{MOST}").of == MOST
    with pytest.raises(ValueError, match="no shard"):
        read_shard(f"1/{MOST + 1}")
