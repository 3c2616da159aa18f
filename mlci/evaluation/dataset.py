"""A Parquet file, read in batches: memory depends on the batch, never on the file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mlci.errors import Broken
from mlci.evaluation.naming import nearest

BATCH_ROWS = 32_768

Column = Any  # a pyarrow.Array


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """An open evaluation file; ``place`` is how people call it in messages."""

    file: pq.ParquetFile
    place: str

    @property
    def rows(self) -> int:
        return int(self.file.metadata.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.file.schema_arrow.names)

    def type_of(self, column: str) -> pa.DataType:
        """The column's Arrow type, a dictionary's being that of its values."""
        kind: Any = self.file.schema_arrow.field(column).type
        value: pa.DataType = kind.value_type if pa.types.is_dictionary(kind) else kind
        return value

    def require(self, column: str, use: str) -> None:
        """Raises Broken unless ``column`` is there; ``use`` says who asks for it."""
        if column not in self.columns:
            raise Broken(
                place=self.place,
                found=f"no column {column!r}",
                expected=f"{use} ({nearest(column, self.columns)})",
                next_step="name a column of the data, or add it to the data",
            )

    def batches(self, columns: Sequence[str]) -> Iterator[dict[str, Column]]:
        """The columns of each batch by name, in the order of the rows; dictionaries decoded."""
        try:
            for batch in self.file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
                yield {name: _decoded(batch.column(name)) for name in columns}
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.place, error) from None


@contextmanager
def open_dataset(path: Path, place: str) -> Iterator[Dataset]:
    """Raises Broken when the file is missing, cut short, no Parquet, or holds no rows."""
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise Broken(
            place=place,
            found="no such file",
            expected="the Parquet file of the evaluation set",
            next_step="put the file where the evaluation set's uri says",
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(place, error) from None
    with file:
        dataset = Dataset(file=file, place=place)
        _check(dataset)
        yield dataset


def _check(dataset: Dataset) -> None:
    if dataset.rows == 0:
        raise Broken(
            place=dataset.place,
            found="no rows",
            expected="labelled rows",
            next_step="point the evaluation set at data that has rows",
        )
    twice = sorted({name for name in dataset.columns if dataset.columns.count(name) > 1})
    if twice:
        raise Broken(
            place=dataset.place,
            found=f"more than one column named {twice[0]!r}",
            expected="a name for each column",
            next_step="rename one of them",
        )


def _decoded(column: Column) -> Column:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _unreadable(place: str, error: Exception) -> Broken:
    return Broken(
        place=place,
        found=f"it can't be read: {' '.join(str(error).split())[:200]}",
        expected="a whole Parquet file",
        next_step="write the file again and update its digest",
    )
